//! Reading ahead, and giving messages to streams and pulls.

use super::super::outgoing::Outgoing;
use super::state::{Backlog, Credit, MAX_TRACKED, Queue, Ready};
use crate::pubsub::message;
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::Instant;

/// At most this much is read ahead for one subscription.
const FRESH_BYTES: usize = 4 * 1024 * 1024;
const AGAIN_MESSAGES: usize = 1000;
/// Bounds of one response, so that streams take turns.
const RESPONSE_MESSAGES: usize = 1000;
const RESPONSE_BYTES: usize = 512 * 1024;

/// The next read from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// These, wherever they are.
    Again(Vec<Range<u64>>),
    /// From the start of this range as far as one read goes.
    Fresh(Range<u64>),
}

/// One delivery.
#[derive(Debug)]
pub struct Taken {
    pub generation: u64,
    pub messages: Vec<Outgoing>,
}

impl Backlog {
    /// Registers a stream; returns its number, and what is notified when it has room again. Limits below 1 are no
    /// limits.
    pub fn open_stream(&mut self, max_messages: i64, max_bytes: i64) -> (u32, Arc<Notify>) {
        self.last_stream += 1;
        let credit = Credit {
            max_messages: max_messages.max(0) as u64,
            max_bytes: max_bytes.max(0) as u64,
            ..Credit::default()
        };
        let room = credit.room.clone();
        self.streams.insert(self.last_stream, credit);
        (self.last_stream, room)
    }

    /// Forgets a stream. Its leases stay: acknowledgements may still come.
    pub fn close_stream(&mut self, stream: u32) {
        self.streams.remove(&stream);
    }

    pub fn pull_started(&mut self) {
        self.pullers += 1;
    }

    pub fn pull_ended(&mut self) {
        self.pullers -= 1;
    }

    /// Whether somebody wants messages.
    pub fn is_wanted(&self) -> bool {
        self.pullers > 0 || !self.streams.is_empty()
    }

    pub fn has_ready(&self) -> bool {
        !self.fresh.messages.is_empty() || !self.again.messages.is_empty()
    }

    /// Whether the reader should run again soon.
    pub fn is_low(&self) -> bool {
        self.fresh.bytes < FRESH_BYTES / 2
    }

    /// The read that is due now, given the end of the topic. A plan must be followed by [`Backlog::accept`] or
    /// [`Backlog::reject`].
    pub fn plan(&mut self, head: u64) -> Option<Plan> {
        if !self.is_wanted() {
            return None;
        }
        let room = AGAIN_MESSAGES.saturating_sub(self.again.messages.len());
        if room > 0 && !self.retry.is_empty() {
            return Some(Plan::Again(self.retry.take_first(room as u64)));
        }
        if self.fresh.bytes >= FRESH_BYTES || self.tracked() >= MAX_TRACKED {
            return None;
        }
        let unread = self.acked.first_gap(self.cursor..head.max(self.cursor));
        if unread.is_none() {
            self.cursor = self.cursor.max(head);
        }
        unread.map(Plan::Fresh)
    }

    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Takes in the messages read for a plan: ascending, all of them below `end`.
    pub fn accept(&mut self, plan: &Plan, epoch: u64, messages: Vec<(u64, Bytes)>, end: u64) {
        if epoch != self.epoch {
            return;
        }
        match plan {
            Plan::Fresh(range) => {
                self.cursor = self.cursor.max(end);
                self.take_in(range.start..end, messages, false);
            }
            Plan::Again(ranges) => {
                let mut messages = messages.into_iter().peekable();
                for range in ranges {
                    let mut part = Vec::new();
                    while let Some(message) = messages.next_if(|(sequence, _)| *sequence < range.end) {
                        part.push(message);
                    }
                    self.take_in(range.clone(), part, true);
                }
            }
        }
    }

    /// A read that failed is planned again.
    pub fn reject(&mut self, plan: Plan, epoch: u64) {
        if let Plan::Again(ranges) = plan
            && epoch == self.epoch
        {
            for range in ranges {
                self.retry.insert(range);
            }
        }
    }

    fn take_in(&mut self, range: Range<u64>, messages: Vec<(u64, Bytes)>, again: bool) {
        let settings = self.settings.clone();
        let mut expected = range.start;
        for (sequence, body) in messages {
            // Messages that are no longer in the log, or do not pass the filter, are done.
            self.settle(expected..sequence);
            expected = sequence + 1;
            if settings.filter.as_ref().is_some_and(|filter| !filter.matches(&body)) {
                self.settle(sequence..sequence + 1);
                continue;
            }
            if self.is_acked(sequence) {
                continue;
            }
            let key = if settings.ordered { key_of(&body) } else { Bytes::new() };
            let queue = if again { &mut self.again } else { &mut self.fresh };
            queue.push(Ready { sequence, body, key });
        }
        self.settle(expected..range.end);
    }

