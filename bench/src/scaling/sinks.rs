//! Sinks, and the subscription that they share.

use super::random::Random;
use sink::load::{Estimator, Load, Observation};
use std::collections::VecDeque;

/// Busy workers of a sink at its limit, and of one that does nothing.
const FULL: f64 = 0.9;
const RESTING: f64 = 0.02;
/// What a sink holds at most, in seconds of an average sink's work: 63,000 were seen within 512 MiB.
const HOLD_SECONDS: f64 = 1.0;
/// Requests that wait for room at a sink's limit, whoever sets it: 200 to 500 were seen.
const WAITING: f64 = 200.0;
/// A sink that is to go has this long to write what it holds.
const DRAIN: u32 = 10;
/// Of what is delivered, one of so many is not the oldest, but published up to so many seconds later.
const DISORDER: u64 = 10;
const DISORDER_SECONDS: f64 = 20.0;

/// Messages that nobody has pulled, by the second of their publish time.
#[derive(Debug, Default)]
pub struct Subscription {
    /// From [`BEFORE`] before the start on.
    waiting: Vec<u64>,
    first: usize,
    total: u64,
}

/// What waits at the start was published within this time before it.
pub const BEFORE: usize = 15;

impl Subscription {
    pub fn publish(&mut self, slot: usize, messages: u64) {
        if self.waiting.len() <= slot {
            self.waiting.resize(slot + 1, 0);
        }
        self.waiting[slot] += messages;
        self.total += messages;
        if messages > 0 {
            self.first = self.first.min(slot);
        }
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// The slot of the oldest, if any.
    pub fn oldest(&mut self) -> Option<usize> {
        while self.first < self.waiting.len() && self.waiting[self.first] == 0 {
            self.first += 1;
        }
        (self.first < self.waiting.len()).then_some(self.first)
    }

    fn pull(&mut self, messages: u64, random: &mut Random, into: &mut VecDeque<(usize, u64)>) -> u64 {
        let mut left = messages.min(self.total);
        let pulled = left;
        if let Some(oldest) = self.oldest() {
            let slot = oldest + random.between(0.0, DISORDER_SECONDS) as usize;
            if let Some(waiting) = self.waiting.get_mut(slot) {
                let taken = (left / DISORDER).min(*waiting);
                *waiting -= taken;
                left -= taken;
                into.extend((taken > 0).then_some((slot, taken)));
            }
        }
        while left > 0
            && let Some(slot) = self.oldest()
        {
            let taken = left.min(self.waiting[slot]);
            self.waiting[slot] -= taken;
            left -= taken;
            into.push_back((slot, taken));
        }
        self.total -= pulled;
        pulled
    }
}

/// One sink, wanted or working.
#[derive(Debug)]
pub struct Sink {
    pub id: u32,
    /// From then on it works.
    pub works_at: f64,
    /// What it can write in a second.
    rate: f64,
    held: VecDeque<(usize, u64)>,
    holding: u64,
    /// Pulls no more, and is gone by then.
    leaves_at: Option<u32>,
    estimator: Estimator,
    pub busy: f64,
    pub load: Load,
}

impl Sink {
    pub fn new(id: u32, works_at: f64, rate: f64) -> Self {
        let mut estimator = Estimator::default();
        Self {
            id,
            works_at,
            rate,
            held: VecDeque::new(),
            holding: 0,
            leaves_at: None,
            load: estimator.observe(Observation::default()),
            estimator,
            busy: 0.0,
        }
    }

    pub fn works(&self, now: u32) -> bool {
        self.works_at <= f64::from(now)
    }

    pub fn is_leaving(&self) -> bool {
        self.leaves_at.is_some()
    }

    pub fn leave(&mut self, now: u32) {
        self.leaves_at = Some(now + DRAIN);
    }

    pub fn holding(&self) -> u64 {
        self.holding
    }

    pub fn oldest(&self) -> Option<usize> {
        self.held.iter().map(|(slot, _)| *slot).min()
    }

