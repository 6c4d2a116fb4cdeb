//! Gathers a timeline in bounded memory.

use super::Timeline;
use crate::exposition::Sample;
use crate::spread::{BOUNDED, bound, quantile};
use std::collections::BTreeMap;

/// Most times of a timeline.
pub const MAX_TIMES: usize = 600;
/// Most series and most histograms; more of them are passed over: pages may be anybody's.
const MAX_SERIES: usize = 1_500;
const QUANTILES: [(&str, f64); 2] = [("p50:", 0.5), ("p99:", 0.99)];

/// What came into each bucket that anything came into.
type Came = Vec<(u8, f64)>;

/// Gathers looks at `/metrics`.
///
/// At most [`MAX_TIMES`] are kept: where there are too many, two become one, and from then on so many looks go into one
/// time. A counter stands as it stood at the later one; a histogram's quantiles are of all that came in both, since what
/// came is kept by bucket. The last look is always there.
#[derive(Clone, Debug, Default)]
pub struct History {
    times: Vec<f64>,
    series: BTreeMap<String, Vec<Option<f64>>>,
    /// By histogram: what came until each time, since the one before.
    came: BTreeMap<String, Vec<Came>>,
    /// By histogram: all that has come, up to each bucket.
    stood: BTreeMap<String, Vec<f64>>,
    /// Looks that a time stands for, less one: 0, 1, 3, 7 and so on.
    more: usize,
    /// Looks that the last time does not have yet.
    missing: usize,
}

impl History {
    /// Notes a look, so many seconds after the start. Times that do not grow are passed over.
    pub fn push(&mut self, seconds: f64, samples: &[Sample]) {
        if !seconds.is_finite() || self.times.last().is_some_and(|last| seconds <= *last) {
            return;
        }
        if self.missing == 0 && self.times.len() == MAX_TIMES {
            self.halve();
        }
        match self.times.last_mut() {
            Some(last) if self.missing > 0 => {
                self.missing -= 1;
                *last = seconds;
            }
            _ => self.begin(seconds),
        }
        self.note(samples);
    }

    fn begin(&mut self, seconds: f64) {
        // The first time stays alone: all else counts from there.
        self.missing = if self.times.is_empty() { 0 } else { self.more };
        self.times.push(seconds);
        self.series.values_mut().for_each(|series| series.push(None));
        self.came.values_mut().for_each(|came| came.push(Came::new()));
    }

    /// The first time stays; of those after it two become one, and the last one has half of its looks.
    fn halve(&mut self) {
        let is_kept = |at: &usize| at.is_multiple_of(2) || at + 1 == MAX_TIMES;
        let kept: Vec<usize> = (0..self.times.len()).filter(is_kept).collect();
        self.times = kept.iter().map(|&at| self.times[at]).collect();
        for series in self.series.values_mut() {
            *series = kept.iter().map(|&at| series[at]).collect();
        }
        for came in self.came.values_mut() {
            let both = |&at: &usize| {
                let mut now = std::mem::take(&mut came[at]);
                if at > 0 && at.is_multiple_of(2) {
                    let before = std::mem::take(&mut came[at - 1]);
                    add(&mut now, &before);
                }
                now
            };
            *came = kept.iter().map(both).collect();
        }
        self.missing = self.more + 1;
        self.more = 2 * self.more + 1;
    }

    fn note(&mut self, samples: &[Sample]) {
        let last = self.times.len() - 1;
        // A time that gathers several looks shows the last one, also where that has nothing.
        self.series.values_mut().for_each(|series| series[last] = None);
        let mut histograms: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for sample in samples {
            if let Some(name) = sample.name.strip_suffix("_bucket") {
                bucket(&mut histograms, name, sample);
            } else if sample.value.is_finite() {
                let key = sample.key();
                if !self.series.contains_key(&key) && self.series.len() < MAX_SERIES {
                    self.series.insert(key.clone(), vec![None; last + 1]);
                }
                if let Some(series) = self.series.get_mut(&key) {
                    series[last] = Some(sample.value);
                }
            }
        }
        for (key, stands) in histograms {
            self.spread(key, stands);
        }
    }

    fn spread(&mut self, key: String, stands: Vec<f64>) {
        if !self.stood.contains_key(&key) && self.stood.len() >= MAX_SERIES {
            return;
        }
        let times = self.times.len();
        let stood = self.stood.entry(key.clone()).or_insert_with(|| vec![0.0; BOUNDED + 1]);
        let (mut now, mut below) = (Came::new(), 0.0);
        for (at, (stands, stood)) in stands.iter().zip(stood.iter()).enumerate() {
            let came = (stands - stood).max(below);
            if came > below {
                now.push((at as u8, came - below));
            }
            below = came;
        }
        *stood = stands;
        let came = self.came.entry(key).or_insert_with(|| vec![Came::new(); times]);
        // What was there at the first look may be long ago.
        if let Some(last) = came.last_mut().filter(|_| times > 1) {
            add(last, &now);
        }
    }

