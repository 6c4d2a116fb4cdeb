//! Tells the sink's load, once a second, from what happened in it.

use crate::load::{Estimator, Observation};
use crate::progress::Progress;
use monitor::process::busy_seconds;
use service::usage::Usage;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::time::Instant;

/// What has been seen so far, and what follows.
#[derive(Debug)]
pub struct Workload {
    estimator: Estimator,
    runtime: RuntimeMetrics,
    cores: f64,
    /// Messages pulled since the last look, and the sum of their ages.
    pulled: u64,
    age_seconds: f64,
    last: Seen,
}

/// Totals at one moment.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    settled: u64,
    waited_seconds: f64,
    cpu: Duration,
    busy_seconds: f64,
}

impl Workload {
    /// To be made inside the runtime that does the work.
    pub fn new(progress: &Progress) -> Self {
        let runtime = Handle::current().metrics();
        Self {
            estimator: Estimator::default(),
            cores: std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64),
            pulled: 0,
            age_seconds: 0.0,
            last: Seen::now(progress, &runtime, Instant::now()),
            runtime,
        }
    }

    /// A message has been pulled so long after its publish; clocks differ, and none is younger than nothing.
    pub fn pulled(&mut self, age_micros: i64) {
        self.pulled += 1;
        self.age_seconds += age_micros.max(0) as f64 / 1e6;
    }

    /// To be called every second or so.
    pub fn tell(&mut self, now: Instant, progress: &Progress) {
        let seen = Seen::now(progress, &self.runtime, now);
        let seconds = seen.at.saturating_duration_since(self.last.at).as_secs_f64();
        let part = |spent: f64, of: f64| spent / (seconds * of).max(f64::MIN_POSITIVE);
        let workers = self.runtime.num_workers().max(1) as f64;
        // A sink beside busy neighbours has little CPU and no rest, and one with other work in its process the reverse.
        let busy = part(seen.cpu.saturating_sub(self.last.cpu).as_secs_f64(), self.cores)
            .max(part(seen.busy_seconds - self.last.busy_seconds, workers))
            .clamp(0.0, 1.0);
        let load = self.estimator.observe(Observation {
            seconds,
            pulled: std::mem::take(&mut self.pulled),
            age_seconds: std::mem::take(&mut self.age_seconds),
            settled: seen.settled.saturating_sub(self.last.settled),
            in_flight: progress.requests.values().map(|requests| requests.get().max(0) as u64).sum(),
            busy,
            waited_seconds: seen.waited_seconds - self.last.waited_seconds,
        });
        self.last = seen;
        progress.set_load(load);
    }
}

impl Seen {
    fn now(progress: &Progress, runtime: &RuntimeMetrics, at: Instant) -> Self {
        Self {
            at,
            settled: progress.acked.get() + progress.dead_lettered.get() + progress.nacked.get(),
            waited_seconds: progress.admission.get() + progress.throttled.get(),
            cpu: Usage::own().map_or(Duration::ZERO, |usage| usage.cpu),
            busy_seconds: busy_seconds(runtime),
        }
    }
}
