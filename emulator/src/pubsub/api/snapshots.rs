//! Snapshots: a subscription's acknowledgements at one moment, kept for a later seek.

use crate::proto::pubsub;
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::{immutable, paths};
use crate::pubsub::message;
use crate::pubsub::names;
use crate::pubsub::store::records::SnapshotRecord;
use crate::pubsub::topic::{Topic, now_micros};
use std::sync::Arc;
use tonic::Status;

/// A snapshot lives for seven days, less the age of the oldest message that it keeps; at least an hour must be left.
const LIFE_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;
const MIN_LIFE_MICROS: i64 = 3600 * 1_000_000;

impl Broker {
    pub async fn create_snapshot(
        &self,
        request: pubsub::CreateSnapshotRequest,
    ) -> Result<pubsub::Snapshot, Status> {
        names::check(&request.name, "snapshots")?;
        let _changes = self.changes.lock().await;
        if self.read().snapshots.contains_key(&request.name) {
            return Err(names::already_exists(&request.name));
        }
        let subscription = self.attached(&request.subscription)?;
        let progress = subscription.lock().progress();
        let topic = subscription.topic.clone();
        let snapshot = pubsub::Snapshot {
            name: request.name,
            topic: subscription.config().topic,
            expire_time: Some(message::timestamp(self.expiry(topic.clone(), progress.floor).await?)),
            labels: request.labels,
        };
        let record = Arc::new(SnapshotRecord { topic_number: topic.number, snapshot, progress });
        let stored = record.clone();
        self.store_call(move |store| store.save_snapshot(&stored)).await?;
        self.write().snapshots.insert(record.snapshot.name.clone(), record.clone());
        Ok(record.snapshot.clone())
    }

    async fn expiry(&self, topic: Arc<Topic>, floor: u64) -> Result<i64, Status> {
        let oldest = self.store_call(move |_| Ok(topic.log.published_micros(floor)?)).await?;
        let now = now_micros();
        let expiry = oldest.unwrap_or(now) + LIFE_MICROS;
        if expiry < now + MIN_LIFE_MICROS {
            return Err(Status::failed_precondition(
                "the subscription's oldest unacknowledged message is too old: the snapshot would expire within the \
                 hour",
            ));
        }
        Ok(expiry)
    }

    pub async fn update_snapshot(
        &self,
        request: pubsub::UpdateSnapshotRequest,
    ) -> Result<pubsub::Snapshot, Status> {
        let wanted = request.snapshot.ok_or_else(|| Status::invalid_argument("snapshot is missing"))?;
        let _changes = self.changes.lock().await;
        let mut record = (*self.snapshot(&wanted.name)?).clone();
        for path in paths(request.update_mask)? {
            match path.as_str() {
                "labels" => record.snapshot.labels.clone_from(&wanted.labels),
                "expire_time" => record.snapshot.expire_time = wanted.expire_time,
                other => return Err(immutable("snapshot", other)),
            }
        }
        let stored = record.clone();
        self.store_call(move |store| store.save_snapshot(&stored)).await?;
        let snapshot = record.snapshot.clone();
        self.write().snapshots.insert(snapshot.name.clone(), Arc::new(record));
        Ok(snapshot)
    }
}
