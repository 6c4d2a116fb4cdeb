//! A table's writes as ranges of keys times moments.

use super::colours::Scale;
use super::tablets::HotTablet;
use super::{Slot, TableHeat, Weighed, ranges};
use crate::page::numbers::utc;
use std::collections::BTreeMap;

/// What one node with SSD takes of rows of 1 KB, as Bigtable's documentation has it.
pub const NODE_ROWS_PER_SECOND: f64 = 14_000.0;
/// A moment counts for a range's peak if it has this part of the rows of the busiest moment: in a moment of three rows
/// every range is hot.
const CONSIDERABLE: f64 = 0.25;

/// How a recording is to be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Ranges of keys.
    pub ranges: usize,
    /// Most moments.
    pub columns: usize,
    /// What one node takes: a range is served by one node at a time.
    pub node_rows_per_second: f64,
}

impl Default for View {
    fn default() -> Self {
        Self { ranges: 32, columns: super::MAX_SLOTS, node_rows_per_second: NODE_ROWS_PER_SECOND }
    }
}

/// Rows by range of keys and moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// In the order of keys.
    pub ranges: Vec<Range>,
    /// In the order of time, without gaps.
    pub columns: Vec<Column>,
    pub rows: u64,
    /// Sampled keys that it was made of.
    pub samples: usize,
    /// The part before the first `#` that has the most rows, and its part of all rows. None where that is nothing to
    /// speak of.
    pub hottest_prefix: Option<(String, f64)>,
    pub node_rows_per_second: f64,
    /// By the service's word, from the hottest node on.
    pub hot_tablets: Vec<HotTablet>,
    pub(super) scale: Scale,
    /// By column, then by range.
    cells: Vec<Vec<f64>>,
}

/// A range of keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The first and the last key that was seen.
    pub first: String,
    pub last: String,
    /// Of the whole recording, estimated.
    pub rows: f64,
    /// Sampled keys that differ.
    pub keys: usize,
}

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// UTC seconds since 1970.
    pub start: u64,
    pub seconds: u64,
    pub rows: u64,
    /// Sampled keys.
    pub samples: usize,
}

/// A range at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Estimated from the sample.
    pub rows: f64,
    /// Of the moment's rows, 0 to 1.
    pub share: f64,
    pub rows_per_second: f64,
    /// Nodes that the range would need to be served at this rate; above 1 it cannot be.
    pub nodes: f64,
}

/// How hot a range was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hot {
    /// Its number.
    pub range: usize,
    /// The moment at which it had its highest share.
    pub column: usize,
    /// That moment.
    pub peak: Cell,
    /// Its part of the whole recording.
    pub mean_share: f64,
}

/// A table's writes as a grid. Nothing written is a grid without ranges and columns.
pub fn grid(heat: &TableHeat, view: &View) -> Grid {
    let columns = columns(heat, view.columns);
    let keys = merged(columns.iter().flat_map(|(_, keys)| keys));
    let ranges = ranges::of(&keys, view.ranges);
    let mut cells = Vec::with_capacity(columns.len());
    for (_, keys) in &columns {
        let mut column = vec![0.0; ranges.len()];
        for (key, weight) in keys {
            let at = ranges.partition_point(|range| range.last < *key);
            if let Some(cell) = column.get_mut(at) {
                *cell += weight;
            }
        }
        cells.push(column);
    }
    let columns: Vec<_> = columns.into_iter().map(|(column, _)| column).collect();
    let mut hot_tablets = heat.hot_tablets.clone();
    hot_tablets.sort_by(|one, other| other.node_cpu_percent.total_cmp(&one.node_cpu_percent));
    Grid {
        rows: columns.iter().fold(0, |sum, column| sum.saturating_add(column.rows)),
        samples: columns.iter().map(|column| column.samples).sum(),
        hottest_prefix: hottest_prefix(heat),
        node_rows_per_second: view.node_rows_per_second,
        hot_tablets,
        scale: Scale::of(view.ranges),
        ranges,
        columns,
        cells,
    }
}

/// The moments with their keys, at most so many. Recordings come from elsewhere: any number may be in them.
fn columns(heat: &TableHeat, most: usize) -> Vec<(Column, Vec<Weighed>)> {
    let seconds = heat.slot_seconds.max(1);
    let mut slots = heat.slots.iter().filter(|(_, slot)| slot.rows > 0);
    let (Some((&first, _)), most) = (slots.next(), most.max(1) as u64) else { return Vec::new() };
    let last = slots.next_back().map_or(first, |(&last, _)| last);
    let merged = ((last - first) / most).saturating_add(1);
    let mut columns: Vec<_> = (0..=(last - first) / merged)
        .map(|at| {
            let from = first + at * merged;
            let slots = merged.min((last - from).saturating_add(1));
            let column = Column {
                start: from.saturating_mul(seconds),
                seconds: slots.saturating_mul(seconds),
                rows: 0,
                samples: 0,
            };
            (column, Vec::new())
        })
        .collect();
    for (&number, slot) in heat.slots.range(first..=last) {
        let (column, keys) = &mut columns[((number - first) / merged) as usize];
        column.rows = column.rows.saturating_add(slot.rows);
        column.samples += slot.keys.len();
        keys.extend(scaled(slot));
    }
    columns
}

