//! Which row keys were written when, in bounded memory: what heat maps are drawn from.
//!
//! Time is cut into slots, and each slot of a table keeps a sample of its keys, each with the rows that it stands for.
//! Where there are too many slots two become one, twice as long; where there are too many keys one of two neighbours goes
//! and the other takes its weight. So what a process keeps stays small however long it runs, and two processes' can be
//! added.
//!
//! - [`grid`]: a table's writes as key ranges times moments, its hottest ranges and what that means.
//! - [`terminal`], [`svg`], [`html`]: drawn.

mod colours;
mod grid;
mod html;
mod map;
mod pattern;
mod picture;
mod ranges;
mod svg;
mod tablets;
mod terminal;

pub use grid::{Cell, Column, Grid, Hot, NODE_ROWS_PER_SECOND, Range, View, grid};
pub(crate) use html::figures;
pub use html::html;
pub use pattern::{Pattern, Verdict};
pub(crate) use picture::styles;
pub use svg::svg;
pub use tablets::HotTablet;
pub use terminal::terminal;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most slots of a table.
pub const MAX_SLOTS: usize = 96;
/// Most keys of a slot.
pub const MAX_KEYS: usize = 256;
/// Keys are cut to so many bytes: they are for ranges.
const MAX_KEY_CHARS: usize = 64;
/// Of the first slots.
const FIRST_SLOT_SECONDS: u64 = 1;

/// A sampled key and the rows that it stands for.
pub type Weighed = (String, f64);

/// All tables' writes over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heat {
    /// By table.
    pub tables: BTreeMap<String, TableHeat>,
}

/// One table's writes over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableHeat {
    /// Length of each slot, in seconds.
    pub slot_seconds: u64,
    /// By the slot's number: seconds since 1970 divided by its length.
    pub slots: BTreeMap<u64, Slot>,
    /// What the service has found, where it was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hot_tablets: Vec<HotTablet>,
}

/// The rows of one table that were written in one span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    pub rows: u64,
    /// In the order of keys while it is full, else as they came.
    pub keys: Vec<Weighed>,
}

impl Default for TableHeat {
    fn default() -> Self {
        Self { slot_seconds: FIRST_SLOT_SECONDS, slots: BTreeMap::new(), hot_tablets: Vec::new() }
    }
}

impl Heat {
    /// Notes rows written at a time (UTC seconds), of which `keys` are a fair sample.
    pub fn note<'a>(
        &mut self,
        table: &str,
        seconds: u64,
        rows: u64,
        keys: impl ExactSizeIterator<Item = &'a str>,
    ) {
        if rows == 0 || keys.len() == 0 {
            return;
        }
        if !self.tables.contains_key(table) {
            self.tables.insert(table.to_owned(), TableHeat::default());
        }
        let Some(heat) = self.tables.get_mut(table) else { return };
        let weight = rows as f64 / keys.len() as f64;
        let slot = heat.slots.entry(seconds / heat.slot_seconds).or_default();
        slot.rows += rows;
        slot.keys.extend(keys.map(|key| (cut(key), weight)));
        slot.thin();
        heat.shorten();
    }

    /// Adds what another process has noted.
    pub fn add(&mut self, other: &Self) {
        for (table, theirs) in &other.tables {
            let mine = self.tables.entry(table.clone()).or_default();
            let mut theirs = theirs.clone();
            let length = mine.slot_seconds.max(theirs.slot_seconds);
            mine.lengthen(length);
            theirs.lengthen(length);
            for (number, slot) in theirs.slots {
                mine.slots.entry(number).or_default().add(slot);
            }
            // Two may have asked the same service.
            theirs.hot_tablets.retain(|tablet| !mine.hot_tablets.contains(tablet));
            mine.hot_tablets.append(&mut theirs.hot_tablets);
            mine.shorten();
        }
    }

    /// From the first row to the last, UTC seconds since 1970.
    pub fn span(&self) -> Option<std::ops::Range<u64>> {
        let ends = |table: &TableHeat| {
            let (first, _) = table.slots.first_key_value()?;
            let (last, _) = table.slots.last_key_value()?;
            let seconds = table.slot_seconds;
            Some(first.saturating_mul(seconds)..last.saturating_add(1).saturating_mul(seconds))
        };
        let spans = self.tables.values().filter_map(ends);
        spans.reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))
    }

    pub fn is_empty(&self) -> bool {
        self.tables.values().all(|table| table.slots.is_empty())
    }
}

