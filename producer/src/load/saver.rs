//! Keeps the checkpoint up to date while workers publish.

use crate::error::Error;
use crate::load::work::Work;
use crate::load::workers::Shared;
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
    task: JoinHandle<Kept>,
}

/// The work when all is over, and why the file does not say how far it has come, if it does not.
#[derive(Debug)]
pub struct Kept {
    pub work: Work,
    pub unsaved: Option<service::Error>,
}

impl Keeper {
    pub fn start(work: Work, interval: Duration, shared: Arc<Shared>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(keep(work, interval.max(Duration::from_millis(1)), shared, stop.clone()));
        Self { stop, task }
    }

    /// Call when nothing is in flight any more: the last write says how far everything has come.
    pub async fn finish(self) -> Result<Kept, Error> {
        self.stop.cancel();
        self.task.await.map_err(|error| Error::Bug(error.to_string()))
    }
}

async fn keep(work: Work, interval: Duration, shared: Arc<Shared>, stop: CancellationToken) -> Kept {
    let Some(checkpoint) = &work.checkpoint else { return Kept { work, unsaved: None } };
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
                Err(error) if last => return Kept { work, unsaved: Some(error) },
                // A full disk may be cleared before the end; until then only more is sent again after a crash.
                Err(error) => tracing::warn!(%error, "checkpoint not kept"),
            }
        }
        if last {
            return Kept { work, unsaved: None };
        }
    }
}
