//! Order within an ordering key: who may be given which message of a key now.

use bytes::Bytes;
use std::collections::{BTreeSet, HashMap};

/// One key's messages that have been delivered and are not acknowledged.
#[derive(Debug, Default)]
struct Key {
    /// The stream that holds the outstanding messages; only it may be given the next ones.
    owner: u32,
    outstanding: BTreeSet<u64>,
    /// Came back, and must go out again before any later ones.
    waiting: BTreeSet<u64>,
}

/// The keys of a subscription with message ordering.
#[derive(Debug, Default)]
pub struct Keys {
    keys: HashMap<Bytes, Key>,
    by_sequence: HashMap<u64, Bytes>,
}

impl Keys {
    /// Whether a stream may be given this message now. Messages without a key are free.
    pub fn allows(&self, key: &[u8], sequence: u64, stream: u32) -> bool {
        let Some(state) = self.keys.get(key) else { return true };
        let in_turn = state.waiting.first().is_none_or(|&first| first == sequence);
        in_turn && (state.outstanding.is_empty() || state.owner == stream)
    }

    /// A message was given to a stream.
    pub fn delivered(&mut self, key: &Bytes, sequence: u64, stream: u32) {
        if key.is_empty() {
            return;
        }
        let state = self.keys.entry(key.clone()).or_default();
        state.owner = stream;
        state.waiting.remove(&sequence);
        state.outstanding.insert(sequence);
        self.by_sequence.insert(sequence, key.clone());
    }

    /// A message was acknowledged.
    pub fn done(&mut self, sequence: u64) {
        let Some(key) = self.by_sequence.remove(&sequence) else { return };
        if let Some(state) = self.keys.get_mut(&key) {
            state.outstanding.remove(&sequence);
            state.waiting.remove(&sequence);
            if state.outstanding.is_empty() && state.waiting.is_empty() {
                self.keys.remove(&key);
            }
        }
    }

    /// A message came back. Returns the key's later outstanding messages, which must come back with it.
    pub fn returned(&mut self, sequence: u64) -> Vec<u64> {
        let Some(key) = self.by_sequence.get(&sequence) else { return Vec::new() };
        let Some(state) = self.keys.get_mut(key) else { return Vec::new() };
        state.outstanding.remove(&sequence);
        state.waiting.insert(sequence);
        let later: Vec<u64> = state.outstanding.split_off(&sequence).into_iter().collect();
        state.waiting.extend(&later);
        later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_with_its_stream_until_nothing_is_outstanding() {
        let (mut keys, key) = (Keys::default(), Bytes::from("k"));
        keys.delivered(&key, 1, 7);
        assert!(keys.allows(&key, 2, 7));
        assert!(!keys.allows(&key, 2, 8));
        assert!(keys.allows(b"other", 2, 8));
        keys.done(1);
        assert!(keys.allows(&key, 2, 8));
        assert!(keys.keys.is_empty() && keys.by_sequence.is_empty());
    }

    #[test]
    fn a_message_that_came_back_goes_first_and_brings_the_later_ones() {
        let (mut keys, key) = (Keys::default(), Bytes::from("k"));
        for sequence in 1..=3 {
            keys.delivered(&key, sequence, 7);
        }
        assert_eq!(keys.returned(2), [3]);
        assert!(!keys.allows(&key, 3, 7) && !keys.allows(&key, 4, 7));
        assert!(keys.allows(&key, 2, 7) && !keys.allows(&key, 2, 8), "1 is still with stream 7");
        keys.done(1);
        assert!(keys.allows(&key, 2, 8));
        keys.delivered(&key, 2, 8);
        assert!(keys.allows(&key, 3, 8) && !keys.allows(&key, 4, 8));
    }
}
