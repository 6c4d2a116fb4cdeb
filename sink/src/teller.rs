//! What a sink says of itself while it runs.

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
    settled: Rate,
    latencies: Recent,
}

impl Told {
    pub fn new(progress: Arc<Progress>) -> Self {
        Self { progress, settled: Rate::default(), latencies: Recent::default() }
    }

    /// Seconds until the backlog is gone at this rate; none if nobody knows.
    fn eta(&self) -> Option<f64> {
        let (messages, _) = self.progress.backlog.get()?;
        let rate = self.settled.per_second();
        (rate > 0.0 && messages > 0).then(|| messages as f64 / rate)
    }
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
            Some((messages, oldest)) => {
                let _ = write!(line, "  backlog {}", short(messages as f64));
                if messages > 0 {
                    let _ = write!(line, " ({} old)", span(oldest));
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
            backlog = backlog.map(|(messages, _)| messages),
            oldest_seconds = backlog.map(|(_, seconds)| (seconds * 10.0).round() / 10.0),
            eta_seconds = self.eta().map(|seconds| seconds.round() as u64),
            latency_p99_ms = self.latencies.p99().map(|seconds| (seconds * 1e3).round() as u64),
            retries = progress.retries.get(),
            dead_lettered = progress.dead_lettered.get(),
            "consuming"
        );
    }
}
