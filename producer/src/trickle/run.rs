//! The loop: slots into messages, confirmations into updates to come, and an orderly end.

use super::clock::Source;
use super::error::Error;
use super::feed::{Feed, Item};
use super::in_flight::{InFlight, Settled};
use super::options::Options;
use super::pacer::Pacer;
use super::rate::Burst;
use super::report::{Outcome, Report};
use super::saver::Saver;
use super::updates::Update;
use crate::error::explain;
use crate::progress::Progress;
use gcp::publishing::SteadyPublisher;
use google_cloud_pubsub::model::Message;
use monitor::exposition::follow;
use schemas::trace::TRACE_PARENT;
use service::clock::now_micros as wall_micros;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

/// An update's publish time must be later than that of the version before by more than the millisecond that cell times
/// are cut to, and by more than the clocks of the service's machines differ.
const GAP: Duration = Duration::from_millis(20);
/// An update that could not be published is tried again after this.
const RETRY: Duration = Duration::from_secs(1);
/// Events of the slots of one turn are spread over the time since the last turn, but not over a long pause.
const SPREAD: Duration = Duration::from_millis(250);
/// 2200-01-01: times after it are not generated.
const END_MICROS: i64 = 7_258_118_400_000_000;

/// One run's state.
pub struct Run {
    options: Options,
    feed: Feed,
    source: Source,
    publisher: SteadyPublisher,
    topic: String,
    attributes: Vec<(String, String)>,
    saver: Option<Saver>,
    pacer: Pacer,
    report: Report,
    progress: Arc<Progress>,
    in_flight: InFlight,
    started: Instant,
    /// Event time of the last turn.
    turned_micros: i64,
    new_payments: u64,
    reported: Instant,
    broken: Option<service::Error>,
}

impl Run {
    pub fn new(
        options: Options,
        feed: Feed,
        source: Source,
        publisher: SteadyPublisher,
        topic: String,
        saver: Option<Saver>,
        progress: Arc<Progress>,
    ) -> Self {
        let shard = options.shard().to_string();
        let attributes = [("schema", schemas::SCHEMA), ("run_id", feed.run_id()), ("shard", &shard)];
        Self {
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            turned_micros: source.micros(wall_micros(), Duration::ZERO),
            options,
            feed,
            source,
            publisher,
            topic,
            saver,
            pacer: Pacer::new(Duration::ZERO),
            report: Report::default(),
            progress,
            in_flight: InFlight::default(),
            started: Instant::now(),
            new_payments: 0,
            reported: Instant::now(),
            broken: None,
        }
    }

