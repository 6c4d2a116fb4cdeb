//! A payment as a flat JSON object, as exports have it: what it has not is left out. Amounts are texts: as JSON's numbers most
//! readers would round them.

use anyhow::Context;
use schemas::Payment;
use schemas::layout::flat::{self, Field, Value};
use schemas::text;
use std::io::Write;
use std::sync::LazyLock;

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| Field::ALL.iter().map(Field::name).collect());

/// Writes the payment on a line of its own.
pub fn write(payment: &Payment, out: &mut impl Write) -> anyhow::Result<()> {
    let row = flat::row(payment).context("the payment is no row")?;
    let mut line = Vec::with_capacity(4_096);
    push_object(&mut line, NAMES.iter().map(String::as_str).zip(row))?;
    out.write_all(&line)?;
    Ok(())
}

/// Appends a line with those values that are there, by names that have nothing which JSON escapes.
pub fn push_object<'a>(
    out: &mut Vec<u8>,
    row: impl Iterator<Item = (&'a str, Option<Value<'a>>)>,
) -> Result<(), serde_json::Error> {
    let mut opening = b'{';
    for (name, value) in row {
        let Some(value) = value else { continue };
        out.push(opening);
        opening = b',';
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        push(out, value)?;
    }
    // The header's columns are in every row, so that it is open.
    out.extend_from_slice(b"}\n");
    Ok(())
}

fn push(out: &mut Vec<u8>, value: Value<'_>) -> Result<(), serde_json::Error> {
    match value {
        Value::Text(text) => return serde_json::to_writer(out, text),
        Value::Number(_) | Value::Flag(_) => push_plain(out, value),
        Value::Date(_) | Value::Time(_) | Value::Money { .. } => {
            out.push(b'"');
            push_plain(out, value);
            out.push(b'"');
        }
    }
    Ok(())
}

/// A value as text that needs no quotes.
pub fn push_plain(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Date(day) => out.extend_from_slice(&text::date(day)),
        Value::Time(micros) => out.extend_from_slice(&text::time(micros)),
        Value::Number(number) => text::push_decimal(out, number, 0),
        Value::Flag(true) => out.extend_from_slice(b"true"),
        Value::Flag(false) => out.extend_from_slice(b"false"),
        Value::Money { units, decimals } => text::push_decimal(out, units, usize::from(decimals)),
    }
}
