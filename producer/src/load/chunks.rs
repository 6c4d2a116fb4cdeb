//! A range of indices handed out in chunks, and how far it is confirmed without a gap.

use crate::faults::Fault;
use std::collections::BTreeSet;
use std::ops::Range;

/// Payments generated at once: a whole publish request, and short enough to stop quickly.
const CHUNK: u64 = 1_000;

/// Hands out chunks in order and remembers which came back.
#[derive(Debug)]
pub struct Chunks {
    range: Range<u64>,
    next: u64,
    /// Everything below is confirmed.
    floor: u64,
    /// Starts of the confirmed chunks above the floor.
    confirmed: BTreeSet<u64>,
}

impl Chunks {
    /// The range, of which everything below `floor` is confirmed already.
    pub fn new(range: Range<u64>, floor: u64) -> Self {
        Self { next: floor, floor, range, confirmed: BTreeSet::new() }
    }

    /// The next indices to publish; `None` when all are handed out.
    pub fn take(&mut self) -> Option<Range<u64>> {
        let chunk = self.next..self.range.end.min(self.next.saturating_add(CHUNK));
        self.next = chunk.end;
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Notes that every payment of the chunk that starts here is confirmed.
    pub fn confirm(&mut self, start: u64) {
        self.confirmed.insert(start);
        while self.confirmed.remove(&self.floor) {
            self.floor = self.range.end.min(self.floor.saturating_add(CHUNK));
        }
    }

    /// Everything below this index, and inside the range, is confirmed: the place to go on from.
    pub fn floor(&self) -> u64 {
        self.floor
    }
}

/// Which payments of the range a walk over it publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    OnTime,
    Late,
}

impl Pass {
    /// Whether a payment with this fault is sent in the pass.
    pub fn takes(self, fault: Option<Fault>) -> bool {
        (fault == Some(Fault::Late)) == (self == Self::Late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_floor_rises_only_over_what_is_confirmed(
            start in 0..2_000_u64, len in 0..20_000_u64, order in prop::collection::vec(any::<u16>(), 40)
        ) {
            let mut chunks = Chunks::new(0..start + len, start);
            let mut open: Vec<_> = std::iter::from_fn(|| chunks.take()).collect();
            prop_assert_eq!(open.iter().map(|chunk| chunk.end - chunk.start).sum::<u64>(), len);
            for pick in order {
                let lowest = open.iter().map(|chunk| chunk.start).min().unwrap_or(start + len);
                prop_assert_eq!(chunks.floor(), lowest);
                if open.is_empty() {
                    break;
                }
                let chunk = open.swap_remove(usize::from(pick) % open.len());
                chunks.confirm(chunk.start);
            }
        }
    }
}
