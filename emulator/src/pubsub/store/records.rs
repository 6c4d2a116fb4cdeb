//! The records of topics, subscriptions, snapshots and schemas, as protobuf messages of our own.

use super::ranges::Ranges;
use crate::proto::pubsub;
use std::collections::HashMap;

/// A topic. Its number names its log, never changes and is never used again, unlike its name.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TopicRecord {
    #[prost(uint64, tag = "1")]
    pub number: u64,
    #[prost(message, required, tag = "2")]
    pub topic: pubsub::Topic,
    /// Deleted, but a subscription still reads its log.
    #[prost(bool, tag = "3")]
    pub deleted: bool,
}

/// A subscription and the number of its topic.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SubscriptionRecord {
    #[prost(uint64, tag = "1")]
    pub number: u64,
    #[prost(uint64, tag = "2")]
    pub topic_number: u64,
    #[prost(message, required, tag = "3")]
    pub subscription: pubsub::Subscription,
}

/// A snapshot: its subscription's acknowledgements when it was taken.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SnapshotRecord {
    #[prost(uint64, tag = "1")]
    pub topic_number: u64,
    #[prost(message, required, tag = "2")]
    pub snapshot: pubsub::Snapshot,
    #[prost(message, required, tag = "3")]
    pub progress: Progress,
}

/// A schema's revisions, oldest first.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SchemaRecord {
    #[prost(message, repeated, tag = "1")]
    pub revisions: Vec<pubsub::Schema>,
}

/// The part of a subscription's state that outlives a restart.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Progress {
    /// Everything below is acknowledged.
    #[prost(uint64, tag = "1")]
    pub floor: u64,
    /// The ranges acknowledged above it: distance from the last end, length, distance, length, ...
    #[prost(uint64, repeated, tag = "2")]
    acked: Vec<u64>,
    /// Ack ids of older deliveries are void: a seek came between.
    #[prost(uint64, tag = "3")]
    pub valid_from: u64,
    /// Failed deliveries by sequence, where the subscription counts them.
    #[prost(map = "uint64, uint32", tag = "4")]
    pub attempts: HashMap<u64, u32>,
}

impl Progress {
    /// Nothing acknowledged from `floor` on.
    pub fn start(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    pub fn new(floor: u64, acked: &Ranges, valid_from: u64, attempts: &HashMap<u64, u32>) -> Self {
        let mut last = floor;
        let mut deltas = Vec::with_capacity(acked.count() * 2);
        for range in acked.iter() {
            deltas.extend([range.start - last, range.end - range.start]);
            last = range.end;
        }
        Self { floor, acked: deltas, valid_from, attempts: attempts.clone() }
    }

    pub fn acked(&self) -> Ranges {
        let mut ranges = Ranges::default();
        let mut at = self.floor;
        for delta in self.acked.chunks_exact(2) {
            let start = at.saturating_add(delta[0]);
            at = start.saturating_add(delta[1]);
            ranges.insert(start..at);
        }
        ranges
    }
}

/// Numbers that must not be given out twice.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Counters {
    /// Of topics and subscriptions.
    #[prost(uint64, tag = "1")]
    pub last_number: u64,
    /// How often the store was opened; the upper part of every delivery's generation.
    #[prost(uint64, tag = "2")]
    pub opened: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    #[test]
    fn progress_survives_the_round_trip() {
        let mut acked = Ranges::default();
        acked.insert(12..15);
        acked.insert(100..1_000_000);
        let progress = Progress::new(10, &acked, 7, &HashMap::from([(11, 3)]));
        let read = Progress::decode(progress.encode_to_vec().as_slice()).unwrap();
        assert_eq!((read.floor, read.acked(), read.valid_from), (10, acked, 7));
        assert_eq!(read.attempts[&11], 3);
        assert!(progress.encoded_len() < 32, "ranges, not messages");
    }
}
