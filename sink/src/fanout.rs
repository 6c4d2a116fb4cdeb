//! From a pane's rows to three batches, one a table. Pure.
//!
//! The batches share the rows and differ in keys alone.

use crate::collisions::{self, Rivals};
use crate::row::Row;
use schemas::layout::{KeySuffix, Table};
use std::collections::HashSet;
use std::sync::Arc;

/// One table's row keys in key order, each with the row that it belongs to.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    end: u32,
    row: u32,
}

impl Keys {
    /// Room for keys of `rows` payments.
    fn with_room(rows: usize) -> Self {
        const TYPICAL_KEY_BYTES: usize = 80;
        Self { bytes: Vec::with_capacity(rows * TYPICAL_KEY_BYTES), entries: Vec::with_capacity(rows) }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn key(&self, at: usize) -> &[u8] {
        let entry = self.entries[at];
        &self.bytes[entry.start as usize..entry.end as usize]
    }

    /// The row (the element's place in the pane) of the entry at a place in key order.
    pub fn row(&self, at: usize) -> usize {
        self.entries[at].row as usize
    }

    fn push(&mut self, row: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.entries.push(Entry { start: start as u32, end: self.bytes.len() as u32, row: row as u32 });
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |entry: &Entry| &bytes[entry.start as usize..entry.end as usize];
        // Equal keys stay in the order of the pane, so that the later of two payments is the one turned away.
        self.entries.sort_unstable_by(|a, b| key(a).cmp(key(b)).then(a.row.cmp(&b.row)));
    }
}

/// The three tables' shares of one pane, in the order of [`Table::ALL`].
#[derive(Clone, Debug)]
pub struct Batches {
    pub rows: Arc<Vec<Row>>,
    pub keys: [Arc<Keys>; 3],
}

impl Batches {
    /// All rows in each of the three.
    pub fn of(rows: Vec<Row>, suffix: KeySuffix) -> Self {
        let mut keys = [(); 3].map(|()| Keys::with_room(rows.len()));
        for (at, row) in rows.iter().enumerate() {
            let parts = row.key_parts();
            for (table, keys) in Table::ALL.iter().zip(&mut keys) {
                keys.push(at, |out| parts.push_key(*table, suffix, out));
            }
        }
        keys.iter_mut().for_each(Keys::sort);
        Self { rows: Arc::new(rows), keys: keys.map(Arc::new) }
    }

    fn leave_out(&mut self, rows: &HashSet<usize>) {
        if rows.is_empty() {
            return;
        }
        for keys in &mut self.keys {
            Arc::make_mut(keys).entries.retain(|entry| !rows.contains(&(entry.row as usize)));
        }
    }
}

/// What becomes of a pane.
#[derive(Debug)]
pub struct FanOut {
    pub batches: Batches,
    /// Rows that share their key with another one of the pane; those that must not be written are in no batch.
    pub rivals: Rivals,
}

impl FanOut {
    /// A pane's batches, without the rows that would hide another payment of the pane or a later state of their own.
    pub fn of(rows: Vec<Row>, suffix: KeySuffix) -> Self {
        let mut batches = Batches::of(rows, suffix);
        // The keys by date hold the same components as those by customer, and those by transaction hold the id.
        let rivals = collisions::find(&batches.keys[0], &batches.rows);
        batches.leave_out(&rivals.unwritten());
        Self { batches, rivals }
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
            for (keys, table) in batches.keys.iter().zip(Table::ALL) {
                assert!((1..keys.len()).all(|at| keys.key(at - 1) < keys.key(at)));
                for at in 0..keys.len() {
                    let payment = &payments[keys.row(at)];
                    assert_eq!(keys.key(at), schemas::layout::row_key(payment, table, suffix));
                }
            }
        }
    }
}
