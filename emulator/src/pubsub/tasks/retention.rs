//! Drops messages that nobody may ask for any more: those past their retention, and those that no subscription, no
//! snapshot and not the topic itself keeps.

use crate::proto::pubsub;
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::DEFAULT_RETENTION_SECS;
use crate::pubsub::error::Error;
use crate::pubsub::message;
use crate::pubsub::store::Store;
use crate::pubsub::subscription::Subscription;
use crate::pubsub::topic::{Topic, now_micros};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(5);
/// Trimming fewer messages is not worth a call.
const MIN_TRIM: u64 = 1000;

/// Runs until the server stops.
pub async fn run(broker: Weak<Broker>, stopping: CancellationToken) {
    while stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let Some(broker) = broker.upgrade() else { return };
        expire_snapshots(&broker).await;
        // Meanwhile no seek may move back to messages that are being dropped.
        let _changes = broker.changes.lock().await;
        let (topics, store, broker) = (broker.topics(), broker.store().clone(), broker.clone());
        let pass = tokio::task::spawn_blocking(move || {
            topics.iter().try_for_each(|topic| trim_topic(&broker, &store, topic, MIN_TRIM))
        });
        match pass.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "trimming logs failed");
            }
            Err(error) => tracing::error!(%error, "trimming logs panicked"),
        }
    }
}

/// Enforces the retention of a topic's subscriptions, then frees the messages that none of them needs. Blocks.
pub fn trim_topic(broker: &Broker, store: &Store, topic: &Topic, min_trim: u64) -> Result<(), Error> {
    let mut keep = topic.head();
    let retention = topic.config().message_retention_duration;
    if let Some(retention) = retention.and_then(|duration| Duration::try_from(duration).ok()) {
        keep = keep.min(cutoff(topic, retention)?);
    }
    for subscription in broker.subscriptions().iter().filter(|s| s.topic.number == topic.number) {
        keep = keep.min(subscription_low(subscription)?);
    }
    for snapshot in broker.read().snapshots.values().filter(|s| s.topic_number == topic.number) {
        keep = keep.min(snapshot.progress.floor);
    }
    if keep < topic.low() + min_trim {
        // Messages that were still in memory last time are in a table by now.
        return if topic.take_untidy() { free(store, topic) } else { Ok(()) };
    }
    topic.set_low(keep);
    store.save_low(topic.number, keep)?;
    // The mark must be on disk before messages go: it keeps their sequences from coming again.
    store.sync()?;
    free(store, topic)
}

fn free(store: &Store, topic: &Topic) -> Result<(), Error> {
    topic.log.drop_below(topic.low())?;
    store.reclaim()
}

/// The first sequence that a subscription still needs; messages past their retention leave its backlog.
fn subscription_low(subscription: &Subscription) -> Result<u64, Error> {
    let config = subscription.config();
    if config.detached {
        return Ok(subscription.topic.head());
    }
    let cutoff = cutoff(&subscription.topic, retention(&config))?;
    let mut backlog = subscription.lock();
    backlog.drop_below(cutoff);
    Ok(if config.retain_acked_messages { cutoff } else { backlog.floor() })
}

/// How long a subscription keeps messages.
fn retention(config: &pubsub::Subscription) -> Duration {
    let configured = config.message_retention_duration.and_then(|duration| Duration::try_from(duration).ok());
    configured.unwrap_or(Duration::from_secs(DEFAULT_RETENTION_SECS as u64))
}

/// The first sequence of a topic younger than `age`.
fn cutoff(topic: &Topic, age: Duration) -> Result<u64, Error> {
    let micros = now_micros().saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
    let (low, head) = (topic.low(), topic.head());
    // Usually nothing is too old, and a look at the log's start shows it.
    if topic.log.oldest_micros()?.is_none_or(|oldest| oldest >= micros) {
        return Ok(low);
    }
    Ok(topic.log.first_published_at(low..head, micros)?)
}

async fn expire_snapshots(broker: &Arc<Broker>) {
    let now = now_micros();
    let expired: Vec<String> = {
        let registry = broker.read();
        let expires = |snapshot: &pubsub::Snapshot| snapshot.expire_time.as_ref().map(message::micros);
        let old = registry.snapshots.values().filter(|s| expires(&s.snapshot).is_some_and(|at| at <= now));
        old.map(|snapshot| snapshot.snapshot.name.clone()).collect()
    };
    for name in expired {
        if let Err(status) = broker.delete_snapshot(&name).await {
            tracing::warn!(
                snapshot = name,
                error = status.message(),
                "an expired snapshot could not be deleted"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durability::Durability;
    use crate::pubsub::topic::batch::PublishBatch;
    use tokio_util::sync::CancellationToken;

    const TOPIC: &str = "projects/p/topics/payments";
    const MESSAGES: u64 = 100;

    async fn broker(dir: &std::path::Path, subscriptions: &[pubsub::Subscription]) -> Arc<Broker> {
        let (broker, _) = Broker::open(
            Store::open(dir, 0, |database| Durability::Process.syncs(database)).unwrap(),
            CancellationToken::new(),
        )
        .unwrap();
        let broker = Arc::new(broker);
        let topic = pubsub::Topic { name: TOPIC.to_owned(), ..Default::default() };
        broker.create_topic(topic).await.unwrap();
        for subscription in subscriptions {
            let topic = TOPIC.to_owned();
            broker.create_subscription(pubsub::Subscription { topic, ..subscription.clone() }).await.unwrap();
        }
        let topic = broker.topic(TOPIC).unwrap();
        for _ in 0..MESSAGES {
            let body = [vec![0x0a, 0x80, 0x80, 0x40], vec![b'x'; 1 << 20]].concat();
            broker.writer().publish(topic.clone(), PublishBatch::of_one(TOPIC, body), None).await.unwrap();
        }
        broker
    }

    fn named(name: &str) -> pubsub::Subscription {
        pubsub::Subscription { name: format!("projects/p/subscriptions/{name}"), ..Default::default() }
    }

    fn disk_bytes(dir: &std::path::Path) -> u64 {
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
                // The journal's size is fixed.
                Ok(metadata) if entry.path().extension().is_none_or(|end| end != "jnl") => metadata.len(),
                _ => 0,
            })
            .sum()
    }

    fn trim(broker: &Broker) {
        trim_topic(broker, broker.store(), &broker.topic(TOPIC).unwrap(), 1).unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn acknowledged_messages_leave_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let broker = broker(dir.path(), &[named("done"), named("open")]).await;
        let subscription = |name: &str| broker.subscription(&named(name).name).unwrap();
        subscription("done").lock().settle(1..MESSAGES + 1);
        trim(&broker);
        let kept = disk_bytes(dir.path()) >> 20;
        assert!(kept > MESSAGES / 2, "{kept} MiB: another subscription needs them");
        subscription("open").lock().settle(1..MESSAGES);
        trim(&broker);
        let topic = broker.topic(TOPIC).unwrap();
        // Tables are written in the background; messages still in memory go once they are in one.
        let gone = async {
            while disk_bytes(dir.path()) >> 20 > 40 {
                topic.set_low(topic.low());
                trim(&broker);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the space is let go");
        assert_eq!(topic.low(), MESSAGES);
        assert_eq!(
            topic.log.read(MESSAGES..MESSAGES + 1, 1).unwrap().messages.len(),
            1,
            "the last one is still there"
        );
    }
}
