//! Ack ids of messages that nobody has settled, and when to extend their leases. Pure: time comes in as an argument.
//!
//! Ids outlive connections: the service takes them on any.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// The open leases of a lane, numbered as they arrived.
#[derive(Debug)]
pub struct Leases {
    lease: Duration,
    max_lease: Duration,
    /// The number of the first slot.
    first: u64,
    slots: VecDeque<Option<Lease>>,
    open: usize,
    next_due: Option<Instant>,
    expired: u64,
}

#[derive(Debug)]
struct Lease {
    ack_id: String,
    received: Instant,
    /// Never, once it has been extended for long enough, or the service no longer knows the id.
    extend_at: Option<Instant>,
}

impl Leases {
    pub fn new(lease: Duration, max_lease: Duration) -> Self {
        Self { lease, max_lease, first: 0, slots: VecDeque::new(), open: 0, next_due: None, expired: 0 }
    }

    /// How many messages are not settled.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Adds a message that has just arrived; returns its number.
    pub fn add(&mut self, ack_id: String, now: Instant) -> u64 {
        let due = now + self.patience();
        let number = self.first + self.slots.len() as u64;
        self.slots.push_back(Some(Lease { ack_id, received: now, extend_at: Some(due) }));
        self.open += 1;
        self.next_due = Some(self.next_due.map_or(due, |next| next.min(due)));
        number
    }

    /// Ends a lease, because the message is settled.
    pub fn take(&mut self, number: u64) -> Option<String> {
        let lease = self.slot(number)?.take()?;
        self.open -= 1;
        while matches!(self.slots.front(), Some(None)) {
            self.slots.pop_front();
            self.first += 1;
        }
        Some(lease.ack_id)
    }

    /// When [`Leases::due`] is to be called.
    pub fn next_due(&self) -> Option<Instant> {
        self.next_due
    }

    /// The messages to extend now, by number and id, those of the next moments among them, so that calls are few.
    pub fn due(&mut self, now: Instant) -> Vec<(u64, String)> {
        let (horizon, next) = (now + self.lease / 12, now + self.patience());
        let (mut due, mut next_due) = (Vec::new(), None::<Instant>);
        for (number, slot) in (self.first..).zip(&mut self.slots) {
            let Some(lease) = slot else { continue };
            if lease.extend_at.is_some_and(|at| at <= horizon) {
                if now.saturating_duration_since(lease.received) + self.lease > self.max_lease {
                    lease.extend_at = None;
                    self.expired += 1;
                } else {
                    lease.extend_at = Some(next);
                    due.push((number, lease.ack_id.clone()));
                }
            }
            next_due = [next_due, lease.extend_at].into_iter().flatten().min();
        }
        self.next_due = next_due;
        due
    }

    /// An extension failed and is to be tried again then.
    pub fn again_at(&mut self, number: u64, at: Instant) {
        if let Some(Some(lease)) = self.slot(number)
            && lease.extend_at.is_some()
        {
            lease.extend_at = Some(at);
            self.next_due = Some(self.next_due.map_or(at, |next| next.min(at)));
        }
    }

    /// The service no longer knows the id: extending it is over.
    pub fn lost(&mut self, number: u64) {
        if let Some(Some(lease)) = self.slot(number)
            && lease.extend_at.take().is_some()
        {
            self.expired += 1;
        }
    }

    /// Messages so far whose lease is not extended any more although nobody has settled them.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    fn slot(&mut self, number: u64) -> Option<&mut Option<Lease>> {
        self.slots.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// After two thirds of a lease there is time left for a slow answer, and for a second attempt.
    fn patience(&self) -> Duration {
        self.lease * 2 / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_mins(1);

    fn leases() -> Leases {
        Leases::new(LEASE, Duration::from_mins(10))
    }

    fn numbers(due: Vec<(u64, String)>) -> Vec<u64> {
        due.into_iter().map(|(number, _)| number).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn only_messages_that_are_still_held_are_extended_and_only_when_due() {
        let (mut leases, start) = (leases(), Instant::now());
        for id in 0..4 {
            assert_eq!(leases.add(format!("id-{id}"), start + Duration::from_secs(10) * id), u64::from(id));
        }
        assert_eq!(leases.take(1).unwrap(), "id-1");
        assert!(leases.take(1).is_none(), "a message is settled once");
        assert_eq!(leases.next_due(), Some(start + Duration::from_secs(40)));
        assert!(leases.due(start + Duration::from_secs(30)).is_empty());
        assert_eq!(numbers(leases.due(start + Duration::from_secs(40))), [0]);
        assert_eq!(leases.next_due(), Some(start + Duration::from_mins(1)));
        assert_eq!(numbers(leases.due(start + Duration::from_secs(65))), [2, 3], "3 is due at 70 s");
        assert_eq!(leases.open(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_not_extended_beyond_its_greatest_length() {
        let (mut leases, start) = (leases(), Instant::now());
        leases.add("id".into(), start);
        let mut extensions = 0;
        while let Some(due) = leases.next_due() {
            extensions += leases.due(due).len();
            assert!(due < start + Duration::from_mins(10));
        }
        // Every 40 s, the last so that its minute ends within ten.
        assert_eq!(extensions, 13);
        assert_eq!(leases.take(0).unwrap(), "id", "it can still be acked");
    }

    #[tokio::test(start_paused = true)]
    async fn an_id_that_the_service_does_not_know_is_left_alone_and_a_failed_extension_is_not() {
        let (mut leases, start) = (leases(), Instant::now());
        leases.add("gone".into(), start);
        leases.add("held".into(), start);
        let due = start + Duration::from_secs(40);
        assert_eq!(numbers(leases.due(due)), [0, 1]);
        leases.lost(0);
        leases.again_at(0, due + Duration::from_secs(1));
        leases.again_at(1, due + Duration::from_secs(1));
        assert_eq!(numbers(leases.due(due + Duration::from_secs(1))), [1]);
    }
}
