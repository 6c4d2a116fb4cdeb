//! Keeps the checkpoint up to date while workers publish.

use crate::batch::Work;
use crate::error::Error;
use crate::publisher::Shared;
use service::blocking::busy;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// A task that writes the checkpoint at intervals, and once more at the end.
#[derive(Debug)]
pub struct Keeper {
    stop: CancellationToken,
    task: JoinHandle<Result<Work, Error>>,
}

impl Keeper {
    pub fn start(work: Work, interval: Duration, shared: Arc<Shared>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(keep(work, interval.max(Duration::from_millis(1)), shared, stop.clone()));
        Self { stop, task }
    }

    /// Call when nothing is in flight any more: the last write says how far everything has come.
    pub async fn finish(self) -> Result<Work, Error> {
        self.stop.cancel();
        self.task.await.map_err(|error| Error::Bug(error.to_string()))?
    }
}

async fn keep(
    work: Work,
    interval: Duration,
    shared: Arc<Shared>,
    stop: CancellationToken,
) -> Result<Work, Error> {
    let Some(checkpoint) = &work.checkpoint else { return Ok(work) };
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut kept = None;
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        let floors = shared.floors();
        if kept != Some(floors) {
            match busy(|| checkpoint.save(floors)) {
                Ok(()) => kept = Some(floors),
                Err(error) if last => return Err(error.into()),
                // A full disk may be cleared before the end; until then only more is sent again after a crash.
                Err(error) => tracing::warn!(%error, "checkpoint not kept"),
            }
        }
        if last {
            return Ok(work);
        }
    }
}
