//! The machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// UTC microseconds since 1970; 0 on a machine whose clock stands before.
pub fn now_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
