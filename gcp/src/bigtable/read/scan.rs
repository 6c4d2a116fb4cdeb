//! What to read of a table, how patiently, and what came of it.

use super::span::Span;
use crate::retry::Delays;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{ReadIterationStats, RowFilter};
use std::time::Duration;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest silence of a server; then the stream counts as broken.
    pub silence: Duration,
    /// Longest time without a row, over all attempts; then the scan fails.
    pub give_up: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_mins(1), give_up: Duration::from_mins(2) }
    }
}

/// What to read of a table.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Id of the table.
    pub table: String,
    /// Keys to read; none overlap, and they are in order.
    pub spans: Vec<Span>,
    pub filter: Option<RowFilter>,
    /// Most rows to answer.
    pub limit: Option<u64>,
    /// Whether to ask the server how much it looked at.
    pub stats: bool,
}

impl Scan {
    /// All rows, all versions.
    pub fn of(table: &str) -> Self {
        Self { table: table.to_owned(), spans: vec![Span::all()], filter: None, limit: None, stats: false }
    }
}

/// What a scan came to.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// Rows handed on.
    pub rows: u64,
    /// Bytes of messages received.
    pub bytes: u64,
    /// Calls made: one, and one more for each time the stream broke.
    pub calls: u64,
    /// What the server says that it looked at and answered; summed over the calls that said so.
    pub stats: Option<ReadIterationStats>,
}

/// Pauses between attempts of a call.
pub(crate) fn delays() -> Delays {
    Delays::new(Duration::from_millis(10), Duration::from_secs(30))
}
