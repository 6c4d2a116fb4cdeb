//! How long a request waits before its next attempt, and how long answers that say nothing are met with patience.

use super::sorting::Again;
use gcp::retry::Delays;
use std::time::Duration;

/// First pause between attempts; it doubles, with jitter.
const MIN: Duration = Duration::from_millis(10);
/// Longest pause while a table is down.
const MAX: Duration = Duration::from_mins(1);
/// Longest pause while a table is overloaded: what goes out is bounded elsewhere, and a request that sleeps longer
/// leaves the table idle at the end.
const MAX_OVERLOADED: Duration = Duration::from_secs(1);
/// Attempts after an answer of which nobody can say whether the next one will be better.
const ODD_RETRIES: u32 = 3;

/// One request's pauses.
#[derive(Debug)]
pub struct Pauses {
    down: Delays,
    overloaded: Delays,
    odd_retries: u32,
}

impl Pauses {
    pub fn new() -> Self {
        Self { down: Delays::new(MIN, MAX), overloaded: Delays::new(MIN, MAX_OVERLOADED), odd_retries: 0 }
    }

    /// As at the first failure: what was learned of the table before it recovered holds no more.
    pub fn afresh(self) -> Self {
        Self { odd_retries: self.odd_retries, ..Self::new() }
    }

    /// Whether an odd answer still earns another attempt.
    pub fn are_patient(&self) -> bool {
        self.odd_retries < ODD_RETRIES
    }

    /// The pause before the next attempt; the one that the service asks for, if it does.
    pub fn next(&mut self, again: &Again) -> Duration {
        self.odd_retries += u32::from(again.is_odd);
        // A request that goes on in halves has nothing to wait for either.
        let delays = if again.is_overload || again.in_halves { &mut self.overloaded } else { &mut self.down };
        delays.next(again.asked)
    }
}
