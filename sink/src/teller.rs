//! What a sink says of itself while it runs.

use crate::progress::Progress;
use gcp::pubsub::Backlog;
use monitor::lines::{Teller, short, span};
use monitor::rate::{Rate, Recent};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// The figures of the last seconds.
#[derive(Debug)]
pub struct Told {
    progress: Arc<Progress>,
    settled: Rate,
    latencies: Recent,
}

impl Told {
    pub fn new(progress: Arc<Progress>) -> Self {
        Self { progress, settled: Rate::default(), latencies: Recent::default() }
    }

    /// Seconds until the backlog is gone at this rate; none if nobody knows.
    fn eta(&self) -> Option<f64> {
        let backlog = self.progress.backlog.get()?;
        let rate = self.settled.per_second();
        (rate > 0.0 && backlog.messages > 0).then(|| backlog.messages as f64 / rate)
    }
}

/// Seconds since a backlog was as it was told, where that is worth a word.
fn late(backlog: &Backlog) -> Option<f64> {
    let lag = backlog.lag.as_secs_f64();
    (lag >= 10.0).then_some(lag)
}

impl Teller for Told {
    fn look(&mut self, now: Instant) {
        let progress = &self.progress;
        self.settled.look(now, progress.acked.get() + progress.dead_lettered.get());
        self.latencies.look(progress.latency.spread());
    }

    fn line(&self) -> String {
        let progress = &self.progress;
        let rows: Vec<_> = progress.written.values().map(|table| short(table.get() as f64)).collect();
        let mut line = format!("{}/s  rows {}", short(self.settled.per_second()), rows.join(" "));
        match progress.backlog.get() {
            Some(backlog) => {
                let _ = write!(line, "  backlog {}", short(backlog.messages as f64));
                let parts = [
                    (backlog.messages > 0).then(|| format!("{} old", span(backlog.oldest.as_secs_f64()))),
                    late(&backlog).map(|lag| format!("{} ago", span(lag))),
                ];
                let parts: Vec<_> = parts.into_iter().flatten().collect();
                if !parts.is_empty() {
                    let _ = write!(line, " ({})", parts.join(", "));
                }
            }
            None => {
                let _ = write!(line, "  held {}", progress.outstanding.get());
            }
        }
        if let Some(eta) = self.eta() {
            let _ = write!(line, "  done in {}", span(eta));
        }
        if let Some(p99) = self.latencies.p99() {
            let _ = write!(line, "  p99 {}", span(p99));
        }
        let (retries, letters) = (progress.retries.get(), progress.dead_lettered.get());
        let _ = write!(line, "  retries {}  dead letters {}", short(retries as f64), short(letters as f64));
        if let (state, Some(reason)) = progress.health.get() {
            let _ = write!(line, "  {}: {reason}", state.name());
        }
        line
    }

    fn log(&self) {
        let progress = &self.progress;
        let backlog = progress.backlog.get();
        tracing::info!(
            per_second = self.settled.per_second().round() as u64,
            acked = progress.acked.get(),
            rows = progress.rows(),
            held = progress.outstanding.get(),
            backlog = backlog.map(|backlog| backlog.messages),
            oldest_seconds = backlog.map(|backlog| (backlog.oldest.as_secs_f64() * 10.0).round() / 10.0),
            lag_seconds = backlog.as_ref().and_then(late).map(f64::round),
            eta_seconds = self.eta().map(|seconds| seconds.round() as u64),
            latency_p99_ms = self.latencies.p99().map(|seconds| (seconds * 1e3).round() as u64),
            retries = progress.retries.get(),
            dead_lettered = progress.dead_lettered.get(),
            "consuming"
        );
    }
}
