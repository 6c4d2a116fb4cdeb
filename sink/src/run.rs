//! The loop: deliveries into windows, panes out to tasks, their outcomes into reports, and an orderly end.

use crate::envelope::{Envelope, Received, publish_micros};
use crate::error::Error;
use crate::load::Load;
use crate::options::Options;
use crate::pane::{PaneOutcome, Stages};
use crate::reject::Reject;
use crate::report::Reports;
use crate::settle::Outcome;
use crate::subscriber::{Delivery, Streams};
use crate::time::Time;
use crate::watch::Watch;
use crate::window::{Element, Pane, Windows};
use crate::workload::Workload;
use gcp::pubsub::pull::Message;
use monitor::exposition::follow;
use service::clock::now_micros;
use std::collections::{BTreeMap, HashSet};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

/// The last acks and nacks have this long after the grace period; without one, [`CLOSE_TIMEOUT`].
const CLOSE_SPARE: Duration = Duration::from_millis(1_500);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Once nothing is tried any more, tasks have this long to end by themselves.
const GIVE_UP_SPARE: Duration = Duration::from_millis(300);
/// Fewer panes than this and fewer rows than half a full pane being written: then the tables could take more at once.
const IDLE_TASKS: usize = 32;
/// Between two looks at who does not answer.
const WATCH: Duration = Duration::from_secs(1);

/// One run's state.
pub struct Run {
    /// Full name, for errors.
    subscription: String,
    stages: Arc<Stages>,
    streams: Streams,
    windows: Windows<Envelope<Received>>,
    /// Panes being written and rejects being dead-lettered.
    tasks: JoinSet<PaneOutcome>,
    /// Panes and rejects started so far, which numbers them, in the log too.
    started: u64,
    /// The earliest publish time, UTC microseconds, of what each task has, by its number.
    oldest: BTreeMap<u64, i64>,
    /// Rows being written from which on a pane waits for its age.
    idle_rows: u64,
    reports: Reports,
    /// Messages given back and not seen again since.
    nacked: HashSet<String>,
    /// Messages that tasks have.
    in_tasks: u64,
    /// Why the last message went back.
    cause: Option<String>,
    watch: Watch,
    workload: Workload,
    last_delivery: Instant,
    /// When a task last ended.
    last_outcome: Instant,
    draining: bool,
    /// While draining: when to stop trying.
    deadline: Option<Instant>,
    gave_up: bool,
    /// The service did not answer when it was asked whether anything is left: so long, with this as its last word.
    silence: Option<(Duration, String)>,
}

/// Whether the service answers: then it has sent what it has.
type Check = Pin<Box<dyn Future<Output = bool> + Send>>;

impl Run {
    pub fn new(options: &Options, subscription: String, stages: Stages, streams: Streams) -> Self {
        Self {
            watch: Watch::new(&subscription, options),
            workload: Workload::new(&stages.progress),
            subscription,
            stages: Arc::new(stages),
            streams,
            windows: Windows::new(options.limits()),
            tasks: JoinSet::new(),
            started: 0,
            oldest: BTreeMap::new(),
            idle_rows: options.pane_rows.div_ceil(2) as u64,
            reports: Reports::new(options.window, options.pane_age()),
            nacked: HashSet::new(),
            in_tasks: 0,
            cause: None,
            last_delivery: Instant::now(),
            last_outcome: Instant::now(),
            draining: false,
            deadline: None,
            gave_up: false,
            silence: None,
        }
    }

