//! What a producer says of itself while it runs.

use crate::progress::Progress;
use monitor::lines::{Teller, short, span};
use monitor::rate::{Rate, Recent};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// The figures of the last seconds.
#[derive(Debug)]
pub struct Told {
    progress: Arc<Progress>,
    /// A trickle logs lines of its own.
    has_own_log: bool,
    confirmed: Rate,
    latencies: Recent,
}

impl Told {
    pub fn new(progress: Arc<Progress>, has_own_log: bool) -> Self {
        Self { progress, has_own_log, confirmed: Rate::default(), latencies: Recent::default() }
    }

    /// Messages that there will be; none where there is no end.
    fn planned(&self) -> Option<u64> {
        u64::try_from(self.progress.planned.get()).ok().filter(|&planned| planned > 0)
    }

    fn eta(&self) -> Option<f64> {
        let left = self.planned()?.saturating_sub(self.progress.published());
        let rate = self.confirmed.per_second();
        (rate > 0.0 && left > 0).then(|| left as f64 / rate)
    }
}

impl Teller for Told {
    fn look(&mut self, now: Instant) {
        self.confirmed.look(now, self.progress.published());
        self.progress.actual_rate.set(self.confirmed.per_second());
        self.latencies.look(self.progress.calls.confirmed());
    }

    fn line(&self) -> String {
        let progress = &self.progress;
        let mut line = format!(
            "{}/s  confirmed {}",
            short(self.confirmed.per_second()),
            short(progress.published() as f64)
        );
        if let Some(planned) = self.planned() {
            let _ = write!(line, " of {}", short(planned as f64));
        }
        let _ = write!(line, "  in flight {}", progress.in_flight.get());
        if let Some(eta) = self.eta() {
            let _ = write!(line, "  done in {}", span(eta));
        }
        if let Some(p99) = self.latencies.p99() {
            let _ = write!(line, "  p99 {}", span(p99));
        }
        let _ = write!(
            line,
            "  retries {}  failed {}",
            short(progress.calls.retried() as f64),
            progress.failed()
        );
        if let (state, Some(reason)) = progress.health.get() {
            let _ = write!(line, "  {}: {reason}", state.name());
        }
        line
    }

    fn log(&self) {
        if self.has_own_log {
            return;
        }
        let progress = &self.progress;
        tracing::info!(
            per_second = self.confirmed.per_second().round() as u64,
            confirmed = progress.published(),
            planned = self.planned(),
            in_flight = progress.in_flight.get(),
            eta_seconds = self.eta().map(|seconds| seconds.round() as u64),
            publish_p99_ms = self.latencies.p99().map(|seconds| (seconds * 1e3).round() as u64),
            retries = progress.calls.retried(),
            failed = progress.failed(),
            "publishing"
        );
    }
}
