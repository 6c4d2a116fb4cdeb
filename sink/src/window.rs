//! Fixed windows by publish time, and the panes that they fire. Pure: time comes in as an argument.
//!
//! A window groups; a pane is what is written at once. A window's pane fires when it has enough rows or bytes, when its
//! oldest element has waited long enough, when all windows together hold too much, or on request, for a drain. Panes
//! never mix windows.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// An element as its window sees it.
pub trait Element {
    /// Publish time, UTC microseconds.
    fn publish_micros(&self) -> i64;
    /// Size of the message, in bytes.
    fn bytes(&self) -> usize;
    /// Memory that it takes until its message is settled, in bytes.
    fn memory(&self) -> u64;
}

/// When panes fire.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub window: Duration,
    pub pane_rows: usize,
    pub pane_bytes: usize,
    pub pane_age: Duration,
    /// Memory that all open panes may take together: the rest of the budget is for panes being written.
    pub held_memory: u64,
}

/// One firing of one window.
#[derive(Debug)]
pub struct Pane<T> {
    /// Start of the window, UTC microseconds.
    pub window_start_micros: i64,
    pub elements: Vec<T>,
}

/// The open panes, at most one a window.
#[derive(Debug)]
pub struct Windows<T> {
    limits: Limits,
    open: BTreeMap<i64, Open<T>>,
    held_memory: u64,
}

#[derive(Debug)]
struct Open<T> {
    elements: Vec<T>,
    bytes: usize,
    memory: u64,
    fires_at: Instant,
}

impl<T: Element> Windows<T> {
    pub fn new(limits: Limits) -> Self {
        Self { limits, open: BTreeMap::new(), held_memory: 0 }
    }

    /// Adds an element, and fires its window's pane if that fills it.
    pub fn push(&mut self, element: T, now: Instant) -> Option<Pane<T>> {
        let start = self.window_start(element.publish_micros());
        let pane = self.open.entry(start).or_insert_with(|| Open {
            elements: Vec::new(),
            bytes: 0,
            memory: 0,
            fires_at: now + self.limits.pane_age.min(self.limits.window),
        });
        pane.bytes += element.bytes();
        pane.memory += element.memory();
        self.held_memory += element.memory();
        pane.elements.push(element);
        let full = pane.elements.len() >= self.limits.pane_rows || pane.bytes >= self.limits.pane_bytes;
        if full { self.fire(start) } else { None }
    }

    /// Fires the largest pane while all together hold too much, as they do when messages of very many windows arrive.
    pub fn fire_surplus(&mut self) -> Option<Pane<T>> {
        if self.held_memory <= self.limits.held_memory {
            return None;
        }
        let largest = self.open.iter().max_by_key(|(_, pane)| pane.memory)?;
        self.fire(*largest.0)
    }

    /// The time at which the next pane is due by age.
    pub fn next_due(&self) -> Option<Instant> {
        self.open.values().map(|pane| pane.fires_at).min()
    }

    /// Fires one pane that is due.
    pub fn fire_due(&mut self, now: Instant) -> Option<Pane<T>> {
        let start = *self.open.iter().find(|(_, pane)| pane.fires_at <= now)?.0;
        self.fire(start)
    }

    /// Fires any pane, the oldest window's first; `None` when none is open.
    pub fn fire_first(&mut self) -> Option<Pane<T>> {
        let start = *self.open.first_key_value()?.0;
        self.fire(start)
    }

    /// Elements that wait for their panes.
    pub fn len(&self) -> usize {
        self.open.values().map(|pane| pane.elements.len()).sum()
    }

    /// Whether elements of the window wait for its pane.
    pub fn is_open(&self, window_start_micros: i64) -> bool {
        self.open.contains_key(&window_start_micros)
    }

    /// Start of the window of a publish time, both in UTC microseconds.
    pub fn window_start(&self, micros: i64) -> i64 {
        let width = i64::try_from(self.limits.window.as_micros()).unwrap_or(i64::MAX).max(1);
        micros - micros.rem_euclid(width)
    }

