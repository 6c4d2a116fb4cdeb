//! One run's loop: deliveries into windows, panes out to tasks, and an orderly end.

use crate::envelope::{Envelope, Received};
use crate::settle::Settled;
use crate::subscriber::{Delivery, Streams};
use crate::window::{Pane, Windows};
use crate::{Error, Options, Sink};
use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Most deliveries taken from the queue at once.
const GULP: usize = 512;
/// Time for the last acks and nacks to go out.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// One run's state.
pub struct Run {
    sink: Arc<Sink>,
    streams: Streams,
    windows: Windows<Envelope<Received>>,
    /// Panes being written and rejects being buried.
    tasks: JoinSet<Settled>,
    /// Messages given back and not seen again since.
    returned: HashSet<String>,
    last_delivery: Instant,
    draining: bool,
    /// While draining: when to stop trying.
    deadline: Option<Instant>,
}

impl Run {
    pub fn new(options: &Options, sink: Arc<Sink>, streams: Streams) -> Self {
        Self {
            sink,
            streams,
            windows: Windows::new(options.limits()),
            tasks: JoinSet::new(),
            returned: HashSet::new(),
            last_delivery: Instant::now(),
            draining: false,
            deadline: None,
        }
    }

    /// Runs until drained or broken; in both cases what is unwritten goes back and all acks go out before this returns.
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
        self.sink.give_up.cancel();
        self.tasks.shutdown().await;
        drop((self.windows, deliveries));
        let closed = self.streams.closed(CLOSE_TIMEOUT).await;
        let subscription = self.sink.subscription.clone();
        end?;
        match self.returned.len() as u64 {
            0 if closed => Ok(()),
            0 => Err(Error::Unacked { subscription }),
            returned => Err(Error::Unwritten { subscription, returned }),
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
                Some(settled) = self.tasks.join_next() => self.account(settled)?,
                () = until(self.windows.next_due()) => self.fire_due(),
                count = deliveries.recv_many(&mut gulp, GULP) => {
                    if count == 0 {
                        return Ok(());
                    }
                    for delivery in gulp.drain(..) {
                        self.take(delivery)?;
                    }
                }
                () = self.streams.pressure() => self.fire_all(),
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
            }
            Delivery::Reject(envelope) => {
                self.seen(&envelope.value.1.message_id);
                let sink = self.sink.clone();
                self.tasks.spawn(async move { sink.settler.reject(envelope).await });
            }
            Delivery::Broken(error) => {
                return Err(Error::pull(&self.sink.subscription, &error));
            }
        }
        Ok(())
    }

    fn seen(&mut self, message_id: &str) {
        if !self.returned.is_empty() {
            self.returned.remove(message_id);
        }
    }

    fn start(&mut self, pane: Pane<Envelope<Received>>) {
        self.tasks.spawn(self.sink.clone().write(pane));
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

    fn account(&mut self, settled: Result<Settled, JoinError>) -> Result<(), Error> {
        // A task ends by returning; a panic in one is a bug that must not pass for work done.
        let settled = settled.map_err(|error| Error::Bug(error.to_string()))?;
        self.returned.extend(settled.returned);
        match settled.configuration {
            None => Ok(()),
            Some((table, answer)) => Err(Error::table(&self.sink.table_names[table as usize], &answer)),
        }
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
        self.sink.give_up.cancel();
    }

    async fn write_rest(&mut self) -> Result<(), Error> {
        self.fire_all();
        loop {
            tokio::select! {
                () = until(self.deadline) => self.give_up(),
                settled = self.tasks.join_next() => match settled {
                    None => return Ok(()),
                    Some(settled) => self.account(settled)?,
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
