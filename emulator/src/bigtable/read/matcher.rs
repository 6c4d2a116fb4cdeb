//! Applies a filter to a row.

use crate::bigtable::store::row::Cell;
use crate::bigtable::store::schema::Schema;

use super::filter::{Filter, sampled};

/// The row a filter looks at.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub key: &'a [u8],
    pub schema: &'a Schema,
}

/// The cells that pass, in order. The cells given are in order, too.
pub fn run<'a>(filter: &'a Filter, row: Row<'_>, cells: Vec<Cell<'a>>) -> Vec<Cell<'a>> {
    let mut sunk = Vec::new();
    let passed = pass(filter, row, cells, &mut sunk);
    if sunk.is_empty() { passed } else { merge(passed, sunk) }
}

/// The cells that pass on. Those that a sink takes go to `sunk`, past the filters that follow.
fn pass<'a>(
    filter: &'a Filter,
    row: Row<'_>,
    mut cells: Vec<Cell<'a>>,
    sunk: &mut Vec<Cell<'a>>,
) -> Vec<Cell<'a>> {
    match filter {
        Filter::BlockAll => cells.clear(),
        Filter::Chain(filters) => {
            return filters.iter().fold(cells, |cells, filter| {
                if cells.is_empty() { cells } else { pass(filter, row, cells, sunk) }
            });
        }
        Filter::Interleave(filters) => {
            let branches = filters.iter().map(|filter| pass(filter, row, cells.clone(), sunk));
            return branches.fold(Vec::new(), merge);
        }
        Filter::Condition { predicate, on_match, otherwise } => {
            let matched = !pass(predicate, row, cells.clone(), sunk).is_empty();
            return pass(if matched { on_match } else { otherwise }, row, cells, sunk);
        }
        Filter::Sink => *sunk = merge(std::mem::take(sunk), std::mem::take(&mut cells)),
        Filter::RowKey(pattern) if !pattern.is_match(row.key) => cells.clear(),
        Filter::RowSample { below, hasher } if !sampled(hasher, *below, row.key) => cells.clear(),
        Filter::PassAll | Filter::RowKey(_) | Filter::RowSample { .. } => {}
        Filter::RowOffset(skip) => drop(cells.drain(..(*skip).min(cells.len()))),
        Filter::RowLimit(limit) => cells.truncate(*limit),
        Filter::ColumnLimit(limit) => limit_columns(&mut cells, *limit),
        Filter::StripValue => cells.iter_mut().for_each(|cell| cell.value = &[]),
        Filter::Label(label) => cells.iter_mut().for_each(|cell| cell.label = Some(label)),
        filter => retain(filter, row.schema, &mut cells),
    }
    cells
}

/// Filters that judge each cell by itself.
fn retain(filter: &Filter, schema: &Schema, cells: &mut Vec<Cell<'_>>) {
    match filter {
        Filter::Family(pattern) => {
            // A family's cells are neighbours: it is matched once.
            let mut last = None;
            cells.retain(|cell| {
                let (_, passes) =
                    *last.filter(|&(family, _)| family == cell.family).get_or_insert_with(|| {
                        (cell.family, pattern.is_match(schema.family(cell.family).name.as_bytes()))
                    });
                last = Some((cell.family, passes));
                passes
            });
        }
        Filter::Qualifier(pattern) => cells.retain(|cell| pattern.is_match(cell.qualifier)),
        Filter::Column { family, qualifiers } => {
            let family = schema.rank(family.as_bytes());
            cells.retain(|cell| Some(cell.family) == family && qualifiers.contains(cell.qualifier));
        }
        Filter::Timestamps { start_micros, end_micros } => cells.retain(|cell| {
            cell.timestamp_micros >= *start_micros
                && (*end_micros == 0 || cell.timestamp_micros < *end_micros)
        }),
        Filter::Value(pattern) => cells.retain(|cell| pattern.is_match(cell.value)),
        Filter::Values(values) => cells.retain(|cell| values.contains(cell.value)),
        _ => {}
    }
}

fn limit_columns(cells: &mut Vec<Cell<'_>>, limit: usize) {
    let mut last: Option<Cell<'_>> = None;
    let mut seen = 0;
    cells.retain(|cell| {
        seen = if last.is_some_and(|last| last.same_column(cell)) { seen + 1 } else { 1 };
        last = Some(*cell);
        seen <= limit
    });
}

