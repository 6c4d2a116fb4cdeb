//! What a sink has done so far, readable while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Progress {
    /// Messages pulled, redeliveries included.
    pub received: Counter,
    /// Rows confirmed by each table, in the order of `schemas::layout::Table::ALL`; rewritten rows count again.
    pub written: [Counter; 3],
    /// Entries sent once more.
    pub retries: Counter,
    /// Messages acked after all three tables had their row.
    pub acked: Counter,
    /// Messages acked after their dead letter was published.
    pub dead_lettered: Counter,
    /// Messages given back to the subscription: some table had not confirmed, or no dead letter could be published.
    pub returned: Counter,
}
