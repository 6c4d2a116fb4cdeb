//! The findings of a verification.

use crate::audit::{Differing, Digest, Listed, Runs, Unexpected};
use schemas::layout::{PerTable, Table};

/// A payment without its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub index: u64,
    pub key: Vec<u8>,
    pub payment_id: String,
}

/// One table's rows, compared with those that it should have.
#[derive(Clone, Debug)]
pub struct TableFindings {
    pub table: Table,
    pub expected: Digest,
    pub found: Digest,
    pub missing: Listed<Missing>,
    pub unexpected: Listed<Unexpected>,
    pub differing: Listed<Differing>,
    /// Rows among those that differ which are another payment's.
    pub collisions: u64,
    pub others: Runs,
    /// Indices of the payments whose rows are missing or differ here, for a repair.
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
            collisions: 0,
            others: Runs::default(),
            to_repair: Vec::new(),
        }
    }

    pub fn differences(&self) -> u64 {
        self.missing.total + self.unexpected.total + self.differing.total
    }
}

/// The findings in all three tables.
#[derive(Clone, Debug)]
pub struct Findings {
    pub tables: PerTable<TableFindings>,
    /// Whether every difference was looked into; if not, the totals are lower bounds.
    pub is_complete: bool,
    /// Passes over the tables.
    pub passes: u32,
    /// Of a part of the payments; unexpected rows were not looked for.
    pub is_sample: bool,
    /// Nothing more was looked at: the tables hold another run, and none of this one.
    pub is_elsewhere: bool,
}

impl Findings {
    pub fn are_equal(&self) -> bool {
        self.tables.values().all(|table| table.expected == table.found)
    }

    /// The run that most rows are of, with their number, where none is of this one.
    pub fn other_run(&self) -> Option<(&str, u64)> {
        let none = self.tables.values().all(|table| table.found.rows == 0);
        self.tables.by_transaction.others.largest().filter(|_| none)
    }

    pub fn differences(&self) -> u64 {
        self.tables.values().map(TableFindings::differences).sum()
    }
}
