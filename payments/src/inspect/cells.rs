//! A payment as it lies in the tables: three row keys, then the cells that all three rows have.

use schemas::Payment;
use schemas::layout::{KeySuffix, Table, cells, row_key};
use service::escape::escape_bytes;
use std::fmt::Write;

/// One line for each key and cell.
pub fn render(payment: &Payment) -> String {
    let mut out = String::new();
    for table in Table::ALL {
        let key = row_key(payment, table, KeySuffix::None);
        let _ = writeln!(out, "{:25} {}", table.id(), escape_bytes(&key));
    }
    cells(payment, |column, value| {
        let family = column.family().id();
        let _ = write!(out, "\n{family:16} {:28} {}", column.qualifier(), escape_bytes(value));
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};

    #[test]
    fn all_keys_and_families_are_shown() {
        let generator = Generator::new(Config { num_records: 10, ..Config::default() }).unwrap();
        let text = render(&generator.payment(3));
        for table in Table::ALL {
            assert!(text.contains(table.id()));
        }
        for family in schemas::layout::Family::ALL {
            assert!(text.contains(family.id()));
        }
    }
}