/// A slot's keys, so that together they weigh what the slot has rows.
fn scaled(slot: &Slot) -> impl Iterator<Item = Weighed> {
    let is_weight = |weight: f64| weight > 1e-9 && weight < 1e300;
    let all: f64 = slot.keys.iter().map(|(_, weight)| *weight).filter(|&weight| is_weight(weight)).sum();
    let rows = slot.rows as f64;
    let keys = slot.keys.iter().filter(move |(_, weight)| is_weight(*weight) && rows > 0.0);
    keys.map(move |(key, weight)| (key.clone(), weight / all * rows)).filter(|(_, weight)| *weight > 0.0)
}

/// Each key once, in order.
fn merged<'a>(keys: impl Iterator<Item = &'a Weighed>) -> Vec<Weighed> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (key, weight) in keys {
        *sums.entry(key).or_default() += weight;
    }
    sums.into_iter().map(|(key, weight)| (key.to_owned(), weight)).collect()
}

/// More than 1 % of the rows, and seen often enough for that to be no accident of the sample.
fn hottest_prefix(heat: &TableHeat) -> Option<(String, f64)> {
    const PART: f64 = 0.01;
    const SEEN: usize = 10;
    let mut sums: BTreeMap<String, (f64, usize)> = BTreeMap::new();
    let mut all = 0.0;
    for (key, weight) in heat.slots.values().flat_map(scaled) {
        all += weight;
        let prefix = key.split('#').next().unwrap_or_default();
        if !sums.contains_key(prefix) {
            sums.insert(prefix.to_owned(), (0.0, 0));
        }
        if let Some((sum, seen)) = sums.get_mut(prefix) {
            *sum += weight;
            *seen += 1;
        }
    }
    let (prefix, (sum, seen)) =
        sums.into_iter().max_by(|(_, (one, _)), (_, (other, _))| one.total_cmp(other))?;
    (sum > PART * all && seen >= SEEN).then_some((prefix, sum / all))
}

impl Column {
    /// Date and time, UTC.
    pub(super) fn begins(&self) -> (String, String) {
        utc(self.start)
    }

    pub(super) fn ends(&self) -> (String, String) {
        utc(self.start.saturating_add(self.seconds))
    }
}

impl Grid {
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What a range took at a moment; nothing where there is none.
    pub fn cell(&self, range: usize, column: usize) -> Cell {
        let rows = self.cells.get(column).and_then(|cells| cells.get(range)).copied().unwrap_or(0.0);
        let (of, seconds) = self.columns.get(column).map_or((0, 1), |column| (column.rows, column.seconds));
        let rows_per_second = rows / seconds as f64;
        Cell {
            rows,
            share: if of == 0 { 0.0 } else { (rows / of as f64).min(1.0) },
            rows_per_second,
            // Less than any machine's is no machine's.
            nodes: if self.node_rows_per_second > 1e-6 {
                rows_per_second / self.node_rows_per_second
            } else {
                0.0
            },
        }
    }

    /// The range that took the most at a moment.
    pub fn top(&self, column: usize) -> Option<usize> {
        let cells = self.cells.get(column)?;
        let top = (0..cells.len()).max_by(|&one, &other| cells[one].total_cmp(&cells[other]))?;
        (cells[top] > 0.0).then_some(top)
    }

    /// The ranges from the hottest at any one moment on, then by their part of the whole.
    pub fn hottest(&self) -> Vec<Hot> {
        let busiest = self.columns.iter().map(|column| column.rows).max().unwrap_or(0) as f64;
        let counts = |column: &usize| self.columns[*column].rows as f64 >= busiest * CONSIDERABLE;
        let all: f64 = self.ranges.iter().map(|range| range.rows).sum();
        let mut hottest: Vec<_> = (0..self.ranges.len())
            .filter_map(|range| {
                let share = |column: usize| self.cell(range, column).share;
                let column = (0..self.columns.len())
                    .filter(counts)
                    .max_by(|&one, &other| share(one).total_cmp(&share(other)))?;
                let mean_share = self.ranges[range].rows / all;
                Some(Hot { range, column, peak: self.cell(range, column), mean_share })
            })
            .collect();
        hottest.sort_by(|one, other| {
            let figures = |hot: &Hot| (hot.peak.share, hot.mean_share);
            let ((a, b), (c, d)) = (figures(other), figures(one));
            a.total_cmp(&c).then(b.total_cmp(&d))
        });
        hottest
    }

    /// The same with at most so many columns.
    #[must_use]
    pub fn narrowed(&self, most: usize) -> Self {
        let merged = self.columns.len().div_ceil(most.max(1)).max(1);
        let mut narrow = Self { columns: Vec::new(), cells: Vec::new(), ..self.clone() };
        for (columns, cells) in self.columns.chunks(merged).zip(self.cells.chunks(merged)) {
            let sum = |figure: fn(&Column) -> u64| columns.iter().map(figure).fold(0, u64::saturating_add);
            narrow.columns.push(Column {
                start: columns[0].start,
                seconds: sum(|column| column.seconds),
                rows: sum(|column| column.rows),
                samples: columns.iter().map(|column| column.samples).sum(),
            });
            let rows = (0..self.ranges.len()).map(|range| cells.iter().map(|cells| cells[range]).sum());
            narrow.cells.push(rows.collect());
        }
        narrow
    }
}

#[cfg(test)]
pub(in crate::heat) mod tests;
