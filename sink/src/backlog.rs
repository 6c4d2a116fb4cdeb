//! Looks after the subscription's backlog, where the server tells it.

use crate::progress::Progress;
use gcp::pubsub::Pubsub;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(2);

/// Asks until it is dropped; a server that does not tell is not asked again.
#[derive(Debug)]
pub struct Looking(JoinHandle<()>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to look, but not on Google Cloud, where every question counts against a quota and nothing is told.
pub fn look(pubsub: &Pubsub, subscription: &str, progress: &Arc<Progress>) -> Option<Looking> {
    if !pubsub.is_emulator() {
        return None;
    }
    let (pubsub, subscription, progress) = (pubsub.clone(), subscription.to_owned(), progress.clone());
    Some(Looking(tokio::spawn(async move {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match pubsub.backlog(&subscription, LIMIT).await {
                Ok(Some(backlog)) => progress.backlog.set(backlog.messages, backlog.oldest),
                Ok(None) => return,
                // What was true a while ago would mislead.
                Err(_) => progress.backlog.forget(),
            }
        }
    })))
}
