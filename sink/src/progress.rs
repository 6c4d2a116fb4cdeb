//! What a sink has done so far, readable while it runs, and the names of it all as metrics.

use crate::load::{Bound, Load};
use crate::reject::Reject;
use crate::window::Trigger;
use gcp::call::code_name;
use monitor::health::Health;
use monitor::spread::{Latencies, Spread};
use monitor::watched::SharedHeat;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use schemas::layout::{PerTable, Table, type_name};
use schemas::payment::PaymentType;
use service::clock::now_micros;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use std::time::Instant;
use tonic::Code;

type Label = (&'static str, &'static str);
/// One metric's values by one label, or by two.
type ByOne = Family<[Label; 1], Counter>;
type ByTwo = Family<[Label; 2], Counter>;
type Seconds = Counter<f64, AtomicU64>;

/// Counts since the start.
#[derive(Debug)]
pub struct Progress {
    /// Whether the sink does its work.
    pub health: Health,
    /// Which row keys were written when.
    pub heat: SharedHeat,
    /// Messages pulled, redeliveries included.
    pub received: Counter,
    /// Messages that are valid payments.
    pub decoded: Counter,
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
    /// Messages that came after their window's report.
    pub late: Counter,
    /// Messages that repeat a payment of their own pane, in the same version.
    pub pane_duplicates: Counter,
    /// Valid payments by rail, in the order of `PaymentType` from ACH on.
    pub rails: [Counter; 7],
    /// From publish to the confirmation of all three rows.
    pub latency: Latencies,
    /// From pull to ack, of acked messages.
    pub held: Latencies,
    /// Bytes of `--max-memory` that are reserved for messages between pull and ack.
    pub memory: Gauge,
    pub memory_budget: Gauge,
    /// Messages that are held and not settled.
    pub outstanding: Gauge,
    /// Since the publish of the oldest of them, seconds.
    pub oldest_held: Gauge<f64, AtomicU64>,
    /// Calls a second that Bigtable asked for; 0 while it has asked for nothing.
    pub call_rate: Gauge<f64, AtomicU64>,
    /// Requests sent to each table and not yet answered.
    pub requests: PerTable<Gauge>,
    /// Rows sent to each table, those sent once more among them.
    pub sent: PerTable<Counter>,
    /// Time that requests waited for the rate that Bigtable asked for.
    pub throttled: Seconds,
    /// Time that requests waited for room among those that may be unanswered.
    pub admission: Seconds,
    pub lease_extensions: Counter,
    pub leases_expired: Counter,
    pub streams_opened: Counter,
    /// When a row was last confirmed, seconds since 1970.
    pub last_written: Gauge<f64, AtomicU64>,
    /// What comes in, as a multiple of what this sink can do.
    load: Gauge<f64, AtomicU64>,
    bound: Family<[Label; 1], Gauge>,
    /// What the subscription has not seen acked; set only where the service tells.
    pub backlog: Backlog,
    stages: [Latencies; 4],
    calls: Family<[Label; 2], Latencies>,
    retried: ByTwo,
    unwritten: ByTwo,
    rejected: ByOne,
    panes: ByOne,
    by_table: ByOne,
    sent_by_table: ByOne,
    requests_by_table: Family<[Label; 1], Gauge>,
    stages_by_name: Family<[Label; 1], Latencies>,
    by_rail: ByOne,
    by_currency: Family<[(&'static str, String); 1], Counter>,
}

/// The subscription's backlog as the service has last told it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Backlog(Arc<Mutex<Option<(gcp::pubsub::Backlog, Instant)>>>);

impl Backlog {
    pub fn set(&self, told: gcp::pubsub::Backlog) {
        *self.0.lock() = Some((told, Instant::now()));
    }

    /// None while the service does not tell.
    pub fn get(&self) -> Option<gcp::pubsub::Backlog> {
        let (told, at) = (*self.0.lock())?;
        Some(gcp::pubsub::Backlog { lag: told.lag + at.elapsed(), ..told })
    }

    /// The service does not tell any more.
    pub fn forget(&self) {
        *self.0.lock() = None;
    }
}

impl Collector for Backlog {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(told) = self.get() else { return Ok(()) };
        let messages = ConstGauge::new(i64::try_from(told.messages).unwrap_or(i64::MAX));
        let help = "Messages of the subscription that nobody has acked, where the service tells";
        messages.encode(encoder.encode_descriptor(
            "backlog_messages",
            help,
            None,
            messages.metric_type(),
        )?)?;
        let mut encode = |name, help, duration: Duration| {
            let gauge = ConstGauge::new(duration.as_secs_f64());
            gauge.encode(encoder.encode_descriptor(name, help, Some(&Unit::Seconds), gauge.metric_type())?)
        };
        encode(
            "backlog_oldest",
            "Since the publish of the oldest of them, where the service tells",
            told.oldest,
        )?;
        encode("backlog_lag", "How long ago these two were so", told.lag)
    }
}

/// The parts of a message's way, in their order.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    PublishToPulled,
    PaneWait,
    Write,
    Ack,
}

