//! How much a producer has done so far, readable while it runs, and the names of it all as metrics.

use gcp::call::code_name;
use monitor::health::Health;
use monitor::spread::{Latencies, Spread};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tonic::Code;

type ByLabel<M> = Family<[(&'static str, &'static str); 1], M>;

/// Counts since the start, of a load or of a trickle.
#[derive(Debug, Default)]
pub struct Progress {
    /// Whether the producer does its work.
    pub health: Health,
    /// Payments that are this producer's to publish; 0 where there is no end.
    pub planned: Gauge,
    /// Messages a second that are asked for; 0 for as many as possible.
    pub target_rate: Gauge<f64, AtomicU64>,
    /// Messages a second that were confirmed in the last seconds.
    pub actual_rate: Gauge<f64, AtomicU64>,
    /// Everything below this index is confirmed, and the checkpoint says so.
    pub checkpoint_index: Gauge,
    /// Messages handed to the service and neither confirmed nor given up.
    pub in_flight: Gauge,
    /// Slots of a trickle left out because of a pause or of a slow service.
    pub skipped: Counter,
    /// Updates among a trickle's confirmed messages.
    pub updates: Counter,
    pub calls: Calls,
    generated: Counter,
    bytes: Counter,
    sent: Counter,
    confirmed: Counter,
    failed: Counter,
    failed_by_code: ByLabel<Counter>,
}

/// What became of Publish calls. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    latency: ByLabel<Latencies>,
    retries: ByLabel<Counter>,
    retried: Counter,
}

impl Calls {
    /// A call has ended so, after so long.
    pub fn ended(&self, code: Code, elapsed: Duration) {
        self.latency.get_or_create(&[("outcome", code_name(code))]).record(elapsed);
    }

    /// How long confirmed calls took.
    pub fn confirmed(&self) -> Spread {
        self.latency.get_or_create(&[("outcome", code_name(Code::Ok))]).spread()
    }

    /// Messages published once more.
    pub fn retried(&self) -> u64 {
        self.retried.get()
    }

    /// Messages are published again, because of such an answer.
    pub fn again(&self, code: Code, messages: usize) {
        self.retried.inc_by(messages as u64);
        self.retries.get_or_create(&[("code", code_name(code))]).inc_by(messages as u64);
    }
}

impl Progress {
    /// Payments made and encoded.
    pub fn generated(&self) -> u64 {
        self.generated.get()
    }

    /// Messages that the service has confirmed.
    pub fn published(&self) -> u64 {
        self.confirmed.get()
    }

    /// Messages that were given up.
    pub fn failed(&self) -> u64 {
        self.failed.get()
    }

    /// Bytes of payments made.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    pub(crate) fn add_generated(&self, count: u64, bytes: u64) {
        self.generated.inc_by(count);
        self.bytes.inc_by(bytes);
    }

    pub(crate) fn add_sent(&self, count: u64) {
        self.sent.inc_by(count);
        self.in_flight.inc_by(count as i64);
    }

    pub(crate) fn add_published(&self, count: u64) {
        self.confirmed.inc_by(count);
        self.in_flight.dec_by(count as i64);
    }

    pub(crate) fn add_failed(&self, count: u64, code: Code) {
        self.failed.inc_by(count);
        self.failed_by_code.get_or_create(&[("code", code_name(code))]).inc_by(count);
        self.in_flight.dec_by(count as i64);
    }

    /// Makes all of it visible as `payments_producer_*`.
    pub fn register(&self, registry: &mut Registry) {
        let producer = registry.sub_registry_with_prefix("payments_producer");
        let mut count =
            |name: &str, help: &str, counter: &Counter| producer.register(name, help, counter.clone());
        count("payments_generated", "Payments made and encoded", &self.generated);
        count("messages_published", "Messages handed to Pub/Sub", &self.sent);
        count("messages_confirmed", "Messages that Pub/Sub has confirmed", &self.confirmed);
        count("trickle_updates", "Updates among a trickle's confirmed messages", &self.updates);
        count(
            "trickle_skipped",
            "Messages of a trickle left out because of a pause or of a slow service",
            &self.skipped,
        );
        producer.register_with_unit(
            "generated",
            "Payloads of payments made",
            Unit::Bytes,
            self.bytes.clone(),
        );
        let mut gauge = |name: &str, help: &str, gauge: &Gauge| producer.register(name, help, gauge.clone());
        gauge(
            "payments_planned",
            "Payments that are this producer's to publish, 0 where there is no end",
            &self.planned,
        );
        gauge(
            "messages_in_flight",
            "Messages handed to Pub/Sub and neither confirmed nor given up",
            &self.in_flight,
        );
        gauge(
            "checkpoint_index",
            "Everything below is confirmed, and the checkpoint says so",
            &self.checkpoint_index,
        );
        producer.register(
            "target_rate",
            "Messages a second that are asked for, 0 for as many as possible",
            self.target_rate.clone(),
        );
        producer.register(
            "actual_rate",
            "Messages a second that were confirmed in the last ten seconds",
            self.actual_rate.clone(),
        );
        producer.register(
            "messages_failed",
            "Messages given up, by Pub/Sub's last word",
            self.failed_by_code.clone(),
        );
        producer.register(
            "publish_retries",
            "Messages published once more, by the answer before",
            self.calls.retries.clone(),
        );
        producer.register_with_unit(
            "publish",
            "A load's Publish calls; a trickle's messages, from handing over to confirmation",
            Unit::Seconds,
            self.calls.latency.clone(),
        );
    }
}
