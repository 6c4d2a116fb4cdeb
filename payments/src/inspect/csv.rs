//! Payments as CSV (RFC 4180): a column for every cell that a row can have, named `family:qualifier`.
//!
//! Values that a spreadsheet would take for a formula get an apostrophe before them, by which it knows a text.

use schemas::Payment;
use schemas::layout::{Column, cells};
use service::escape::escape_but;
use std::io::{self, Write};

pub fn write_header(out: &mut impl Write) -> io::Result<()> {
    let names = Column::ALL.iter().map(|column| format!("{}:{}", column.family().id(), column.qualifier()));
    write_row(out, names.map(String::into_bytes))
}

pub fn write_payment(payment: &Payment, out: &mut impl Write) -> io::Result<()> {
    let mut values = vec![Vec::new(); Column::ALL.len()];
    cells(payment, |column, value| values[column as usize] = value.to_vec());
    write_row(out, values.into_iter())
}

fn write_row(out: &mut impl Write, values: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        let text = String::from_utf8_lossy(&value);
        let guard = if is_formula(&text) { "'" } else { "" };
        // A line may end inside quotes.
        let text = escape_but(&text, |rest| rest.starts_with('\n'));
        if text.contains([',', '"', '\n']) {
            write!(out, "\"{guard}{}\"", text.replace('"', "\"\""))?;
        } else {
            write!(out, "{guard}{text}")?;
        }
    }
    out.write_all(b"\r\n")
}

/// Whether a spreadsheet would compute a text; a number with its sign is what it looks like.
fn is_formula(text: &str) -> bool {
    let is_number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.strip_prefix(['=', '+', '-', '@', '\t', '\r']) {
        Some(rest) => !text.starts_with(['-', '+']) || rest.is_empty() || !is_number(rest),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};

    #[test]
    fn every_line_has_every_column() {
        let generator = Generator::new(Config { num_records: 50, ..Config::default() }).unwrap();
        let mut out = Vec::new();
        write_header(&mut out).unwrap();
        for index in 0..50 {
            write_payment(&generator.payment(index), &mut out).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 51);
        for line in text.lines().filter(|line| !line.contains('"')) {
            assert_eq!(line.split(',').count(), Column::ALL.len());
        }
    }

    #[test]
    fn values_with_commas_and_quotes_are_quoted() {
        let mut out = Vec::new();
        write_row(&mut out, [b"a,b".to_vec(), b"say \"hi\"".to_vec(), b"plain".to_vec()].into_iter())
            .unwrap();
        assert_eq!(out, b"\"a,b\",\"say \"\"hi\"\"\",plain\r\n");
    }

    #[test]
    fn no_value_is_a_formula_or_acts_on_a_terminal_and_numbers_stay_numbers() {
        for (value, written) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+1-555-0100", "'+1-555-0100"),
            ("-2+cmd|' /C calc'!A0", "'-2+cmd|' /C calc'!A0"),
            ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
            ("\t=1", "'\\t=1"),
            ("\r=1", "'\\r=1"),
            ("-12.50", "-12.50"),
            ("+3", "+3"),
            ("-", "'-"),
            ("a\nb", "\"a\nb\""),
            (
                "a\u{1b}[31m\u{7}\0\u{9b}\u{202e}\u{2028}\rb",
                "a\\u001b[31m\\u0007\\u0000\\u009b\\u202e\\u2028\\rb",
            ),
        ] {
            let mut out = Vec::new();
            write_row(&mut out, std::iter::once(value.as_bytes().to_vec())).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{written}\r\n"));
        }
    }
}
