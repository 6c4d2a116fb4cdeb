//! The loop: deliveries into windows, panes out to tasks, their outcomes into reports, and an orderly end.

use crate::envelope::{Envelope, Received, publish_micros};
use crate::error::Error;
use crate::options::Options;
use crate::pane::{PaneOutcome, Stages};
use crate::reject::Reject;
use crate::report::Reports;
use crate::settle::Outcome;
use crate::subscriber::{Delivery, Streams};
use crate::time::Time;
use crate::window::{Pane, Windows};
use google_cloud_pubsub::model::Message;
use service::clock::now_micros;
use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

/// Most deliveries taken from the queue at once.
const GULP: usize = 512;
/// Time for the last acks and nacks to go out.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// One run's state.
pub struct Run {
    /// Full name, for errors.
    subscription: String,
    stages: Arc<Stages>,
    streams: Streams,
    windows: Windows<Envelope<Received>>,
    /// Panes being written and rejects being dead-lettered.
    tasks: JoinSet<PaneOutcome>,
    /// Panes started so far, which numbers them in the log.
    panes: u64,
    reports: Reports,
    /// Messages given back and not seen again since.
    nacked: HashSet<String>,
    last_delivery: Instant,
    draining: bool,
    /// While draining: when to stop trying.
    deadline: Option<Instant>,
}

impl Run {
    pub fn new(options: &Options, subscription: String, stages: Stages, streams: Streams) -> Self {
        Self {
            subscription,
            stages: Arc::new(stages),
            streams,
            windows: Windows::new(options.limits()),
            tasks: JoinSet::new(),
            panes: 0,
            reports: Reports::new(options.window, options.max_pane_age),
            nacked: HashSet::new(),
            last_delivery: Instant::now(),
            draining: false,
            deadline: None,
        }
    }

    /// Runs until drained or broken; in both cases unwritten messages go back and all acks go out before this returns.
    pub async fn consume(
        mut self,
        options: &Options,
        mut deliveries: mpsc::Receiver<Delivery>,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        let end = match self.pump(options, &mut deliveries, &shutdown).await {
            Ok(()) => self.write_rest().await,
            Err(error) => Err(error),
        };
        // Dropped handles nack. All of them must be gone before the streams can close.
        self.stages.give_up.cancel();
        self.tasks.shutdown().await;
        while let Some(report) = self.reports.rest() {
            report.log();
        }
        drop((self.windows, deliveries));
        let closed = self.streams.closed(CLOSE_TIMEOUT).await;
        end?;
        let subscription = self.subscription;
        match self.nacked.len() as u64 {
            0 if closed => Ok(()),
            0 => Err(Error::Unacked { subscription }),
            nacked => Err(Error::Unwritten { subscription, nacked }),
        }
    }

    async fn pump(
        &mut self,
        options: &Options,
        deliveries: &mut mpsc::Receiver<Delivery>,
        shutdown: &CancellationToken,
    ) -> Result<(), Error> {
        let mut gulp = Vec::with_capacity(GULP);
        loop {
            let idle = options
                .exit_when_idle
                .filter(|_| self.tasks.is_empty())
                .map(|wait| self.last_delivery + wait);
            tokio::select! {
                biased;
                () = shutdown.cancelled(), if !self.draining => self.drain(options.grace_period),
                () = until(self.deadline) => self.give_up(),
                Some(ended) = self.tasks.join_next() => self.account(ended)?,
                () = until(self.reports.next_due()) => self.report_done(),
                () = until(self.windows.next_due()) => self.fire_due(),
                count = deliveries.recv_many(&mut gulp, GULP) => {
                    if count == 0 {
                        return Ok(());
                    }
                    for delivery in gulp.drain(..) {
                        self.take(delivery)?;
                    }
                    self.stages.progress.memory.set(self.streams.memory() as i64);
                }
                () = until(idle), if !self.draining => self.drain(options.grace_period),
            }
        }
    }

    fn take(&mut self, delivery: Delivery) -> Result<(), Error> {
        self.last_delivery = Instant::now();
        match delivery {
            Delivery::Payment(envelope) => {
                self.seen(&envelope.value.message.message_id);
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
            Delivery::Broken(error) => {
                return Err(Error::pull(&self.subscription, &error));
            }
        }
        Ok(())
    }

    fn seen(&mut self, message_id: &str) {
        if !self.nacked.is_empty() {
            self.nacked.remove(message_id);
        }
    }

    fn start(&mut self, pane: Pane<Envelope<Received>>) {
        self.reports.started(pane.window_start_micros, Instant::now());
        self.panes += 1;
        let span = info_span!("pane", window = %Time(pane.window_start_micros), pane = self.panes);
        self.tasks.spawn(self.stages.clone().write(pane).instrument(span));
    }

    fn start_reject(&mut self, envelope: Envelope<(Reject, Message)>) {
        let window = publish_micros(&envelope.value.1).map(|micros| self.windows.window_start(micros));
        if let Some(start) = window {
            self.reports.started(start, Instant::now());
        }
        let span = info_span!("reject", window = window.map(|start| display(Time(start))));
        self.tasks.spawn(self.stages.clone().reject(window, envelope).instrument(span));
    }

    fn report_done(&mut self) {
        while let Some(report) = self.reports.done(Instant::now(), |window| self.windows.is_open(window)) {
            report.log();
        }
    }

    fn fire_due(&mut self) {
        while let Some(pane) = self.windows.fire_due(Instant::now()) {
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
        let PaneOutcome { window_start_micros, tally, outcomes, configuration } =
            ended.map_err(|error| Error::Bug(error.to_string()))?;
        let progress = &self.stages.progress;
        progress.memory.set(self.streams.memory() as i64);
        progress.panes.inc_by(tally.panes);
        progress.duplicates.inc_by(tally.duplicates);
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
        self.nacked.extend(outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Nacked(message_id) => Some(message_id),
            Outcome::Acked | Outcome::DeadLettered => None,
        }));
        configuration.map_or(Ok(()), Err)
    }

    /// Stops pulling. The deliveries end soon after, and with them the pump.
    fn drain(&mut self, grace_period: Duration) {
        tracing::debug!("draining");
        self.draining = true;
        self.streams.stop();
        self.deadline = Some(Instant::now() + grace_period);
    }

    fn give_up(&mut self) {
        tracing::warn!("the grace period is over; what is not written goes back to the subscription");
        self.deadline = None;
        self.stages.give_up.cancel();
    }

    async fn write_rest(&mut self) -> Result<(), Error> {
        self.fire_all();
        loop {
            tokio::select! {
                () = until(self.deadline) => self.give_up(),
                ended = self.tasks.join_next() => match ended {
                    None => return Ok(()),
                    Some(ended) => self.account(ended)?,
                },
            }
        }
    }
}

/// Waits for a moment, or for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => pending().await,
    }
}
