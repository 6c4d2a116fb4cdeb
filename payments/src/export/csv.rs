//! Rows as CSV: RFC 4180, with a header. Pure.
//!
//! Values are exact, for databases: one that a spreadsheet would take for a formula stays as it is.

use super::batch::Batch;
use super::columns::Column;
use crate::formats::plain_json::push_plain;
use schemas::layout::flat::Value;

pub fn header(columns: &[Column]) -> Vec<u8> {
    let names: Vec<_> = columns.iter().map(|column| &*column.name).collect();
    (names.join(",") + "\r\n").into_bytes()
}

pub fn rows(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * batch.text_bytes + 64 * batch.rows);
    batch.each(|row| {
        let mut is_first = true;
        for (_, value) in row {
            if !is_first {
                out.push(b',');
            }
            is_first = false;
            if let Some(value) = value {
                push(&mut out, value);
            }
        }
        out.extend_from_slice(b"\r\n");
    });
    out
}

fn push(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(text) => push_text(out, text),
        value => push_plain(out, value),
    }
}

pub fn push_text(out: &mut Vec<u8>, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_field_is_quoted_and_nothing_else_is_changed() {
        for (value, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""),
            ("=1+1", "=1+1"),
            (" \u{e9} ", " \u{e9} "),
        ] {
            let mut out = Vec::new();
            push(&mut out, Value::Text(value));
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }
}
