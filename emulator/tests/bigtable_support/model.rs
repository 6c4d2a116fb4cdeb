//! A table in memory, as simple as can be, to compare the server with.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use emulator::proto::bigtable::mutation::Mutation as Kind;
use emulator::proto::bigtable::row_filter::Filter;
use emulator::proto::bigtable::row_range::{EndKey, StartKey};
use emulator::proto::bigtable::{Mutation, ReadRowsRequest, RowFilter, RowRange, column_range, value_range};

use super::{Seen, SeenRow, seen};

/// The table's families: the second keeps two versions.
pub const FAMILIES: [&str; 2] = ["f", "g"];

/// Family, qualifier, newest first.
pub type Place = (String, Vec<u8>, Reverse<i64>);
pub type Row = BTreeMap<Place, Vec<u8>>;
pub type Rows = BTreeMap<Vec<u8>, Row>;

/// Applies one entry, and returns its code: nothing is applied if that is not 0.
pub fn mutate(row: &mut Row, mutations: &[Mutation]) -> i32 {
    let known = |family: &String| FAMILIES.contains(&family.as_str());
    if mutations.is_empty() {
        return 3;
    }
    for mutation in mutations {
        let (family, timestamp) = match mutation.mutation.as_ref().unwrap() {
            Kind::SetCell(set) => (Some(&set.family_name), set.timestamp_micros),
            Kind::DeleteFromColumn(delete) => (Some(&delete.family_name), 0),
            Kind::DeleteFromFamily(delete) => (Some(&delete.family_name), 0),
            _ => (None, 0),
        };
        if timestamp % 1_000 != 0 {
            return 3;
        }
        if family.is_some_and(|family| !known(family)) {
            return 5;
        }
    }
    for mutation in mutations {
        match mutation.mutation.clone().unwrap() {
            Kind::SetCell(set) => {
                let place = (set.family_name, set.column_qualifier, Reverse(set.timestamp_micros));
                row.insert(place, set.value);
            }
            Kind::DeleteFromColumn(delete) => {
                let range = delete.time_range.unwrap_or_default();
                let end = match range.end_timestamp_micros {
                    0 => i64::MAX,
                    end => end,
                };
                row.retain(|(family, qualifier, Reverse(timestamp)), _| {
                    *family != delete.family_name
                        || *qualifier != delete.column_qualifier
                        || !(range.start_timestamp_micros..end).contains(timestamp)
                });
            }
            Kind::DeleteFromFamily(delete) => row.retain(|(family, ..), _| *family != delete.family_name),
            _ => row.clear(),
        }
    }
    0
}

/// Drops garbage: the second family keeps two versions.
pub fn collect(rows: &mut Rows) {
    for row in rows.values_mut() {
        let mut versions = BTreeMap::new();
        row.retain(|(family, qualifier, _), _| {
            let seen = versions.entry((family.clone(), qualifier.clone())).or_insert(0);
            *seen += 1;
            family != "g" || *seen <= 2
        });
    }
    rows.retain(|_, row| !row.is_empty());
}