    /// Whether it is gone; what it still held goes back.
    pub fn is_gone(&mut self, now: u32, subscription: &mut Subscription) -> bool {
        let Some(leaves_at) = self.leaves_at else { return false };
        let is_gone = self.holding == 0 || now >= leaves_at || !self.works(now);
        if is_gone {
            for (slot, messages) in self.held.drain(..) {
                subscription.publish(slot, messages);
            }
            self.holding = 0;
        }
        is_gone
    }
}

/// A second of all sinks: pull, write, look at oneself. Returns what was written.
pub fn work(
    now: u32,
    sinks: &mut [Sink],
    subscription: &mut Subscription,
    (tables, average): (u64, u64),
    jitter: f64,
    random: &mut Random,
) -> u64 {
    let slot = now as usize + BEFORE;
    let hold = (average as f64 * HOLD_SECONDS) as u64;
    let mut seconds: Vec<Observation> =
        vec![Observation { seconds: 1.0, ..Observation::default() }; sinks.len()];
    let mut speed = |sink: &Sink| (sink.rate * random.between(1.0 - jitter, 1.0 + jitter)) as u64;
    let speeds: Vec<u64> = sinks.iter().map(&mut speed).collect();
    let is_pulling = |sink: &Sink| sink.works(now) && sink.leaves_at.is_none();
    // The service spreads evenly what there is among those that have room.
    let rooms: Vec<u64> = (sinks.iter().zip(&speeds))
        .map(|(sink, speed)| if is_pulling(sink) { (hold + speed).saturating_sub(sink.holding) } else { 0 })
        .collect();
    let shares = even_shares(&rooms, subscription.total());
    for ((sink, second), share) in sinks.iter_mut().zip(&mut seconds).zip(shares) {
        let mut taken = VecDeque::new();
        second.pulled = subscription.pull(share, random, &mut taken);
        second.age_seconds =
            taken.iter().map(|(at, count)| (slot - at.min(&slot)) as f64 * *count as f64).sum();
        sink.holding += second.pulled;
        sink.held.append(&mut taken);
    }
    let wanted: Vec<u64> = (sinks.iter().zip(&speeds))
        .map(|(sink, speed)| if sink.works(now) { sink.holding.min(*speed) } else { 0 })
        .collect();
    let written = even_shares(&wanted, tables);
    for (at, (sink, second)) in sinks.iter_mut().zip(&mut seconds).enumerate() {
        let (speed, written) = (speeds[at], written[at]);
        sink.settle(written);
        second.settled = written;
        second.in_flight = sink.holding;
        second.busy = RESTING + (FULL - RESTING) * (written as f64 / speed.max(1) as f64).min(1.0);
        let is_limited = written < wanted[at] || written == speed;
        second.waited_seconds = if is_limited { WAITING } else { 0.0 };
        if sink.works(now) {
            sink.busy = second.busy;
            sink.load = sink.estimator.observe(*second);
        }
    }
    written.iter().sum()
}

impl Sink {
    fn settle(&mut self, mut messages: u64) {
        self.holding -= messages;
        while messages > 0
            && let Some((_, count)) = self.held.front_mut()
        {
            let done = messages.min(*count);
            *count -= done;
            messages -= done;
            if *count == 0 {
                self.held.pop_front();
            }
        }
    }
}

/// As much as there is, nobody more than they take, and otherwise the same for all.
fn even_shares(takes: &[u64], mut there_is: u64) -> Vec<u64> {
    let mut shares = vec![0; takes.len()];
    let mut order: Vec<usize> = (0..takes.len()).collect();
    order.sort_unstable_by_key(|at| takes[*at]);
    for (done, at) in order.into_iter().enumerate() {
        let share = takes[at].min(there_is / (takes.len() - done) as u64);
        shares[at] = share;
        there_is -= share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_is_spread_evenly_and_wholly() {
        assert_eq!(even_shares(&[10, 0, 100, 100], 60), [10, 0, 25, 25]);
        assert_eq!(even_shares(&[3, 5], 100), [3, 5]);
        assert_eq!(even_shares(&[9, 9, 9], 10).iter().sum::<u64>(), 10);
        assert!(even_shares(&[], 10).is_empty());
    }

    #[test]
    fn the_oldest_come_first_but_for_some() {
        let (mut subscription, mut pulled) = (Subscription::default(), VecDeque::new());
        (0..100).for_each(|slot| subscription.publish(slot, 1_000));
        assert_eq!(subscription.pull(10_000, &mut Random::new(1), &mut pulled), 10_000);
        assert_eq!(pulled.iter().map(|(_, count)| count).sum::<u64>(), 10_000);
        assert_eq!(subscription.total(), 90_000);
        assert!(pulled.iter().all(|(slot, _)| *slot < 30), "{pulled:?}");
        assert!(subscription.oldest().is_some_and(|slot| (8..=10).contains(&slot)));
    }
}
