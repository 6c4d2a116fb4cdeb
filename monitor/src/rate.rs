//! Rates and quantiles over the last seconds: they do not fade with what was long ago, and jump with no single look.

use crate::spread::Spread;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back a rate looks.
const SPAN: Duration = Duration::from_secs(10);

/// Looks at a count.
#[derive(Clone, Debug, Default)]
pub struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// To be called about every second.
    pub fn look(&mut self, now: Instant, count: u64) {
        self.0.push_back((now, count));
        while self.0.len() > 2 && self.0.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= SPAN) {
            self.0.pop_front();
        }
    }

    /// Over the looks that are kept; 0 before the second one.
    pub fn per_second(&self) -> f64 {
        let (Some((from, before)), Some((to, now))) = (self.0.front(), self.0.back()) else { return 0.0 };
        let seconds = to.duration_since(*from).as_secs_f64();
        if seconds > 0.0 { now.saturating_sub(*before) as f64 / seconds } else { 0.0 }
    }
}

/// Looks that a quantile goes back.
const LOOKS: usize = 10;

/// Looks at durations, the last of them about every second.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    looks: VecDeque<Spread>,
    p99: Option<f64>,
}

impl Recent {
    /// To be called about every second, with all that has come so far.
    pub fn look(&mut self, all: Spread) {
        let fresh = self.looks.front().map(|earlier| all.since(earlier));
        self.p99 = fresh.as_ref().unwrap_or(&all).quantile(0.99);
        self.looks.push_back(all);
        if self.looks.len() > LOOKS {
            self.looks.pop_front();
        }
    }

    /// Of what came in the looks that are kept, in seconds; none if nothing did.
    pub fn p99(&self) -> Option<f64> {
        self.p99
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_seconds() {
        let (start, mut rate) = (Instant::now(), Rate::default());
        rate.look(start, 0);
        assert!(rate.per_second().abs() < 1e-9);
        for second in 1..=30 {
            rate.look(start + Duration::from_secs(second), if second < 15 { 100 * second } else { 1_400 });
        }
        assert!(rate.per_second().abs() < 1e-9, "nothing has come for 15 s");
        rate.look(start + Duration::from_secs(31), 1_500);
        assert!((rate.per_second() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_is_that_of_the_last_seconds() {
        let (mut all, mut recent) = (Spread::default(), Recent::default());
        all.record_many(Duration::from_secs(8), 100);
        recent.look(all.clone());
        assert!(recent.p99().is_some_and(|p99| p99 > 5.0));
        for _ in 0..LOOKS {
            all.record_many(Duration::from_millis(1), 100);
            recent.look(all.clone());
        }
        assert!(recent.p99().is_some_and(|p99| p99 < 0.01), "what took long is long ago");
        for _ in 0..LOOKS {
            recent.look(all.clone());
        }
        assert_eq!(recent.p99(), None, "nothing has come since");
    }
}
