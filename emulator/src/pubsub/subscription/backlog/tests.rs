//! The state machine against a model of its topic, with a hand-driven clock.

use super::super::ack_id::AckId;
use super::super::filter::Filter;
use super::{Backlog, Plan, Settings, Settled, Taken};
use crate::proto::pubsub::PubsubMessage;
use crate::pubsub::store::records::Progress;
use bytes::Bytes;
use prost::Message;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(10);

/// A topic in memory and one subscription to it.
struct Harness {
    log: Vec<Bytes>,
    backlog: Backlog,
    now: Instant,
}

impl Harness {
    fn new(settings: Settings) -> Self {
        let now = Instant::now();
        Self { log: Vec::new(), backlog: Backlog::new(Arc::new(settings), Progress::start(1), 1, now), now }
    }

    fn plain() -> Self {
        Self::new(Settings { ack_deadline: LEASE, ..Settings::default() })
    }

    fn publish(&mut self, key: &str) {
        let message =
            PubsubMessage { ordering_key: key.to_owned(), data: b"x".to_vec(), ..Default::default() };
        self.log.push(message.encode_to_vec().into());
    }

    fn head(&self) -> u64 {
        self.log.len() as u64 + 1
    }

    /// Stands in for the reader task, with reads of at most `step` messages.
    fn read(&mut self, step: u64) {
        self.backlog.tick(self.now);
        while let Some(plan) = self.backlog.plan(self.head()) {
            let epoch = self.backlog.epoch();
            let (wanted, end): (Vec<u64>, u64) = match &plan {
                Plan::Fresh(range) => {
                    let end = range.end.min(range.start + step);
                    ((range.start..end).collect(), end)
                }
                Plan::Again(ranges) => (ranges.iter().cloned().flatten().collect(), 0),
            };
            let messages = wanted.into_iter().map(|s| (s, self.log[s as usize - 1].clone())).collect();
            self.backlog.accept(&plan, epoch, messages, end);
        }
    }

    fn take(&mut self, stream: u32) -> Vec<AckId> {
        self.read(100);
        let taken = self.backlog.take_for_stream(stream, self.now + LEASE);
        let Some(Taken { generation, messages }) = taken else { return Vec::new() };
        messages.into_iter().map(|message| AckId { generation, sequence: message.sequence }).collect()
    }

    fn sequences(&mut self, stream: u32) -> Vec<u64> {
        self.take(stream).into_iter().map(|id| id.sequence).collect()
    }

    fn ack(&mut self, id: AckId) -> Settled {
        let head = self.head();
        self.backlog.acknowledge(&[Some(id)], head, self.now)[0]
    }

    fn nack(&mut self, id: AckId) -> Settled {
        self.backlog.modify(&[Some(id)], 0, self.now)[0]
    }
}

