//! Processes as tests need them, as of a second of their lives.

use super::{Answer, Model};
use crate::endpoint::Endpoint;
use monitor::spread::{Spread, bound};
use monitor::status::{State, Status};
use std::fmt::Write;
use std::time::Duration;

pub const TABLES: [&str; 3] = ["payments_by_customer", "payments_by_date", "payments_by_transaction"];

/// A process in the making.
#[derive(Clone, Debug)]
pub struct Fake {
    pub status: Status,
    pub text: String,
}

impl Fake {
    pub fn new(binary: &str, pid: u32) -> Self {
        let status = Status {
            binary: binary.into(),
            version: "0.1.0".into(),
            pid,
            host: "node-1".into(),
            started: "2026-11-27T08:00:00.000Z".into(),
            uptime_seconds: 3_725.0,
            state: State::Ready,
            reason: None,
            settings: [("subscription".to_owned(), "projects/p/subscriptions/payments-sub".to_owned())]
                .into(),
            totals: [].into(),
            latency: [].into(),
        };
        Self { status, text: String::new() }
    }

    pub fn set(&mut self, key: &str, value: f64) -> &mut Self {
        let _ = writeln!(self.text, "{key} {value:?}");
        self
    }

    /// A histogram of so many durations of so many milliseconds.
    pub fn times(&mut self, name: &str, labels: &str, millis: &[(u64, u64)]) -> &mut Self {
        let mut spread = Spread::default();
        for &(millis, count) in millis {
            spread.record_many(Duration::from_millis(millis), count);
        }
        let mut all = 0;
        for (bucket, count) in spread.counts().iter().enumerate() {
            all += count;
            let le = if bound(bucket).is_finite() { bound(bucket).to_string() } else { "+Inf".into() };
            let _ = writeln!(
                self.text,
                "{name}_bucket{{{labels}{}le=\"{le}\"}} {all}",
                if labels.is_empty() { "" } else { "," }
            );
        }
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        self.set(&format!("{name}_count{braced}"), all as f64);
        self.status.latency.insert(format!("{name}{braced}"), spread.summary());
        self
    }

    pub fn answer(&self) -> Answer {
        Answer::new(self.status.clone(), &self.text)
    }

    fn process(&mut self, second: f64) {
        self.set("process_cpu_seconds_total", second * 0.83)
            .set("process_resident_memory_bytes", 222_298_112.0)
            .set("process_open_fds", 48.0)
            .set("payments_runtime_busy_ratio", 0.41)
            .set("payments_ready", 1.0);
    }
}

/// A sink that acks so many messages a second.
pub fn sink(pid: u32, second: f64, rate: f64) -> Fake {
    let mut fake = Fake::new("sink", pid);
    let messages = second * rate;
    fake.process(second);
    fake.set("payments_sink_messages_pulled_total", messages)
        .set("payments_sink_messages_acked_total", messages)
        .set("payments_sink_messages_dead_lettered_total", second * 2.0)
        .set("payments_sink_messages_rejected_total{reason=\"undecodable\"}", second * 2.0)
        .set("payments_sink_messages_redelivered_total", 40.0)
        .set("payments_sink_leases_expired_total", 7.0)
        .set("payments_sink_messages_outstanding", 4_100.0)
        .set("payments_sink_oldest_pulled_seconds", 1.4)
        .set("payments_sink_backlog_messages", 123_456.0)
        .set("payments_sink_backlog_oldest_seconds", 12.0)
        .set("payments_sink_throttled_seconds_total", second * 0.12)
        .set("payments_sink_bigtable_call_rate_limit", 300.0)
        .set("payments_sink_memory_reserved_bytes", 222_298_112.0)
        .set("payments_sink_memory_budget_bytes", 1_073_741_824.0);
    for table in TABLES {
        fake.set(&format!("payments_sink_rows_written_total{{table=\"{table}\"}}"), messages)
            .set(&format!("payments_sink_requests_in_flight{{table=\"{table}\"}}"), 4.0)
            .set(&format!("payments_sink_request_entries_total{{table=\"{table}\"}}"), messages)
            .set(
                &format!("payments_sink_rows_retried_total{{table=\"{table}\",code=\"UNAVAILABLE\"}}"),
                second * 40.0,
            );
        let calls = messages as u64 / 100;
        let labels = format!("outcome=\"OK\",table=\"{table}\"");
        fake.times("payments_sink_request_seconds", &labels, &[(12, calls * 9 / 10), (48, calls / 10)]);
    }
    fake.set(
        "payments_sink_rows_retried_total{table=\"payments_by_date\",code=\"DEADLINE_EXCEEDED\"}",
        second * 3.0,
    );
    for (stage, millis) in [("publish_to_pulled", 1_200), ("pane_wait", 400), ("write", 20), ("ack", 3)] {
        let labels = format!("stage=\"{stage}\"");
        fake.times("payments_sink_stage_seconds", &labels, &[(millis, messages as u64)]);
    }
    fake.times("payments_sink_publish_to_written_seconds", "", &[(1_620, messages as u64)]);
    fake
}

/// A producer whose publishes are confirmed at so many a second.
pub fn producer(pid: u32, second: f64, rate: f64) -> Fake {
    let mut fake = Fake::new("producer", pid);
    fake.process(second);
    fake.set("payments_producer_payments_planned", 1e9)
        .set("payments_producer_payments_generated_total", second * rate + 500.0)
        .set("payments_producer_messages_published_total", second * rate + 300.0)
        .set("payments_producer_messages_confirmed_total", second * rate)
        .set("payments_producer_messages_in_flight", 312.0)
        .set("payments_producer_target_rate", 0.0)
        .set("payments_producer_publish_retries_total{code=\"UNAVAILABLE\"}", 5.0)
        .times("payments_producer_publish_seconds", "outcome=\"OK\"", &[(7, second as u64 * 30)]);
    fake
}

pub fn emulators(pid: u32, second: f64, backlog: f64) -> Fake {
    let mut fake = Fake::new("emulators", pid);
    fake.process(second);
    fake.set("payments_emulator_backlog_messages{subscription=\"projects/local/subscriptions/payments-sub\"}", backlog)
        .set("payments_emulator_backlog_oldest_seconds{subscription=\"projects/local/subscriptions/payments-sub\"}", 3.0)
        .set("payments_emulator_backlog_messages{subscription=\"projects/local/subscriptions/payments-dead-letter-sub\"}", 77.0)
        .set("payments_emulator_published_messages_total{topic=\"projects/local/topics/payments\"}", second * 25_000.0)
        .set("payments_emulator_rows_mutated_total{table=\"payments_by_date\"}", second * 30_000.0);
    fake
}

pub fn endpoints(count: usize) -> Vec<Endpoint> {
    (0..count).map(|at| Endpoint { host: "127.0.0.1".into(), port: 9_464 + at as u16 }).collect()
}

/// A model in which the processes have answered each second from 1 on.
pub fn model(seconds: u32, processes: &[&dyn Fn(f64) -> Fake]) -> Model {
    let mut model = Model::new(endpoints(processes.len()), false);
    for second in (1..=seconds).map(f64::from) {
        for (at, process) in processes.iter().enumerate() {
            model.note(at, second, Ok(process(second).answer()));
        }
        model.tick();
    }
    model
}
