//! What all writers have alike, so that only the way of writing differs.

/// Payments handed over at once, as many as a full pane of the sink has.
pub const PANE_ROWS: usize = 10_000;
/// Rows in one request: the sink's default.
pub const REQUEST_ROWS: usize = 500;
/// Groups of three requests in flight for each pane. With two panes at once that makes 24, the sink's default.
pub const GROUPS_IN_FLIGHT: usize = 4;
/// The sink's default.
pub const CONNECTIONS: usize = 2;
/// The cells' time.
pub const PUBLISH_MICROS: i64 = 1_790_000_000_123_000;
