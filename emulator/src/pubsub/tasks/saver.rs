//! Writes the progress of subscriptions to disk, many changes at a time. Messages whose acknowledgement a crash loses
//! are delivered again.

use crate::pubsub::broker::Broker;
use crate::pubsub::error::Error;
use crate::pubsub::store::Store;
use crate::pubsub::subscription::Subscription;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_millis(100);

/// Saves every 100 ms, or at once when `urgent` is notified. Runs until the server stops.
pub async fn run(broker: Weak<Broker>, urgent: Arc<Notify>, stopping: CancellationToken) {
    let (mut pause, mut is_failing) = (EVERY, false);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = urgent.notified() => {}
            () = stopping.cancelled() => return,
        }
        let Some(broker) = broker.upgrade() else { return };
        let (store, subscriptions) = (broker.store().clone(), broker.subscriptions());
        drop(broker);
        let started = tokio::time::Instant::now();
        match tokio::task::spawn_blocking(move || save(&store, &subscriptions)).await {
            Ok(Ok(())) => is_failing = false,
            Ok(Err(error)) => {
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::error!(error = &error as &dyn std::error::Error, "saving progress fails");
                }
            }
            Err(error) => tracing::error!(%error, "saving progress panicked"),
        }
        // A state of very many ranges takes long to write, so it is written less often.
        pause = EVERY.max(started.elapsed() * 10);
    }
}

/// Saves the progress that has changed. Blocks.
pub fn save(store: &Store, subscriptions: &[Arc<Subscription>]) -> Result<(), Error> {
    let mut changed = Vec::new();
    let mut saved = Vec::new();
    for subscription in subscriptions {
        let unsaved = subscription.lock().unsaved();
        if let Some((version, progress)) = unsaved {
            changed.push((subscription.number, progress));
            saved.push((subscription, version));
        }
    }
    if !changed.is_empty() {
        store.save_progress(&changed)?;
        store.settle()?;
    }
    for (subscription, version) in saved {
        subscription.set_saved(version);
    }
    Ok(())
}
