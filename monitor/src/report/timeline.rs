//! Figures over time, looked at.

use super::Timeline;
use super::figures::labelled;

impl Timeline {
    /// A counter's growth a second at each time since the last time that it was known; none at the first time, and where a
    /// counter has fallen: its process is another one. A counter that came later was zero before: labelled ones are not
    /// there until they count.
    pub fn rate(&self, name: &str) -> Vec<Option<f64>> {
        let series = self.series.get(name).map_or(&[][..], Vec::as_slice);
        let mut known: Option<(f64, f64)> = None;
        let times = self.times.iter().enumerate();
        times
            .map(|(at, &time)| {
                let value = series.get(at).copied().flatten().filter(|value| value.is_finite())?;
                let before = known.or_else(|| Some((*self.times.get(at.checked_sub(1)?)?, 0.0)));
                known = Some((time, value));
                let (then, had) = before?;
                let rate = (value - had) / (time - then);
                (rate.is_finite() && time > then && rate >= 0.0).then_some(rate)
            })
            .collect()
    }

    /// The series of a metric, whatever their labels, each with its labels' values: `("payments_by_date", series)`.
    pub(super) fn of_metric(&self, name: &str) -> Vec<(String, &str)> {
        let keys = self.series.keys().filter(|key| key.starts_with(name));
        keys.filter_map(|key| {
            let (kind, bare) = key.split_once(':').map_or(("", key.as_str()), |(kind, bare)| (kind, bare));
            let bare = if kind == "p50" || kind == "p99" { bare } else { key };
            let sample = labelled(bare)?;
            let wanted = name.split_once(':').map_or(name, |(_, name)| name);
            (sample.name == wanted)
                .then(|| (sample.labels.into_values().collect::<Vec<_>>().join(" "), key.as_str()))
        })
        .collect()
    }

    /// As they stood, one for each time.
    pub(super) fn values(&self, key: &str) -> Vec<Option<f64>> {
        let series = self.series.get(key).map_or(&[][..], Vec::as_slice);
        (0..self.times.len())
            .map(|at| series.get(at).copied().flatten().filter(|value| value.is_finite()))
            .collect()
    }

    /// The sum of the rates of all series of a metric; none where none has one.
    pub(super) fn rate_of_all(&self, name: &str) -> Vec<Option<f64>> {
        let mut sums = vec![None; self.times.len()];
        for (_, key) in self.of_metric(name) {
            for (sum, rate) in sums.iter_mut().zip(self.rate(key)) {
                if let Some(rate) = rate {
                    *sum = Some(sum.unwrap_or(0.0) + rate);
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_growth_since_the_last_time_that_is_known() {
        let values = [None, Some(10.0), Some(30.0), None, Some(90.0), Some(5.0), Some(9.0)];
        let timeline = Timeline {
            times: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0],
            series: [("late".to_owned(), values.to_vec()), ("short".to_owned(), vec![Some(1.0), Some(3.0)])]
                .into(),
        };
        let rates = [None, Some(10.0), Some(20.0), None, Some(30.0), None, Some(2.0)];
        assert_eq!(timeline.rate("late"), rates, "and where it fell there is none");
        assert_eq!(timeline.rate("short")[..3], [None, Some(2.0), None]);
        assert_eq!(timeline.rate("nothing"), vec![None; 7]);
    }
}