/// A small generator, so that a failure repeats exactly.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Several streams take, acknowledge, give back, extend, sit on and lose messages at random. No message may be with two
/// of them within its lease, and in the end all must be acknowledged.
fn chaos(seed: u64, settings: Settings) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut harness = Harness::new(settings);
    let ordered = harness.backlog.settings.ordered;
    let mut streams: Vec<u32> = (0..4).map(|_| harness.backlog.open_stream(50, 0).0).collect();
    let mut held: HashMap<u64, (u32, AckId, Instant)> = HashMap::new();
    let mut acked = HashSet::new();
    for step in 0.. {
        if step < 400 {
            (0..dice.roll(20)).for_each(|_| harness.publish(&format!("k{}", dice.roll(5))));
        } else if acked.len() == harness.log.len() {
            break;
        }
        assert!(step < 5000, "seed {seed}: {} of {} acknowledged", acked.len(), harness.log.len());
        let stream = streams[dice.roll(4) as usize];
        harness.backlog.tick(harness.now);
        if ordered {
            // Later messages of a key come back together with an earlier one, before their lease ends.
            held.retain(|sequence, _| harness.backlog.leases.generation(*sequence, harness.now).is_some());
        }
        for id in harness.take(stream) {
            let before = held.insert(id.sequence, (stream, id, harness.now + LEASE));
            assert!(!acked.contains(&id.sequence), "seed {seed}: {} after its ack", id.sequence);
            if let Some((other, _, deadline)) = before {
                assert!(deadline <= harness.now, "seed {seed}: {} is with {other} and {stream}", id.sequence);
            }
        }
        let mut mine: Vec<AckId> = held.values().filter(|h| h.0 == stream).map(|h| h.1).collect();
        mine.sort_unstable_by_key(|id| id.sequence);
        for id in mine {
            // Towards the end everybody does what they should, so that it does end.
            match dice.roll(if step < 3000 { 10 } else { 5 }) {
                0..=4 => {
                    let live =
                        harness.backlog.leases.generation(id.sequence, harness.now) == Some(id.generation);
                    let settled = harness.ack(id);
                    assert_eq!(settled == Settled::Done, live || !harness.backlog.settings.exactly_once);
                    if settled == Settled::Done {
                        held.remove(&id.sequence);
                        acked.insert(id.sequence);
                    }
                }
                5 if harness.nack(id) == Settled::Done => {
                    held.remove(&id.sequence);
                }
                6 if harness.backlog.modify(&[Some(id)], 30, harness.now)[0] == Settled::Done => {
                    held.insert(id.sequence, (stream, id, harness.now + 30 * SECOND));
                }
                _ => {}
            }
        }
        if dice.roll(20) == 0 {
            harness.backlog.release_stream(stream);
            held.retain(|_, h| h.0 != stream);
            *streams.iter_mut().find(|s| **s == stream).unwrap() = harness.backlog.open_stream(50, 0).0;
        }
        harness.now += SECOND * dice.roll(4) as u32;
    }
    assert_eq!((harness.backlog.unacked(harness.head()), harness.backlog.outstanding()), (0, 0));
    assert_eq!(harness.backlog.floor(), harness.head());
    harness.backlog.tick(harness.now + 100 * SECOND);
    assert_eq!(harness.backlog.tracked(), 0, "nothing is left behind");
}

#[test]
fn no_message_is_lost_or_with_two_streams_at_once() {
    for seed in 1..20 {
        chaos(seed, Settings { ack_deadline: LEASE, ..Settings::default() });
        chaos(seed, Settings { ack_deadline: LEASE, exactly_once: true, ..Settings::default() });
        chaos(seed, Settings { ack_deadline: LEASE, ordered: true, ..Settings::default() });
        let retry = Some((SECOND, 4 * SECOND));
        chaos(seed, Settings { ack_deadline: LEASE, retry, ..Settings::default() });
    }
}

#[test]
fn a_stream_is_given_no_more_than_its_flow_control_allows() {
    let mut harness = Harness::plain();
    (0..100).for_each(|_| harness.publish(""));
    let bytes = harness.log[0].len() as i64;
    let (few, room) = harness.backlog.open_stream(7, 0);
    let (small, _) = harness.backlog.open_stream(0, bytes * 5);
    let first = harness.take(few);
    assert_eq!(first.len(), 7);
    assert!(harness.take(few).is_empty() && !harness.backlog.has_room(few));
    assert_eq!(harness.sequences(small).len(), 5);
    assert!(harness.take(small).is_empty());
    harness.ack(first[0]);
    assert_eq!(harness.take(few).len(), 1);
    assert!(tokio_test_notified(&room), "the stream is told of its room");
}

/// Whether a permit is waiting.
fn tokio_test_notified(notify: &Notify) -> bool {
    use futures_util::FutureExt;
    notify.notified().now_or_never().is_some()
}

#[test]
fn a_short_backlog_is_spread_over_the_streams() {
    let mut harness = Harness::plain();
    let streams: Vec<u32> = (0..4).map(|_| harness.backlog.open_stream(1000, 0).0).collect();
    (0..100).for_each(|_| harness.publish(""));
    for stream in streams {
        let got = harness.take(stream).len();
        assert!((10..=25).contains(&got), "{got}");
    }
}

#[test]
fn an_expired_delivery_may_still_be_acknowledged() {
    let mut harness = Harness::plain();
    let (stream, _) = harness.backlog.open_stream(0, 0);
    harness.publish("");
    let id = harness.take(stream)[0];
    harness.now += 11 * SECOND;
    harness.backlog.tick(harness.now);
    assert_eq!(harness.ack(id), Settled::Done);
    assert!(harness.take(stream).is_empty());
    assert_eq!(harness.backlog.unacked(harness.head()), 0);
}

