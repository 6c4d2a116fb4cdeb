//! What a subscription still has to deliver: a state machine without I/O and without a clock of its own.
//!
//! A message of the topic's log is, for one subscription, in exactly one place: not read yet (at or above the cursor),
//! acknowledged, to be read again, delayed by the retry policy, ready in memory, leased, or due for the dead-letter
//! topic. `delivery` moves messages towards subscribers, `settlement` moves them back or away.

mod delivery;
mod settlement;
#[cfg(test)]
mod tests;

pub use delivery::{Plan, Taken};
pub use settlement::Settled;

use super::filter::Filter;
use super::leases::Leases;
use super::ordering::Keys;
use super::ranges::Ranges;
use super::records::Progress;
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Messages of one subscription that cost memory each (leased, delayed, counted) at most; then delivery pauses.
const MAX_TRACKED: usize = if cfg!(test) { 300 } else { 900_000 };

/// What of a subscription's configuration steers its delivery.
#[derive(Debug, Clone, Default)]
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
    fn counts_attempts(&self) -> bool {
        self.retry.is_some() || self.max_attempts.is_some()
    }
}

/// A streaming pull's flow control.
#[derive(Debug, Default)]
struct Credit {
    /// 0: no limit.
    max_messages: u64,
    max_bytes: u64,
    messages: u64,
    bytes: u64,
    /// Told when messages are settled.
    room: Arc<Notify>,
}

impl Credit {
    fn has_room(&self) -> bool {
        (self.max_messages == 0 || self.messages < self.max_messages)
            && (self.max_bytes == 0 || self.bytes < self.max_bytes)
    }
}

/// A message in memory, ready to be delivered.
#[derive(Debug, Clone)]
struct Ready {
    sequence: u64,
    body: Bytes,
    /// Empty unless the subscription is ordered.
    key: Bytes,
}

/// Messages in memory with their size.
#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Ready>,
    bytes: usize,
}

impl Queue {
    fn push(&mut self, message: Ready) {
        self.bytes += message.body.len();
        self.messages.push_back(message);
    }

    fn remove(&mut self, index: usize) -> Option<Ready> {
        let message = self.messages.remove(index)?;
        self.bytes -= message.body.len();
        Some(message)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The state of one subscription.
#[derive(Debug)]
pub struct Backlog {
    settings: Arc<Settings>,
    /// Everything below is acknowledged.
    floor: u64,
    /// Acknowledged above the floor.
    acked: Ranges,
    /// The next message to be read for the first time.
    cursor: u64,
    /// To be read and delivered again.
    retry: Ranges,
    /// To be delivered again, but not before their time.
    delayed: BTreeSet<(Instant, u64)>,
    fresh: Queue,
    again: Queue,
    leases: Leases,
    /// Failed deliveries so far, where they count.
    attempts: HashMap<u64, u32>,
    /// Out of attempts.
    dead: Vec<u64>,
    keys: Keys,
    streams: HashMap<u32, Credit>,
    last_stream: u32,
    /// The last delivery's number.
    generation: u64,
    /// Ack ids of earlier deliveries are void.
    valid_from: u64,
    /// Acknowledged with exactly-once delivery a moment ago: sequence to generation.
    confirmed: HashMap<u64, u64>,
    confirmed_order: VecDeque<u64>,
    /// Unary pulls that wait.
    pullers: usize,
    /// Changes with every seek; what was read before does not count.
    epoch: u64,
    /// Counts changes of what is saved.
    version: u64,
    saved: u64,
    /// Which queue the next message is taken from.
    turn: bool,
}

impl Backlog {
    /// A subscription that starts at `progress`; `opened` is how often the store was opened, so that ack ids from before
    /// a restart are told from today's.
    pub fn new(settings: Arc<Settings>, progress: Progress, opened: u64, now: Instant) -> Self {
        let mut backlog = Self {
            settings,
            floor: progress.floor,
            acked: progress.acked(),
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

    /// Changes the configuration; what is under way keeps its deadlines.
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

    /// Messages with a subscriber.
    pub fn outstanding(&self) -> u64 {
        self.leases.len() as u64
    }

    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// The number of the last change, and what to save if it is not saved yet.
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

    fn is_acked(&self, sequence: u64) -> bool {
        sequence < self.floor || self.acked.contains(sequence)
    }

    /// Raises the floor over what is acknowledged without a hole.
    fn settle_floor(&mut self) {
        self.floor = self.acked.advance(self.floor);
        self.cursor = self.cursor.max(self.floor);
    }

    fn tracked(&self) -> usize {
        self.leases.len() + self.delayed.len() + self.attempts.len() + self.retry.count() + self.dead.len()
    }
}
