//! Looks at a run every second, for its report.

use crate::report::{History, Timeline};
use crate::watched::Watched;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(1);

/// A recording on its way.
#[derive(Debug)]
pub struct Recorder {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Timeline>,
}

impl Recorder {
    pub fn start(watched: Arc<Watched>) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut history = History::default();
            loop {
                let is_last = tokio::select! {
                    _ = &mut stopped => true,
                    _ = ticks.tick() => false,
                };
                history.push(watched.uptime_seconds(), watched.page().samples());
                if is_last {
                    return history.timeline();
                }
            }
        });
        Self { stop, task }
    }

    pub async fn finish(self) -> Timeline {
        let _ = self.stop.send(());
        self.task.await.unwrap_or_default()
    }
}
