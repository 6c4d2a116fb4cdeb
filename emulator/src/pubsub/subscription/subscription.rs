//! A subscription at run time: its configuration, its state behind a lock, and whom changes of it wake.

use super::ack_id::{self, AckId};
use super::backlog::{Backlog, Settings, Settled};
use super::filter::Filter;
use crate::proto::pubsub;
use crate::pubsub::error::stopping;
use crate::pubsub::names;
use crate::pubsub::store::records::{Progress, SubscriptionRecord};
use crate::pubsub::topic::Topic;
use parking_lot::{Mutex, MutexGuard};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;

pub struct Subscription {
    pub number: u64,
    pub topic: Arc<Topic>,
    config: Mutex<Arc<pubsub::Subscription>>,
    backlog: Mutex<Backlog>,
    /// Whether keys are delivered in order, which never changes.
    pub ordered: bool,
    /// Notified when messages are ready, for the next stream or pull in the queue.
    pub ready: Notify,
    /// Notified when there may be something to read, for the reader.
    pub reader: Notify,
    /// Notified when something must be saved at once, for the saver. Shared by all subscriptions.
    urgent: Arc<Notify>,
    saved: watch::Sender<u64>,
    /// Deleted, detached or shutting down.
    pub ended: CancellationToken,
    end: OnceLock<Status>,
}

impl Subscription {
    pub fn new(
        record: SubscriptionRecord,
        topic: Arc<Topic>,
        progress: Progress,
        opened: u64,
        urgent: Arc<Notify>,
        server: &CancellationToken,
    ) -> Self {
        let settings = Arc::new(settings(&record.subscription));
        let backlog = Backlog::new(settings, progress, opened, Instant::now());
        Self {
            number: record.number,
            topic,
            ordered: record.subscription.enable_message_ordering,
            config: Mutex::new(Arc::new(record.subscription)),
            backlog: Mutex::new(backlog),
            ready: Notify::new(),
            reader: Notify::new(),
            urgent,
            saved: watch::Sender::new(0),
            ended: server.child_token(),
            end: OnceLock::new(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock()
    }

    /// The configuration; its topic is `_deleted-topic_` once the topic is gone.
    pub fn config(&self) -> pubsub::Subscription {
        let mut config = (**self.config.lock()).clone();
        if self.topic.is_deleted() {
            names::DELETED_TOPIC.clone_into(&mut config.topic);
        }
        config
    }

    pub fn name(&self) -> String {
        self.config.lock().name.clone()
    }

    pub fn set_config(&self, config: pubsub::Subscription) {
        self.lock().set_settings(Arc::new(settings(&config)));
        *self.config.lock() = Arc::new(config);
    }

    pub fn record(&self) -> SubscriptionRecord {
        let subscription = (**self.config.lock()).clone();
        SubscriptionRecord { number: self.number, topic_number: self.topic.number, subscription }
    }

    /// Ends all streams with a status.
    pub fn end(&self, status: Status) {
        let _ = self.end.set(status);
        self.ended.cancel();
    }

    /// The status of streams and pulls after [`Subscription::ended`].
    pub fn end_status(&self) -> Status {
        self.end.get().cloned().unwrap_or_else(stopping)
    }

    /// A stream's connection broke: its messages are delivered to others at once.
    pub fn release_stream(&self, stream: u32) {
        self.lock().release_stream(stream);
        self.reader.notify_one();
    }

    /// Messages came into memory, or may be given out now.
    pub fn notify_ready(&self) {
        if self.ordered {
            // Only some streams may have a key's next message: let all of them look.
            self.ready.notify_waiters();
        } else {
            self.ready.notify_one();
        }
    }

    /// The subscription was moved by a seek: everything may be different.
    pub fn notify_sought(&self) {
        self.reader.notify_one();
    }

    /// Something was settled: there may be room to deliver, to read, or an earlier deadline to keep.
    fn notify_settled(&self) {
        if self.lock().has_ready() {
            self.notify_ready();
        }
        self.reader.notify_one();
    }

    /// Acknowledges. With exactly-once delivery it waits until the acknowledgements are on disk, and returns the ids
    /// that were not valid.
    pub async fn acknowledge(&self, ids: &[String]) -> Result<Vec<String>, Status> {
        let parsed = self.parse(ids);
        let (settled, exactly_once, version) = {
            let mut backlog = self.lock();
            let settled = backlog.acknowledge(&parsed, self.topic.head(), Instant::now());
            (settled, backlog.settings().exactly_once, backlog.version())
        };
        self.notify_settled();
        if !exactly_once {
            return Ok(Vec::new());
        }
        self.wait_saved(version).await?;
        Ok(invalid(ids, &settled))
    }

    /// Moves ack deadlines; 0 seconds gives messages back. With exactly-once delivery it returns the ids that were not
    /// valid.
    pub fn modify(&self, ids: &[String], seconds: u64) -> Vec<String> {
        let parsed = self.parse(ids);
        let (settled, exactly_once) = {
            let mut backlog = self.lock();
            let settled = backlog.modify(&parsed, seconds, Instant::now());
            (settled, backlog.settings().exactly_once)
        };
        self.notify_settled();
        if exactly_once { invalid(ids, &settled) } else { Vec::new() }
    }

    fn parse(&self, ids: &[String]) -> Vec<Option<AckId>> {
        ids.iter().map(|id| ack_id::parse(id, self.number)).collect()
    }

    /// The saver has written a state.
    pub fn set_saved(&self, version: u64) {
        self.lock().set_saved(version);
        self.saved.send_replace(version);
    }

    /// Waits until a state is on disk.
    pub async fn wait_saved(&self, version: u64) -> Result<(), Status> {
        self.urgent.notify_one();
        let mut saved = self.saved.subscribe();
        let wait = tokio::time::timeout(Duration::from_secs(10), saved.wait_for(|&saved| saved >= version));
        match wait.await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Status::unavailable("the acknowledgement could not be written yet; try again")),
        }
    }
}

fn invalid(ids: &[String], settled: &[Settled]) -> Vec<String> {
    ids.iter()
        .zip(settled)
        .filter(|(_, settled)| **settled == Settled::Invalid)
        .map(|(id, _)| id.clone())
        .collect()
}

/// The part of a checked configuration that steers delivery. Defaults are the service's.
fn settings(config: &pubsub::Subscription) -> Settings {
    let seconds = |duration: Option<&prost_types::Duration>, default: u64| {
        let given = duration.and_then(|duration| Duration::try_from(*duration).ok());
        given.unwrap_or(Duration::from_secs(default))
    };
    Settings {
        ack_deadline: Duration::from_secs(config.ack_deadline_seconds as u64),
        exactly_once: config.enable_exactly_once_delivery,
        ordered: config.enable_message_ordering,
        retry: config.retry_policy.as_ref().map(|policy| {
            (seconds(policy.minimum_backoff.as_ref(), 10), seconds(policy.maximum_backoff.as_ref(), 600))
        }),
        max_attempts: config.dead_letter_policy.as_ref().map(|policy| policy.max_delivery_attempts as u32),
        filter: Filter::parse(&config.filter).ok(),
    }
}
