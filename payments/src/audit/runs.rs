//! Rows counted by run.

use crate::rows;
use gcp::bigtable::read::Row;
use schemas::layout::Column;
use std::collections::BTreeMap;

/// Rows by run id. A table that many write to may hold any number of runs: those beyond the first [`Runs::MOST`] are
/// counted together as [`Runs::OTHERS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    pub rows: BTreeMap<String, u64>,
}

/// The run that a row is of, where that is another than `run_id`; a row without one is nobody's.
pub fn other_run<'a>(row: &Row<'a>, run_id: &str) -> Option<&'a [u8]> {
    rows::value(row, Column::RunId).filter(|own| !own.is_empty() && *own != run_id.as_bytes())
}

impl Runs {
    pub const MOST: usize = 50;
    pub const OTHERS: &str = "(others)";

    pub fn count(&mut self, run_id: &str, rows: u64) {
        if let Some(known) = self.rows.get_mut(run_id) {
            *known += rows;
            return;
        }
        let run_id = if self.rows.len() < Self::MOST { run_id } else { Self::OTHERS };
        *self.rows.entry(run_id.to_owned()).or_default() += rows;
    }

    pub fn add(&mut self, other: &Self) {
        other.rows.iter().for_each(|(run_id, rows)| self.count(run_id, *rows));
    }

    /// The run with the most rows.
    pub fn largest(&self) -> Option<(&str, u64)> {
        let known = self.rows.iter().filter(|(run_id, _)| *run_id != Self::OTHERS);
        known.max_by_key(|(_, rows)| **rows).map(|(run_id, rows)| (run_id.as_str(), *rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_told_apart_are_bounded_and_no_row_is_lost() {
        let (mut one, mut other) = (Runs::default(), Runs::default());
        (0..90).for_each(|run| one.count(&format!("a{run}"), 1));
        (0..90).for_each(|run| other.count(&format!("b{run}"), 1));
        other.count("a7", 1);
        one.add(&other);
        assert_eq!(one.rows.len(), Runs::MOST + 1);
        assert_eq!(one.rows.values().sum::<u64>(), 181);
        let mut few = Runs::default();
        for (run, rows) in [("a", 1), ("b", 2), (Runs::OTHERS, 3)] {
            few.count(run, rows);
        }
        assert_eq!(few.largest(), Some(("b", 2)));
    }
}
