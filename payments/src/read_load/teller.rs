//! What a load of reads says of itself while it runs.

use super::progress::Progress;
use monitor::lines::{Teller, short, span};
use monitor::rate::{Rate, Recent};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// The figures of the last seconds.
#[derive(Debug)]
pub struct Told {
    progress: Arc<Progress>,
    answered: Rate,
    latencies: Recent,
    services: Recent,
}

impl Told {
    pub fn new(progress: Arc<Progress>) -> Self {
        Self {
            progress,
            answered: Rate::default(),
            latencies: Recent::default(),
            services: Recent::default(),
        }
    }
}

impl Teller for Told {
    fn look(&mut self, now: Instant) {
        self.answered.look(now, self.progress.total().answered());
        self.progress.rate.set(self.answered.per_second());
        self.latencies.look(self.progress.latency.spread());
        self.services.look(self.progress.service.spread());
    }

    fn line(&self) -> String {
        let total = self.progress.total();
        let mut line = format!(
            "{}/s of {}/s  reads {}  in flight {}",
            short(self.answered.per_second()),
            short(self.progress.target_rate.get()),
            short(total.reads() as f64),
            self.progress.in_flight.get()
        );
        if let Some(p99) = self.latencies.p99() {
            let _ = write!(line, "  p99 {}", span(p99));
        }
        if let Some(p99) = self.services.p99() {
            let _ = write!(line, " (service {})", span(p99));
        }
        let _ = write!(line, "  empty {}  failed {}", total.empty, total.failed);
        if let (state, Some(reason)) = self.progress.health.get() {
            let _ = write!(line, "  {}: {reason}", state.name());
        }
        line
    }

    fn log(&self) {
        let total = self.progress.total();
        let millis = |seconds: Option<f64>| seconds.map(|seconds| (seconds * 1e4).round() / 10.0);
        tracing::info!(
            per_second = self.answered.per_second().round() as u64,
            reads = total.reads(),
            rows = total.rows,
            in_flight = self.progress.in_flight.get(),
            latency_p99_ms = millis(self.latencies.p99()),
            service_p99_ms = millis(self.services.p99()),
            empty = total.empty,
            failed = total.failed,
            "reading"
        );
    }
}
