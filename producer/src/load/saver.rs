//! Keeps the checkpoint up to date while workers publish.

use crate::error::Error;
use crate::load::checkpoint::Checkpoint;
use crate::load::workers::Workers;
use service::blocking::busy;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// A task that writes the checkpoint at intervals, and once more at the end; idle where there is none to write.
#[derive(Debug)]
pub struct Saver {
    stop: CancellationToken,
    task: JoinHandle<Result<(), service::Error>>,
}

impl Saver {
    pub fn start(checkpoint: Option<Checkpoint>, interval: Duration, workers: Arc<Workers>) -> Self {
        let stop = CancellationToken::new();
        let (interval, stopped) = (interval.max(Duration::from_millis(1)), stop.clone());
        let task = tokio::spawn(async move {
            match checkpoint {
                Some(checkpoint) => save(&checkpoint, interval, &workers, stopped).await,
                None => Ok(()),
            }
        });
        Self { stop, task }
    }

    /// Call when nothing is in flight any more: the last write says how far everything has come. Returns why the file
    /// does not say so, where it does not.
    pub async fn finish(self) -> Result<Option<service::Error>, Error> {
        self.stop.cancel();
        let saved = self.task.await.map_err(|error| Error::Bug(error.to_string()))?;
        Ok(saved.err())
    }
}

async fn save(
    checkpoint: &Checkpoint,
    interval: Duration,
    workers: &Workers,
    stop: CancellationToken,
) -> Result<(), service::Error> {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut saved = None;
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        let floors = workers.floors();
        if saved != Some(floors) {
            match busy(|| checkpoint.save(floors)) {
                Ok(()) => {
                    saved = Some(floors);
                    let index = i64::try_from(floors.confirmed_below).unwrap_or(i64::MAX);
                    workers.progress().checkpoint_index.set(index);
                }
                Err(error) if last => return Err(error),
                // A full disk may be cleared before the end; until then only more is sent again after a crash.
                Err(error) => tracing::warn!(%error, "checkpoint not kept"),
            }
        }
        if last {
            return Ok(());
        }
    }
}
