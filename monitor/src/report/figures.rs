//! A run's key figures, whatever has run: a sink, a producer, both in one process, or a load of reads.

use super::Report;
use crate::exposition::{Page, Sample, parse};
use crate::spread::Quantiles;
use std::collections::BTreeMap;

const SINK: &str = "payments_sink_";
const PRODUCER: &str = "payments_producer_";
const READS: &str = "payments_read_load_";

/// Reads a report's totals and latencies. A counter with labels that was never raised is not there at all: where its
/// program has run, it is zero.
#[derive(Debug)]
pub(crate) struct Figures<'a> {
    report: &'a Report,
    totals: Page,
}

/// `name{label="value"}` taken apart.
pub(crate) fn labelled(key: &str) -> Option<Sample> {
    parse(&format!("{} 0", service::escape::escape(key))).into_iter().next()
}

impl<'a> Figures<'a> {
    pub fn of(report: &'a Report) -> Self {
        let lines = report.status.totals.iter().filter(|(_, value)| value.is_finite());
        let lines = lines.map(|(key, value)| format!("{} {value}\n", service::escape::escape(key)));
        Self { report, totals: Page::of(&lines.collect::<String>()) }
    }

    fn has(&self, prefix: &str) -> bool {
        self.totals.samples().iter().any(|sample| sample.name.starts_with(prefix))
    }

    pub fn is_sink(&self) -> bool {
        self.has(SINK)
    }

    /// A counter's sum; zero where its program has run and has not counted.
    fn counted(&self, prefix: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let sum = self.totals.sum(&format!("{prefix}{name}"), labels);
        sum.or_else(|| self.has(prefix).then_some(0.0))
    }

    pub fn sink(&self, name: &str) -> Option<f64> {
        self.counted(SINK, name, &[])
    }

    pub fn producer(&self, name: &str) -> Option<f64> {
        self.counted(PRODUCER, name, &[])
    }

    fn reads_total(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.counted(READS, name, labels)
    }

    /// Reads of a load of reads that have ended.
    pub fn reads(&self) -> Option<f64> {
        self.reads_total("reads_total", &[])
    }

    /// Those that found nothing where something must be.
    pub fn empty(&self) -> Option<f64> {
        self.reads_total("reads_total", &[("result", "empty")])
    }

    pub fn total(&self, name: &str) -> Option<f64> {
        self.totals.sum(name, &[])
    }

    /// A counter's samples above zero by the values of all of its labels.
    pub fn by_labels(&self, name: &str) -> Vec<(Vec<String>, f64)> {
        let samples = self.totals.samples().iter().filter(|sample| sample.name == name && sample.value > 0.0);
        samples.map(|sample| (sample.labels.values().cloned().collect(), sample.value)).collect()
    }

    /// Payments that went all the way: acked, or confirmed where no sink has run.
    pub fn payments(&self) -> Option<f64> {
        self.sink("messages_acked_total").or_else(|| self.producer("messages_confirmed_total"))
    }

    /// Payments a second; of a load of reads those that were answered, over the time in which they were sent.
    pub fn rate(&self) -> Option<f64> {
        if self.has(READS) {
            return self.total("payments_read_load_rate");
        }
        let seconds = self.report.seconds;
        self.payments().filter(|_| seconds > 0.0).map(|payments| payments / seconds)
    }

    pub fn rows(&self) -> Option<f64> {
        self.sink("rows_written_total").or_else(|| self.reads_total("rows_total", &[]))
    }

    pub fn retries(&self) -> Option<f64> {
        sum(self.sink("rows_retried_total"), self.producer("publish_retries_total"))
    }

    pub fn retry_ratio(&self) -> Option<f64> {
        let (retries, of) = if self.is_sink() {
            (self.sink("rows_retried_total")?, self.rows()?)
        } else {
            (self.producer("publish_retries_total")?, self.producer("messages_published_total")?)
        };
        // Retries of nothing are no small part of anything.
        if of > 0.0 { Some(retries / of) } else { (retries <= 0.0).then_some(0.0) }
    }

    pub fn dead_letters(&self) -> Option<f64> {
        self.sink("messages_dead_lettered_total")
    }

    pub fn returned(&self) -> Option<f64> {
        self.sink("messages_returned_total")
    }

    /// Messages that the producer gave up and rows that the sink gave up; reads that failed.
    pub fn failed(&self) -> Option<f64> {
        let reads = self.reads_total("reads_total", &[("result", "failed")]);
        sum(sum(self.producer("messages_failed_total"), self.sink("rows_unwritten_total")), reads)
    }

    pub fn collisions(&self) -> Option<f64> {
        self.counted(SINK, "messages_rejected_total", &[("reason", "key_collision")])
    }

    pub fn late(&self) -> Option<f64> {
        self.sink("messages_late_total")
    }

    /// The highest resident memory that was seen.
    pub fn memory(&self) -> Option<f64> {
        const NAME: &str = "process_resident_memory_bytes";
        let seen = self.report.timeline.series.get(NAME).into_iter().flatten().flatten().copied();
        seen.chain(self.total(NAME)).filter(|bytes| bytes.is_finite()).reduce(f64::max)
    }

    pub fn cpu_seconds(&self) -> Option<f64> {
        self.total("process_cpu_seconds_total")
    }

    pub fn cpu_per_million(&self) -> Option<f64> {
        let payments = self.payments().filter(|payments| *payments > 0.0)?;
        Some(self.cpu_seconds()? / payments * 1e6)
    }

    fn latency(&self, name: &str, labels: &[(&str, &str)]) -> Option<Quantiles> {
        let (_, found) = self.latencies(name).into_iter().find(|(found, _)| {
            labels.iter().all(|(label, value)| found.get(*label).is_some_and(|found| found == value))
        })?;
        (found.count > 0).then_some(found)
    }

    /// All histograms of a name with their labels.
    pub fn latencies(&self, name: &str) -> Vec<(BTreeMap<String, String>, Quantiles)> {
        let all =
            self.report.status.latency.iter().filter(|(key, found)| key.starts_with(name) && found.count > 0);
        let all = all.filter_map(|(key, found)| Some((labelled(key)?, *found)));
        all.filter(|(sample, _)| sample.name == name).map(|(sample, found)| (sample.labels, found)).collect()
    }

    pub fn publish_to_written(&self) -> Option<Quantiles> {
        self.latency("payments_sink_publish_to_written_seconds", &[])
    }

    /// Publish calls that succeeded.
    pub fn publish(&self) -> Option<Quantiles> {
        self.latency("payments_producer_publish_seconds", &[("outcome", "OK")])
    }

    /// A table's requests that succeeded.
    pub fn requests(&self, table: &str) -> Option<Quantiles> {
        self.latency("payments_sink_request_seconds", &[("outcome", "OK"), ("table", table)])
    }

    /// All of a load's reads, from when they were due.
    pub fn read(&self) -> Option<Quantiles> {
        self.latency("payments_read_load_latency_seconds", &[])
    }

    /// Those of a table.
    pub fn read_of(&self, table: &str) -> Option<Quantiles> {
        self.latency("payments_read_load_table_latency_seconds", &[("table", table)])
    }

    pub fn stage(&self, stage: &str) -> Option<Quantiles> {
        self.latency("payments_sink_stage_seconds", &[("stage", stage)])
    }
}

/// Of what is there.
fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}
