//! Rows of one kind: all are counted, the first are kept for a report.

use crate::rows;
use gcp::bigtable::read::Row;
use schemas::layout::Column;

/// How many rows there are of one kind, and the first of them.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    pub total: u64,
    pub first: Vec<T>,
    most: usize,
}

impl<T> Listed<T> {
    pub fn new(most: usize) -> Self {
        Self { total: 0, first: Vec::new(), most }
    }

    /// Counts a row, and keeps it if it is among the first.
    pub fn push(&mut self, row: impl FnOnce() -> T) {
        self.total += 1;
        if self.first.len() < self.most {
            self.first.push(row());
        }
    }

    /// Whether all are listed.
    pub fn is_whole(&self) -> bool {
        self.first.len() as u64 == self.total
    }

    /// Adds rows found elsewhere; the first are the least by `order`.
    pub fn add<K: Ord>(&mut self, other: Self, order: impl FnMut(&T) -> K) {
        self.total += other.total;
        self.first.extend(other.first);
        self.first.sort_by_key(order);
        self.first.truncate(self.most);
    }
}

/// A row that belongs to no payment of the run, or whose key does not follow from its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpected {
    pub key: Vec<u8>,
    /// From its cells, if they have one.
    pub payment_id: Option<String>,
    pub run_id: Option<String>,
}

impl Unexpected {
    pub fn of(row: Row<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            key: row.key().to_vec(),
            payment_id: rows::value(&row, Column::PaymentId).map(text),
            run_id: rows::value(&row, Column::RunId).map(text),
        }
    }
}
