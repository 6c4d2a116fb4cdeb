//! A time as people read it.

use std::fmt;

/// UTC microseconds, shown as RFC 3339.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub i64);

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&String::from_utf8_lossy(&schemas::text::time(self.0)))
    }
}
