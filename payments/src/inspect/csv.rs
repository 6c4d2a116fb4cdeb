//! Payments as CSV (RFC 4180): a column for every cell that a row can have, named `family:qualifier`.

use schemas::Payment;
use schemas::layout::{Column, cells};
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
        if value.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
            let text = String::from_utf8_lossy(&value).replace('"', "\"\"");
            write!(out, "\"{text}\"")?;
        } else {
            out.write_all(&value)?;
        }
    }
    out.write_all(b"\r\n")
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
}
