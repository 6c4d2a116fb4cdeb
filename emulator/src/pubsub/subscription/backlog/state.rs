//! Where each message of a subscription is, and what its streams may still take.

use super::super::filter::Filter;
use super::super::leases::Leases;
use super::super::ordering::Keys;
use crate::pubsub::store::ranges::Ranges;
use crate::pubsub::store::records::Progress;
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// At most this many messages of a subscription are leased, delayed or counted, each at a cost in memory; then delivery
/// pauses.
pub(super) const MAX_TRACKED: usize = if cfg!(test) { 300 } else { 900_000 };

/// The part of a subscription's configuration that steers delivery.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub ack_deadline: Duration,
    pub exactly_once: bool,
    pub ordered: bool,
    /// Minimum and maximum backoff of the retry policy.
    pub retry: Option<(Duration, Duration)>,
    /// From the dead-letter policy.
    pub max_attempts: Option<u32>,
    pub filter: Option<Filter>,
}

impl Settings {
    pub(super) fn counts_attempts(&self) -> bool {
        self.retry.is_some() || self.max_attempts.is_some()
    }
}

/// A streaming pull's flow control.
#[derive(Debug, Default)]
pub(super) struct Credit {
    /// 0: no limit.
    pub(super) max_messages: u64,
    pub(super) max_bytes: u64,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    /// Notified when messages are settled.
    pub(super) room: Arc<Notify>,
}

impl Credit {
    pub(super) fn has_room(&self) -> bool {
        (self.max_messages == 0 || self.messages < self.max_messages)
            && (self.max_bytes == 0 || self.bytes < self.max_bytes)
    }
}

/// A message in memory, ready to be delivered.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) sequence: u64,
    pub(super) body: Bytes,
    /// Empty unless the subscription is ordered.
    pub(super) key: Bytes,
}

/// Messages in memory with their size.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) messages: VecDeque<Ready>,
    pub(super) bytes: usize,
}

impl Queue {
    pub(super) fn push(&mut self, message: Ready) {
        self.bytes += message.body.len();
        self.messages.push_back(message);
    }

    pub(super) fn remove(&mut self, index: usize) -> Option<Ready> {
        let message = self.messages.remove(index)?;
        self.bytes -= message.body.len();
        Some(message)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The state of one subscription.
#[derive(Debug)]
pub struct Backlog {
    pub(super) settings: Arc<Settings>,
    /// Everything below is acknowledged.
    pub(super) floor: u64,
    /// Acknowledged above the floor.
    pub(super) acked: Ranges,
    /// Messages acknowledged since the start.
    pub(super) acknowledged: u64,
    /// The next message to be read for the first time.
    pub(super) cursor: u64,
    /// To be read and delivered again.
    pub(super) retry: Ranges,
    /// To be delivered again, but not before their time.
    pub(super) delayed: BTreeSet<(Instant, u64)>,
    pub(super) fresh: Queue,
    pub(super) again: Queue,
    pub(super) leases: Leases,
    /// Failed deliveries so far, where they count.
    pub(super) attempts: HashMap<u64, u32>,
    /// Out of attempts.
    pub(super) dead: Vec<u64>,
    pub(super) keys: Keys,
    pub(super) streams: HashMap<u32, Credit>,
    pub(super) last_stream: u32,
    /// The last delivery's number.
    pub(super) generation: u64,
    /// Ack ids of earlier deliveries are void.
    pub(super) valid_from: u64,
    /// Acknowledged with exactly-once delivery a moment ago: sequence to generation.
    pub(super) confirmed: HashMap<u64, u64>,
    pub(super) confirmed_order: VecDeque<u64>,
    /// Unary pulls that wait.
    pub(super) pullers: usize,
    /// Changes with every seek; messages read before it do not count.
    pub(super) epoch: u64,
    /// Counts changes of the progress.
    pub(super) version: u64,
    saved: u64,
    /// Which queue the next message is taken from.
    pub(super) turn: bool,
}

impl Backlog {
    /// A subscription that starts at `progress`; `opened` is how often the store was opened, so that ack ids from
    /// before a restart differ from today's.
    pub fn new(settings: Arc<Settings>, progress: Progress, opened: u64, now: Instant) -> Self {
        let mut backlog = Self {
            settings,
            floor: progress.floor,
            acked: progress.acked(),
            acknowledged: 0,
            cursor: progress.floor,
            retry: Ranges::default(),
            delayed: BTreeSet::new(),
            fresh: Queue::default(),
            again: Queue::default(),
            leases: Leases::new(now),
            attempts: progress.attempts,
            dead: Vec::new(),
            keys: Keys::default(),
            streams: HashMap::new(),
            last_stream: 0,
            generation: opened << 40,
            valid_from: progress.valid_from,
            confirmed: HashMap::new(),
            confirmed_order: VecDeque::new(),
            pullers: 0,
            epoch: 0,
            version: 1,
            saved: 0,
            turn: false,
        };
        backlog.settle_floor();
        backlog
    }

    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Changes the configuration; leases keep their deadlines.
    pub fn set_settings(&mut self, settings: Arc<Settings>) {
        if !settings.counts_attempts() {
            self.attempts.clear();
        }
        self.settings = settings;
    }

    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// Messages not acknowledged, of those below `head`.
    pub fn unacked(&self, head: u64) -> u64 {
        head.saturating_sub(self.floor).saturating_sub(self.acked.len())
    }

    /// Messages acknowledged since the start.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Messages with a subscriber.
    pub fn outstanding(&self) -> u64 {
        self.leases.len() as u64
    }

    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// The number of the last change and the progress, unless that is saved already.
    pub fn unsaved(&self) -> Option<(u64, Progress)> {
        (self.version > self.saved).then(|| (self.version, self.progress()))
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn set_saved(&mut self, version: u64) {
        self.saved = self.saved.max(version);
    }

    pub fn progress(&self) -> Progress {
        Progress::new(self.floor, &self.acked, self.valid_from, &self.attempts)
    }

    pub(super) fn is_acked(&self, sequence: u64) -> bool {
        sequence < self.floor || self.acked.contains(sequence)
    }

    /// Raises the floor over what is acknowledged without a hole.
    pub(super) fn settle_floor(&mut self) {
        self.floor = self.acked.advance(self.floor);
        self.cursor = self.cursor.max(self.floor);
    }

    pub(super) fn tracked(&self) -> usize {
        self.leases.len() + self.delayed.len() + self.attempts.len() + self.retry.count() + self.dead.len()
    }
}
