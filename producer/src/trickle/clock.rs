//! Event times: now, or a simulated now, and every microsecond at most once.

use crate::shard::Shard;
use std::time::Duration;

/// The source of a run's time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// The machine's.
    Wall,
    /// From a start on, faster or slower than the machine's.
    Simulated { start_micros: i64, scale: f64 },
}

impl Source {
    /// The time in UTC microseconds when the machine's clock shows `wall_micros`, `elapsed` after the run's start.
    pub fn micros(self, wall_micros: i64, elapsed: Duration) -> i64 {
        match self {
            Self::Wall => wall_micros,
            Self::Simulated { start_micros, scale } => {
                start_micros.saturating_add((elapsed.as_micros() as f64 * scale) as i64)
            }
        }
    }

    /// Microseconds of events that pass in a real time.
    pub fn span_micros(self, real: Duration) -> i64 {
        let scale = if let Self::Simulated { scale, .. } = self { scale } else { 1.0 };
        (real.as_micros() as f64 * scale) as i64
    }
}

/// Hands out microseconds: rising, and of `n` shards only those that leave this shard's number when divided by `n`.
#[derive(Clone, Copy, Debug)]
pub struct EventClock {
    shard: i64,
    step: i64,
    /// The last one handed out, here or in a run before.
    last: i64,
}

impl EventClock {
    /// A clock that goes on after `last`.
    pub fn new(shard: Shard, last: i64) -> Self {
        Self { shard: shard.index() as i64, step: shard.count() as i64, last }
    }

    /// The first microsecond of this shard at or after `micros`. Where the time has gone back, or too many ask at once:
    /// the first after the last.
    pub fn take(&mut self, micros: i64) -> i64 {
        let wanted = micros.max(self.last.saturating_add(1));
        let taken = wanted.saturating_add((self.shard - wanted).rem_euclid(self.step));
        self.last = taken;
        taken
    }

    pub fn last(&self) -> i64 {
        self.last
    }

    /// A time that does not go back behind what was handed out.
    pub fn present(&self, micros: i64) -> i64 {
        micros.max(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn shard(index: u64, count: u64) -> Shard {
        format!("{index}/{count}").parse().unwrap()
    }

    proptest! {
        #[test]
        fn no_microsecond_is_used_twice_by_two_shards_with_restarts_and_clocks_that_jump(
            steps in prop::collection::vec((0..3_u64, -50_i64..100, prop::bool::weighted(0.05)), 1..400)
        ) {
            let mut now = 1_000_000;
            let mut clocks = [0, 1, 2].map(|index| EventClock::new(shard(index, 3), 0));
            let mut seen = HashSet::new();
            for (index, step, restarts) in steps {
                now += step;
                let clock = &mut clocks[index as usize];
                if restarts {
                    // A checkpoint keeps the last one.
                    *clock = EventClock::new(shard(index, 3), clock.last());
                }
                let before = clock.last();
                let taken = clock.take(now);
                prop_assert!(taken > before && taken >= now);
                prop_assert_eq!(taken.rem_euclid(3) as u64, index);
                prop_assert!(seen.insert(taken));
            }
        }

        #[test]
        fn a_restart_without_memory_repeats_nothing_while_the_clock_goes_on(
            first in prop::collection::vec(1_i64..1_000, 1..100), second in prop::collection::vec(1_i64..1_000, 1..100)
        ) {
            let mut seen = HashSet::new();
            let mut now = 0;
            for steps in [first, second] {
                let mut clock = EventClock::new(shard(1, 2), 0);
                for step in steps {
                    now += step;
                    let taken = clock.take(now);
                    prop_assert!(seen.insert(taken));
                    now = now.max(taken);
                }
            }
        }
    }

    #[test]
    fn a_clock_that_steps_back_holds_at_the_last_and_a_step_more() {
        let mut clock = EventClock::new(shard(1, 2), 0);
        assert_eq!(clock.take(1_000), 1_001);
        assert_eq!(clock.take(400), 1_003);
        assert_eq!(clock.take(400), 1_005);
        assert_eq!(clock.present(400), 1_005);
        assert_eq!(clock.take(2_000), 2_001);
    }

    #[test]
    fn a_simulated_day_takes_as_long_as_its_scale_says() {
        let source = Source::Simulated { start_micros: 7, scale: 60.0 };
        assert_eq!(source.micros(123, Duration::from_mins(24)), 7 + 86_400_000_000);
        assert_eq!(source.span_micros(Duration::from_millis(10)), 600_000);
        assert_eq!(Source::Wall.micros(123, Duration::from_mins(24)), 123);
    }
}
