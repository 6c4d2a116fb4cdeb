//! What a process takes of its machine, read when somebody looks.

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use service::usage::Usage;
use std::fmt;
use std::time::Instant;
use tokio::runtime::{Handle, RuntimeMetrics};

/// Between two looks at the workers' busy share: two scrapers must not halve each other's spans.
const LEAST_SPAN_SECONDS: f64 = 1.0;

/// `process_*` by Prometheus' own conventions, and how busy the runtime's workers are.
#[derive(Debug)]
pub struct Process {
    started_seconds: f64,
    runtime: Option<RuntimeMetrics>,
    busy: Mutex<Busy>,
}

#[derive(Debug)]
struct Busy {
    since: Instant,
    worked_seconds: f64,
    share: f64,
}

impl Process {
    pub fn new(started_micros: i64) -> Self {
        let runtime = Handle::try_current().ok().map(|handle| handle.metrics());
        let worked_seconds = runtime.as_ref().map_or(0.0, busy_seconds);
        let busy = Busy { since: Instant::now(), worked_seconds, share: 0.0 };
        Self { started_seconds: started_micros as f64 / 1e6, runtime, busy: Mutex::new(busy) }
    }

    /// The share of the workers' time that was busy since the last look.
    fn share(&self) -> f64 {
        let Some(runtime) = &self.runtime else { return 0.0 };
        let mut last = self.busy.lock();
        let (now, busy) = (Instant::now(), busy_seconds(runtime));
        let span = (now - last.since).as_secs_f64();
        if span >= LEAST_SPAN_SECONDS {
            let share = (busy - last.worked_seconds) / (span * runtime.num_workers().max(1) as f64);
            *last = Busy { since: now, worked_seconds: busy, share: share.clamp(0.0, 1.0) };
        }
        last.share
    }
}

/// Seconds that all of a runtime's workers together were busy so far.
pub fn busy_seconds(runtime: &RuntimeMetrics) -> f64 {
    (0..runtime.num_workers()).map(|worker| runtime.worker_total_busy_duration(worker).as_secs_f64()).sum()
}

/// Files, sockets and pipes that this process has open, where the system tells.
fn open_files() -> Option<u64> {
    // The folder that is being listed is among them.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as u64)
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        if let Some(usage) = Usage::own() {
            let memory = usage.memory_bytes as f64;
            gauge("process_resident_memory", "Resident memory", Some(&Unit::Bytes), memory)?;
            gauge(
                "process_peak_memory",
                "The most resident memory so far",
                Some(&Unit::Bytes),
                usage.peak_bytes as f64,
            )?;
        }
        if let Some(files) = open_files() {
            gauge("process_open_fds", "Open file descriptors", None, files as f64)?;
        }
        gauge(
            "process_start_time",
            "When the process started, seconds since 1970",
            Some(&Unit::Seconds),
            self.started_seconds,
        )?;
        gauge(
            "payments_runtime_busy_ratio",
            "Share of the worker threads' time that was busy since the last look",
            None,
            self.share(),
        )?;
        if let Some(usage) = Usage::own() {
            let cpu = ConstCounter::new(usage.cpu.as_secs_f64());
            let help = "CPU time, user and system";
            cpu.encode(encoder.encode_descriptor(
                "process_cpu",
                help,
                Some(&Unit::Seconds),
                cpu.metric_type(),
            )?)?;
        }
        Ok(())
    }
}
