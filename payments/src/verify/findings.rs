//! The findings of a verification.

use crate::audit::{Digest, Listed, Unexpected};
use schemas::layout::{PerTable, Table};

/// A payment without its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub index: u64,
    pub key: Vec<u8>,
    pub payment_id: String,
}

/// A row whose cells are not its payment's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub index: u64,
    pub key: Vec<u8>,
    pub payment_id: String,
    pub cells: Vec<CellDifference>,
}

/// A cell that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDifference {
    /// `family:qualifier`
    pub column: String,
    pub expected: Option<String>,
    pub found: Option<String>,
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
}

impl Findings {
    pub fn are_equal(&self) -> bool {
        self.tables.values().all(|table| table.expected == table.found)
    }

    /// The run that the tables' rows seem to belong to, if most are not of this one.
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
