//! When messages are due. Pure: time comes in as an argument.

use std::time::Duration;

/// Slots missed for longer than this are left out, not made up for: a load test wants a rate, not a flood after a
/// pause.
const MOST_CATCH_UP: Duration = Duration::from_millis(250);
/// The pacer is asked this often at the least, so that a change of rate, or a pause, is seen.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Counts the slots for messages that fall due.
#[derive(Debug)]
pub struct Pacer {
    /// Up to which time slots have been counted.
    counted: Duration,
    /// Slots begun; a whole one is due.
    owed: f64,
    missed: f64,
}

impl Pacer {
    pub fn new(now: Duration) -> Self {
        // Half a slot ahead, so that a minute at one a second holds sixty, however its ends fall.
        Self { counted: now, owed: 0.5, missed: 0.0 }
    }

    /// The slots that have fallen due since the last call, at a rate by the second.
    pub fn due(&mut self, now: Duration, rate: f64) -> u64 {
        let passed = now.saturating_sub(self.counted);
        self.counted = self.counted.max(now);
        let made_up = passed.min(MOST_CATCH_UP);
        self.missed += passed.saturating_sub(made_up).as_secs_f64() * rate;
        self.owed += made_up.as_secs_f64() * rate;
        // Sums of fractions end a hair below the whole.
        let whole = (self.owed + 1e-9).floor();
        self.owed -= whole;
        whole as u64
    }

    /// Counts slots that could not be used.
    pub fn miss(&mut self, slots: u64) {
        self.missed += slots as f64;
    }

    /// The slots that went by unused so far.
    pub fn missed(&self) -> u64 {
        self.missed as u64
    }

    /// How long until there may be something to do.
    pub fn wait(&self, rate: f64) -> Duration {
        let seconds = (1.0 - self.owed) / rate.max(1e-9);
        Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT).clamp(SHORTEST_WAIT, LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs for `seconds`, asking when the pacer says, each time `late` later.
    fn run(pacer: &mut Pacer, from: Duration, seconds: u64, rate: f64, late: Duration) -> (u64, Duration) {
        let (mut now, mut due) = (from, 0);
        while now + pacer.wait(rate) + late <= from + Duration::from_secs(seconds) {
            now += pacer.wait(rate) + late;
            due += pacer.due(now, rate);
        }
        (due, now)
    }

    #[test]
    fn the_rate_is_held_within_a_percent_over_a_minute() {
        for rate in [1.0, 50.0, 20_000.0] {
            for late in [0, 170, 3_000] {
                let (due, _) = run(
                    &mut Pacer::new(Duration::ZERO),
                    Duration::ZERO,
                    60,
                    rate,
                    Duration::from_micros(late),
                );
                let expected = rate * 60.0;
                assert!(
                    (due as f64 - expected).abs() <= expected / 100.0,
                    "{rate}/s: {due} at {late} us late"
                );
            }
        }
    }

    #[test]
    fn a_pause_is_not_made_up_for_by_a_burst_but_counted() {
        for rate in [1.0, 50.0, 20_000.0] {
            let mut pacer = Pacer::new(Duration::ZERO);
            let (_, stopped) = run(&mut pacer, Duration::ZERO, 5, rate, Duration::ZERO);
            let woken = stopped + Duration::from_secs(10);
            let at_once = pacer.due(woken, rate);
            assert!(at_once as f64 <= rate * 0.25 + 1.0, "{rate}/s: {at_once} at once");
            let (after, _) = run(&mut pacer, woken, 5, rate, Duration::ZERO);
            assert!((after as f64 - rate * 5.0).abs() <= (rate * 0.05).max(1.0), "{rate}/s: {after}");
            assert_eq!(pacer.missed(), (rate * 9.75) as u64);
        }
    }

    #[test]
    fn no_rate_is_no_slot_and_time_does_not_run_back() {
        let mut pacer = Pacer::new(Duration::from_secs(5));
        assert_eq!(pacer.due(Duration::from_secs(6), 0.0), 0);
        assert_eq!(pacer.due(Duration::from_secs(4), 1_000.0), 0);
        assert_eq!(pacer.due(Duration::from_millis(6_010), 1_000.0), 10);
        assert_eq!(pacer.wait(0.0), LONGEST_WAIT);
    }
}
