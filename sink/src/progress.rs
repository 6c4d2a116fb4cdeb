//! Counts of a sink's work so far, readable while it runs, and their names as metrics.

use schemas::layout::{PerTable, type_name};
use schemas::payment::PaymentType;
use service::metrics::{Counter, Family, Gauge, Histogram, Registry, Unit};
use std::sync::atomic::AtomicU64;

/// Upper bounds of the latency's buckets, in seconds.
const LATENCY_SECONDS: [f64; 13] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 300.0, 3_600.0];

/// One metric's values by one label.
type ByLabel = Family<[(&'static str, &'static str); 1], Counter>;

/// Counts since the start.
#[derive(Debug)]
pub struct Progress {
    /// Messages pulled, redeliveries included.
    pub received: Counter,
    /// Rows confirmed by each table; rewritten rows count again.
    pub written: PerTable<Counter>,
    /// Entries sent once more.
    pub retries: Counter,
    /// Messages acked after all three tables had their row.
    pub acked: Counter,
    /// Messages acked after their dead letter was published.
    pub dead_lettered: Counter,
    /// Messages given back to the subscription: some table had not confirmed, or no dead letter could be published.
    pub nacked: Counter,
    /// Messages that had been given back before, and came again.
    pub redelivered: Counter,
    /// Panes written.
    pub panes: Counter,
    /// Messages that came after their window's report.
    pub late: Counter,
    /// Messages that repeat a payment of their own pane, in the same version.
    pub pane_duplicates: Counter,
    /// Valid payments by rail, in the order of `PaymentType` from ACH on.
    pub rails: [Counter; 7],
    /// From publish to the confirmation of all three rows, seconds.
    pub latency: Histogram,
    /// Bytes of `--max-memory` that are reserved for messages between pull and ack.
    pub memory: Gauge,
    /// Requests sent to Bigtable and not yet answered.
    pub requests: Gauge,
    /// Calls a second that Bigtable asked for; 0 while it has asked for nothing.
    pub call_rate: Gauge<f64, AtomicU64>,
    by_table: ByLabel,
    by_rail: ByLabel,
    by_currency: Family<[(&'static str, String); 1], Counter>,
}

impl Default for Progress {
    fn default() -> Self {
        let (by_table, by_rail) = (ByLabel::default(), ByLabel::default());
        let rail = |rail: usize| {
            let rail = PaymentType::try_from(rail as i32 + 1).map_or("", type_name);
            by_rail.get_or_create(&[("rail", rail)]).clone()
        };
        Self {
            received: Counter::default(),
            written: PerTable::from_fn(|table| by_table.get_or_create(&[("table", table.id())]).clone()),
            retries: Counter::default(),
            acked: Counter::default(),
            dead_lettered: Counter::default(),
            nacked: Counter::default(),
            redelivered: Counter::default(),
            panes: Counter::default(),
            late: Counter::default(),
            pane_duplicates: Counter::default(),
            rails: std::array::from_fn(rail),
            latency: Histogram::new(LATENCY_SECONDS),
            memory: Gauge::default(),
            requests: Gauge::default(),
            call_rate: Gauge::default(),
            by_table,
            by_rail,
            by_currency: Family::default(),
        }
    }
}

impl Progress {
    /// Adds to a currency's amount, in minor units; what is negative cannot be counted.
    pub(crate) fn add_amount(&self, currency: &str, minor_units: i128) {
        let units = u64::try_from(minor_units).unwrap_or(0);
        self.by_currency.get_or_create(&[("currency", currency.to_owned())]).inc_by(units);
    }

    /// Makes all of it visible as `payments_sink_*`.
    pub fn register(&self, registry: &mut Registry) {
        let sink = registry.sub_registry_with_prefix("payments_sink");
        let mut count =
            |name: &str, help: &str, counter: &Counter| sink.register(name, help, counter.clone());
        count("messages_received", "Messages pulled, redeliveries included", &self.received);
        count("messages_acked", "Messages acked: all three tables have their row", &self.acked);
        count(
            "messages_dead_lettered",
            "Messages acked after their dead letter was published",
            &self.dead_lettered,
        );
        count("messages_returned", "Messages given back to the subscription", &self.nacked);
        count(
            "messages_redelivered",
            "Messages that this sink had given back and that came again",
            &self.redelivered,
        );
        count("messages_late", "Messages that came after their window's report", &self.late);
        count(
            "messages_pane_duplicate",
            "Messages that repeat a payment of their own pane in the same version",
            &self.pane_duplicates,
        );
        count("rows_retried", "Rows sent once more", &self.retries);
        count("panes", "Panes written", &self.panes);
        sink.register("rows_written", "Rows confirmed", self.by_table.clone());
        sink.register("payments", "Valid payments", self.by_rail.clone());
        sink.register("amount_minor_units", "Amounts of valid payments", self.by_currency.clone());
        sink.register_with_unit(
            "publish_to_written",
            "From a message's publish to the confirmation of its three rows",
            Unit::Seconds,
            self.latency.clone(),
        );
        sink.register_with_unit(
            "memory_reserved",
            "Part of --max-memory that messages between pull and ack take",
            Unit::Bytes,
            self.memory.clone(),
        );
        sink.register(
            "requests_in_flight",
            "Requests that Bigtable has not answered yet",
            self.requests.clone(),
        );
        sink.register(
            "bigtable_call_rate_limit",
            "Calls a second that Bigtable asked for, 0 for no limit",
            self.call_rate.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::metrics::text;

    #[test]
    fn every_count_is_measured_under_one_description_each() {
        let progress = Progress::default();
        progress.written.by_date.inc_by(5);
        progress.rails[2].inc_by(3);
        progress.add_amount("EUR", 1_250);
        progress.add_amount("EUR", -1);
        let mut registry = Registry::default();
        progress.register(&mut registry);
        let text = text(&registry).unwrap();
        assert!(text.contains("payments_sink_rows_written_total{table=\"payments_by_date\"} 5\n"), "{text}");
        assert!(text.contains("payments_sink_payments_total{rail=\"CARD\"} 3\n"), "{text}");
        assert!(text.contains("payments_sink_amount_minor_units_total{currency=\"EUR\"} 1250\n"), "{text}");
        let described: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        let mut distinct = described.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(described.len(), distinct.len(), "{text}");
    }
}
