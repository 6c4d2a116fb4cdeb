//! Acknowledging, extending, giving back, dead letters, seeking.

use super::super::ack_id::AckId;
use super::super::leases::Lease;
use super::super::ordering::Keys;
use super::state::Backlog;
use crate::pubsub::store::ranges::{self, Ranges};
use std::ops::Range;
use std::time::Duration;
use tokio::time::Instant;

/// So many confirmed acknowledgements are remembered, so that a client that asks again gets the same answer.
const CONFIRMED: usize = 20_000;

/// The outcome for one ack id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// The delivery no longer holds the message. Reported with exactly-once delivery only.
    Invalid,
}

impl Backlog {
    /// Acknowledges messages below `head`; one result an id.
    pub fn acknowledge(&mut self, ids: &[Option<AckId>], head: u64, now: Instant) -> Vec<Settled> {
        let mut done = Vec::with_capacity(ids.len());
        let settled = ids
            .iter()
            .map(|id| match id {
                Some(id) if self.may_acknowledge(*id, head, now) => {
                    done.push(id.sequence);
                    self.remember(*id);
                    Settled::Done
                }
                Some(id) if self.confirmed.get(&id.sequence) == Some(&id.generation) => Settled::Done,
                _ => Settled::Invalid,
            })
            .collect();
        done.sort_unstable();
        for range in ranges::group(&done) {
            self.settle(range);
        }
        settled
    }

    fn may_acknowledge(&self, id: AckId, head: u64, now: Instant) -> bool {
        if self.settings.exactly_once {
            return self.leases.generation(id.sequence, now) == Some(id.generation);
        }
        // Any delivery's id will do, even an expired one's: the message was handled.
        id.generation >= self.valid_from && id.sequence < head
    }

    fn remember(&mut self, id: AckId) {
        if !self.settings.exactly_once {
            return;
        }
        self.confirmed.insert(id.sequence, id.generation);
        self.confirmed_order.push_back(id.sequence);
        if self.confirmed_order.len() > CONFIRMED
            && let Some(oldest) = self.confirmed_order.pop_front()
        {
            self.confirmed.remove(&oldest);
        }
    }

    /// Marks messages as acknowledged, wherever they are. Those in memory are skipped when their turn comes.
    pub fn settle(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        if !self.retry.is_empty() {
            self.retry.remove(range.clone());
        }
        let tracked = self.leases.len() > 0 || !self.attempts.is_empty() || self.settings.ordered;
        for sequence in range.clone().take_while(|_| tracked) {
            if let Some(lease) = self.leases.remove(sequence) {
                self.give_room(&lease);
            }
            if !self.attempts.is_empty() {
                self.attempts.remove(&sequence);
            }
            if self.settings.ordered {
                self.keys.done(sequence);
            }
        }
        let before = self.acked.len();
        self.acked.insert(range);
        self.acknowledged += self.acked.len() - before;
        self.settle_floor();
        self.version += 1;
    }

    /// Moves the deadlines of deliveries to `seconds` from now; 0 gives the messages back. One result an id.
    pub fn modify(&mut self, ids: &[Option<AckId>], seconds: u64, now: Instant) -> Vec<Settled> {
        let deadline = now + Duration::from_secs(seconds);
        let mut returned = Vec::new();
        let settled = ids
            .iter()
            .map(|id| {
                let Some(AckId { sequence, generation }) = *id else { return Settled::Invalid };
                let live =
                    !self.settings.exactly_once || self.leases.generation(sequence, now) == Some(generation);
                let held = live
                    && if seconds > 0 {
                        self.leases.extend(sequence, generation, deadline)
                    } else if let Some(lease) = self.leases.remove_if(sequence, generation) {
                        returned.push((sequence, lease));
                        true
                    } else {
                        false
                    };
                if held { Settled::Done } else { Settled::Invalid }
            })
            .collect();
        self.take_back(returned, Some(now));
        settled
    }

    /// Gives back the messages of a broken stream, to be delivered again at once.
    pub fn release_stream(&mut self, stream: u32) {
        self.streams.remove(&stream);
        let released = self.leases.release(stream);
        self.take_back(released, None);
    }

    /// Gives back expired leases, and messages whose backoff is over. True if there is something to read again.
    pub fn tick(&mut self, now: Instant) -> bool {
        let expired = self.leases.expire(now);
        self.take_back(expired, Some(now));
        while let Some((due, sequence)) = self.delayed.first().copied()
            && due <= now
        {
            self.delayed.pop_first();
            if !self.is_acked(sequence) {
                self.retry.insert(sequence..sequence + 1);
            }
        }
        !self.retry.is_empty()
    }