    /// What was seen.
    pub fn timeline(&self) -> Timeline {
        let mut series = self.series.clone();
        for (key, came) in &self.came {
            for (prefix, part) in QUANTILES {
                let values = came.iter().map(|came| {
                    let mut counts = vec![0.0; BOUNDED + 1];
                    for &(bucket, count) in came {
                        counts[usize::from(bucket)] = count;
                    }
                    quantile(&counts, part)
                });
                series.insert(format!("{prefix}{key}"), values.collect());
            }
        }
        Timeline { times: self.times.clone(), series }
    }
}

fn bucket(histograms: &mut BTreeMap<String, Vec<f64>>, name: &str, sample: &Sample) {
    let Some(le) = sample.labels.get("le").map(|le| le.parse().unwrap_or(f64::INFINITY)) else { return };
    let Some(bucket) = (0..=BOUNDED).find(|&bucket| le <= bound(bucket) * 1.000_001) else { return };
    let mut labels = sample.labels.clone();
    labels.remove("le");
    let key = Sample { name: name.to_owned(), labels, value: 0.0 }.key();
    if sample.value.is_finite() {
        histograms.entry(key).or_insert_with(|| vec![0.0; BOUNDED + 1])[bucket] += sample.value;
    }
}

fn add(sum: &mut Came, other: &Came) {
    for &(bucket, count) in other {
        match sum.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => sum[at].1 += count,
            Err(at) => sum.insert(at, (bucket, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{parse, text};
    use crate::spread::{Latencies, Spread};
    use prometheus_client::registry::Registry;
    use std::time::Duration;

    fn page(spread: &Spread, count: usize) -> Vec<Sample> {
        let (mut registry, latencies) = (Registry::default(), Latencies::default());
        latencies.add(spread);
        registry.register("seconds", "Seconds", latencies);
        let mut samples = parse(&text(&registry).unwrap());
        samples.extend(parse(&format!("things_total{{table=\"t\"}} {count}\n")));
        samples
    }

    #[test]
    fn memory_is_bounded_and_what_is_kept_is_right() {
        let (mut history, mut all) = (History::default(), Spread::default());
        let millis = |at: usize| 1 + (at * at) as u64 % 700;
        let looks = 5_000;
        for at in 0..looks {
            if at > 0 {
                all.record_many(Duration::from_millis(millis(at)), 1 + at as u64 % 7);
            }
            history.push(at as f64, &page(&all, at * 3));
            if at % 977 == 0 {
                let timeline = history.timeline();
                assert_eq!(timeline.times.last(), Some(&(at as f64)), "the last look is there");
            }
        }
        let timeline = history.timeline();
        let times = timeline.times.len();
        assert!(times <= MAX_TIMES && times > MAX_TIMES / 2, "{times}");
        assert!(timeline.series.values().all(|series| series.len() == times));
        assert_eq!((timeline.times[0], timeline.times[times - 1]), (0.0, 4_999.0));
        let mut lengths: Vec<_> = timeline.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        lengths.pop();
        assert!(lengths.iter().all(|length| (*length - 16.0).abs() < 1e-9), "{lengths:?}");
        // Counters are what they were at their times, and grow as they grew.
        assert!(
            timeline
                .rate("things_total{table=\"t\"}")
                .iter()
                .skip(1)
                .all(|rate| (rate.unwrap() - 3.0).abs() < 1e-9)
        );
        // Quantiles are those of everything in between.
        for at in [1, 77, times - 1] {
            let (from, to) = (timeline.times[at - 1] as usize, timeline.times[at] as usize);
            let mut between = Spread::default();
            (from + 1..=to)
                .for_each(|at| between.record_many(Duration::from_millis(millis(at)), 1 + at as u64 % 7));
            let counts: Vec<f64> = between.counts().iter().map(|&count| count as f64).collect();
            for (name, part) in [("p50:seconds", 0.5), ("p99:seconds", 0.99)] {
                assert_eq!(timeline.series[name][at], quantile(&counts, part), "{name} at {at}");
            }
        }
    }

    #[test]
    fn what_comes_late_or_goes_is_none_where_it_was_not() {
        let mut history = History::default();
        history.push(0.0, &parse("a 1\n"));
        history.push(1.0, &parse("a 2\nb 5\n"));
        history.push(1.0, &parse("a 9\n"));
        history.push(f64::NAN, &parse("a 9\n"));
        history.push(2.0, &parse("b 6\nc +Inf\n"));
        let timeline = history.timeline();
        assert_eq!(timeline.times, [0.0, 1.0, 2.0]);
        assert_eq!(timeline.series["a"], [Some(1.0), Some(2.0), None]);
        assert_eq!(timeline.series["b"], [None, Some(5.0), Some(6.0)]);
        assert!(!timeline.series.contains_key("c"));
    }

    #[test]
    fn a_page_with_ever_more_series_does_not_fill_the_memory() {
        let mut history = History::default();
        for at in 0..40 {
            let lines = (0..100)
                .map(|line| format!("x{{l=\"{at}-{line}\"}} 1\nh_bucket{{l=\"{at}-{line}\",le=\"1\"}} 1\n"));
            history.push(f64::from(at), &parse(&lines.collect::<String>()));
        }
        assert!(history.timeline().series.len() <= 3 * MAX_SERIES);
    }
}
