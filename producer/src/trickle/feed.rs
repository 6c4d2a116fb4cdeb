//! The content of the next slot: an update that is due, or a new payment.

use super::clock::EventClock;
use super::updates::{Update, Updates};
use crate::encode::trace_of;
use generator::{Buffer, Live};
use prost::Message as _;

/// Of so many slots in a row one is for a new payment, however many updates wait. A payment has three updates at most:
/// in the long run they need three slots of four.
const UPDATES_IN_A_ROW: u32 = 7;

/// One message.
#[derive(Debug)]
pub struct Item {
    pub index: u64,
    /// How many changes the payment has had; 0 for its first message.
    pub changes: u32,
    /// When it changes next, event time in UTC microseconds.
    pub next_micros: Option<i64>,
    pub payload: Vec<u8>,
    /// Its trace, if one is wanted.
    pub trace: Option<String>,
}

/// Makes messages, and keeps the updates still to come.
#[derive(Debug)]
pub struct Feed {
    live: Live,
    clock: EventClock,
    updates: Updates,
    buffer: Buffer,
    updates_in_a_row: u32,
}

impl Feed {
    pub fn new(live: Live, clock: EventClock, updates: Updates) -> Self {
        Self { live, clock, updates, buffer: Buffer::default(), updates_in_a_row: 0 }
    }

    /// The message for a slot at an event time in UTC microseconds, with its trace if that is wanted.
    pub fn next(&mut self, micros: i64, is_traced: bool) -> Item {
        let now = self.clock.present(micros);
        let may_update = self.updates_in_a_row < UPDATES_IN_A_ROW;
        let update = if may_update { self.updates.pop_due(now) } else { None };
        let (index, changes) = match update {
            Some(update) => (update.index, update.changes),
            None => (self.clock.take(micros) as u64, 0),
        };
        self.updates_in_a_row = if update.is_some() { self.updates_in_a_row + 1 } else { 0 };
        let (payment, next_micros) = self.live.fill(index, changes, &mut self.buffer);
        let trace = if is_traced { trace_of(payment) } else { None };
        Item { index, changes, next_micros, payload: payment.encode_to_vec(), trace }
    }

    /// Keeps an update for later; false where too many wait already.
    #[must_use]
    pub fn keep(&mut self, update: Update) -> bool {
        self.updates.push(update)
    }

    /// How busy a time is against the mean.
    pub fn intensity(&mut self, micros: i64) -> f64 {
        self.live.intensity(micros)
    }

    pub fn run_id(&self) -> &str {
        self.live.run_id()
    }

    /// The last event time used.
    pub fn last_micros(&self) -> i64 {
        self.clock.last()
    }

    /// The event time, which does not go back.
    pub fn present(&self, micros: i64) -> i64 {
        self.clock.present(micros)
    }

    pub fn pending(&self) -> impl Iterator<Item = Update> {
        self.updates.iter()
    }

    pub fn pending_count(&self) -> usize {
        self.updates.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shard;
    use generator::{Config, Curve, LiveConfig};
    use std::collections::HashSet;
    use std::time::Duration;

    const START: i64 = 1_780_000_000_000_000;

    fn feed(shard: &str, update_share: f64, last: i64, most: usize) -> Feed {
        let (base, update_within) = (Config::default(), Duration::from_mins(10));
        let config = LiveConfig { base, curve: Curve::Flat, update_share, update_within };
        let shard: Shard = shard.parse().unwrap();
        Feed::new(Live::new(config).unwrap(), EventClock::new(shard, last), Updates::new(most))
    }

    #[test]
    fn two_shards_and_a_restart_repeat_neither_id_nor_row_key() {
        use schemas::layout::{KeySuffix, PerTable, row_key};
        let mut keys = PerTable::<HashSet<Vec<u8>>>::default();
        let mut ids = HashSet::new();
        let mut last = [0, 0];
        for restart in 0..2 {
            for (number, shard) in ["0/2", "1/2"].into_iter().enumerate() {
                let mut feed = feed(shard, 0.0, last[number], 0);
                // The second time the clock stands where it stood the first time.
                for step in 0..2_000 {
                    let item = feed.next(START + step / 7, false);
                    let payment = schemas::Payment::decode(item.payload.as_slice()).unwrap();
                    assert!(ids.insert(payment.payment_header.as_ref().unwrap().payment_id.clone()));
                    for (table, keys) in &mut keys {
                        assert!(keys.insert(row_key(&payment, table, KeySuffix::None)), "{restart} {shard}");
                    }
                }
                last[number] = feed.last_micros();
            }
        }
        assert_eq!(ids.len(), 8_000);
    }

    #[test]
    fn due_updates_go_first_but_new_payments_do_not_starve() {
        let mut feed = feed("0/1", 1.0, 0, 1_000);
        let item = feed.next(START, false);
        let due_micros = item.next_micros.unwrap();
        let update = Update { due_micros, index: item.index, changes: 1 };
        (0..100).for_each(|_| assert!(feed.keep(update)));
        assert_eq!(feed.next(due_micros - 1, false).changes, 0, "not due yet");
        let changes: Vec<_> = (0..16).map(|step| feed.next(due_micros + step, false).changes).collect();
        assert_eq!(changes, [1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]);
    }
}
