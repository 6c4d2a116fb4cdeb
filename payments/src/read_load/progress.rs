//! What the reads have come to so far, readable while they run, and the names of it all as metrics.

use super::draws::Question;
use super::histogram::Histogram;
use super::tally::{Answer, Counts, Failure, Seen};
use super::unsent::Unsent;
use monitor::health::Health;
use monitor::spread::{Latencies, Quantiles, Spread};
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use schemas::layout::{PerTable, Table};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

type Label = (&'static str, &'static str);
type ByTable<M> = Family<[Label; 1], M>;
type ByTwo = Family<[Label; 2], Counter>;

/// Reads that found nothing are named up to this many of a table.
const NAMED: usize = 5;

const LATENCY: &str = "payments_read_load_latency_seconds";
const TABLE_LATENCY: &str = "payments_read_load_table_latency_seconds";
const TABLE_SERVICE: &str = "payments_read_load_table_service_seconds";

/// Counts since the start.
#[derive(Debug)]
pub struct Progress {
    pub health: Health,
    /// Reads a second that are asked for.
    pub target_rate: Gauge<f64, AtomicU64>,
    /// Reads a second that were answered.
    pub rate: Gauge<f64, AtomicU64>,
    /// Reads sent and not answered.
    pub in_flight: Gauge,
    /// All reads, from when they were due.
    pub latency: Latencies,
    /// Answered reads, from when they were sent.
    pub service: Latencies,
    tables: PerTable<OfTable>,
    seen: PerTable<Mutex<Seen>>,
    failures: Mutex<BTreeMap<(&'static str, &'static str), Failure>>,
    families: Families,
}

/// A table's counters, which are those of the families.
#[derive(Debug)]
struct OfTable {
    found: Counter,
    empty: Counter,
    failed: Counter,
    rows: Counter,
    bytes: Counter,
    latency: Latencies,
    service: Latencies,
}

#[derive(Debug, Default)]
struct Families {
    reads: ByTwo,
    failures: ByTwo,
    rows: ByTable<Counter>,
    bytes: ByTable<Counter>,
    latency: ByTable<Latencies>,
    service: ByTable<Latencies>,
}

impl Default for Progress {
    fn default() -> Self {
        let families = Families::default();
        // Each is there from the start: a table that has not failed yet has failed 0 times.
        let of_table = |table: Table| {
            let (table, of) = (("table", table.id()), [("table", table.id())]);
            let reads = |result| families.reads.get_or_create(&[("result", result), table]).clone();
            OfTable {
                found: reads("found"),
                empty: reads("empty"),
                failed: reads("failed"),
                rows: families.rows.get_or_create(&of).clone(),
                bytes: families.bytes.get_or_create(&of).clone(),
                latency: families.latency.get_or_create(&of).clone(),
                service: families.service.get_or_create(&of).clone(),
            }
        };
        Self {
            health: Health::default(),
            target_rate: Gauge::default(),
            rate: Gauge::default(),
            in_flight: Gauge::default(),
            latency: Latencies::default(),
            service: Latencies::default(),
            tables: PerTable::from_fn(of_table),
            seen: PerTable::from_fn(|_| Mutex::default()),
            failures: Mutex::default(),
            families,
        }
    }
}

impl Progress {
    /// A read has ended so, this long after it was due and after it was sent.
    pub fn ended(&self, question: &Question, answer: Answer, latency: Duration, service: Duration) {
        let table = question.table;
        let counters = &self.tables[table];
        match answer {
            Answer::Rows { rows, bytes } => {
                counters.rows.inc_by(rows);
                counters.bytes.inc_by(bytes);
                counters.service.record(service);
                self.service.record(service);
                let mut seen = self.seen[table].lock();
                seen.service.record(service);
                if rows > 0 {
                    counters.found.inc();
                } else {
                    counters.empty.inc();
                    if seen.empty.len() < NAMED {
                        seen.empty.push(question.clone());
                    }
                }
            }
            Answer::Failed { code, reason } => self.failed(table, code, 1, || reason),
        }
        self.waited(table, latency, 1);
    }

    /// Reads were given up before they were sent; all of them count as a table's.
    pub fn unsent(&self, table: Table, unsent: &Unsent) {
        self.failed(table, unsent.why.code(), unsent.reads, || unsent.why.reason().to_owned());
        self.waited(table, unsent.waited, unsent.reads);
    }

    fn failed(&self, table: Table, code: &'static str, reads: u64, reason: impl FnOnce() -> String) {
        self.tables[table].failed.inc_by(reads);
        self.families.failures.get_or_create(&[("code", code), ("table", table.id())]).inc_by(reads);
        let mut failures = self.failures.lock();
        let failure =
            failures.entry((table.id(), code)).or_insert_with(|| Failure { reads: 0, reason: reason() });
        failure.reads += reads;
    }

