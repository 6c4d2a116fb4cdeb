//! From a pane's rows to three batches, one a table. Pure.
//!
//! The batches share the rows and differ in keys alone.

use crate::collisions::{self, Collisions};
use crate::keys::Keys;
use crate::row::Row;
use schemas::layout::{KeySuffix, PerTable, Table};
use std::collections::HashSet;
use std::sync::Arc;

/// The three tables' shares of one pane.
#[derive(Clone, Debug)]
pub struct Batches {
    pub rows: Arc<Vec<Row>>,
    pub keys: PerTable<Arc<Keys>>,
}

impl Batches {
    /// All rows in each of the three.
    pub fn of(rows: Vec<Row>, suffix: KeySuffix) -> Self {
        let mut keys = PerTable::from_fn(|_| Keys::with_room(rows.len()));
        for (at, row) in rows.iter().enumerate() {
            let parts = row.key_parts();
            for (table, keys) in &mut keys {
                keys.push(at, |out| parts.push_key(table, suffix, out));
            }
        }
        let sorted = |mut keys: Keys| {
            keys.sort();
            Arc::new(keys)
        };
        Self { rows: Arc::new(rows), keys: keys.map(sorted) }
    }

    fn leave_out(&mut self, rows: &HashSet<usize>) {
        if rows.is_empty() {
            return;
        }
        for (_, keys) in &mut self.keys {
            Arc::make_mut(keys).retain_rows(|row| !rows.contains(&row));
        }
    }
}

/// A pane, ready to be written.
#[derive(Debug)]
pub struct FanOut {
    pub batches: Batches,
    /// Rows that share their key with another one of the pane; those that must not be written are in no batch.
    pub collisions: Collisions,
}

impl FanOut {
    /// A pane's batches, without the rows that would hide another payment of the pane or a later state of their own.
    pub fn of(rows: Vec<Row>, suffix: KeySuffix) -> Self {
        let mut batches = Batches::of(rows, suffix);
        // The keys by date hold the same components as those by customer, and those by transaction hold the id.
        let collisions = collisions::find(&batches.keys[Table::ByCustomer], &batches.rows);
        batches.leave_out(&collisions.left_out());
        Self { batches, collisions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Encoder;
    use generator::{Config, Generator};

    #[test]
    fn keys_are_sorted_and_each_points_at_its_row() {
        let generator = Generator::new(Config::default()).unwrap();
        let payments: Vec<_> = (0..50).map(|index| generator.payment(index)).collect();
        let mut encoder = Encoder::default();
        for suffix in [KeySuffix::None, KeySuffix::TransactionId] {
            let rows = payments.iter().map(|payment| encoder.row(payment, 1_000_000)).collect();
            let batches = Batches::of(rows, suffix);
            for (table, keys) in &batches.keys {
                assert!((1..keys.len()).all(|at| keys.key(at - 1) < keys.key(at)));
                for at in 0..keys.len() {
                    let payment = &payments[keys.row(at)];
                    assert_eq!(keys.key(at), schemas::layout::row_key(payment, table, suffix));
                }
            }
        }
    }

    #[test]
    fn what_must_not_be_written_is_in_no_batch() {
        let generator = Generator::new(Config::default()).unwrap();
        let (mut hidden, mut later) = (generator.payment(10), generator.payment(11));
        hidden.payment_header.as_mut().unwrap().payment_id = "00000000-0000-4000-8000-000000000110".into();
        later.payment_header.as_mut().unwrap().version = 2;
        let payments = [generator.payment(10), generator.payment(11), hidden, later, generator.payment(12)];
        let mut encoder = Encoder::default();
        let rows: Vec<_> = payments.iter().map(|payment| encoder.row(payment, 5_000)).collect();
        let FanOut { batches, collisions } = FanOut::of(rows, KeySuffix::None);
        assert_eq!(collisions.left_out(), HashSet::from([1, 2]));
        for keys in batches.keys.values() {
            let mut written: Vec<_> = (0..keys.len()).map(|at| keys.row(at)).collect();
            written.sort_unstable();
            assert_eq!(written, [0, 3, 4]);
        }
    }
}
