//! What a sink has done so far, readable while it runs, and the names under which it is measured.

use schemas::layout::{Table, type_name};
use schemas::payment::PaymentType;
use service::metrics::{Counter, Gauge, Histogram, Registry, Unit};
use std::sync::atomic::AtomicU64;

/// Upper bounds of the latency's buckets, in seconds.
const LATENCY_SECONDS: [f64; 13] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 300.0, 3_600.0];

/// Counts since the start.
#[derive(Debug)]
pub struct Progress {
    /// Messages pulled, redeliveries included.
    pub received: Counter,
    /// Rows confirmed by each table, in the order of `schemas::layout::Table::ALL`; rewritten rows count again.
    pub written: [Counter; 3],
    /// Entries sent once more.
    pub retries: Counter,
    /// Messages acked after all three tables had their row.
    pub acked: Counter,
    /// Messages acked after their dead letter was published.
    pub dead_lettered: Counter,
    /// Messages given back to the subscription: some table had not confirmed, or no dead letter could be published.
    pub returned: Counter,
    /// Panes written.
    pub panes: Counter,
    /// Messages that came after their window's report.
    pub late: Counter,
    /// Payments that a pane held twice in the same version.
    pub duplicates: Counter,
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
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            received: Counter::default(),
            written: Default::default(),
            retries: Counter::default(),
            acked: Counter::default(),
            dead_lettered: Counter::default(),
            returned: Counter::default(),
            panes: Counter::default(),
            late: Counter::default(),
            duplicates: Counter::default(),
            rails: Default::default(),
            latency: Histogram::new(LATENCY_SECONDS),
            memory: Gauge::default(),
            requests: Gauge::default(),
            call_rate: Gauge::default(),
        }
    }
}

impl Progress {
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
        count("messages_returned", "Messages given back to the subscription", &self.returned);
        count("messages_late", "Messages that came after their window's report", &self.late);
        count(
            "payments_duplicate",
            "Payments that one pane held twice in the same version",
            &self.duplicates,
        );
        count("rows_retried", "Rows sent once more", &self.retries);
        count("panes", "Panes written", &self.panes);
        for (table, rows) in Table::ALL.iter().zip(&self.written) {
            sink.sub_registry_with_label(("table".into(), table.id().into())).register(
                "rows_written",
                "Rows confirmed",
                rows.clone(),
            );
        }
        for (rail, payments) in (1..).zip(&self.rails) {
            let rail = PaymentType::try_from(rail).map_or("", type_name);
            sink.sub_registry_with_label(("rail".into(), rail.into())).register(
                "payments",
                "Valid payments",
                payments.clone(),
            );
        }
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