    /// Whatever they came to: a percentile without the reads that failed would be better for each of them.
    fn waited(&self, table: Table, latency: Duration, reads: u64) {
        let mut spread = Spread::default();
        spread.record_many(latency, reads);
        self.latency.add(&spread);
        self.tables[table].latency.add(&spread);
        self.seen[table].lock().latency.record_many(latency, reads);
    }

    pub fn counts(&self, table: Table) -> Counts {
        let OfTable { found, empty, failed, rows, bytes, .. } = &self.tables[table];
        let (found, empty, failed) = (found.get(), empty.get(), failed.get());
        Counts { found, empty, failed, rows: rows.get(), bytes: bytes.get() }
    }

    /// Of all tables.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for table in Table::ALL {
            total.add(self.counts(table));
        }
        total
    }

    pub fn seen(&self, table: Table) -> Seen {
        self.seen[table].lock().clone()
    }

    /// By table and code.
    pub fn failures(&self) -> BTreeMap<(&'static str, &'static str), Failure> {
        self.failures.lock().clone()
    }

    /// The quantiles by the names of their metrics, more closely than the page's buckets tell them.
    pub fn quantiles(&self) -> BTreeMap<String, Quantiles> {
        let (mut all, mut quantiles) = (Histogram::default(), BTreeMap::new());
        for table in Table::ALL {
            let seen = self.seen(table);
            all.add(&seen.latency);
            for (name, found) in [(TABLE_LATENCY, &seen.latency), (TABLE_SERVICE, &seen.service)] {
                quantiles.insert(format!("{name}{{table=\"{}\"}}", table.id()), summary(found));
            }
        }
        quantiles.insert(LATENCY.to_owned(), summary(&all));
        quantiles
    }

    /// Makes all of it visible as `payments_read_load_*`.
    pub fn register(&self, registry: &mut Registry) {
        let load = registry.sub_registry_with_prefix("payments_read_load");
        let Families { reads, failures, rows, bytes, latency, service } = &self.families;
        load.register("reads", "Reads that have ended: found, empty, failed", reads.clone());
        load.register("failures", "Reads that failed, by the last word about them", failures.clone());
        load.register("rows", "Rows read", rows.clone());
        load.register_with_unit("read", "Messages of answers", Unit::Bytes, bytes.clone());
        let from_due = "Reads, also those that failed, from when they were due";
        load.register_with_unit("latency", from_due, Unit::Seconds, self.latency.clone());
        load.register_with_unit("table_latency", from_due, Unit::Seconds, latency.clone());
        let from_sent = "Reads that were answered, from when they were sent";
        load.register_with_unit("table_service", from_sent, Unit::Seconds, service.clone());
        load.register("in_flight", "Reads sent and not answered", self.in_flight.clone());
        load.register("target_rate", "Reads a second that are asked for", self.target_rate.clone());
        let answered =
            "Reads a second that were answered in the last ten seconds; at the end, in the whole run";
        load.register("rate", answered, self.rate.clone());
    }
}

fn summary(found: &Histogram) -> Quantiles {
    let at = |part| found.quantile(part).as_secs_f64();
    let max = found.longest().as_secs_f64();
    Quantiles { count: found.count(), p50: at(0.5), p90: at(0.9), p99: at(0.99), max }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_load::unsent::Why;

    #[test]
    fn reads_given_up_together_count_each_and_by_what_held_them_back() {
        let progress = Progress::default();
        let unsent = |reads, why| Unsent { first: 0, reads, waited: Duration::from_secs(4), why };
        progress.unsent(Table::ByDate, &unsent(2_000_000, Why::Late));
        progress.unsent(Table::ByDate, &unsent(3, Why::NoRoom));
        assert_eq!(progress.total(), Counts { failed: 2_000_003, ..Counts::default() });
        assert_eq!(progress.latency.spread().count(), 2_000_003);
        let latency = progress.seen(Table::ByDate).latency;
        assert_eq!((latency.count(), latency.longest()), (2_000_003, Duration::from_secs(4)));
        let failures: Vec<_> = progress
            .failures()
            .into_iter()
            .map(|((_, code), Failure { reads, reason })| (code, reads, reason))
            .collect();
        assert_eq!(
            failures,
            [
                ("LATE", 2_000_000, "this process came to it too late".to_owned()),
                ("NOT_SENT", 3, "there was no room among the reads in flight".to_owned()),
            ]
        );
    }
}