    /// Puts back the messages that were read ahead, when nobody wants them.
    pub fn park(&mut self) {
        for queue in [std::mem::take(&mut self.fresh), std::mem::take(&mut self.again)] {
            for message in queue.messages {
                if !self.is_acked(message.sequence) {
                    self.retry.insert(message.sequence..message.sequence + 1);
                }
            }
        }
    }

    /// Whether a stream's flow control lets it take more.
    pub fn has_room(&self, stream: u32) -> bool {
        self.streams.get(&stream).is_some_and(Credit::has_room)
    }

    /// Gives messages to a stream, as its flow control allows, or `None`.
    pub fn take_for_stream(&mut self, stream: u32, deadline: Instant) -> Option<Taken> {
        let credit = self.streams.get(&stream).filter(|credit| credit.has_room())?;
        let messages = match credit.max_messages {
            0 => RESPONSE_MESSAGES,
            max => RESPONSE_MESSAGES.min((max - credit.messages) as usize),
        };
        let bytes = match credit.max_bytes {
            0 => RESPONSE_BYTES,
            max => RESPONSE_BYTES.min((max - credit.bytes) as usize),
        };
        self.take(stream, messages.min(self.share()), bytes, deadline)
    }

    /// Gives at most `limit` messages to a unary pull, or `None`.
    pub fn take_for_pull(&mut self, limit: usize, deadline: Instant) -> Option<Taken> {
        self.take(0, limit.min(RESPONSE_MESSAGES), RESPONSE_BYTES * 4, deadline)
    }

    /// A stream's part of what is ready, so that a short backlog is spread over all streams.
    fn share(&self) -> usize {
        let ready = self.fresh.messages.len() + self.again.messages.len();
        let takers = self.streams.values().filter(|credit| credit.has_room()).count();
        ready.div_ceil(takers.max(1)).max(1)
    }

    fn take(&mut self, stream: u32, limit: usize, max_bytes: usize, deadline: Instant) -> Option<Taken> {
        let mut messages = Vec::new();
        let mut bytes = 0;
        let generation = self.generation + 1;
        while messages.len() < limit && bytes < max_bytes && self.leases.len() < MAX_TRACKED {
            let Some(ready) = self.next_ready(stream) else { break };
            if self.is_acked(ready.sequence) {
                continue;
            }
            bytes += ready.body.len();
            self.leases.grant(ready.sequence, generation, stream, ready.body.len() as u32, deadline);
            self.keys.delivered(&ready.key, ready.sequence, stream);
            let attempt = self.attempt(ready.sequence);
            messages.push(Outgoing { sequence: ready.sequence, body: ready.body, attempt });
        }
        if messages.is_empty() {
            return None;
        }
        self.generation = generation;
        if let Some(credit) = self.streams.get_mut(&stream) {
            credit.messages += messages.len() as u64;
            credit.bytes += bytes as u64;
        }
        Some(Taken { generation, messages })
    }

    /// Which delivery of a message this is, from 1; 0 without a dead-letter policy, as on the service.
    fn attempt(&self, sequence: u64) -> u32 {
        match self.settings.max_attempts {
            Some(_) => self.attempts.get(&sequence).copied().unwrap_or(0) + 1,
            None => 0,
        }
    }

    /// The next message a stream may have. New messages and returned ones take turns, so that a message nobody can
    /// handle does not hold up the rest.
    fn next_ready(&mut self, stream: u32) -> Option<Ready> {
        self.turn = !self.turn;
        for again in [self.turn, !self.turn] {
            let queue = if again { &self.again } else { &self.fresh };
            let index = self.position(queue, stream);
            let queue = if again { &mut self.again } else { &mut self.fresh };
            if let Some(ready) = index.and_then(|index| queue.remove(index)) {
                return Some(ready);
            }
        }
        None
    }

    fn position(&self, queue: &Queue, stream: u32) -> Option<usize> {
        if !self.settings.ordered {
            return (!queue.messages.is_empty()).then_some(0);
        }
        queue.messages.iter().position(|ready| self.keys.allows(&ready.key, ready.sequence, stream))
    }
}

/// The ordering key, without copying it.
fn key_of(body: &Bytes) -> Bytes {
    let key = message::ordering_key(body);
    if key.is_empty() { Bytes::new() } else { body.slice_ref(key) }
}
