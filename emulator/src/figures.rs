//! What the servers have done and hold, for those who watch them.

use std::time::Duration;

/// Of both servers.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// By topic, the messages that were ever published to it.
    pub published: Vec<(String, u64)>,
    pub subscriptions: Vec<SubscriptionFigures>,
    pub tables: Vec<TableFigures>,
}

/// Of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionFigures {
    /// In full.
    pub name: String,
    /// Messages published and not acknowledged. Those that a filter has not seen yet all count.
    pub unacked: u64,
    /// Since the publish of the oldest of them; nothing where there is none.
    pub oldest: Duration,
    /// How many of them subscribers hold now.
    pub outstanding: u64,
    /// Messages acknowledged since the server's start.
    pub acknowledged: u64,
}

/// Of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFigures {
    /// In full.
    pub name: String,
    /// Rows written since the server's start, each time one was.
    pub rows_written: u64,
    /// On disk.
    pub stored_bytes: u64,
}
