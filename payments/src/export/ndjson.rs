//! Rows as JSON objects, one a line. Pure.
//!
//! What a row has not is left out. Amounts are texts: as JSON's numbers most readers would round them.

use super::batch::Batch;
use super::csv::push_plain;
use schemas::layout::flat::Value;

pub fn rows(batch: &Batch) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(4 * batch.text_bytes + 256 * batch.rows);
    let mut failed = None;
    batch.each(|row| {
        let named = row.map(|(column, value)| (&*column.name, value));
        if let Err(error) = push_object(&mut out, named) {
            failed.get_or_insert(error);
        }
    });
    failed.map_or(Ok(out), Err)
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
