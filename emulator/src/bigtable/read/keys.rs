//! The rows that a read asks for, as intervals of keys.

use std::collections::VecDeque;

use tonic::Status;

use crate::bigtable::store::limits::check_key;
use crate::proto::bigtable::row_range::{EndKey, StartKey};
use crate::proto::bigtable::{RowRange, RowSet};

/// The keys from `start` up to, but not including, `end`; without an end, to the end of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    pub start: Vec<u8>,
    pub end: Option<Vec<u8>>,
}

impl Interval {
    /// The key, if there is only one.
    pub fn single(&self) -> Option<&[u8]> {
        match self.end.as_deref()?.split_last()? {
            (0, key) if *key == *self.start => Some(key),
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

/// The smallest key after `key`.
pub fn after(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

/// A row set as intervals in order that do not touch. Without a set, or with an empty one, the whole table.
pub fn intervals(rows: Option<RowSet>) -> Result<VecDeque<Interval>, Status> {
    let rows = rows.unwrap_or_default();
    if rows.row_keys.is_empty() && rows.row_ranges.is_empty() {
        return Ok(VecDeque::from([Interval { start: Vec::new(), end: None }]));
    }
    let mut intervals = Vec::with_capacity(rows.row_keys.len() + rows.row_ranges.len());
    for key in rows.row_keys {
        check_key(&key)?;
        intervals.push(Interval { start: key.clone(), end: Some(after(key)) });
    }
    for range in rows.row_ranges {
        intervals.push(interval(range)?);
    }
    intervals.retain(|interval| !interval.is_empty());
    Ok(merge(intervals))
}

fn interval(range: RowRange) -> Result<Interval, Status> {
    let start = match range.start_key {
        None => Vec::new(),
        Some(StartKey::StartKeyClosed(key)) => key,
        Some(StartKey::StartKeyOpen(key)) => after(key),
    };
    let end = match range.end_key {
        None => None,
        Some(EndKey::EndKeyOpen(key) | EndKey::EndKeyClosed(key)) if key.is_empty() => None,
        Some(EndKey::EndKeyOpen(key)) => Some(key),
        Some(EndKey::EndKeyClosed(key)) => Some(after(key)),
    };
    if end.as_ref().is_some_and(|end| *end < start && after(end.clone()) != start) {
        return Err(Status::invalid_argument("a row range must start before it ends"));
    }
    Ok(Interval { start, end })
}

fn merge(mut intervals: Vec<Interval>) -> VecDeque<Interval> {
    intervals.sort_by(|a, b| a.start.cmp(&b.start));
    let mut merged: VecDeque<Interval> = VecDeque::with_capacity(intervals.len());
    for next in intervals {
        match merged.back_mut() {
            Some(last) if last.end.as_ref().is_none_or(|end| next.start <= *end) => {
                if next.end.is_none() || next.end > last.end && last.end.is_some() {
                    last.end = next.end;
                }
            }
            _ => merged.push_back(next),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: Option<StartKey>, end: Option<EndKey>) -> RowRange {
        RowRange { start_key: start, end_key: end }
    }

    fn closed_open(start: &[u8], end: &[u8]) -> RowRange {
        range(Some(StartKey::StartKeyClosed(start.to_vec())), Some(EndKey::EndKeyOpen(end.to_vec())))
    }

    fn of(keys: &[&[u8]], ranges: Vec<RowRange>) -> Vec<Interval> {
        let row_keys = keys.iter().map(|key| key.to_vec()).collect();
        intervals(Some(RowSet { row_keys, row_ranges: ranges })).unwrap().into()
    }

    fn interval(start: &[u8], end: Option<&[u8]>) -> Interval {
        Interval { start: start.to_vec(), end: end.map(<[u8]>::to_vec) }
    }

    #[test]
    fn no_rows_asked_for_is_the_whole_table() {
        assert_eq!(of(&[], vec![]), [interval(b"", None)]);
    }

    #[test]
    fn overlapping_and_unordered_rows_merge() {
        let merged = of(&[b"z", b"b", b"b"], vec![closed_open(b"c", b"e"), closed_open(b"a", b"d")]);
        assert_eq!(merged, [interval(b"a", Some(b"e")), interval(b"z", Some(b"z\0"))]);
        assert_eq!(merged[1].single(), Some(&b"z"[..]));
        assert_eq!(merged[0].single(), None);
    }

    #[test]
    fn an_open_end_swallows_what_follows() {
        let open = range(Some(StartKey::StartKeyOpen(b"b".to_vec())), None);
        assert_eq!(of(&[b"x"], vec![open, closed_open(b"a", b"c")]), [interval(b"a", None)]);
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_refused() {
        let rows = RowSet { row_keys: vec![], row_ranges: vec![closed_open(b"b", b"a")] };
        assert!(intervals(Some(rows)).is_err());
        assert_eq!(of(&[], vec![closed_open(b"b", b"b")]), []);
    }
}
