//! Durations counted closely enough for p99.9: each within a hundredth of itself, in memory that does not grow.
//!
//! The page's histograms ([`monitor::spread`]) have the same bounds everywhere, so that they can be added; two of them
//! lie half as far again apart, which is too far for the last of a thousand reads.

use std::time::Duration;

/// Each doubling is divided into so many parts.
const PARTS: u64 = 1 << BITS;
const BITS: u32 = 7;
/// The last is that of the greatest number of nanoseconds.
const BUCKETS: usize = place(u64::MAX) + 1;

/// Counts of durations.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    longest: u64,
}

/// The bucket of so many nanoseconds: small ones have one each, larger ones share it with those of the same leading bits.
const fn place(nanos: u64) -> usize {
    let width = u64::BITS - nanos.leading_zeros();
    let dropped = width.saturating_sub(BITS + 1);
    (dropped as usize) * PARTS as usize + (nanos >> dropped) as usize
}

/// The greatest number of nanoseconds in a bucket.
const fn upper(place: usize) -> u64 {
    let (place, parts) = (place as u64, PARTS);
    if place < 2 * parts {
        return place;
    }
    let dropped = place / parts - 1;
    let leading = place - dropped * parts;
    // Written so that the last bucket does not overflow.
    (leading << dropped) + ((1 << dropped) - 1)
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, longest: 0 }
    }
}

impl Histogram {
    pub fn record(&mut self, duration: Duration) {
        self.record_many(duration, 1);
    }

    /// The same duration so many times.
    pub fn record_many(&mut self, duration: Duration, times: u64) {
        if times == 0 {
            return;
        }
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts[place(nanos)] += times;
        self.count += times;
        self.longest = self.longest.max(nanos);
    }

    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    /// What a part (0 to 1) of the durations did not exceed; zero without any.
    pub fn quantile(&self, part: f64) -> Duration {
        let wanted = ((part * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(upper(place).min(self.longest));
            }
        }
        self.longest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for at in 0..BUCKETS - 1 {
            assert_eq!((place(upper(at)), place(upper(at) + 1)), (at, at + 1));
        }
        assert_eq!(upper(BUCKETS - 1), u64::MAX);
    }

    #[test]
    fn nothing_recorded_took_no_time() {
        assert_eq!(Histogram::default().quantile(0.999), Duration::ZERO);
        assert_eq!(Histogram::default().longest(), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn a_quantile_is_right_within_a_hundredth(
            mut nanos in prop::collection::vec(prop_oneof![0_u64..1_000, 0_u64..10_000_000_000, any::<u64>()], 1..300),
            cut in any::<prop::sample::Index>(),
            part in 0.0_f64..=1.0,
        ) {
            let of = |nanos: &[u64]| {
                let mut histogram = Histogram::default();
                for nanos in nanos {
                    histogram.record(Duration::from_nanos(*nanos));
                }
                histogram
            };
            let (one, two) = nanos.split_at(cut.index(nanos.len()));
            let mut histogram = of(one);
            histogram.add(&of(two));
            nanos.sort_unstable();
            let rank = ((part * nanos.len() as f64).ceil() as usize).clamp(1, nanos.len());
            let exact = nanos[rank - 1];
            let found = histogram.quantile(part).as_nanos() as u64;
            prop_assert!(exact <= found && found - exact <= exact / 100, "{exact} {found}");
            prop_assert_eq!(histogram.longest().as_nanos() as u64, nanos[nanos.len() - 1]);
            prop_assert_eq!(histogram.count(), nanos.len() as u64);
        }
    }
}
