//! A load of reads for programs.

use super::histogram::Histogram;
use super::report::{Bound, Report};
use super::tally::Counts;
use serde_json::{Map, Value, json};
use std::time::Duration;

impl Report {
    pub fn json(&self, problem: Option<&str>) -> Value {
        let (latency, service) = self.all();
        let tables = self.tables.iter().map(|(table, counts, seen)| {
            let mut of_table = figures(counts, &seen.latency, &seen.service);
            let first = seen.empty.iter();
            let first = first.map(|read| json!({ "index": read.index, "keys": read.span.to_string() }));
            of_table["firstEmpty"] = first.collect();
            (table.id().to_owned(), of_table)
        });
        let failures = self.failures.iter().map(|((table, code), failure)| {
            json!({ "table": table, "code": code, "reads": failure.reads, "first": failure.reason })
        });
        let bound = self.bound().map(|bound| match bound {
            Bound::Process => "process",
            Bound::MaxInFlight => "max-in-flight",
        });
        json!({
            "ok": problem.is_none(),
            "seconds": self.sent.seconds,
            "askedPerSecond": self.rate.per_second,
            "sentPerSecond": self.sent_per_second(),
            "answeredPerSecond": self.answered_per_second(),
            "heldBackBy": bound,
            "all": figures(&self.total(), &latency, &service),
            "tables": tables.collect::<Map<_, _>>(),
            "failures": failures.collect::<Vec<_>>(),
        })
    }
}

fn figures(counts: &Counts, latency: &Histogram, service: &Histogram) -> Value {
    let milliseconds = |histogram: &Histogram| {
        let of = |duration: Duration| duration.as_secs_f64() * 1e3;
        let at = |part| of(histogram.quantile(part));
        json!({ "p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999), "max": of(histogram.longest()) })
    };
    json!({
        "reads": counts.reads(), "found": counts.found, "empty": counts.empty, "failed": counts.failed,
        "rows": counts.rows, "bytes": counts.bytes,
        "latencyMilliseconds": milliseconds(latency), "serviceMilliseconds": milliseconds(service),
    })
}
