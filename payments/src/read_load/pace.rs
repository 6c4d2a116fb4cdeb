//! Which reads are due when. Pure.

use std::time::Duration;

/// Between two moments that are told apart.
const NANO: Duration = Duration::from_nanos(1);

/// How fast, how long, how many at once.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub per_second: f64,
    /// None is until it is told to stop.
    pub duration: Option<Duration>,
    pub max_in_flight: usize,
    /// How long a read may wait to be sent. What has waited for longer is given up, so that a stall ends for those behind
    /// it too, and the load within this time after its last read was due.
    pub patience: Duration,
}

impl Pace {
    /// When a read is due, after the start.
    pub fn due(&self, number: u64) -> Duration {
        Duration::try_from_secs_f64(number as f64 / self.per_second).unwrap_or(Duration::MAX)
    }

    /// How many reads are due before this time after the start.
    pub fn before(&self, time: Duration) -> u64 {
        let mut reads = (time.as_secs_f64() * self.per_second) as u64;
        // Floats may be one off.
        while reads > 0 && self.due(reads - 1) >= time {
            reads -= 1;
        }
        while reads < u64::MAX && self.due(reads) < time {
            reads += 1;
        }
        reads
    }

    /// How many of the reads that are due before `end` must have been sent by now, or are given up.
    pub fn overdue(&self, elapsed: Duration, end: Duration) -> u64 {
        let ago = elapsed.checked_sub(self.patience).map_or(Duration::ZERO, |ago| ago.saturating_add(NANO));
        self.before(ago.min(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pace(per_second: f64) -> Pace {
        Pace { per_second, duration: None, max_in_flight: 1, patience: Duration::from_secs(4) }
    }

    #[test]
    fn a_read_is_overdue_once_it_has_waited_for_as_long_as_it_may() {
        let overdue = |millis, end| pace(10.0).overdue(Duration::from_millis(millis), end);
        for (millis, reads) in [(0, 0), (3_999, 0), (4_000, 1), (4_099, 1), (4_100, 2)] {
            assert_eq!(overdue(millis, Duration::MAX), reads, "{millis}");
        }
        // What is due at the end or later is never due.
        assert_eq!(overdue(60_000, Duration::from_secs(2)), 20);
        assert_eq!(overdue(60_000, Duration::ZERO), 0);
    }

    #[test]
    fn no_rate_and_no_time_is_too_great() {
        assert_eq!(pace(1e-300).before(Duration::from_secs(7)), 1);
        assert_eq!(pace(1e6).before(Duration::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn the_reads_before_a_time_are_those_that_are_due_before_it(
            per_second in prop_oneof![0.001_f64..10.0, 1.0_f64..1e6], nanos in 0_u64..1_000_000_000_000_000
        ) {
            let (pace, time) = (pace(per_second), Duration::from_nanos(nanos));
            let reads = pace.before(time);
            prop_assert!(reads == 0 || pace.due(reads - 1) < time);
            prop_assert!(pace.due(reads) >= time);
        }
    }
}