impl Stage {
    const ALL: [(Self, &'static str); 4] = [
        (Self::PublishToPulled, "publish_to_pulled"),
        (Self::PaneWait, "pane_wait"),
        (Self::Write, "write"),
        (Self::Ack, "ack"),
    ];
}

/// Counters that are there from the start: one that appears with its first count looks to Prometheus as if it had always
/// stood there.
fn by_name(label: &'static str, names: &[&'static str]) -> ByOne {
    let family = ByOne::default();
    for &name in names {
        let _ = family.get_or_create(&[(label, name)]);
    }
    family
}

impl Default for Progress {
    fn default() -> Self {
        let (by_table, sent_by_table, by_rail) = (ByOne::default(), ByOne::default(), ByOne::default());
        let requests_by_table = Family::<[Label; 1], Gauge>::default();
        let stages_by_name = Family::<[Label; 1], Latencies>::default();
        let rail = |rail: usize| {
            let rail = PaymentType::try_from(rail as i32 + 1).map_or("", type_name);
            by_rail.get_or_create(&[("rail", rail)]).clone()
        };
        let table = |family: &ByOne, table: Table| family.get_or_create(&[("table", table.id())]).clone();
        Self {
            health: Health::default(),
            heat: SharedHeat::default(),
            received: Counter::default(),
            decoded: Counter::default(),
            written: PerTable::from_fn(|of| table(&by_table, of)),
            retries: Counter::default(),
            acked: Counter::default(),
            dead_lettered: Counter::default(),
            nacked: Counter::default(),
            redelivered: Counter::default(),
            late: Counter::default(),
            pane_duplicates: Counter::default(),
            rails: std::array::from_fn(rail),
            latency: Latencies::default(),
            held: Latencies::default(),
            memory: Gauge::default(),
            memory_budget: Gauge::default(),
            outstanding: Gauge::default(),
            oldest_held: Gauge::default(),
            call_rate: Gauge::default(),
            requests: PerTable::from_fn(|of| requests_by_table.get_or_create(&[("table", of.id())]).clone()),
            sent: PerTable::from_fn(|of| table(&sent_by_table, of)),
            throttled: Counter::default(),
            admission: Counter::default(),
            lease_extensions: Counter::default(),
            leases_expired: Counter::default(),
            streams_opened: Counter::default(),
            last_written: Gauge::default(),
            load: Gauge::default(),
            bound: Family::default(),
            backlog: Backlog::default(),
            stages: Stage::ALL.map(|(_, name)| stages_by_name.get_or_create(&[("stage", name)]).clone()),
            calls: Family::default(),
            retried: Family::default(),
            unwritten: Family::default(),
            rejected: by_name("reason", &Reject::REASONS),
            panes: by_name("trigger", &Trigger::ALL.map(Trigger::name)),
            by_table,
            sent_by_table,
            requests_by_table,
            stages_by_name,
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

    pub(crate) fn set_load(&self, load: Load) {
        self.load.set(load.share);
        for bound in Bound::ALL {
            self.bound.get_or_create(&[("by", bound.name())]).set(i64::from(bound == load.bound));
        }
    }

    pub(crate) fn add_stage(&self, stage: Stage, spread: &Spread) {
        self.stages[stage as usize].add(spread);
    }

    /// A table has confirmed rows, if any, just now.
    pub(crate) fn add_written(&self, table: Table, rows: u64) {
        if rows > 0 {
            self.written[table].inc_by(rows);
            self.last_written.set(now_micros() as f64 / 1e6);
        }
    }

    /// A call to a table has ended so, after so long.
    pub(crate) fn add_call(&self, table: Table, outcome: &'static str, elapsed: Duration) {
        self.calls.get_or_create(&[("outcome", outcome), ("table", table.id())]).record(elapsed);
    }

    pub(crate) fn add_retried(&self, table: Table, code: Code, rows: u64) {
        self.retries.inc_by(rows);
        self.retried.get_or_create(&[("code", code_name(code)), ("table", table.id())]).inc_by(rows);
    }

    pub(crate) fn add_unwritten(&self, table: Table, code: Code) {
        self.unwritten.get_or_create(&[("code", code_name(code)), ("table", table.id())]).inc();
    }

    pub(crate) fn add_rejected(&self, reason: &'static str) {
        self.rejected.get_or_create(&[("reason", reason)]).inc();
    }

    pub(crate) fn add_pane(&self, trigger: Trigger) {
        self.panes.get_or_create(&[("trigger", trigger.name())]).inc();
    }

    /// Rows that all tables together have confirmed.
    pub fn rows(&self) -> u64 {
        self.written.values().map(Counter::get).sum()
    }

    /// Makes all of it visible as `payments_sink_*`.
    pub fn register(&self, registry: &mut Registry) {
        let sink = registry.sub_registry_with_prefix("payments_sink");
        let mut count =
            |name: &str, help: &str, counter: &Counter| sink.register(name, help, counter.clone());
        count("messages_pulled", "Messages pulled, redeliveries included", &self.received);
        count("messages_decoded", "Messages pulled that are valid payments", &self.decoded);
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
        count("lease_extensions", "Leases of messages extended", &self.lease_extensions);
        count(
            "leases_expired",
            "Messages whose lease ran out before they were settled: they are delivered again",
            &self.leases_expired,
        );
        count("streams_opened", "Streaming pulls opened, the first ones included", &self.streams_opened);
        self.register_labelled(sink);
        self.register_gauges(sink);
        self.register_seconds(sink);
    }

    fn register_labelled(&self, sink: &mut Registry) {
        sink.register(
            "messages_rejected",
            "Messages that can never have their rows, each time one was bound for the dead-letter topic",
            self.rejected.clone(),
        );
        sink.register("panes", "Panes fired, by what fired them", self.panes.clone());
        sink.register("rows_written", "Rows confirmed", self.by_table.clone());
        sink.register("rows_retried", "Rows sent once more, by the answer before", self.retried.clone());
        sink.register(
            "rows_unwritten",
            "Rows given up: their messages go back, or become dead letters",
            self.unwritten.clone(),
        );
        sink.register("request_entries", "Rows sent, in all requests", self.sent_by_table.clone());
        sink.register("payments", "Valid payments whose rows are written", self.by_rail.clone());
        sink.register("amount_minor_units", "Amounts of these payments", self.by_currency.clone());
    }

    fn register_gauges(&self, sink: &mut Registry) {
        let mut gauge = |name: &str, help: &str, gauge: &Gauge| sink.register(name, help, gauge.clone());
        gauge("messages_outstanding", "Messages pulled and not settled", &self.outstanding);
        sink.register_with_unit(
            "memory_reserved",
            "Part of --max-memory that messages between pull and ack take",
            Unit::Bytes,
            self.memory.clone(),
        );
        sink.register_with_unit("memory_budget", "--max-memory", Unit::Bytes, self.memory_budget.clone());
        sink.register(
            "requests_in_flight",
            "Requests that Bigtable has not answered yet",
            self.requests_by_table.clone(),
        );
        sink.register(
            "bigtable_call_rate_limit",
            "Calls a second that Bigtable asked for, 0 for no limit",
            self.call_rate.clone(),
        );
        sink.register_collector(Box::new(self.backlog.clone()));
        self.set_load(Load::NONE);
        sink.register(
            "load",
            "Share of what this sink can do that the incoming work takes, 1 for all of it: what to scale on",
            self.load.clone(),
        );
        sink.register("bound", "1 for what limits the sink now: cpu, bigtable, or input", self.bound.clone());
    }

    fn register_seconds(&self, sink: &mut Registry) {
        let seconds = || Unit::Seconds;
        sink.register_with_unit(
            "oldest_pulled",
            "Since the publish of the oldest message that is held, 0 for none",
            seconds(),
            self.oldest_held.clone(),
        );
        sink.register_with_unit(
            "last_written_timestamp",
            "When a row was last confirmed, since 1970",
            seconds(),
            self.last_written.clone(),
        );
        sink.register_with_unit(
            "throttled",
            "Time that requests waited for the rate that Bigtable asked for",
            seconds(),
            self.throttled.clone(),
        );
        sink.register_with_unit(
            "admission",
            "Time that requests waited for room among those in flight",
            seconds(),
            self.admission.clone(),
        );
        sink.register_with_unit(
            "request",
            "One MutateRows call, from sending to its end; PARTIAL: some rows were not written",
            seconds(),
            self.calls.clone(),
        );
        sink.register_with_unit(
            "stage",
            "Parts of an acked message's way: until it was pulled, in its pane, writing, acking",
            seconds(),
            self.stages_by_name.clone(),
        );
        sink.register_with_unit(
            "pulled_to_acked",
            "From a message's pull to its ack, of acked messages",
            seconds(),
            self.held.clone(),
        );
        sink.register_with_unit(
            "publish_to_written",
            "From a message's publish to the confirmation of its three rows",
            seconds(),
            self.latency.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor::exposition::text;

    #[test]
    fn every_count_is_measured_under_one_description_each() {
        let progress = Progress::default();
        progress.written.by_date.inc_by(5);
        progress.rails[2].inc_by(3);
        progress.add_amount("EUR", 1_250);
        progress.add_amount("EUR", -1);
        progress.add_call(Table::ByDate, "OK", Duration::from_millis(7));
        let (oldest, lag) = (Duration::from_secs(2), Duration::from_secs(150));
        progress.backlog.set(gcp::pubsub::Backlog { messages: 9, oldest, lag });
        let mut registry = Registry::default();
        progress.register(&mut registry);
        let shown = text(&registry).unwrap();
        for line in [
            "payments_sink_rows_written_total{table=\"payments_by_date\"} 5\n",
            "payments_sink_payments_total{rail=\"CARD\"} 3\n",
            "payments_sink_amount_minor_units_total{currency=\"EUR\"} 1250\n",
            "payments_sink_request_seconds_count{outcome=\"OK\",table=\"payments_by_date\"} 1\n",
            "payments_sink_stage_seconds_count{stage=\"ack\"} 0\n",
            "payments_sink_backlog_messages 9\n",
            "payments_sink_backlog_oldest_seconds 2.0\n",
            "payments_sink_backlog_lag_seconds 150.",
        ] {
            assert!(shown.contains(line), "{line} is not in\n{shown}");
        }
        let described: Vec<_> = shown.lines().filter(|line| line.starts_with("# TYPE")).collect();
        let mut distinct = described.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(described.len(), distinct.len(), "{shown}");
        progress.backlog.forget();
        assert!(
            !text(&registry).unwrap().contains("payments_sink_backlog_messages "),
            "nobody tells any more"
        );
    }
}
