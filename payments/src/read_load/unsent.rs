//! Reads that were given up before they were sent. Pure.
//!
//! A process that was held for a minute, or is asked for far more than it can do, has millions of them at once. They are
//! counted in parts, so that this takes no longer than for a few hundred.

use std::ops::Range;
use std::time::Duration;

/// Most parts of those given up together. All of a part count with the longest wait among them: no latency is told as
/// shorter than it was.
const PARTS: u64 = 256;

/// Why reads were not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    NoRoom,
    Late,
}

impl Why {
    /// What most of this time was spent on while the reads became overdue.
    pub fn of(no_room: Duration, time: Duration) -> Self {
        if no_room >= time / 2 { Self::NoRoom } else { Self::Late }
    }

    /// Beside the protocol's codes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRoom => "NOT_SENT",
            Self::Late => "LATE",
        }
    }

    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoRoom => "there was no room among the reads in flight",
            Self::Late => "this process came to it too late",
        }
    }
}

/// Reads that follow each other and were given up together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// The number of the first.
    pub first: u64,
    pub reads: u64,
    /// How long the first had waited, which is longest.
    pub waited: Duration,
    pub why: Why,
}

/// Reads in parts of nearly one size; few ones each by itself.
pub fn parts(reads: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = reads;
    let size = end.saturating_sub(start).div_ceil(PARTS).max(1);
    let nth = move |part: u64| start.saturating_add(part.saturating_mul(size)).min(end);
    (0..PARTS).map(move |part| nth(part)..nth(part + 1)).take_while(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_and_follow_each_other_to_the_end() {
        for (start, end) in [(0, 0), (7, 8), (3, 259), (0, 257), (5, 600_000_005), (0, u64::MAX)] {
            let parts: Vec<_> = parts(start..end).collect();
            assert!(parts.len() as u64 <= PARTS, "{start} to {end}: {}", parts.len());
            let mut next = start;
            for part in &parts {
                assert_eq!(part.start, next, "{start} to {end}");
                next = part.end;
            }
            assert_eq!(next, end);
        }
        assert_eq!(parts(3..259).count(), 256);
    }

    #[test]
    fn reads_that_were_late_are_told_from_those_that_had_no_room() {
        let millis = Duration::from_millis;
        assert_eq!(Why::of(millis(200), millis(200)), Why::NoRoom);
        // A wait for a moment does not hold a read back for long.
        assert_eq!(Why::of(millis(2), millis(200)), Why::Late);
        assert_ne!(Why::NoRoom.code(), Why::Late.code());
        assert_ne!(Why::NoRoom.reason(), Why::Late.reason());
    }
}