    fn fire(&mut self, start: i64) -> Option<Pane<T>> {
        let pane = self.open.remove(&start)?;
        self.held_memory -= pane.memory;
        Some(Pane { window_start_micros: start, elements: pane.elements })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Item(i64, usize);

    impl Element for Item {
        fn publish_micros(&self) -> i64 {
            self.0
        }
        fn bytes(&self) -> usize {
            self.1
        }
        fn memory(&self) -> u64 {
            10 * self.1 as u64
        }
    }

    const SECOND: i64 = 1_000_000;

    fn limits() -> Limits {
        Limits {
            window: Duration::from_mins(1),
            pane_rows: 3,
            pane_bytes: 1_000,
            pane_age: Duration::from_secs(10),
            held_memory: 10_000,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pane_fires_on_rows_and_on_bytes() {
        let mut windows = Windows::new(limits());
        let now = Instant::now();
        assert!(windows.push(Item(0, 1), now).is_none());
        assert!(windows.push(Item(1, 1), now).is_none());
        assert_eq!(windows.push(Item(2, 1), now).unwrap().elements.len(), 3);
        assert_eq!(windows.push(Item(3, 1_000), now).unwrap().elements.len(), 1);
        assert_eq!(windows.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pane_fires_when_its_first_element_is_old_enough() {
        let mut windows = Windows::new(limits());
        let start = Instant::now();
        assert!(windows.push(Item(0, 1), start).is_none());
        assert!(windows.push(Item(1, 1), start + Duration::from_secs(9)).is_none());
        assert_eq!(windows.next_due(), Some(start + Duration::from_secs(10)));
        assert!(windows.fire_due(start + Duration::from_secs(9)).is_none());
        assert_eq!(windows.fire_due(start + Duration::from_secs(10)).unwrap().elements.len(), 2);
        assert_eq!(windows.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_shorter_than_the_pane_age_fires_at_its_own_length() {
        let mut windows = Windows::new(Limits { window: Duration::from_secs(2), ..limits() });
        let now = Instant::now();
        assert!(windows.push(Item(0, 1), now).is_none());
        assert_eq!(windows.next_due(), Some(now + Duration::from_secs(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_largest_pane_fires_when_many_windows_hold_too_much() {
        let mut windows = Windows::new(limits());
        let now = Instant::now();
        for (window, bytes) in [(0, 300), (1, 400), (2, 300)] {
            assert!(windows.push(Item(window * 60 * SECOND, bytes), now).is_none());
            assert!(windows.fire_surplus().is_none());
        }
        assert!(windows.push(Item(3 * 60 * SECOND, 1), now).is_none());
        assert_eq!(windows.fire_surplus().unwrap().window_start_micros, 60 * SECOND);
        assert!(windows.fire_surplus().is_none());
        assert_eq!(windows.held_memory, 6_010);
    }

    proptest! {
        #[test]
        fn no_element_is_lost_and_no_pane_mixes_windows(
            micros in prop::collection::vec(-200 * SECOND..200 * SECOND, 0..200)
        ) {
            let mut windows = Windows::new(limits());
            let now = Instant::now();
            let mut panes: Vec<_> =
                micros.iter().filter_map(|&at| windows.push(Item(at, 1), now)).collect();
            let held: usize = windows.open.values().map(|pane| pane.elements.len()).sum();
            prop_assert_eq!(windows.held_memory, 10 * held as u64);
            panes.extend(std::iter::from_fn(|| windows.fire_first()));
            let mut seen: Vec<i64> = Vec::new();
            for pane in &panes {
                for item in &pane.elements {
                    let into = item.0 - pane.window_start_micros;
                    prop_assert!((0..60 * SECOND).contains(&into));
                    seen.push(item.0);
                }
            }
            let mut expected = micros.clone();
            expected.sort_unstable();
            seen.sort_unstable();
            prop_assert_eq!(seen, expected);
        }
    }
}