#[test]
fn exactly_once_refuses_ids_of_deliveries_that_ended() {
    let mut harness =
        Harness::new(Settings { ack_deadline: LEASE, exactly_once: true, ..Settings::default() });
    let (stream, _) = harness.backlog.open_stream(0, 0);
    harness.publish("");
    let first = harness.take(stream)[0];
    harness.now += 11 * SECOND;
    assert_eq!(harness.ack(first), Settled::Invalid);
    assert_eq!(harness.backlog.modify(&[Some(first)], 10, harness.now), [Settled::Invalid]);
    let second = harness.take(stream)[0];
    assert_eq!(second.sequence, first.sequence);
    assert_eq!(harness.ack(first), Settled::Invalid);
    assert_eq!(harness.ack(second), Settled::Done);
    assert_eq!(harness.ack(second), Settled::Done, "asked again");
    assert_eq!(harness.ack(first), Settled::Invalid);
}

#[test]
fn failed_deliveries_count_back_off_and_end_among_the_dead() {
    let settings = Settings {
        ack_deadline: LEASE,
        retry: Some((SECOND, 4 * SECOND)),
        max_attempts: Some(5),
        ..Settings::default()
    };
    let mut harness = Harness::new(settings);
    let (stream, _) = harness.backlog.open_stream(0, 0);
    harness.publish("");
    for (attempt, wait) in [(1, 1), (2, 2), (3, 4), (4, 4), (5, 0)] {
        harness.read(10);
        let taken = harness.backlog.take_for_stream(stream, harness.now + LEASE).unwrap();
        assert_eq!(taken.messages[0].attempt, attempt);
        let id = AckId { generation: taken.generation, sequence: taken.messages[0].sequence };
        harness.nack(id);
        assert!(harness.take(stream).is_empty());
        if wait > 0 {
            let due = harness.now + wait * SECOND;
            harness.now = due - Duration::from_millis(1);
            assert!(harness.take(stream).is_empty(), "attempt {attempt} waits {wait} s");
            harness.now = due;
        }
    }
    assert_eq!(harness.backlog.take_dead(), [(1, 5)]);
    assert!(harness.take(stream).is_empty());
    harness.backlog.settle(1..2);
    assert_eq!(harness.backlog.tracked(), 0);
}

#[test]
fn a_message_that_always_comes_back_does_not_hold_up_new_ones() {
    let mut harness = Harness::plain();
    let (stream, _) = harness.backlog.open_stream(10, 0);
    (0..200).for_each(|_| harness.publish(""));
    for _ in 0..400 {
        for id in harness.take(stream) {
            if id.sequence <= 10 {
                harness.nack(id)
            } else {
                harness.ack(id)
            };
        }
    }
    assert_eq!(harness.backlog.unacked(harness.head()), 10);
}

#[test]
fn order_holds_within_a_key_whatever_comes_back() {
    for seed in 1..40 {
        let mut dice = Dice(seed);
        let mut harness =
            Harness::new(Settings { ack_deadline: LEASE, ordered: true, ..Settings::default() });
        let streams = [harness.backlog.open_stream(8, 0).0, harness.backlog.open_stream(8, 0).0];
        (0..120).for_each(|i| harness.publish(["a", "b", "c", ""][i % 4]));
        let mut done: HashMap<usize, u64> = HashMap::new();
        for _ in 0..4000 {
            let stream = streams[dice.roll(2) as usize];
            let mut failed = HashSet::new();
            for id in harness.take(stream) {
                let key = (id.sequence as usize - 1) % 4;
                // A client works through a key in order and gives up a key's rest after a failure.
                if key == 3 || (dice.roll(4) > 0 && !failed.contains(&key)) {
                    let before = done.insert(key, id.sequence).unwrap_or(0);
                    assert!(key == 3 || before < id.sequence, "seed {seed}: {} after {before}", id.sequence);
                    harness.ack(id);
                } else {
                    failed.insert(key);
                    harness.nack(id);
                }
            }
        }
        assert_eq!(harness.backlog.unacked(harness.head()), 0, "seed {seed}");
    }
}

#[test]
fn a_seek_back_voids_old_ack_ids() {
    let mut harness = Harness::plain();
    let (stream, _) = harness.backlog.open_stream(0, 0);
    (0..10).for_each(|_| harness.publish(""));
    let old = harness.take(stream);
    for id in &old[..5] {
        harness.ack(*id);
    }
    harness.backlog.seek_to(1, true);
    assert_eq!(harness.backlog.unacked(harness.head()), 10);
    harness.ack(old[7]);
    assert_eq!(harness.backlog.unacked(harness.head()), 10, "an id from before the seek");
    assert_eq!(harness.sequences(stream), (1..=10).collect::<Vec<_>>());
}