    /// Publishes until something ends the run, and brings it to an end.
    pub async fn publish(mut self, shutdown: CancellationToken) -> Result<Outcome, Error> {
        let mut turn = Instant::now();
        while !self.is_over() {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep_until(turn) => turn = Instant::now() + self.turn().await,
                Some(settled) = self.in_flight.next() => self.settle(settled),
            }
        }
        while let Some(settled) = self.in_flight.next().await {
            self.settle(settled);
        }
        self.conclude().await
    }

    fn is_over(&self) -> bool {
        self.broken.is_some()
            || self.turned_micros >= END_MICROS
            || self.options.duration.is_some_and(|duration| self.started.elapsed() >= duration)
            || self.options.num_records.is_some_and(|records| self.new_payments >= records)
    }

    /// Sends what is due. Returns how long until the next turn.
    async fn turn(&mut self) -> Duration {
        // Room is made first, so that slots are not skipped for confirmations that are already there.
        while let Some(settled) = self.in_flight.ready() {
            self.settle(settled);
        }
        let elapsed = self.started.elapsed();
        let now_micros = self.source.micros(wall_micros(), elapsed);
        let busy = self.feed.intensity(self.feed.present(now_micros));
        let rate = self.options.rate.per_second * busy * Burst::factor_of(&self.options.burst, elapsed);
        let slots = self.pacer.due(elapsed, rate);
        self.progress.target_rate.set(rate);
        self.send(slots, now_micros);
        follow(&self.progress.skipped, self.pacer.missed());
        self.turned_micros = now_micros;
        if let Some(saver) = &mut self.saver {
            let (feed, in_flight) = (&self.feed, &self.in_flight);
            saver.tick(|| (feed.last_micros().max(now_micros), pending(feed, in_flight))).await;
        }
        if self.reported.elapsed() >= self.options.progress_every {
            self.log();
        }
        self.pacer.wait(rate)
    }

    fn send(&mut self, slots: u64, now_micros: i64) {
        let spread = self.source.span_micros(SPREAD);
        let from = self.turned_micros.clamp(now_micros.saturating_sub(spread), now_micros);
        let step = (now_micros - from) / (slots.max(1) as i64);
        for slot in 0..slots {
            let is_covered = self.saver.as_ref().is_none_or(|saver| saver.covers(now_micros));
            if self.in_flight.len() >= self.options.max_in_flight || !is_covered {
                self.pacer.miss(slots - slot);
                break;
            }
            if self.options.num_records.is_some_and(|records| self.new_payments >= records) {
                break;
            }
            let every = self.options.trace_every;
            let is_traced = every > 0 && self.progress.generated().is_multiple_of(every);
            let item = self.feed.next(now_micros - step * (slots - 1 - slot) as i64, is_traced);
            self.send_one(item);
        }
    }

    fn send_one(&mut self, mut item: Item) {
        self.new_payments += u64::from(item.changes == 0);
        let payload = std::mem::take(&mut item.payload);
        self.progress.add_generated(1, payload.len() as u64);
        self.progress.add_sent(1);
        let trace = item.trace.take().map(|parent| (TRACE_PARENT.to_owned(), parent));
        let attributes = self.attributes.iter().cloned().chain(trace);
        let message = Message::new().set_data(payload).set_attributes(attributes);
        self.in_flight.push(&item, self.publisher.publish(message));
    }

    fn settle(&mut self, settled: Settled) {
        let Settled { index, changes, next_micros, latency, result } = settled;
        match result {
            Ok(_) => {
                self.report.confirmed(changes > 0, latency);
                self.progress.add_published(1);
                self.progress.updates.inc_by(u64::from(changes > 0));
                self.progress.calls.ended(Code::Ok, latency);
                if let Some(due_micros) = next_micros {
                    self.keep(Update { due_micros, index, changes: changes + 1 }, GAP);
                }
            }
            Err(status) => {
                self.fail(&status);
                self.progress.add_failed(1, status.code());
                self.progress.calls.ended(status.code(), latency);
                // A new payment that nobody may have seen gets no updates; an update must come, or the table keeps an
                // old state.
                if changes > 0 {
                    self.keep(Update { due_micros: 0, index, changes }, RETRY);
                }
            }
        }
    }

    /// Keeps an update until it is due, at least for `wait`.
    fn keep(&mut self, update: Update, wait: Duration) {
        let now = self.feed.present(self.source.micros(wall_micros(), self.started.elapsed()));
        let earliest = now.saturating_add(self.source.span_micros(wait));
        let update = Update { due_micros: update.due_micros.max(earliest), ..update };
        if !self.feed.keep(update) {
            if self.report.outcome.without_updates == 0 {
                let most = self.options.max_pending_updates;
                tracing::warn!("{most} updates wait already; payments stay as they are until there is room");
            }
            self.report.outcome.without_updates += 1;
        }
    }

    fn fail(&mut self, status: &Status) {
        let reason = format!("{:?}: {}", status.code(), status.message());
        if self.report.failed == 0 {
            tracing::error!(topic = self.topic, error = reason, "a message was not confirmed");
        }
        self.report.failed(reason);
        if self.broken.is_none() {
            self.broken = explain(&self.topic, status);
        }
    }

    fn log(&mut self) {
        self.report.outcome.skipped = self.pacer.missed();
        self.report.outcome.pending_updates =
            (self.feed.pending_count() + self.in_flight.updates().len()) as u64;
        let event_time = schemas::text::time(self.feed.present(self.turned_micros));
        self.report.line(self.reported.elapsed(), std::str::from_utf8(&event_time).unwrap_or_default());
        self.reported = Instant::now();
    }

    async fn conclude(mut self) -> Result<Outcome, Error> {
        self.log();
        let updates = self.feed.pending_count();
        match self.saver.take() {
            Some(saver) => {
                let last = self.feed.present(self.turned_micros);
                saver.finish(last, pending(&self.feed, &self.in_flight)).await?;
                tracing::info!(updates, "the updates to come are in the checkpoint");
            }
            None if updates > 0 => {
                tracing::warn!(
                    updates,
                    "updates to come are given up; with --checkpoint FILE the next run publishes them"
                );
            }
            None => {}
        }
        if let Some(broken) = self.broken {
            return Err(broken.into());
        }
        match self.report.failed {
            0 => Ok(self.report.outcome),
            failed => {
                let reason = self.report.reason.unwrap_or_default();
                Err(Error::Unconfirmed { topic: self.topic, failed, reason })
            }
        }
    }
}

/// Every update that is not confirmed.
fn pending(feed: &Feed, in_flight: &InFlight) -> Vec<Update> {
    feed.pending().chain(in_flight.updates()).collect()
}
