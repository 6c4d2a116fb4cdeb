//! A page of our metrics as OTLP.

use super::mapping::{Kind, Mapping};
use crate::exposition::{Page, Sample, counts};
use crate::spread::{BOUNDED, bound};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum, metric::Data,
    number_data_point,
};
use std::collections::BTreeMap;

/// What is counted: from the start of the process until now, nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub start_nanos: u64,
    pub now_nanos: u64,
}

/// What tells the points of a metric apart.
type Attributes = BTreeMap<&'static str, String>;

/// All that the table names and the page has.
pub fn metrics(page: &Page, table: &[Mapping], span: Span) -> Vec<Metric> {
    let mut metrics: BTreeMap<&str, Metric> = BTreeMap::new();
    for (theirs, mappings) in by_name(table) {
        let Some(first) = mappings.first() else { continue };
        let data = match first.kind {
            Kind::Counter(_) => sum(page, &mappings, span),
            Kind::Seconds | Kind::Millis => histogram(page, &mappings, span),
        };
        let metric = data.map(|data| Metric {
            name: theirs.to_owned(),
            description: first.description.to_owned(),
            unit: first.kind.unit().to_owned(),
            metadata: Vec::new(),
            data: Some(data),
        });
        metrics.extend(metric.map(|metric| (theirs, metric)));
    }
    metrics.into_values().collect()
}

fn by_name(table: &[Mapping]) -> BTreeMap<&'static str, Vec<&Mapping>> {
    let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mapping in table {
        names.entry(mapping.theirs).or_default().push(mapping);
    }
    names
}

fn sum(page: &Page, mappings: &[&Mapping], span: Span) -> Option<Data> {
    let mut points: BTreeMap<Attributes, f64> = BTreeMap::new();
    for mapping in mappings {
        for sample in samples(page, mapping, "") {
            *points.entry(attributes(mapping, sample)).or_default() += sample.value;
        }
    }
    let point = |(attributes, value): (Attributes, f64)| NumberDataPoint {
        attributes: key_values(attributes),
        start_time_unix_nano: span.start_nanos,
        time_unix_nano: span.now_nanos,
        value: Some(number_data_point::Value::AsInt(value as i64)),
        ..NumberDataPoint::default()
    };
    let data_points: Vec<_> = points.into_iter().map(point).collect();
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    (!data_points.is_empty()).then_some(Data::Sum(Sum {
        data_points,
        aggregation_temporality,
        is_monotonic: true,
    }))
}

fn histogram(page: &Page, mappings: &[&Mapping], span: Span) -> Option<Data> {
    let mut points: BTreeMap<Attributes, (Vec<&Sample>, f64)> = BTreeMap::new();
    for mapping in mappings {
        for sample in samples(page, mapping, "_bucket") {
            points.entry(attributes(mapping, sample)).or_default().0.push(sample);
        }
        for sample in samples(page, mapping, "_sum") {
            let per_second = mapping.kind.per_second();
            points.entry(attributes(mapping, sample)).or_default().1 += sample.value * per_second;
        }
    }
    let per_second = mappings.first()?.kind.per_second();
    let point = |(attributes, (buckets, sum)): (Attributes, (Vec<&Sample>, f64))| {
        let counts: Vec<u64> = counts(buckets.into_iter()).into_iter().map(|count| count as u64).collect();
        HistogramDataPoint {
            attributes: key_values(attributes),
            start_time_unix_nano: span.start_nanos,
            time_unix_nano: span.now_nanos,
            count: counts.iter().sum(),
            sum: Some(sum),
            bucket_counts: counts,
            explicit_bounds: (0..BOUNDED).map(|bucket| bound(bucket) * per_second).collect(),
            ..HistogramDataPoint::default()
        }
    };
    let data_points: Vec<_> = points.into_iter().map(point).collect();
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    (!data_points.is_empty()).then_some(Data::Histogram(Histogram { data_points, aggregation_temporality }))
}

/// Our samples of a mapping, with this suffix.
fn samples<'a>(page: &'a Page, mapping: &'a Mapping, suffix: &'a str) -> impl Iterator<Item = &'a Sample> {
    let is_wanted = |sample: &&Sample| {
        let (ours, value) = (mapping.ours, |label: &str| sample.labels.get(label).map(String::as_str));
        sample.name.strip_prefix(ours) == Some(suffix)
            && mapping.only.is_none_or(|(label, wanted)| value(label) == Some(wanted))
    };
    page.samples().iter().filter(is_wanted)
}

fn attributes(mapping: &Mapping, sample: &Sample) -> Attributes {
    let translated = mapping.labels.iter().filter_map(|(label, translate)| {
        let value = sample.labels.get(*label)?;
        translate(value)
    });
    mapping.attributes.iter().cloned().chain(translated).collect()
}

