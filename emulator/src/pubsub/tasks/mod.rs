//! Everything that runs beside the requests: a reader for each subscription, the saver, retention.

mod reader;
mod retention;
mod saver;

use crate::pubsub::broker::{Added, Broker};
use crate::pubsub::error::Error;
use crate::pubsub::subscription::Subscription;
use std::sync::{Arc, Weak};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The running tasks. They end once the server stops.
pub struct Tasks {
    tracker: TaskTracker,
}

impl Tasks {
    pub fn start(broker: &Arc<Broker>, added: Added) -> Self {
        let (tracker, weak, stopping) = (TaskTracker::new(), Arc::downgrade(broker), &broker.stopping);
        tracker.spawn(start_readers(tracker.clone(), weak.clone(), added, stopping.clone()));
        tracker.spawn(saver::run(weak.clone(), broker.urgent.clone(), stopping.clone()));
        tracker.spawn(retention::run(weak, stopping.clone()));
        Self { tracker }
    }

    /// Waits for the tasks, saves what is in memory, and closes the store. Call once the server is stopping; nobody
    /// else may hold the broker.
    pub async fn close(&self, broker: Arc<Broker>) -> Result<(), Error> {
        self.tracker.close();
        self.tracker.wait().await;
        let (store, registry) = Arc::into_inner(broker).ok_or(Error::Busy)?.end().await?;
        tokio::task::spawn_blocking(move || {
            let subscriptions: Vec<Arc<Subscription>> = registry.subscriptions.values().cloned().collect();
            saver::save(&store, &subscriptions)?;
            // Logs keep the store's directory locked.
            drop((subscriptions, registry));
            let store = Arc::into_inner(store).ok_or(Error::Busy)?;
            store.sync()
        })
        .await?
    }
}

/// Starts the reader of every subscription that is put in place, until the server stops.
async fn start_readers(
    tracker: TaskTracker,
    broker: Weak<Broker>,
    mut added: Added,
    stopping: CancellationToken,
) {
    while let Some(Some(subscription)) = stopping.run_until_cancelled(added.recv()).await {
        tracker.spawn(reader::run(subscription, broker.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durability::Durability;
    use crate::proto::pubsub;
    use crate::pubsub::store::Store;
    use std::time::Duration;

    const TOPIC: &str = "projects/p/topics/payments";

    fn open(dir: &std::path::Path) -> Store {
        Store::open(dir, 0, |database| Durability::Process.syncs(database)).unwrap()
    }

    async fn subscribe(broker: &Broker, name: &str) {
        let name = format!("projects/p/subscriptions/{name}");
        let subscription = pubsub::Subscription { name, topic: TOPIC.to_owned(), ..Default::default() };
        broker.create_subscription(subscription).await.unwrap();
    }

    async fn soon<T>(future: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(10), future).await.expect("in time")
    }

    #[tokio::test]
    async fn subscriptions_have_readers_until_the_stop_and_are_kept() {
        let (dir, stopping) = (tempfile::tempdir().unwrap(), CancellationToken::new());
        let (broker, added) = Broker::open(open(dir.path()), stopping.clone()).unwrap();
        let broker = Arc::new(broker);
        let tasks = Tasks::start(&broker, added);
        broker.create_topic(pubsub::Topic { name: TOPIC.to_owned(), ..Default::default() }).await.unwrap();
        subscribe(&broker, "first").await;
        subscribe(&broker, "second").await;
        // The saver, retention, the task that starts readers, and two readers.
        soon(async {
            while tasks.tracker.len() < 5 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        stopping.cancel();
        subscribe(&broker, "late").await;
        soon(tasks.close(broker)).await.unwrap();
        let (broker, _) = Broker::open(open(dir.path()), stopping).unwrap();
        assert_eq!(broker.subscriptions().len(), 3);
    }
}