#[test]
fn a_seek_without_retention_keeps_acknowledged_messages_acknowledged() {
    let mut harness = Harness::plain();
    let (stream, _) = harness.backlog.open_stream(0, 0);
    (0..10).for_each(|_| harness.publish(""));
    let ids = harness.take(stream);
    harness.ack(ids[0]);
    harness.ack(ids[5]);
    harness.backlog.seek_to(1, false);
    assert_eq!(harness.sequences(stream), [2, 3, 4, 5, 7, 8, 9, 10]);
    harness.backlog.seek_to(9, false);
    assert_eq!(harness.sequences(stream), [9, 10]);
}

#[test]
fn what_was_read_before_a_seek_does_not_count() {
    let mut harness = Harness::plain();
    let (stream, _) = harness.backlog.open_stream(0, 0);
    (0..10).for_each(|_| harness.publish(""));
    let (plan, epoch) = (harness.backlog.plan(11).unwrap(), harness.backlog.epoch());
    harness.backlog.seek_to(8, true);
    let all = (1..=10).map(|s| (s, harness.log[s as usize - 1].clone())).collect();
    harness.backlog.accept(&plan, epoch, all, 11);
    assert_eq!(harness.sequences(stream), [8, 9, 10]);
}

#[test]
fn a_filter_settles_what_it_drops() {
    let filter = Some(Filter::parse("attributes:x").unwrap());
    let mut harness = Harness::new(Settings { ack_deadline: LEASE, filter, ..Settings::default() });
    let (stream, _) = harness.backlog.open_stream(0, 0);
    for i in 0..10 {
        let name = if i % 3 == 0 { "x" } else { "y" };
        let attributes = [(name.to_owned(), String::new())].into();
        harness.log.push(PubsubMessage { attributes, ..Default::default() }.encode_to_vec().into());
    }
    let ids = harness.take(stream);
    assert_eq!(ids.iter().map(|id| id.sequence).collect::<Vec<_>>(), [1, 4, 7, 10]);
    assert_eq!(harness.backlog.unacked(harness.head()), 4);
}

#[test]
fn progress_brings_back_what_was_not_acknowledged() {
    let mut harness = Harness::plain();
    let (stream, _) = harness.backlog.open_stream(0, 0);
    (0..10).for_each(|_| harness.publish(""));
    let ids = harness.take(stream);
    for at in [0, 1, 4, 5, 9] {
        harness.ack(ids[at]);
    }
    let (_, progress) = harness.backlog.unsaved().unwrap();
    let settings = harness.backlog.settings.clone();
    harness.backlog = Backlog::new(settings, progress, 2, harness.now);
    let (stream, _) = harness.backlog.open_stream(0, 0);
    assert_eq!(harness.sequences(stream), [3, 4, 7, 8, 9]);
    assert_eq!(harness.ack(ids[2]), Settled::Done, "an id from before the restart");
    assert_eq!(harness.backlog.unacked(harness.head()), 4);
}

#[test]
fn messages_past_their_retention_are_gone_wherever_they_are() {
    let mut harness = Harness::plain();
    let (stream, _) = harness.backlog.open_stream(4, 0);
    (0..20).for_each(|_| harness.publish(""));
    let held = harness.take(stream);
    harness.nack(held[1]);
    harness.backlog.drop_below(11);
    assert_eq!((harness.backlog.floor(), harness.backlog.outstanding()), (11, 0));
    assert_eq!(harness.sequences(stream), [11, 12, 13, 14]);
    assert_eq!(harness.backlog.unacked(harness.head()), 10);
}

#[test]
fn nothing_is_read_ahead_for_nobody() {
    let mut harness = Harness::plain();
    (0..10).for_each(|_| harness.publish(""));
    assert_eq!(harness.backlog.plan(11), None);
    let (stream, _) = harness.backlog.open_stream(0, 0);
    harness.read(100);
    assert!(harness.backlog.has_ready());
    harness.backlog.close_stream(stream);
    harness.backlog.park();
    assert!(!harness.backlog.has_ready());
    let (stream, _) = harness.backlog.open_stream(0, 0);
    assert_eq!(harness.sequences(stream).len(), 10);
}
