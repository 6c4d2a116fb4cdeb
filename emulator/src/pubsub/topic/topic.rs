//! A topic at run time.

use crate::proto::pubsub;
use crate::pubsub::error::Error;
use crate::pubsub::store::Store;
use crate::pubsub::store::log::Log;
use crate::pubsub::store::records::TopicRecord;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use tokio::sync::watch;

/// Message ids are `number * MESSAGE_ID_BASE + sequence`: unique across topics, increasing within one.
const MESSAGE_ID_BASE: u64 = 10_000_000_000_000;

/// The sequence of a topic's first message.
pub const FIRST_SEQUENCE: u64 = 1;

pub struct Topic {
    pub number: u64,
    pub log: Log,
    config: RwLock<Arc<pubsub::Topic>>,
    deleted: AtomicBool,
    /// The sequence the next message gets; all below are stored.
    head: watch::Sender<u64>,
    /// Messages below this sequence may go.
    low: AtomicU64,
    /// Space below `low` may not have been freed yet.
    untidy: AtomicBool,
    /// Publish time of the last message, microseconds.
    last_publish_micros: AtomicI64,
}

impl Topic {
    /// Opens the log of a topic. Blocks.
    pub fn open(store: &Store, record: TopicRecord) -> Result<Self, Error> {
        let log = store.log(record.number)?;
        let low = store.low(record.number)?.max(FIRST_SEQUENCE);
        let (end, last_publish_micros) = log.end()?.unwrap_or((FIRST_SEQUENCE, 0));
        Ok(Self {
            number: record.number,
            log,
            config: RwLock::new(Arc::new(record.topic)),
            deleted: AtomicBool::new(record.deleted),
            head: watch::Sender::new(end.max(low)),
            low: AtomicU64::new(low),
            untidy: AtomicBool::new(true),
            last_publish_micros: AtomicI64::new(last_publish_micros),
        })
    }

    pub fn config(&self) -> Arc<pubsub::Topic> {
        self.config.read().clone()
    }

    pub fn set_config(&self, config: pubsub::Topic) {
        *self.config.write() = Arc::new(config);
    }

    pub fn record(&self) -> TopicRecord {
        TopicRecord { number: self.number, topic: (*self.config()).clone(), deleted: self.is_deleted() }
    }

    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    pub fn set_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
    }

    pub fn head(&self) -> u64 {
        *self.head.borrow()
    }

    /// Messages ever published.
    pub fn published(&self) -> u64 {
        self.head().saturating_sub(FIRST_SEQUENCE)
    }

    /// Changes when messages are added.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    pub fn low(&self) -> u64 {
        self.low.load(Ordering::Acquire)
    }

    pub fn set_low(&self, low: u64) {
        self.low.store(low, Ordering::Release);
        self.untidy.store(true, Ordering::Release);
    }

    /// Whether space below `low` should be freed once more.
    pub fn take_untidy(&self) -> bool {
        self.untidy.swap(false, Ordering::AcqRel)
    }

    /// The publish time for messages stored now: the clock, but never before the last one.
    pub fn publish_micros(&self) -> i64 {
        now_micros().max(self.last_publish_micros.load(Ordering::Acquire))
    }

    /// Messages up to `head` are stored.
    pub fn committed(&self, head: u64, publish_micros: i64) {
        self.last_publish_micros.store(publish_micros, Ordering::Release);
        self.head.send_replace(head);
    }

    pub fn message_id(&self, sequence: u64) -> String {
        (self.number * MESSAGE_ID_BASE + sequence).to_string()
    }
}

/// Microseconds since 1970 by the machine's clock.
pub fn now_micros() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
