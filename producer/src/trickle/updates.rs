//! The updates that are still to come: a few numbers each, and a bounded number of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The next update of a payment. 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Update {
    /// Event time from which it may be published, UTC microseconds.
    pub due_micros: i64,
    pub index: u64,
    /// How many changes the payment will have had.
    pub changes: u32,
}

/// Updates in the order in which they fall due.
#[derive(Debug)]
pub struct Updates {
    heap: BinaryHeap<Reverse<Update>>,
    most: usize,
}

impl Updates {
    /// At most `most` at once.
    pub fn new(most: usize) -> Self {
        Self { heap: BinaryHeap::new(), most }
    }

    /// Takes an update in; false where there are too many already.
    #[must_use]
    pub fn push(&mut self, update: Update) -> bool {
        let has_room = self.heap.len() < self.most;
        if has_room {
            self.heap.push(Reverse(update));
        }
        has_room
    }

    /// Takes one out that is due.
    pub fn pop_due(&mut self, now_micros: i64) -> Option<Update> {
        let Reverse(first) = self.heap.peek()?;
        if first.due_micros > now_micros {
            return None;
        }
        self.heap.pop().map(|Reverse(update)| update)
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Update> {
        self.heap.iter().map(|Reverse(update)| *update)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(due_micros: i64, index: u64) -> Update {
        Update { due_micros, index, changes: 1 }
    }

    #[test]
    fn updates_come_out_when_due_the_earliest_first() {
        let mut updates = Updates::new(10);
        for (due, index) in [(30, 1), (10, 2), (20, 3)] {
            assert!(updates.push(update(due, index)));
        }
        assert_eq!(updates.pop_due(9), None);
        assert_eq!(updates.pop_due(25), Some(update(10, 2)));
        assert_eq!(updates.pop_due(25), Some(update(20, 3)));
        assert_eq!(updates.pop_due(25), None);
        assert_eq!(updates.len(), 1);
    }

    #[test]
    fn beyond_the_cap_none_is_taken_in() {
        let mut updates = Updates::new(2);
        assert!(updates.push(update(1, 1)) && updates.push(update(2, 2)));
        assert!(!updates.push(update(0, 3)));
        assert_eq!(updates.iter().count(), 2);
        assert_eq!(size_of::<Update>(), 24);
    }
}