/// Both lists' cells in order; of equal ones, the first list's come first.
fn merge<'a>(mut first: Vec<Cell<'a>>, second: Vec<Cell<'a>>) -> Vec<Cell<'a>> {
    if first.is_empty() {
        return second;
    }
    first.extend(second);
    first.sort_by(Cell::position);
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bigtable::store::schema::{FamilyRecord, TableRecord};
    use crate::proto::bigtable::RowFilter;
    use crate::proto::bigtable::row_filter::{Chain, Filter as Kind, Interleave};

    fn leaf(filter: Kind) -> RowFilter {
        RowFilter { filter: Some(filter) }
    }

    fn chain(filters: Vec<Kind>) -> Kind {
        Kind::Chain(Chain { filters: filters.into_iter().map(leaf).collect() })
    }

    fn interleave(filters: Vec<Kind>) -> Kind {
        Kind::Interleave(Interleave { filters: filters.into_iter().map(leaf).collect() })
    }

    fn schema() -> Schema {
        let family = |id, name: &str| FamilyRecord { id, name: name.to_owned(), family: None };
        let families = vec![family(0, "f"), family(1, "g")];
        Schema::compile(TableRecord { next_family_id: 2, families, ..TableRecord::default() }).unwrap()
    }

    /// Family, qualifier, timestamp and label of the cells that pass, of f:a@2, f:a@1, f:b@1 and g:a@3.
    fn passing(kind: Kind) -> Vec<String> {
        let filter = Filter::compile(Some(&leaf(kind))).unwrap();
        let schema = schema();
        let cell = |family, qualifier: &'static [u8], timestamp_micros| Cell {
            family,
            qualifier,
            timestamp_micros,
            value: b"v",
            label: None,
        };
        let cells =
            vec![cell(0, b"a", 2_000), cell(0, b"a", 1_000), cell(0, b"b", 1_000), cell(1, b"a", 3_000)];
        run(&filter, Row { key: b"key", schema: &schema }, cells)
            .iter()
            .map(|cell| {
                let family = &schema.family(cell.family).name;
                let qualifier = cell.qualifier.escape_ascii();
                format!("{family}:{qualifier}@{}{}", cell.timestamp_micros / 1_000, cell.label.unwrap_or(""))
            })
            .collect()
    }

    #[test]
    fn a_chain_narrows_and_an_interleave_widens() {
        let family = || Kind::FamilyNameRegexFilter("f".to_owned());
        assert_eq!(passing(chain(vec![family(), Kind::CellsPerColumnLimitFilter(1)])), ["f:a@2", "f:b@1"]);
        let both = interleave(vec![
            Kind::PassAllFilter(true),
            chain(vec![family(), Kind::CellsPerRowLimitFilter(1)]),
        ]);
        assert_eq!(passing(both), ["f:a@2", "f:a@2", "f:a@1", "f:b@1", "g:a@3"]);
    }

    #[test]
    fn a_sink_goes_past_the_filters_that_follow() {
        let labelled = chain(vec![Kind::ApplyLabelTransformer("x".to_owned()), Kind::Sink(true)]);
        let filter = chain(vec![
            Kind::FamilyNameRegexFilter("f".to_owned()),
            interleave(vec![Kind::PassAllFilter(true), labelled]),
            Kind::ColumnQualifierRegexFilter(b"b".to_vec()),
        ]);
        assert_eq!(passing(filter), ["f:a@2x", "f:a@1x", "f:b@1", "f:b@1x"]);
    }

    #[test]
    fn a_row_key_that_does_not_match_blocks_the_row() {
        assert_eq!(passing(Kind::RowKeyRegexFilter(b"ke".to_vec())), [""; 0]);
        assert_eq!(passing(Kind::RowKeyRegexFilter(b"k.*".to_vec())).len(), 4);
    }

    #[test]
    fn filters_the_service_refuses_are_refused() {
        let refused = |kind| Filter::compile(Some(&leaf(kind))).is_err();
        assert!(refused(Kind::PassAllFilter(false)));
        assert!(refused(Kind::RowSampleFilter(1.0)));
        assert!(refused(Kind::ApplyLabelTransformer("UPPER".to_owned())));
        assert!(refused(Kind::CellsPerColumnLimitFilter(0)));
        assert!(refused(Kind::ValueRegexFilter(b"(".to_vec())));
        let deep = (0..30).fold(Kind::PassAllFilter(true), |kind, _| chain(vec![kind]));
        assert!(refused(deep));
    }
}
