//! Deliveries, and which of them are outstanding. Pure: no time, no I/O.

use super::delivery::{Ring, sequence_of};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// The most messages in one response; Pub/Sub sends some tens to hundreds when there is a backlog.
const RESPONSE_MESSAGES: u64 = 100;

/// Deliveries so far, over all streams.
#[derive(Debug)]
pub struct Outbox {
    pub ring: Arc<Ring>,
    next: u64,
    end: u64,
    streams: Vec<Stream>,
    /// Deliveries neither acked nor nacked, each with its stream.
    outstanding: HashMap<u64, usize>,
}

/// A stream's outstanding messages, and its client's limits on them.
#[derive(Debug)]
struct Stream {
    max_messages: u64,
    max_bytes: u64,
    messages: u64,
    bytes: u64,
}

impl Stream {
    /// A message larger than the limit of bytes goes out alone rather than never.
    fn has_room(&self, bytes: u64) -> bool {
        self.messages < self.max_messages
            && (self.messages == 0 || self.bytes.saturating_add(bytes) <= self.max_bytes)
    }
}

impl Outbox {
    /// Will deliver `deliveries` messages, each once.
    pub fn new(ring: Ring, deliveries: u64) -> Self {
        let end = if ring.is_empty() { 0 } else { deliveries };
        Self { ring: Arc::new(ring), next: 0, end, streams: Vec::new(), outstanding: HashMap::new() }
    }

    /// A new stream's number. Its limits are those of a streaming pull's first request: 0 or less is none.
    pub fn open(&mut self, max_messages: i64, max_bytes: i64) -> usize {
        let limit = |limit: i64| if limit > 0 { limit as u64 } else { u64::MAX };
        let (max_messages, max_bytes) = (limit(max_messages), limit(max_bytes));
        self.streams.push(Stream { max_messages, max_bytes, messages: 0, bytes: 0 });
        self.streams.len() - 1
    }

    /// The next deliveries of a stream; empty when it has no room or nothing is left.
    pub fn take(&mut self, stream: usize) -> Range<u64> {
        let start = self.next;
        let state = &mut self.streams[stream];
        while self.next < self.end.min(start + RESPONSE_MESSAGES) {
            let bytes = self.ring.body(self.next).len() as u64;
            if !state.has_room(bytes) {
                break;
            }
            state.messages += 1;
            state.bytes += bytes;
            self.outstanding.insert(self.next, stream);
            self.next += 1;
        }
        start..self.next
    }

    /// Settles the deliveries of these ids; returns how many were outstanding.
    pub fn settle(&mut self, ack_ids: &[String]) -> u64 {
        let mut settled = 0;
        for sequence in ack_ids.iter().filter_map(|id| sequence_of(id)) {
            if let Some(stream) = self.outstanding.remove(&sequence) {
                self.streams[stream].messages -= 1;
                self.streams[stream].bytes -= self.ring.body(sequence).len() as u64;
                settled += 1;
            }
        }
        settled
    }

    pub fn delivered(&self) -> u64 {
        self.next
    }

    pub fn outstanding(&self) -> u64 {
        self.outstanding.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::pubsub::PubsubMessage;

    /// Each message has ten bytes.
    fn outbox(deliveries: u64) -> Outbox {
        let message = PubsubMessage { data: vec![0; 8], ..Default::default() };
        Outbox::new(Ring::new(vec![message]), deliveries)
    }

    fn ids(sequences: Range<u64>) -> Vec<String> {
        sequences.map(|sequence| format!("{sequence:020}")).collect()
    }

    #[test]
    fn a_stream_gets_no_more_than_its_client_lets_out() {
        let mut outbox = outbox(1_000);
        let (by_count, by_bytes) = (outbox.open(7, 0), outbox.open(0, 59));
        assert_eq!(outbox.take(by_count), 0..7);
        assert_eq!(outbox.take(by_bytes), 7..12);
        assert!(outbox.take(by_count).is_empty() && outbox.take(by_bytes).is_empty());
        assert_eq!(outbox.settle(&ids(3..8)), 5);
        assert_eq!(outbox.take(by_count), 12..16);
        assert_eq!(outbox.take(by_bytes), 16..17);
        assert_eq!(outbox.outstanding(), 12);
    }

    #[test]
    fn every_message_is_delivered_once_and_settled_once() {
        let mut outbox = outbox(250);
        let stream = outbox.open(0, 0);
        assert_eq!(
            [outbox.take(stream), outbox.take(stream), outbox.take(stream)],
            [0..100, 100..200, 200..250]
        );
        assert!(outbox.take(stream).is_empty());
        assert_eq!(outbox.settle(&ids(0..250)), 250);
        assert_eq!(outbox.settle(&ids(0..300)), 0);
        assert_eq!((outbox.delivered(), outbox.outstanding()), (250, 0));
    }

    #[test]
    fn a_message_larger_than_the_limit_goes_out_alone() {
        let mut outbox = outbox(10);
        let stream = outbox.open(0, 5);
        assert_eq!(outbox.take(stream), 0..1);
        assert!(outbox.take(stream).is_empty());
    }
}
