//! What reads come to, counted.

use super::draws::Question;
use super::histogram::Histogram;

/// What a read came to.
#[derive(Debug)]
pub enum Answer {
    Rows {
        rows: u64,
        bytes: u64,
    },
    /// With a code by its name in the protocol, or a word of ours.
    Failed {
        code: &'static str,
        reason: String,
    },
}

/// What a table's reads took, closely, and the first that found nothing.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// From when they were due.
    pub latency: Histogram,
    /// Of those answered, from when they were sent.
    pub service: Histogram,
    pub empty: Vec<Question>,
}

/// Reads of a table that failed in one way.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    pub reads: u64,
    /// Of the first.
    pub reason: String,
}

/// A table's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub found: u64,
    pub empty: u64,
    pub failed: u64,
    pub rows: u64,
    pub bytes: u64,
}

impl Counts {
    pub fn reads(&self) -> u64 {
        self.answered() + self.failed
    }

    pub fn answered(&self) -> u64 {
        self.found + self.empty
    }

    pub fn add(&mut self, other: Self) {
        self.found += other.found;
        self.empty += other.empty;
        self.failed += other.failed;
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}