fn cut(key: &str) -> String {
    key.chars().take(MAX_KEY_CHARS).collect()
}

impl TableHeat {
    /// Makes slots longer until there are few enough.
    fn shorten(&mut self) {
        while self.slots.len() > MAX_SLOTS {
            self.double();
        }
    }

    /// Makes slots at least this long; lengths are powers of two.
    fn lengthen(&mut self, seconds: u64) {
        while self.slot_seconds < seconds {
            self.double();
        }
    }

    fn double(&mut self) {
        self.slot_seconds *= 2;
        for (number, slot) in std::mem::take(&mut self.slots) {
            self.slots.entry(number / 2).or_default().add(slot);
        }
    }
}

impl Slot {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.keys.extend(other.keys);
        self.thin();
    }

    /// Halves the sample while it is too large: of two neighbours in the order of keys one stays, for both. Which one
    /// takes turns, so that ranges lose and gain alike.
    fn thin(&mut self) {
        while self.keys.len() > MAX_KEYS {
            self.keys.sort_by(|(one, _), (other, _)| one.cmp(other));
            let mut turn = self.rows as usize;
            self.keys = std::mem::take(&mut self.keys)
                .chunks_mut(2)
                .map(|pair| {
                    turn += 1;
                    let weight = pair.iter().map(|(_, weight)| weight).sum();
                    (std::mem::take(&mut pair[turn % pair.len()].0), weight)
                })
                .collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weight(heat: &TableHeat) -> f64 {
        heat.slots.values().flat_map(|slot| &slot.keys).map(|(_, weight)| weight).sum()
    }

    #[test]
    fn memory_is_bounded_and_no_row_is_forgotten() {
        let mut heat = Heat::default();
        for second in 0..10_000_u64 {
            let keys: Vec<_> =
                (0..40).map(|key| format!("{:08}", (second * 7_919 + key * 104_729) % 100_000)).collect();
            heat.note("t", 1_700_000_000 + second, 4_000, keys.iter().map(String::as_str));
        }
        let table = &heat.tables["t"];
        assert!(table.slots.len() <= MAX_SLOTS && table.slots.len() > MAX_SLOTS / 3, "{}", table.slots.len());
        assert!(table.slots.values().all(|slot| slot.keys.len() <= MAX_KEYS));
        assert_eq!(table.slots.values().map(|slot| slot.rows).sum::<u64>(), 40_000_000);
        assert!((weight(table) - 4e7).abs() < 1.0);
        // The sample is still fair: a quarter of the keys has a quarter of the weight.
        let quarter: f64 = table
            .slots
            .values()
            .flat_map(|slot| &slot.keys)
            .filter(|(key, _)| &**key < "00025000")
            .map(|(_, weight)| weight)
            .sum();
        assert!((quarter / 4e7 - 0.25).abs() < 0.02, "{quarter}");
    }

    proptest! {
        #[test]
        fn adding_two_processes_keeps_all_rows(
            one in prop::collection::vec((0_u64..5_000, 1_u64..50), 0..150),
            two in prop::collection::vec((0_u64..50_000, 1_u64..50), 0..150),
        ) {
            let of = |writes: &[(u64, u64)]| {
                let mut heat = Heat::default();
                for &(second, rows) in writes {
                    heat.note("t", second, rows, std::iter::once("key"));
                }
                heat
            };
            let rows = |heat: &Heat| {
                heat.tables.values().flat_map(|table| table.slots.values()).map(|slot| slot.rows).sum::<u64>()
            };
            let (mut sum, two) = (of(&one), of(&two));
            let wanted = rows(&sum) + rows(&two);
            sum.add(&two);
            prop_assert_eq!(rows(&sum), wanted);
            if let Some(table) = sum.tables.get("t") {
                prop_assert!((weight(table) - wanted as f64).abs() < 1e-6);
                prop_assert!(table.slots.len() <= MAX_SLOTS);
            }
        }
    }
}
