//! What a producer says of itself while it runs.

use crate::progress::Progress;
use monitor::lines::{Teller, short, span};
use monitor::rate::Rate;
use monitor::spread::Spread;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// Looks that the latency goes back: ten seconds.
const LOOKS: usize = 10;

/// The figures of the last seconds.
#[derive(Debug)]
pub struct Told {
    progress: Arc<Progress>,
    /// A trickle logs lines of its own.
    has_own_log: bool,
    confirmed: Rate,
    latencies: VecDeque<Spread>,
    p99: Option<f64>,
}

impl Told {
    pub fn new(progress: Arc<Progress>, has_own_log: bool) -> Self {
        Self { progress, has_own_log, confirmed: Rate::default(), latencies: VecDeque::new(), p99: None }
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
        let latency = self.progress.calls.confirmed();
        let earlier = self.latencies.front();
        self.p99 = earlier.map_or(latency.quantile(0.99), |earlier| latency.since(earlier).quantile(0.99));
        self.latencies.push_back(latency);
        if self.latencies.len() > LOOKS {
            self.latencies.pop_front();
        }
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
        if let Some(p99) = self.p99 {
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
            publish_p99_ms = self.p99.map(|seconds| (seconds * 1e3).round() as u64),
            retries = progress.calls.retried(),
            failed = progress.failed(),
            "publishing"
        );
    }
}