    /// When to call [`Backlog::tick`] next.
    pub fn next_tick(&self) -> Option<Instant> {
        let delayed = self.delayed.first().map(|(due, _)| *due);
        self.leases.next_due().into_iter().chain(delayed).min()
    }

    /// Messages that are out of attempts; nobody holds them until [`Backlog::settle`] or [`Backlog::revive`].
    pub fn take_dead(&mut self) -> Vec<(u64, u32)> {
        let dead = std::mem::take(&mut self.dead);
        dead.into_iter()
            .map(|sequence| (sequence, self.attempts.get(&sequence).copied().unwrap_or(0)))
            .collect()
    }

    /// The dead-letter topic did not take a message: deliver it again, later.
    pub fn revive(&mut self, sequence: u64, at: Instant) {
        if !self.is_acked(sequence) {
            self.delayed.insert((at, sequence));
        }
    }

    /// Starts again at a floor, with these acknowledged above it. Everything under way is forgotten, and earlier ack
    /// ids are void.
    pub fn seek(&mut self, floor: u64, acked: Ranges) {
        self.generation += 1;
        self.valid_from = self.generation + 1;
        self.epoch += 1;
        self.version += 1;
        self.retry = Ranges::default();
        self.delayed.clear();
        self.fresh.clear();
        self.again.clear();
        self.leases.clear();
        self.attempts.clear();
        self.dead.clear();
        self.keys = Keys::default();
        self.confirmed.clear();
        self.confirmed_order.clear();
        for credit in self.streams.values_mut() {
            (credit.messages, credit.bytes) = (0, 0);
            credit.room.notify_one();
        }
        (self.floor, self.acked, self.cursor) = (floor, acked, floor);
        self.settle_floor();
    }

    /// Seeks to a sequence. `kept` says whether acknowledged messages were kept; if not, they stay acknowledged.
    pub fn seek_to(&mut self, sequence: u64, kept: bool) {
        if kept {
            return self.seek(sequence, Ranges::default());
        }
        let mut acked = std::mem::take(&mut self.acked);
        acked.insert(self.floor..sequence.max(self.floor));
        self.seek(self.floor, acked);
    }

    /// Drops messages below a sequence: their retention has ended.
    pub fn drop_below(&mut self, sequence: u64) {
        if sequence <= self.floor {
            return;
        }
        let dropped = self.leases.drop_below(sequence);
        for (_, lease) in dropped {
            self.give_room(&lease);
        }
        self.retry.remove(0..sequence);
        self.attempts.retain(|&counted, _| counted >= sequence);
        self.acked.insert(self.floor..sequence);
        self.settle_floor();
        self.version += 1;
    }

    fn give_room(&mut self, lease: &Lease) {
        if let Some(credit) = self.streams.get_mut(&lease.stream) {
            let had_room = credit.has_room();
            credit.messages = credit.messages.saturating_sub(1);
            credit.bytes = credit.bytes.saturating_sub(u64::from(lease.bytes));
            if !had_room && credit.has_room() {
                credit.room.notify_one();
            }
        }
    }

    /// Takes back failed deliveries. With `delay_from`, the retry policy's backoff counts from there.
    fn take_back(&mut self, returned: Vec<(u64, Lease)>, delay_from: Option<Instant>) {
        for (sequence, lease) in returned {
            self.give_room(&lease);
            let at = self.count_failure(sequence).and_then(|backoff| Some(delay_from? + backoff));
            let mut along = Vec::new();
            if self.settings.ordered {
                along = self.keys.returned(sequence);
            }
            for later in &along {
                if let Some(lease) = self.leases.remove(*later) {
                    self.give_room(&lease);
                }
            }
            if self.dead.last() != Some(&sequence) {
                along.push(sequence);
            }
            for sequence in along {
                match at {
                    Some(at) => drop(self.delayed.insert((at, sequence))),
                    None => self.retry.insert(sequence..sequence + 1),
                }
            }
        }
    }

    /// Counts a failed delivery where that matters; returns the backoff, or puts the message among the dead.
    fn count_failure(&mut self, sequence: u64) -> Option<Duration> {
        if !self.settings.counts_attempts() {
            return None;
        }
        self.version += 1;
        let attempts = self.attempts.entry(sequence).or_insert(0);
        *attempts = attempts.saturating_add(1);
        if self.settings.max_attempts.is_some_and(|max| *attempts >= max) {
            self.dead.push(sequence);
        }
        let (min, max) = self.settings.retry?;
        Some(min.saturating_mul(1u32.checked_shl(*attempts - 1).unwrap_or(u32::MAX)).min(max))
    }
}
