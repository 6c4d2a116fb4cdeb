//! Who holds which message until when.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::Duration;
use tokio::time::Instant;

/// Deadlines are kept in steps of this length, so that leases are small and a batch has one expiry entry, however large
/// it is.
const TICK: Duration = Duration::from_millis(100);

/// One delivery that has neither been acknowledged nor given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The delivery's number, which ack ids carry.
    pub generation: u64,
    /// The stream it was given to, 0 for a unary pull.
    pub stream: u32,
    pub bytes: u32,
    /// Ticks since the table was made.
    due: u32,
}

/// All leases of a subscription, with their expiry in batches.
#[derive(Debug)]
pub struct Leases {
    held: HashMap<u64, Lease>,
    due: BTreeMap<u32, Vec<Range<u64>>>,
    origin: Instant,
}

impl Leases {
    pub fn new(now: Instant) -> Self {
        Self { held: HashMap::new(), due: BTreeMap::new(), origin: now }
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// The generation that holds a message now.
    pub fn generation(&self, sequence: u64, now: Instant) -> Option<u64> {
        let lease = self.held.get(&sequence)?;
        (lease.due > self.elapsed(now)).then_some(lease.generation)
    }

    pub fn grant(&mut self, sequence: u64, generation: u64, stream: u32, bytes: u32, deadline: Instant) {
        let due = self.tick(deadline);
        self.held.insert(sequence, Lease { generation, stream, bytes, due });
        self.watch(sequence, due);
    }

    pub fn remove(&mut self, sequence: u64) -> Option<Lease> {
        self.held.remove(&sequence)
    }

    /// Takes the lease out if that delivery still holds it.
    pub fn remove_if(&mut self, sequence: u64, generation: u64) -> Option<Lease> {
        self.held.get(&sequence).filter(|lease| lease.generation == generation)?;
        self.held.remove(&sequence)
    }

    /// Moves a deadline. False if that delivery no longer holds the message.
    pub fn extend(&mut self, sequence: u64, generation: u64, deadline: Instant) -> bool {
        let due = self.tick(deadline);
        let Some(lease) = self.held.get_mut(&sequence).filter(|lease| lease.generation == generation) else {
            return false;
        };
        let sooner = due < lease.due;
        lease.due = due;
        // A later deadline is noticed when the earlier entry comes due.
        if sooner {
            self.watch(sequence, due);
        }
        true
    }

    /// Takes out the leases whose deadline has passed.
    pub fn expire(&mut self, now: Instant) -> Vec<(u64, Lease)> {
        let mut expired = Vec::new();
        let current = self.elapsed(now);
        while let Some(entry) = self.due.first_entry()
            && *entry.key() <= current
        {
            for sequence in entry.remove().into_iter().flatten() {
                let Some(&lease) = self.held.get(&sequence) else { continue };
                if lease.due <= current {
                    self.held.remove(&sequence);
                    expired.push((sequence, lease));
                } else {
                    self.watch(sequence, lease.due);
                }
            }
        }
        expired
    }

    /// When to call [`Leases::expire`] next.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.first_key_value().map(|(&due, _)| self.origin + TICK * due)
    }

    /// Takes out all leases of a stream, in order.
    pub fn release(&mut self, stream: u32) -> Vec<(u64, Lease)> {
        let mut released: Vec<(u64, Lease)> =
            self.held.extract_if(|_, lease| lease.stream == stream).collect();
        released.sort_unstable_by_key(|(sequence, _)| *sequence);
        released
    }

    /// Takes out all leases of messages below a sequence.
    pub fn drop_below(&mut self, sequence: u64) -> Vec<(u64, Lease)> {
        self.held.extract_if(|held, _| *held < sequence).collect()
    }

    pub fn clear(&mut self) {
        self.due.clear();
        self.held.clear();
    }

    fn watch(&mut self, sequence: u64, due: u32) {
        let entry = self.due.entry(due).or_default();
        match entry.last_mut() {
            Some(last) if last.end == sequence => last.end += 1,
            _ => entry.push(sequence..sequence + 1),
        }
    }

    fn elapsed(&self, now: Instant) -> u32 {
        let ticks = now.saturating_duration_since(self.origin).as_millis() / TICK.as_millis();
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// A deadline's tick, rounded up: late rather than early.
    fn tick(&self, deadline: Instant) -> u32 {
        self.elapsed(deadline).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, secs: u64) -> Instant {
        start + Duration::from_secs(secs)
    }

    #[test]
    fn an_extended_lease_does_not_expire_at_its_first_deadline() {
        let start = Instant::now();
        let mut leases = Leases::new(start);
        leases.grant(1, 1, 1, 10, after(start, 10));
        leases.grant(2, 1, 1, 10, after(start, 10));
        assert!(leases.extend(2, 1, after(start, 30)));
        assert!(!leases.extend(1, 9, after(start, 30)), "another delivery's id");
        assert!(leases.expire(after(start, 10)).is_empty(), "late rather than early");
        let expired: Vec<u64> = leases.expire(after(start, 11)).into_iter().map(|(s, _)| s).collect();
        assert_eq!(expired, [1]);
        assert_eq!(leases.expire(after(start, 31)).len(), 1);
        assert_eq!((leases.len(), leases.next_due()), (0, None));
    }

    #[test]
    fn a_shortened_lease_expires_at_the_new_deadline() {
        let start = Instant::now();
        let mut leases = Leases::new(start);
        leases.grant(1, 1, 1, 10, after(start, 600));
        assert!(leases.extend(1, 1, after(start, 10)));
        assert!(leases.next_due().unwrap() < after(start, 11));
        assert_eq!(leases.generation(1, after(start, 9)), Some(1));
        assert_eq!(leases.generation(1, after(start, 11)), None);
        assert_eq!(leases.expire(after(start, 11)).len(), 1);
    }

    #[test]
    fn a_batch_costs_one_entry() {
        let start = Instant::now();
        let mut leases = Leases::new(start);
        for sequence in 0..1000 {
            leases.grant(sequence, 1, 1, 10, after(start, 10));
        }
        assert_eq!(leases.due.values().map(Vec::len).sum::<usize>(), 1);
        assert!(std::mem::size_of::<Lease>() <= 24, "a million leases must stay small");
    }

    #[test]
    fn a_broken_stream_gives_back_its_own_leases_only() {
        let start = Instant::now();
        let mut leases = Leases::new(start);
        for sequence in 0..10 {
            leases.grant(sequence, 1, (sequence % 2) as u32, 10, after(start, 10));
        }
        let released: Vec<u64> = leases.release(1).into_iter().map(|(s, _)| s).collect();
        assert_eq!((released, leases.len()), (vec![1, 3, 5, 7, 9], 5));
    }
}
