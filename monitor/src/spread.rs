//! How durations are spread: histograms whose buckets are the same everywhere, so that any two can be added.

use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Buckets with an upper bound; what is longer is in one more.
pub const BOUNDED: usize = 48;
const BUCKETS: usize = BOUNDED + 1;
/// Upper bound of the first bucket.
const FIRST_NANOS: u64 = 500_000;

/// A bucket's upper bound in nanoseconds: half a millisecond, and from there by turns 3/2 and 4/3 of the one before.
const fn bound_nanos(bucket: usize) -> u64 {
    let doubled = FIRST_NANOS << (bucket / 2);
    if bucket.is_multiple_of(2) { doubled } else { doubled + doubled / 2 }
}

/// A bucket's upper bound in seconds.
pub fn bound(bucket: usize) -> f64 {
    if bucket < BOUNDED { bound_nanos(bucket) as f64 / 1e9 } else { f64::INFINITY }
}

fn bucket_of(nanos: u64) -> usize {
    if nanos <= FIRST_NANOS {
        return 0;
    }
    // Twice the number of doublings below, and whether one and a half times that is exceeded, too.
    let doublings = ((nanos - 1) / FIRST_NANOS).ilog2() as usize;
    let bucket = 2 * doublings + 1;
    let bucket = if bucket < BOUNDED && nanos > bound_nanos(bucket) { bucket + 1 } else { bucket };
    bucket.min(BOUNDED)
}

/// Counts of durations by bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    counts: [u64; BUCKETS],
    sum_seconds: f64,
    max_seconds: f64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], sum_seconds: 0.0, max_seconds: 0.0 }
    }
}

impl Spread {
    pub fn record(&mut self, duration: Duration) {
        self.record_many(duration, 1);
    }

    /// The same duration so many times.
    pub fn record_many(&mut self, duration: Duration, times: u64) {
        if times == 0 {
            return;
        }
        self.counts[bucket_of(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))] += times;
        let seconds = duration.as_secs_f64();
        self.sum_seconds += seconds * times as f64;
        self.max_seconds = self.max_seconds.max(seconds);
    }

    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.sum_seconds += other.sum_seconds;
        self.max_seconds = self.max_seconds.max(other.max_seconds);
    }

    /// What came since an earlier state; its longest duration is that of all.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        for (mine, theirs) in since.counts.iter_mut().zip(&earlier.counts) {
            *mine = mine.saturating_sub(*theirs);
        }
        since.sum_seconds -= earlier.sum_seconds;
        since
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub fn sum_seconds(&self) -> f64 {
        self.sum_seconds
    }

    /// By bucket, from the shortest on.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Seconds that a part (0 to 1) of the durations did not exceed, within a bucket's width; `None` without any.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        Some(quantile(&self.counts.map(|count| count as f64), part)?.min(self.max_seconds))
    }

    pub fn summary(&self) -> Quantiles {
        let at = |part| self.quantile(part).unwrap_or(0.0);
        Quantiles { count: self.count(), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: self.max_seconds }
    }
}

/// Quantiles of durations, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    pub count: u64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

/// The quantile of counts by bucket (not cumulative), in seconds; a straight line inside of a bucket, as Prometheus draws.
pub fn quantile(counts: &[f64], part: f64) -> Option<f64> {
    let all: f64 = counts.iter().sum();
    if all <= 0.0 {
        return None;
    }
    let wanted = part.clamp(0.0, 1.0) * all;
    let mut below = 0.0;
    for (bucket, &count) in counts.iter().enumerate() {
        if count > 0.0 && below + count >= wanted {
            let from = if bucket == 0 { 0.0 } else { bound(bucket - 1) };
            let to = if bucket < BOUNDED { bound(bucket) } else { from };
            return Some(from + (to - from) * ((wanted - below) / count).clamp(0.0, 1.0));
        }
        below += count;
    }
    Some(bound(BOUNDED - 1))
}

/// A spread that many add to, and that is a histogram at `/metrics`.
#[derive(Clone, Default)]
pub struct Latencies(Arc<Mutex<Spread>>);

impl Latencies {
    pub fn record(&self, duration: Duration) {
        self.0.lock().record(duration);
    }

    pub fn add(&self, spread: &Spread) {
        self.0.lock().add(spread);
    }

    pub fn spread(&self) -> Spread {
        self.0.lock().clone()
    }
}

impl fmt::Debug for Latencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Latencies({:?})", self.0.lock().summary())
    }
}

impl TypedMetric for Latencies {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Latencies {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let spread = self.spread();
        // The largest number stands for infinity here.
        let bound = |bucket| bound(bucket).min(f64::MAX);
        let buckets: Vec<_> =
            spread.counts.iter().enumerate().map(|(bucket, &count)| (bound(bucket), count)).collect();
        encoder.encode_histogram::<NoLabelSet>(spread.sum_seconds, spread.count(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        for bucket in 0..BOUNDED {
            let bound = bound_nanos(bucket);
            assert_eq!(bucket_of(bound), bucket);
            assert_eq!(bucket_of(bound + 1), bucket + 1);
        }
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(u64::MAX), BOUNDED);
    }

    #[test]
    fn nothing_recorded_has_no_quantile() {
        assert_eq!(Spread::default().quantile(0.5), None);
        assert_eq!(Spread::default().summary(), Quantiles::default());
    }

    proptest! {
        #[test]
        fn a_quantile_is_off_by_a_bucket_at_most(
            mut millis in prop::collection::vec(1_u64..100_000, 1..200), part in 0.0_f64..1.0
        ) {
            let mut spread = Spread::default();
            for &millis in &millis {
                spread.record(Duration::from_millis(millis));
            }
            millis.sort_unstable();
            let rank = ((part * millis.len() as f64).ceil() as usize).clamp(1, millis.len());
            let exact = millis[rank - 1] as f64 / 1_000.0;
            let found = spread.quantile(part).unwrap();
            prop_assert!((exact / 1.51..=exact * 1.51).contains(&found), "{exact} {found}");
        }

        #[test]
        fn a_sum_of_spreads_is_the_spread_of_all(one in prop::collection::vec(0_u64..9_000_000, 0..50), two in prop::collection::vec(0_u64..9_000_000, 0..50)) {
            let of = |micros: &[u64]| {
                let mut spread = Spread::default();
                for &micros in micros {
                    spread.record(Duration::from_micros(micros));
                }
                spread
            };
            let mut sum = of(&one);
            sum.add(&of(&two));
            let all = of(&[one, two].concat());
            prop_assert_eq!(sum.counts(), all.counts());
            prop_assert!((sum.sum_seconds() - all.sum_seconds()).abs() < 1e-6);
        }
    }
}