pub fn pass(filter: &RowFilter, key: &[u8], cells: Vec<Seen>) -> Vec<Seen> {
    let keep = |mut cells: Vec<Seen>, test: &dyn Fn(&Seen) -> bool| {
        cells.retain(test);
        cells
    };
    match filter.filter.as_ref().unwrap() {
        Filter::PassAllFilter(_) => cells,
        Filter::BlockAllFilter(_) => vec![],
        Filter::StripValueTransformer(_) => {
            cells.into_iter().map(|cell| Seen { value: vec![], ..cell }).collect()
        }
        Filter::RowKeyRegexFilter(pattern) => {
            let matches = if pattern == b"b" { key == b"b" } else { key.starts_with(b"a") };
            if matches { cells } else { vec![] }
        }
        Filter::FamilyNameRegexFilter(pattern) => match pattern.as_str() {
            "f" => keep(cells, &|cell| cell.family == "f"),
            "g|x" => keep(cells, &|cell| cell.family == "g"),
            _ => cells,
        },
        Filter::ColumnQualifierRegexFilter(pattern) if pattern == b"q.?" => {
            keep(cells, &|cell| cell.qualifier == b"q" || cell.qualifier == b"q\0")
        }
        Filter::ColumnQualifierRegexFilter(_) => keep(cells, &|cell| cell.qualifier == [0xff, 0x80]),
        // The value "w\n" does not match: a dot is not a line feed.
        Filter::ValueRegexFilter(pattern) if pattern == b"w.*" => keep(cells, &|_| false),
        Filter::ValueRegexFilter(_) => keep(cells, &|cell| cell.value == b"v" || cell.value == [0xff; 3]),
        Filter::CellsPerRowOffsetFilter(skip) => cells.into_iter().skip(*skip as usize).collect(),
        Filter::CellsPerRowLimitFilter(limit) => cells.into_iter().take(*limit as usize).collect(),
        Filter::CellsPerColumnLimitFilter(limit) => {
            let mut seen = BTreeMap::new();
            let mut cells = cells;
            cells.retain(|cell| {
                let count = seen.entry((cell.family.clone(), cell.qualifier.clone())).or_insert(0);
                *count += 1;
                *count <= *limit
            });
            cells
        }
        Filter::TimestampRangeFilter(range) => {
            let end = if range.end_timestamp_micros == 0 { i64::MAX } else { range.end_timestamp_micros };
            keep(cells, &|cell| (range.start_timestamp_micros..end).contains(&cell.timestamp_micros))
        }
        Filter::ColumnRangeFilter(range) => {
            let Some(column_range::StartQualifier::StartQualifierOpen(start)) = &range.start_qualifier else {
                unreachable!("the only kind made")
            };
            keep(cells, &|cell| cell.family == "g" && cell.qualifier > *start)
        }
        Filter::ValueRangeFilter(range) => {
            let Some(value_range::EndValue::EndValueClosed(end)) = &range.end_value else {
                unreachable!("the only kind made")
            };
            keep(cells, &|cell| cell.value <= *end)
        }
        Filter::Chain(chain) => chain.filters.iter().fold(cells, |cells, filter| pass(filter, key, cells)),
        Filter::Interleave(interleave) => {
            let branch = |filter| pass(filter, key, cells.clone());
            let mut all: Vec<Seen> = interleave.filters.iter().flat_map(branch).collect();
            all.sort_by(|a, b| {
                let place =
                    |cell: &Seen| (cell.family.clone(), cell.qualifier.clone(), -cell.timestamp_micros);
                place(a).cmp(&place(b))
            });
            all
        }
        Filter::Condition(condition) => {
            let predicate = condition.predicate_filter.as_ref().unwrap();
            let matched = !pass(predicate, key, cells.clone()).is_empty();
            match if matched { &condition.true_filter } else { &condition.false_filter } {
                Some(filter) => pass(filter, key, cells),
                None => vec![],
            }
        }
        other => unreachable!("{other:?} is not made"),
    }
}

pub fn cells(row: &Row) -> Vec<Seen> {
    let cell = |((family, qualifier, Reverse(timestamp)), value): (&Place, &Vec<u8>)| {
        seen(family, qualifier, *timestamp, value)
    };
    row.iter().map(cell).collect()
}

pub fn in_range(range: &RowRange, key: &[u8]) -> bool {
    let after_start = match &range.start_key {
        None => true,
        Some(StartKey::StartKeyClosed(start)) => key >= &start[..],
        Some(StartKey::StartKeyOpen(start)) => key > &start[..],
    };
    after_start
        && match &range.end_key {
            None => true,
            Some(EndKey::EndKeyOpen(end)) => key < &end[..],
            Some(EndKey::EndKeyClosed(end)) => key <= &end[..],
        }
}

pub fn read(rows: &Rows, request: &ReadRowsRequest) -> Vec<SeenRow> {
    let set = request.rows.clone().unwrap_or_default();
    let whole = set.row_keys.is_empty() && set.row_ranges.is_empty();
    let asked = |key: &Vec<u8>| {
        whole || set.row_keys.contains(key) || set.row_ranges.iter().any(|range| in_range(range, key))
    };
    let mut read: Vec<SeenRow> = rows
        .iter()
        .filter(|(key, _)| asked(key))
        .map(|(key, row)| {
            let cells = cells(row);
            let cells = match &request.filter {
                Some(filter) => pass(filter, key, cells),
                None => cells,
            };
            (key.clone(), cells)
        })
        .filter(|(_, cells)| !cells.is_empty())
        .collect();
    if request.reversed {
        read.reverse();
    }
    if request.rows_limit > 0 {
        read.truncate(request.rows_limit as usize);
    }
    read
}
