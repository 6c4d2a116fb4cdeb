//! A process with all that it shows: metrics, state, settings, heat.

use crate::exposition::{Page, text};
use crate::health::Health;
use crate::heat::Heat;
use crate::process::Process;
use crate::spread::{Quantiles, quantile};
use crate::status::Status;
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
};
use service::clock::now_micros;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// Written keys, shared by those who note them and those who look.
pub type SharedHeat = Arc<Mutex<Heat>>;

/// Who is watched.
#[derive(Debug)]
pub struct Subject {
    /// `sink`, `producer`, `trickle`, `emulators`, `local`.
    pub binary: &'static str,
    pub version: &'static str,
    pub health: Health,
    /// What it works on, and the flags that matter.
    pub settings: BTreeMap<String, String>,
    pub heat: SharedHeat,
}

/// A process that can be looked at.
#[derive(Debug)]
pub struct Watched {
    subject: Subject,
    registry: Registry,
    started: Instant,
    started_micros: i64,
}

#[derive(Debug)]
struct Ready(Health);

impl Collector for Ready {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let ready = ConstGauge::new(i64::from(self.0.is_ready()));
        let help =
            "1 if the process does its work, 0 while it starts, drains or could do nothing for a while";
        ready.encode(encoder.encode_descriptor("payments_ready", help, None, ready.metric_type())?)
    }
}

impl Watched {
    /// `registry` has the binary's own metrics; those that all have are added.
    pub fn new(subject: Subject, mut registry: Registry) -> Self {
        let started_micros = now_micros();
        let build = Info::new([("binary", subject.binary), ("version", subject.version)]);
        registry.register("payments_build", "What runs here", build);
        registry.register_collector(Box::new(Ready(subject.health.clone())));
        registry.register_collector(Box::new(Process::new(started_micros)));
        Self { subject, registry, started: Instant::now(), started_micros }
    }

    pub fn health(&self) -> &Health {
        &self.subject.health
    }

    pub fn heat(&self) -> Heat {
        self.subject.heat.lock().clone()
    }

    /// What OpenTelemetry wants to know of a process, by its names. A pid alone comes back in the next container.
    #[cfg(feature = "otlp")]
    pub fn identity(&self) -> [(String, String); 3] {
        let instance = format!("{}:{}:{}", host(), std::process::id(), self.started_micros);
        let (name, version) = (self.subject.binary.to_owned(), self.subject.version.to_owned());
        [("service.name", name), ("service.version", version), ("service.instance.id", instance)]
            .map(|(name, value)| (name.to_owned(), value))
    }

    #[cfg(feature = "otlp")]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    #[cfg(feature = "otlp")]
    pub fn started_micros(&self) -> i64 {
        self.started_micros
    }

    pub fn uptime_seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// All metrics in OpenMetrics' text form.
    pub fn text(&self) -> Result<String, fmt::Error> {
        text(&self.registry)
    }

    pub fn page(&self) -> Page {
        Page::of(&self.text().unwrap_or_default())
    }

    pub fn status(&self) -> Status {
        let page = self.page();
        let (state, reason) = self.subject.health.get();
        let is_bucket = |name: &str| name.ends_with("_bucket");
        let quantiles = |counts: &[f64]| {
            let at = |part| quantile(counts, part).unwrap_or(0.0);
            let count = counts.iter().sum::<f64>() as u64;
            Quantiles { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) }
        };
        Status {
            binary: self.subject.binary.to_owned(),
            version: self.subject.version.to_owned(),
            pid: std::process::id(),
            host: host(),
            started: service::clock::rfc3339(self.started_micros),
            uptime_seconds: self.uptime_seconds(),
            state,
            reason,
            settings: self.subject.settings.clone(),
            totals: page
                .samples()
                .iter()
                .filter(|sample| !is_bucket(&sample.name))
                .map(|sample| (sample.key(), sample.value))
                .collect(),
            latency: page.histograms().into_iter().map(|(key, counts)| (key, quantiles(&counts))).collect(),
        }
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = if name.trim().is_empty() { std::env::var("HOSTNAME").unwrap_or_default() } else { name };
    name.trim().to_owned()
}