/// As OTLP writes them.
pub fn key_values(
    attributes: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
) -> Vec<KeyValue> {
    let key_value = |(key, value): (_, _)| KeyValue {
        key: Into::into(key),
        value: Some(AnyValue { value: Some(Value::StringValue(Into::into(value))) }),
        ..KeyValue::default()
    };
    attributes.into_iter().map(key_value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::text;
    use crate::spread::{Latencies, Spread};
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::registry::{Registry, Unit};
    use std::time::Duration;

    type Label = (&'static str, &'static str);
    type Attribute = (&'static str, String);

    const SPAN: Span = Span { start_nanos: 3, now_nanos: 5 };

    fn failure(code: &str) -> Option<Attribute> {
        (code != "OK").then(|| ("error.type", code.to_owned()))
    }

    fn mapping(ours: &'static str, kind: Kind) -> Mapping {
        Mapping {
            ours,
            only: None,
            theirs: "theirs",
            description: "What it is",
            kind,
            attributes: vec![("system", "s".to_owned())],
            labels: &[("outcome", failure)],
        }
    }

    fn written(registry: &Registry) -> Page {
        Page::of(&text(registry).unwrap())
    }

    /// What a point's attributes are, but those that all have.
    fn shown(attributes: &[KeyValue]) -> Vec<(String, String)> {
        let value = |value: &KeyValue| match value.value.clone().unwrap().value.unwrap() {
            Value::StringValue(text) => text,
            other => panic!("{other:?}"),
        };
        let all: Vec<_> = attributes.iter().map(|found| (found.key.clone(), value(found))).collect();
        assert!(all.contains(&("system".to_owned(), "s".to_owned())), "{all:?}");
        all.into_iter().filter(|(key, _)| key != "system").collect()
    }

    #[test]
    fn counters_of_one_name_are_points_and_equal_ones_are_added() {
        let mut registry = Registry::default();
        let by_two = Family::<[Label; 2], Counter>::default();
        by_two.get_or_create(&[("outcome", "OK"), ("table", "a")]).inc_by(3);
        by_two.get_or_create(&[("outcome", "OK"), ("table", "b")]).inc_by(4);
        by_two.get_or_create(&[("outcome", "ABORTED"), ("table", "a")]).inc_by(5);
        registry.register("calls", "Calls", by_two);
        let other = Counter::<u64>::default();
        other.inc_by(10);
        registry.register("others", "Others", other);
        let table = ["calls_total", "others_total"].map(|ours| mapping(ours, Kind::Counter("{call}")));
        let found = metrics(&written(&registry), &table, SPAN);
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].name, &*found[0].unit), ("theirs", "{call}"));
        let Some(Data::Sum(sum)) = &found[0].data else { panic!("{found:?}") };
        assert!(sum.is_monotonic && sum.aggregation_temporality == AggregationTemporality::Cumulative as i32);
        let points: Vec<_> = sum.data_points.iter().map(|at| (shown(&at.attributes), at.value)).collect();
        let failed = vec![("error.type".to_owned(), "ABORTED".to_owned())];
        let value = |value| Some(number_data_point::Value::AsInt(value));
        assert_eq!(points, [(failed, value(5)), (vec![], value(17))]);
        let times: Vec<_> =
            sum.data_points.iter().map(|at| (at.start_time_unix_nano, at.time_unix_nano)).collect();
        assert_eq!(times, [(3, 5); 2]);
    }

    #[test]
    fn a_histogram_keeps_its_counts_and_its_bounds_are_in_their_unit() {
        let mut registry = Registry::default();
        let latencies = Family::<[Label; 2], Latencies>::default();
        let mut spread = Spread::default();
        for (millis, times) in [(1, 4), (7, 5), (20_000_000, 2)] {
            spread.record_many(Duration::from_millis(millis), times);
        }
        latencies.get_or_create(&[("outcome", "OK"), ("table", "a")]).add(&spread);
        latencies.get_or_create(&[("outcome", "OK"), ("table", "b")]).add(&spread);
        latencies.get_or_create(&[("outcome", "ABORTED"), ("table", "b")]).add(&spread);
        registry.register_with_unit("call", "Calls", Unit::Seconds, latencies);
        let page = written(&registry);
        for (kind, unit, per_second) in [(Kind::Seconds, "s", 1.0), (Kind::Millis, "ms", 1e3)] {
            let only = Mapping { only: Some(("outcome", "OK")), ..mapping("call_seconds", kind) };
            let found = metrics(&page, &[only], SPAN);
            assert_eq!(found[0].unit, unit);
            let Some(Data::Histogram(histogram)) = &found[0].data else { panic!("{found:?}") };
            let [point] = &histogram.data_points[..] else { panic!("{histogram:?}") };
            assert_eq!(shown(&point.attributes), []);
            let doubled: Vec<_> = spread.counts().iter().map(|count| 2 * count).collect();
            assert_eq!((point.count, &point.bucket_counts), (22, &doubled));
            assert_eq!(point.explicit_bounds.len() + 1, point.bucket_counts.len());
            assert!((point.explicit_bounds[0] - 0.000_5 * per_second).abs() < 1e-9);
            let sum = 2.0 * spread.sum_seconds() * per_second;
            assert!((point.sum.unwrap() - sum).abs() < 1e-6 * sum);
        }
    }

    #[test]
    fn what_nobody_has_measured_is_not_there() {
        let table = [mapping("calls_total", Kind::Counter("1")), mapping("call_seconds", Kind::Seconds)];
        assert_eq!(metrics(&Page::default(), &table, SPAN), []);
    }
}
