//! Fixed windows by publish time, and the panes that they fire. Pure: time comes in as an argument.
//!
//! A window groups; a pane is what is written at once. A window's pane fires when it has enough rows or bytes, when its
//! oldest element has waited long enough, when little is being written, when all windows together hold too much, or on
//! request, for a drain. Panes never mix windows.

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

/// What fired a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    Rows,
    Bytes,
    Age,
    /// Little is being written: there is nothing to wait for.
    Idle,
    Memory,
    Drain,
}

impl Trigger {
    pub const ALL: [Self; 6] = [Self::Rows, Self::Bytes, Self::Age, Self::Idle, Self::Memory, Self::Drain];

    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Bytes => "bytes",
            Self::Age => "age",
            Self::Idle => "idle",
            Self::Memory => "memory",
            Self::Drain => "drain",
        }
    }
}

/// When panes fire.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub window: Duration,
    pub pane_rows: usize,
    pub pane_bytes: usize,
    pub pane_age: Duration,
    /// How long a pane waits for company while little is being written; `None`: no less than its age.
    pub linger: Option<Duration>,
    /// Memory that all open panes may take together: the rest of the budget is for panes being written.
    pub held_memory: u64,
}

/// One firing of one window.
#[derive(Debug)]
pub struct Pane<T> {
    /// Start of the window, UTC microseconds.
    pub window_start_micros: i64,
    pub elements: Vec<T>,
    pub trigger: Trigger,
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
    opened: Instant,
    fires_at: Instant,
    /// The earliest publish time, UTC microseconds.
    oldest_micros: i64,
}

impl<T: Element> Windows<T> {
    pub fn new(limits: Limits) -> Self {
        Self { limits, open: BTreeMap::new(), held_memory: 0 }
    }

    /// Adds an element, and fires its window's pane if that fills it.
    pub fn push(&mut self, element: T, now: Instant) -> Option<Pane<T>> {
        let start = self.window_start(element.publish_micros());
        let publish_micros = element.publish_micros();
        let pane = self.open.entry(start).or_insert_with(|| Open {
            elements: Vec::new(),
            bytes: 0,
            memory: 0,
            opened: now,
            fires_at: now + self.limits.pane_age.min(self.limits.window),
            oldest_micros: publish_micros,
        });
        pane.oldest_micros = pane.oldest_micros.min(publish_micros);
        pane.bytes += element.bytes();
        pane.memory += element.memory();
        self.held_memory += element.memory();
        pane.elements.push(element);
        if pane.elements.len() >= self.limits.pane_rows {
            self.fire(start, Trigger::Rows)
        } else if pane.bytes >= self.limits.pane_bytes {
            self.fire(start, Trigger::Bytes)
        } else {
            None
        }
    }

    /// Fires the largest pane while all together hold too much, as they do when messages of very many windows arrive.
    pub fn fire_surplus(&mut self) -> Option<Pane<T>> {
        if self.held_memory <= self.limits.held_memory {
            return None;
        }
        let largest = self.open.iter().max_by_key(|(_, pane)| pane.memory)?;
        self.fire(*largest.0, Trigger::Memory)
    }

    /// The time at which the next pane is due: by age, or, while little is being written, once it has lingered.
    pub fn next_due(&self, is_idle: bool) -> Option<Instant> {
        self.open.values().map(|pane| self.due(pane, is_idle)).min()
    }

    /// Fires one pane that is due.
    pub fn fire_due(&mut self, now: Instant, is_idle: bool) -> Option<Pane<T>> {
        let (&start, pane) = self.open.iter().find(|(_, pane)| self.due(pane, is_idle) <= now)?;
        let trigger = if pane.fires_at <= now { Trigger::Age } else { Trigger::Idle };
        self.fire(start, trigger)
    }

    fn due(&self, pane: &Open<T>, is_idle: bool) -> Instant {
        let lingered = self.limits.linger.filter(|_| is_idle).map(|linger| pane.opened + linger);
        lingered.map_or(pane.fires_at, |at| at.min(pane.fires_at))
    }

    /// Fires any pane, the oldest window's first; `None` when none is open.
    pub fn fire_first(&mut self) -> Option<Pane<T>> {
        let start = *self.open.first_key_value()?.0;
        self.fire(start, Trigger::Drain)
    }

    /// The earliest publish time of all that waits, UTC microseconds.
    pub fn oldest_micros(&self) -> Option<i64> {
        self.open.values().map(|pane| pane.oldest_micros).min()
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

    fn fire(&mut self, start: i64, trigger: Trigger) -> Option<Pane<T>> {
        let pane = self.open.remove(&start)?;
        self.held_memory -= pane.memory;
        Some(Pane { window_start_micros: start, elements: pane.elements, trigger })
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
            linger: None,
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
        assert_eq!(windows.next_due(false), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pane_fires_when_its_first_element_is_old_enough() {
        let mut windows = Windows::new(limits());
        let start = Instant::now();
        assert!(windows.push(Item(0, 1), start).is_none());
        assert!(windows.push(Item(1, 1), start + Duration::from_secs(9)).is_none());
        assert_eq!(windows.next_due(false), Some(start + Duration::from_secs(10)));
        assert!(windows.fire_due(start + Duration::from_secs(9), false).is_none());
        assert_eq!(windows.fire_due(start + Duration::from_secs(10), false).unwrap().elements.len(), 2);
        assert_eq!(windows.next_due(false), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_shorter_than_the_pane_age_fires_at_its_own_length() {
        let mut windows = Windows::new(Limits { window: Duration::from_secs(2), ..limits() });
        let now = Instant::now();
        assert!(windows.push(Item(0, 1), now).is_none());
        assert_eq!(windows.next_due(false), Some(now + Duration::from_secs(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn while_little_is_written_a_pane_lingers_only_and_its_age_stays_the_limit() {
        let (linger, start) = (Duration::from_millis(50), Instant::now());
        let mut windows = Windows::new(Limits { linger: Some(linger), ..limits() });
        assert!(windows.push(Item(5, 1), start).is_none());
        assert!(windows.push(Item(3, 1), start + linger / 2).is_none());
        assert_eq!(windows.oldest_micros(), Some(3));
        assert_eq!(windows.next_due(true), Some(start + linger));
        assert_eq!(windows.next_due(false), Some(start + Duration::from_secs(10)));
        assert!(windows.fire_due(start + linger, false).is_none(), "something is being written");
        let pane = windows.fire_due(start + linger, true).unwrap();
        assert_eq!((pane.elements.len(), pane.trigger), (2, Trigger::Idle));
        assert!(windows.push(Item(9, 1), start).is_none());
        assert_eq!(windows.fire_due(start + Duration::from_secs(10), true).unwrap().trigger, Trigger::Age);
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
