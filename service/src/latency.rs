//! How long something takes, as quantiles.

use hdrhistogram::Histogram;
use std::time::Duration;

/// What takes longer counts as this: no service keeps a message longer.
const LONGEST: Duration = Duration::from_hours(31 * 24);

/// Durations in a histogram of microseconds, to one per cent; some kilobytes from the first one on.
#[derive(Clone, Debug, Default)]
pub struct Latency(Option<Histogram<u32>>);

impl Latency {
    pub fn record(&mut self, latency: Duration) {
        let histogram = self.0.get_or_insert_with(|| {
            Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 2).expect("the bounds are in order")
        });
        histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    /// What a part (0 to 1) of those recorded did not exceed; `None` while nothing is recorded.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        self.0.as_ref().map(|histogram| Duration::from_micros(histogram.value_at_quantile(part)))
    }

    pub fn add(&mut self, other: Self) {
        match (&mut self.0, other.0) {
            (Some(mine), Some(theirs)) => mine.add(theirs).expect("all have the same bounds"),
            (mine @ None, theirs) => *mine = theirs,
            (_, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile(0.5), None);
        for part in [1..=500, 501..=1_000] {
            let mut half = Latency::default();
            part.for_each(|millis| half.record(Duration::from_millis(millis)));
            latency.add(half);
        }
        for (part, millis) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = latency.quantile(part).unwrap().as_secs_f64() * 1_000.0;
            assert!((millis * 0.999..millis * 1.011).contains(&found), "{part}: {found}");
        }
    }

    #[test]
    fn nothing_is_too_short_or_too_long() {
        let mut latency = Latency::default();
        latency.record(Duration::ZERO);
        latency.record(Duration::MAX);
        assert!(latency.quantile(1.0).unwrap() >= LONGEST);
    }
}
