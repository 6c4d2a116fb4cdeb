//! What a verification found.

use super::digest::Digest;
use schemas::layout::{PerTable, Table};

/// Rows of one kind: how many, and the first of them.
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

    /// Counts a row; keeps it if it is among the first.
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

    /// Adds rows found elsewhere; the first are those least by `order`.
    pub fn add<K: Ord>(&mut self, other: Self, order: impl FnMut(&T) -> K) {
        self.total += other.total;
        self.first.extend(other.first);
        self.first.sort_by_key(order);
        self.first.truncate(self.most);
    }
}

/// A payment without its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub index: u64,
    pub key: Vec<u8>,
    pub payment_id: String,
}

/// A row that no payment of the run has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpected {
    pub key: Vec<u8>,
    /// As its cells say, if they do.
    pub payment_id: Option<String>,
    pub run_id: Option<String>,
}

/// A payment's row with other cells than the payment's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub index: u64,
    pub key: Vec<u8>,
    pub payment_id: String,
    pub cells: Vec<CellDifference>,
}

/// A cell that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDifference {
    /// `family:qualifier`
    pub column: String,
    pub expected: Option<String>,
    pub found: Option<String>,
}

/// What one table holds, against what it should.
#[derive(Clone, Debug)]
pub struct TableFindings {
    pub table: Table,
    pub expected: Digest,
    pub found: Digest,
    pub missing: Listed<Missing>,
    pub unexpected: Listed<Unexpected>,
    pub differing: Listed<Differing>,
    /// Indices of all payments that this table's differing and missing rows belong to, for a repair.
    pub to_repair: Vec<u64>,
}

impl TableFindings {
    pub fn new(table: Table, most: usize) -> Self {
        Self {
            table,
            expected: Digest::default(),
            found: Digest::default(),
            missing: Listed::new(most),
            unexpected: Listed::new(most),
            differing: Listed::new(most),
            to_repair: Vec::new(),
        }
    }

    pub fn differences(&self) -> u64 {
        self.missing.total + self.unexpected.total + self.differing.total
    }
}

/// What a verification of whole tables found.
#[derive(Clone, Debug)]
pub struct Findings {
    pub tables: PerTable<TableFindings>,
    /// Whether every difference was looked into: if not, the totals are lower bounds.
    pub is_complete: bool,
    /// Passes over the tables.
    pub passes: u32,
}

impl Findings {
    pub fn are_equal(&self) -> bool {
        self.tables.values().all(|table| table.expected == table.found)
    }

    /// The run of which the tables' rows seem to be, if most are not of this one.
    pub fn other_run(&self, run_id: &str) -> Option<&str> {
        let foreign =
            |table: &&TableFindings| !self.is_complete || table.unexpected.total > table.found.rows / 2;
        let mut rows = self.tables.values().filter(foreign).flat_map(|table| &table.unexpected.first);
        rows.find_map(|row| row.run_id.as_deref().filter(|run| *run != run_id))
    }

    pub fn differences(&self) -> u64 {
        self.tables.values().map(TableFindings::differences).sum()
    }
}
