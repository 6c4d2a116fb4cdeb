//! The server's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970, truncated to milliseconds, the granularity of cell timestamps.
pub fn now_micros() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX / 1_000) * 1_000
}
