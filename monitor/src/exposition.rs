//! Prometheus' text form of metrics, written and read: what a process shows at `/metrics` is what `top`, reports and tests
//! look at, so that there is one truth.

use crate::spread::{BOUNDED, bound, quantile};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// The content type of OpenMetrics' text form.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics in OpenMetrics' text form.
pub fn text(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    Ok(text)
}

/// Takes over a count that somebody else keeps; it does not go back.
pub fn follow(counter: &Counter, value: u64) {
    counter.inner().fetch_max(value, Ordering::Relaxed);
}

/// One line of a metrics page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// With its suffix: `_total`, `_bucket`, `_sum`, `_count`.
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Sample {
    /// `name{label="value"}`, labels in order.
    pub fn key(&self) -> String {
        let mut key = self.name.clone();
        for (at, (label, value)) in self.labels.iter().enumerate() {
            let _ = write!(key, "{}{label}=\"{value}\"", if at == 0 { '{' } else { ',' });
        }
        if !self.labels.is_empty() {
            key.push('}');
        }
        key
    }
}

/// The samples of a page. Lines that are none are passed over: a page of another version is still worth a look.
pub fn parse(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let name = line[..end].to_owned();
    let mut labels = BTreeMap::new();
    let mut rest = &line[end..];
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, behind) = rest.split_once("=\"")?;
            let (value, behind) = quoted(behind)?;
            labels.insert(label.trim_start_matches(',').to_owned(), value);
            rest = behind;
        }
        rest = &rest[1..];
    }
    let value = match rest.split_whitespace().next()? {
        "+Inf" => f64::INFINITY,
        number => number.parse().ok()?,
    };
    Some(Sample { name, labels, value })
}

/// A label's value and what comes behind its closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

/// A page's samples, for those who look numbers up.
#[derive(Clone, Debug, Default)]
pub struct Page(Vec<Sample>);

impl Page {
    pub fn of(text: &str) -> Self {
        Self(parse(text))
    }

    pub fn samples(&self) -> &[Sample] {
        &self.0
    }

    fn matching<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Sample> {
        let has = |sample: &Sample, label: &str, value: &str| {
            sample.labels.get(label).is_some_and(|found| found == value)
        };
        self.0.iter().filter(move |sample| {
            sample.name == name && labels.iter().all(|(label, value)| has(sample, label, value))
        })
    }

    /// The sum of all samples of this name that have these labels; `None` if there are none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let values: Vec<f64> = self.matching(name, labels).map(|sample| sample.value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// Sums by the values of one label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for sample in self.matching(name, &[]) {
            if let Some(value) = sample.labels.get(label) {
                *sums.entry(value.clone()).or_default() += sample.value;
            }
        }
        sums
    }

    /// Counts by bucket (not cumulative) of all histograms of this name (without `_bucket`) that have these labels.
    pub fn buckets(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        counts(self.matching(&format!("{name}_bucket"), labels))
    }

    /// Counts by bucket (not cumulative) of each histogram, by its `name{label="value"}`.
    pub fn histograms(&self) -> BTreeMap<String, Vec<f64>> {
        let mut all: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        for sample in &self.0 {
            let Some(name) = sample.name.strip_suffix("_bucket") else { continue };
            let mut of = Sample { name: name.to_owned(), ..sample.clone() };
            of.labels.remove("le");
            all.entry(of.key()).or_default().push(sample.clone());
        }
        all.into_iter().map(|(key, samples)| (key, counts(samples.iter()))).collect()
    }

    /// The quantile of all that, in seconds; less what an earlier page had, if one is given.
    pub fn quantile(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        part: f64,
        before: Option<&Self>,
    ) -> Option<f64> {
        let mut counts = self.buckets(name, labels);
        if let Some(before) = before {
            for (now, then) in counts.iter_mut().zip(before.buckets(name, labels)) {
                *now = (*now - then).max(0.0);
            }
        }
        quantile(&counts, part)
    }
}

/// Counts by bucket of cumulative ones, of one histogram or of several.
pub(crate) fn counts<'a>(buckets: impl Iterator<Item = &'a Sample>) -> Vec<f64> {
    let mut counts = vec![0.0; BOUNDED + 1];
    for sample in buckets {
        let Some(le) = sample.labels.get("le").map(|le| le.parse().unwrap_or(f64::INFINITY)) else {
            continue;
        };
        if let Some(bucket) = (0..=BOUNDED).find(|&bucket| le <= bound(bucket) * 1.000_001) {
            counts[bucket] += sample.value;
        }
    }
    for bucket in (1..counts.len()).rev() {
        counts[bucket] = (counts[bucket] - counts[bucket - 1]).max(0.0);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spread::{Latencies, Spread};
    use prometheus_client::metrics::family::Family;
    use std::time::Duration;

    #[test]
    fn what_is_written_is_read_back() {
        let mut registry = Registry::default();
        let (counts, latencies) = (Family::<[(&str, String); 1], Counter>::default(), Latencies::default());
        counts.get_or_create(&[("cause", "a \"b\" \\ c\nd".to_owned())]).inc_by(7);
        let mut spread = Spread::default();
        spread.record_many(Duration::from_millis(7), 90);
        spread.record_many(Duration::from_secs(2), 10);
        latencies.add(&spread);
        registry.register("things", "Things", counts);
        registry.register("seconds", "Seconds", latencies);
        let text = text(&registry).unwrap();
        let page = Page::of(&text);
        assert_eq!(page.sum("things_total", &[("cause", "a \"b\" \\ c\nd")]), Some(7.0), "{text}");
        assert_eq!(page.by("things_total", "cause").len(), 1);
        assert_eq!(page.sum("seconds_count", &[]), Some(100.0));
        assert_eq!(page.sum("nothing", &[]), None);
        let buckets: Vec<f64> = spread.counts().iter().map(|&count| count as f64).collect();
        assert_eq!(page.buckets("seconds", &[]), buckets);
        assert_eq!(page.quantile("seconds", &[], 0.5, None), spread.quantile(0.5));
        assert_eq!(page.quantile("seconds", &[], 0.5, Some(&page)), None, "nothing has come in between");
    }

    #[test]
    fn lines_that_are_no_samples_are_passed_over() {
        let found =
            parse("# HELP a b\n\nx 1\nbroken{a=\"b 2\ny{} +Inf\nz{l=\"v\"} 2.5 1700000000\nnot-a-number x\n");
        let keys: Vec<_> = found.iter().map(Sample::key).collect();
        assert_eq!(keys, ["x", "y", "z{l=\"v\"}"]);
        assert!((found[2].value - 2.5).abs() < f64::EPSILON);
    }
}
