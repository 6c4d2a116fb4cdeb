//! A subscription at run time: its state behind a lock, and who waits for what.

use super::ack_id::{self, AckId};
use super::backlog::{Backlog, Settings, Settled, Taken};
use super::codec::Delivery;
use super::filter::Filter;
use super::records::{Progress, SubscriptionRecord};
use super::topic::Topic;
use crate::proto::pubsub;
use crate::proto::pubsub::streaming_pull_response::SubscriptionProperties;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
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
    ordered: bool,
    /// The next stream or pull in the queue is told when messages are ready.
    ready: Notify,
    /// The reader is told when there may be something to read.
    pub reader: Notify,
    /// The saver is told when something must be saved at once. Shared by all subscriptions.
    urgent: Arc<Notify>,
    saved: watch::Sender<u64>,
    /// Deleted, detached or shutting down.
    pub ended: CancellationToken,
    end: OnceLock<Status>,
}

/// A stream's registration with its subscription. Dropping it leaves the leases to their deadlines.
pub struct Stream {
    pub subscription: Arc<Subscription>,
    pub id: u32,
    room: Arc<Notify>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.subscription.lock().close_stream(self.id);
        // What this stream may have been woken for is another's now.
        self.subscription.notify_ready();
    }
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
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration; its topic is `_deleted-topic_` once the topic is gone.
    pub fn config(&self) -> pubsub::Subscription {
        let mut config = (**self.config.lock().unwrap_or_else(PoisonError::into_inner)).clone();
        if self.topic.is_deleted() {
            super::names::DELETED_TOPIC.clone_into(&mut config.topic);
        }
        config
    }

    pub fn name(&self) -> String {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).name.clone()
    }

    pub fn set_config(&self, config: pubsub::Subscription) {
        self.lock().set_settings(Arc::new(settings(&config)));
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    pub fn record(&self) -> SubscriptionRecord {
        let subscription = (**self.config.lock().unwrap_or_else(PoisonError::into_inner)).clone();
        SubscriptionRecord { number: self.number, topic_number: self.topic.number, subscription }
    }

    /// Ends all streams with a status.
    pub fn end(&self, status: Status) {
        let _ = self.end.set(status);
        self.ended.cancel();
    }

    /// What a stream or pull is told after [`Subscription::ended`].
    pub fn end_status(&self) -> Status {
        let stopping = || Status::unavailable("the embedded Pub/Sub server is stopping");
        self.end.get().cloned().unwrap_or_else(stopping)
    }

    pub fn open_stream(self: &Arc<Self>, max_messages: i64, max_bytes: i64) -> Stream {
        let (id, room) = self.lock().open_stream(max_messages, max_bytes);
        self.reader.notify_one();
        Stream { subscription: self.clone(), id, room }
    }

    /// A stream's connection broke: what it held is delivered to others at once.
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

    /// Waits for messages for a unary pull, at most until `give_up`.
    pub async fn pull(&self, limit: usize, give_up: Instant) -> Option<Delivery> {
        let _puller = Puller::start(self);
        tokio::select! {
            delivery = self.take_for_pull(limit) => Some(delivery),
            () = tokio::time::sleep_until(give_up) => None,
            () = self.ended.cancelled() => None,
        }
    }

    async fn take_for_pull(&self, limit: usize) -> Delivery {
        loop {
            self.turn().await;
            let ready = self.ready.notified();
            if let Some(delivery) = self.try_take(|backlog, deadline| backlog.take_for_pull(limit, deadline)) {
                return delivery;
            }
            if self.ordered {
                ready.await;
            }
        }
    }

    /// Waits for this taker's turn. Takers stand in a queue, and who has taken goes to its end, so that a busy stream
    /// does not keep the others hungry. An ordered subscription has no queue: a key's next message may be for one stream
    /// only, so all look.
    async fn turn(&self) {
        if !self.ordered {
            self.ready.notified().await;
        }
    }

    fn try_take(&self, take: impl FnOnce(&mut Backlog, Instant) -> Option<Taken>) -> Option<Delivery> {
        let (taken, low, more, properties) = {
            let mut backlog = self.lock();
            let deadline = Instant::now() + backlog.settings().ack_deadline;
            let taken = take(&mut backlog, deadline);
            (taken, backlog.is_low(), backlog.has_ready(), properties(backlog.settings()))
        };
        if low {
            self.reader.notify_one();
        }
        let Taken { generation, messages } = taken?;
        if more && !self.ordered {
            self.ready.notify_one();
        }
        let ack_prefix = ack_id::prefix(self.number, generation);
        Some(Delivery { ack_prefix, messages, properties, ..Delivery::default() })
    }

    /// Acknowledges; gives the ids that were not valid, which only exactly-once delivery knows, and with it waits until
    /// the acknowledgements are on disk.
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

    /// Moves ack deadlines, 0 seconds gives back; gives the ids that were not valid, with exactly-once delivery.
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

impl Stream {
    /// Waits for messages for this stream. Safe to drop while it waits.
    pub async fn next(&self, ack_deadline: Option<Duration>) -> Delivery {
        let subscription = &self.subscription;
        loop {
            subscription.turn().await;
            let ready = subscription.ready.notified();
            let room = self.room.notified();
            let taken = subscription.try_take(|backlog, default| {
                let deadline = ack_deadline.map_or(default, |lease| Instant::now() + lease);
                backlog.take_for_stream(self.id, deadline)
            });
            if let Some(delivery) = taken {
                return delivery;
            }
            if !subscription.lock().has_room(self.id) {
                // Somebody else may have room for what this stream was woken for.
                subscription.notify_ready();
                room.await;
            } else if subscription.ordered {
                ready.await;
            }
        }
    }
}

/// Counts a waiting pull.
struct Puller<'a>(&'a Subscription);

impl<'a> Puller<'a> {
    fn start(subscription: &'a Subscription) -> Self {
        subscription.lock().pull_started();
        subscription.reader.notify_one();
        Self(subscription)
    }
}

impl Drop for Puller<'_> {
    fn drop(&mut self) {
        self.0.lock().pull_ended();
        self.0.notify_ready();
    }
}

fn properties(settings: &Settings) -> Option<SubscriptionProperties> {
    (settings.exactly_once || settings.ordered).then_some(SubscriptionProperties {
        exactly_once_delivery_enabled: settings.exactly_once,
        message_ordering_enabled: settings.ordered,
    })
}

fn invalid(ids: &[String], settled: &[Settled]) -> Vec<String> {
    ids.iter()
        .zip(settled)
        .filter(|(_, settled)| **settled == Settled::Invalid)
        .map(|(id, _)| id.clone())
        .collect()
}

/// What of a checked configuration steers delivery. Defaults are the service's.
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
