//! The account of a trickle: a line now and then, and the whole at its end.

use monitor::spread::Spread;
use std::time::Duration;

/// How a trickle ended without failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Messages that the service has confirmed, updates among them.
    pub published: u64,
    pub updates: u64,
    /// Slots left out because of a pause or of a slow service.
    pub skipped: u64,
    /// Payments that stay as they began because too many updates waited.
    pub without_updates: u64,
    /// Updates still to come.
    pub pending_updates: u64,
}

/// Counts since the start, and latencies since the last line.
#[derive(Debug, Default)]
pub struct Report {
    pub outcome: Outcome,
    pub failed: u64,
    /// Why the first message failed.
    pub reason: Option<String>,
    latencies: Spread,
    published_before: u64,
}

impl Report {
    pub fn confirmed(&mut self, is_update: bool, latency: Duration) {
        self.outcome.published += 1;
        self.outcome.updates += u64::from(is_update);
        self.latencies.record(latency);
    }

    pub fn failed(&mut self, reason: String) {
        self.failed += 1;
        self.reason.get_or_insert(reason);
    }

    /// Logs what happened in the time since the last line.
    pub fn line(&mut self, since: Duration, event_time: &str) {
        let Outcome { published, updates, skipped, without_updates, pending_updates } = self.outcome;
        let fresh = published - self.published_before;
        tracing::info!(
            published,
            updates,
            per_second = (fresh as f64 / since.as_secs_f64().max(1e-3) * 10.0).round() / 10.0,
            skipped,
            failed = self.failed,
            pending_updates,
            without_updates,
            publish_p50_ms = millis(self.latencies.quantile(0.5)),
            publish_p99_ms = millis(self.latencies.quantile(0.99)),
            event_time,
            "trickling"
        );
        self.published_before = published;
        self.latencies = Spread::default();
    }
}

fn millis(seconds: Option<f64>) -> f64 {
    (seconds.unwrap_or_default() * 10_000.0).round() / 10.0
}