    /// Runs until drained or broken; in both cases unwritten messages go back and all acks go out before this returns.
    pub async fn consume(
        mut self,
        options: &Options,
        mut deliveries: mpsc::Receiver<Vec<Delivery>>,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        let end = match self.pump(options, &mut deliveries, &shutdown).await {
            Ok(()) => self.write_rest().await,
            Err(error) => Err(error),
        };
        // Dropped handles nack. All of them must be gone before the streams can close.
        self.stages.progress.health.draining();
        self.stages.give_up.cancel();
        self.end_tasks().await;
        while let Some(report) = self.reports.rest() {
            report.log();
        }
        self.stages.settler.dead_letters().tell_rest(None);
        let unwritten = self.nacked.len() as u64 + self.in_tasks + self.windows.len() as u64;
        self.show_held();
        drop((self.windows, deliveries));
        let limit = match self.deadline {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()) + CLOSE_SPARE,
            None => CLOSE_TIMEOUT,
        };
        let closed = self.streams.closed(limit).await;
        end?;
        let subscription = self.subscription;
        if unwritten > 0 {
            let cause = self.cause.unwrap_or_else(|| "no table answered in time".to_owned());
            return Err(Error::Unwritten { subscription, nacked: unwritten, cause });
        }
        if let Some((waited, last)) = self.silence {
            return Err(Error::Silent { subscription, waited, last });
        }
        if closed { Ok(()) } else { Err(Error::Unacked { subscription }) }
    }

    async fn pump(
        &mut self,
        options: &Options,
        deliveries: &mut mpsc::Receiver<Vec<Delivery>>,
        shutdown: &CancellationToken,
    ) -> Result<(), Error> {
        let mut watch = tokio::time::interval(WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut check: Option<Check> = None;
        while !self.gave_up {
            let idle_at = self.idle_at(options.exit_when_idle).filter(|_| check.is_none());
            let pane_due = self.windows.next_due(self.is_idle());
            tokio::select! {
                biased;
                () = shutdown.cancelled(), if !self.draining => self.drain(options.grace_period),
                () = until(self.deadline) => self.give_up(),
                Some(ended) = self.tasks.join_next() => self.account(ended)?,
                () = until(self.reports.next_due()) => self.report_done(),
                () = until(pane_due) => self.fire_due(),
                batch = deliveries.recv() => {
                    let Some(batch) = batch else { return Ok(()) };
                    (self.last_delivery, check) = (Instant::now(), None);
                    for delivery in batch {
                        self.take(delivery)?;
                    }
                    self.note_held();
                }
                _ = watch.tick() => self.watch(),
                () = until(idle_at), if !self.draining => check = Some(self.check(options.grace_period)),
                is_there = answer(&mut check), if !self.draining => if is_there {
                    self.drain(options.grace_period);
                } else {
                    self.be_silenced(options.grace_period);
                },
            }
        }
        Ok(())
    }

    fn take(&mut self, delivery: Delivery) -> Result<(), Error> {
        match delivery {
            Delivery::Payment(mut envelope) => {
                self.stages.progress.decoded.inc();
                envelope.value.redelivered = self.seen(&envelope.value.message.message_id);
                // How long ago one that comes again was published says nothing of what is published now.
                if !envelope.value.redelivered {
                    let Received { row, pulled_micros, .. } = &envelope.value;
                    self.workload.pulled(pulled_micros.saturating_sub(row.publish_micros));
                }
                if let Some(pane) = self.windows.push(envelope, self.last_delivery) {
                    self.start(pane);
                }
                while let Some(pane) = self.windows.fire_surplus() {
                    self.start(pane);
                }
            }
            Delivery::Reject(envelope) => {
                self.seen(&envelope.value.1.message_id);
                self.start_reject(envelope);
            }
            Delivery::Broken(status) => return Err(Error::pull(&self.subscription, &status)),
        }
        Ok(())
    }

    /// Whether the message had been given back before.
    fn seen(&mut self, message_id: &str) -> bool {
        let is_known = !self.nacked.is_empty() && self.nacked.remove(message_id);
        self.stages.progress.redelivered.inc_by(u64::from(is_known));
        is_known
    }

    /// Without tasks, a while after the last message; with them, a while after one of them last ended.
    fn idle_at(&self, wait: Option<Duration>) -> Option<Instant> {
        let since = if self.tasks.is_empty() {
            self.last_delivery
        } else {
            self.last_delivery.max(self.last_outcome)
        };
        Some(since + wait?)
    }

    fn check(&self, patience: Duration) -> Check {
        let check = self.streams.check();
        Box::pin(async move { timeout(patience, check).await.is_ok() })
    }

    fn be_silenced(&mut self, waited: Duration) {
        let last = self.streams.health().trouble.unwrap_or_else(|| "no answer".to_owned());
        self.silence = Some((waited, last));
        self.drain(Duration::ZERO);
    }

    /// Whether the tables could take more at once than they are given.
    fn is_idle(&self) -> bool {
        self.tasks.len() < IDLE_TASKS && self.in_tasks < self.idle_rows
    }

    fn held(&self) -> u64 {
        self.in_tasks + self.windows.len() as u64
    }

    fn watch(&mut self) {
        let now = Instant::now();
        self.stages.settler.dead_letters().tell_rest(Some(now));
        let health = self.streams.health();
        let owing = self.watch.look(now, &self.stages, &health, self.held());
        let progress = &self.stages.progress;
        follow(&progress.lease_extensions, health.extended);
        follow(&progress.leases_expired, health.expired);
        follow(&progress.streams_opened, health.opened);
        match owing {
            Some(reason) => progress.health.unready(reason),
            None => progress.health.ready(),
        }
        if !self.draining {
            self.workload.tell(now, &self.stages.progress);
        }
        self.show_held();
    }

    /// What costs little to tell, after each delivery and each task.
    fn note_held(&self) {
        let progress = &self.stages.progress;
        progress.memory.set(self.streams.memory() as i64);
        progress.outstanding.set(self.held() as i64);
    }

    /// That, and the age of the oldest message: it is looked for among all tasks.
    fn show_held(&self) {
        self.note_held();
        let oldest = self.oldest.values().copied().chain(self.windows.oldest_micros()).min();
        let age = oldest.map_or(0, |micros| now_micros().saturating_sub(micros).max(0));
        self.stages.progress.oldest_held.set(age as f64 / 1e6);
    }

    fn start(&mut self, pane: Pane<Envelope<Received>>) {
        self.reports.started(pane.window_start_micros, Instant::now());
        self.started += 1;
        self.in_tasks += pane.elements.len() as u64;
        let oldest = pane.elements.iter().map(Element::publish_micros).min();
        self.oldest.extend(oldest.map(|micros| (self.started, micros)));
        self.stages.progress.add_pane(pane.trigger);
        let span = info_span!("pane", window = %Time(pane.window_start_micros), pane = self.started);
        self.tasks.spawn(self.stages.clone().write(self.started, pane).instrument(span));
    }

    fn start_reject(&mut self, envelope: Envelope<(Reject, Message)>) {
        self.started += 1;
        let published = publish_micros(&envelope.value.1);
        self.oldest.extend(published.map(|micros| (self.started, micros)));
        let window = published.map(|micros| self.windows.window_start(micros));
        if let Some(start) = window {
            self.reports.started(start, Instant::now());
        }
        self.in_tasks += 1;
        let span = info_span!("reject", window = window.map(|start| display(Time(start))));
        self.tasks.spawn(self.stages.clone().reject(self.started, window, envelope).instrument(span));
    }

    fn report_done(&mut self) {
        while let Some(report) = self.reports.done(Instant::now(), |window| self.windows.is_open(window)) {
            report.log();
        }
    }

    fn fire_due(&mut self) {
        while let Some(pane) = self.windows.fire_due(Instant::now(), self.is_idle()) {
            self.start(pane);
        }
    }

    fn fire_all(&mut self) {
        while let Some(pane) = self.windows.fire_first() {
            self.start(pane);
        }
    }

    fn account(&mut self, ended: Result<PaneOutcome, JoinError>) -> Result<(), Error> {
        // A task ends by returning; a panic in one is a bug that must not pass for work done.
        let PaneOutcome { number, window_start_micros, tally, outcomes, configuration, cause } =
            ended.map_err(|error| Error::Bug(error.to_string()))?;
        self.in_tasks -= outcomes.len() as u64;
        self.oldest.remove(&number);
        self.last_outcome = Instant::now();
        self.cause = cause.or(self.cause.take());
        let progress = &self.stages.progress;
        progress.pane_duplicates.inc_by(tally.pane_duplicates);
        for (rail, payments) in progress.rails.iter().zip(tally.payments_by_rail()) {
            rail.inc_by(*payments);
        }
        for (currency, minor_units) in tally.amounts() {
            progress.add_amount(currency, minor_units);
        }
        if let Some(window) = window_start_micros {
            let late = self.reports.settled(window, tally, Instant::now(), now_micros());
            progress.late.inc_by(late);
        }
        self.note_held();
        self.nacked.extend(outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Nacked(message_id) => Some(message_id),
            Outcome::Acked | Outcome::DeadLettered => None,
        }));
        configuration.map_or(Ok(()), Err)
    }

    /// Stops pulling. The deliveries end soon after, and with them the pump.
    fn drain(&mut self, grace_period: Duration) {
        tracing::debug!("draining");
        self.stages.progress.health.draining();
        // Who goes asks for nobody else.
        self.stages.progress.set_load(Load::NONE);
        self.draining = true;
        self.streams.stop();
        self.deadline = Some(Instant::now() + grace_period);
    }

    fn give_up(&mut self) {
        tracing::warn!("the grace period is over; what is not written goes back to the subscription");
        self.gave_up = true;
        self.stages.give_up.cancel();
    }

    async fn write_rest(&mut self) -> Result<(), Error> {
        if !self.gave_up {
            self.fire_all();
        }
        let mut watch = tokio::time::interval(WATCH);
        while !self.gave_up {
            tokio::select! {
                () = until(self.deadline) => self.give_up(),
                ended = self.tasks.join_next() => match ended {
                    None => return Ok(()),
                    Some(ended) => self.account(ended)?,
                },
                _ = watch.tick() => self.watch(),
            }
        }
        Ok(())
    }

    /// Nothing is tried any more: tasks end at once, or are ended.
    async fn end_tasks(&mut self) {
        let spare = Instant::now() + GIVE_UP_SPARE;
        while let Ok(Some(ended)) = timeout_at(spare, self.tasks.join_next()).await {
            // What is wrong is known already.
            let _ = self.account(ended);
        }
        self.tasks.shutdown().await;
    }
}

/// Waits for the answer to a check, or for ever without one.
async fn answer(check: &mut Option<Check>) -> bool {
    match check {
        Some(check) => check.await,
        None => pending().await,
    }
}

/// Waits for a moment, or for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => pending().await,
    }
}
