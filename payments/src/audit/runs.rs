//! Rows of other runs than the one that is looked at: counted, not judged.

use crate::rows;
use gcp::bigtable::read::Row;
use schemas::layout::Column;
use std::collections::BTreeMap;

/// Most runs that are told apart.
const MOST: usize = 100;

/// Rows by the run id in their cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherRuns {
    pub rows: BTreeMap<String, u64>,
    /// Rows of further runs.
    pub more: u64,
}

/// The run that a row is of, where that is another than `run_id`; a row without one is nobody's.
pub fn other_run<'a>(row: &Row<'a>, run_id: &str) -> Option<&'a [u8]> {
    rows::value(row, Column::RunId).filter(|own| !own.is_empty() && *own != run_id.as_bytes())
}

impl OtherRuns {
    pub fn push(&mut self, run_id: &[u8]) {
        self.count(&String::from_utf8_lossy(run_id), 1);
    }

    pub fn add(&mut self, other: &Self) {
        other.rows.iter().for_each(|(run_id, rows)| self.count(run_id, *rows));
        self.more += other.more;
    }

    fn count(&mut self, run_id: &str, rows: u64) {
        if let Some(known) = self.rows.get_mut(run_id) {
            *known += rows;
        } else if self.rows.len() < MOST {
            self.rows.insert(run_id.to_owned(), rows);
        } else {
            self.more += rows;
        }
    }

    /// The run with the most rows.
    pub fn largest(&self) -> Option<(&str, u64)> {
        let largest = self.rows.iter().max_by_key(|(_, rows)| **rows)?;
        Some((largest.0, *largest.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_told_apart_are_bounded_and_no_row_is_lost() {
        let (mut one, mut other) = (OtherRuns::default(), OtherRuns::default());
        (0..90).for_each(|run| one.push(format!("a{run}").as_bytes()));
        (0..90).for_each(|run| other.push(format!("b{run}").as_bytes()));
        other.push(b"a7");
        one.add(&other);
        assert_eq!(one.rows.len(), MOST);
        assert_eq!(one.rows.values().sum::<u64>() + one.more, 181);
        assert_eq!(one.largest(), Some(("a7", 2)));
    }
}
