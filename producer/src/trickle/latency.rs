//! How long publishes take: a histogram of fixed size.

use std::time::Duration;

/// Buckets for each doubling: a quantile is exact to a sixteenth of its value at most.
const PER_DOUBLING: u64 = 16;
const BUCKETS: usize = 64 * PER_DOUBLING as usize;

/// Counts durations in buckets that grow with them.
#[derive(Debug)]
pub struct Latencies {
    counts: Vec<u32>,
    total: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Latencies {
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1);
        self.counts[bucket(micros)] += 1;
        self.total += 1;
    }

    /// The latency that a part (0 to 1) of those recorded did not exceed; zero where none was.
    pub fn quantile(&self, part: f64) -> Duration {
        let wanted = (self.total as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted && seen > 0 {
                return Duration::from_micros(upper_micros(bucket));
            }
        }
        Duration::ZERO
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

fn bucket(micros: u64) -> usize {
    let doubling = u64::from(micros.ilog2());
    let within = (u128::from(micros - (1 << doubling)) * u128::from(PER_DOUBLING)) >> doubling;
    (doubling * PER_DOUBLING) as usize + within as usize
}

/// The largest number of microseconds that falls into a bucket.
fn upper_micros(bucket: usize) -> u64 {
    let (doubling, within) = (bucket as u64 / PER_DOUBLING, bucket as u64 % PER_DOUBLING);
    let end = (1_u128 << doubling) + ((u128::from(within + 1) << doubling) / u128::from(PER_DOUBLING));
    u64::try_from(end.saturating_sub(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), Duration::ZERO);
        (1..=1_000).for_each(|millis| latencies.record(Duration::from_millis(millis)));
        for (part, millis) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = latencies.quantile(part).as_secs_f64() * 1_000.0;
            assert!((millis * 0.999..millis * 1.07).contains(&found), "{part}: {found}");
        }
        latencies.clear();
        assert_eq!(latencies.quantile(0.99), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn every_duration_has_a_bucket_that_holds_it(micros in 1_u64..) {
            let bucket = bucket(micros);
            prop_assert!(bucket < BUCKETS);
            prop_assert!(upper_micros(bucket) >= micros);
            prop_assert!(bucket == 0 || upper_micros(bucket - 1) < micros || micros < PER_DOUBLING);
        }
    }
}
