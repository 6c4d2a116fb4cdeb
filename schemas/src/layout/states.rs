//! The times of cells, which order a payment's states.

/// How much later the cells of each state are than those of the one before, UTC microseconds.
///
/// Publish times alone do not order states: two of a request have the same, a publisher that repeats the first state
/// gives it a later one than the second, and clocks are set back. An hour is more than any of these make out, and
/// little beside the retention of cells.
pub const STATE_MICROS: i64 = 3_600_000_000;
/// Of a payment with more states the further ones are a millisecond apart: cells must not lie in a far future.
const MAX_STATES: i64 = 100;

/// How much later a state's cells are than its message's publish.
fn delay_micros(version: u32) -> i64 {
    let later = i64::from(version.saturating_sub(1));
    let far = later.min(MAX_STATES);
    far * STATE_MICROS + (later - far) * 1_000
}

/// The time of a state's cells, in whole milliseconds as Bigtable wants it, UTC microseconds. A function of the message
/// alone, so that a redelivery or a replay writes the same cells.
pub fn cell_micros(publish_micros: i64, version: u32) -> i64 {
    let millis = publish_micros - publish_micros.rem_euclid(1_000);
    millis.saturating_add(delay_micros(version))
}

/// When the message was published whose state's cells have this time, to the millisecond; UTC microseconds.
pub fn publish_micros(cell_micros: i64, version: u32) -> i64 {
    cell_micros.saturating_sub(delay_micros(version))
}
