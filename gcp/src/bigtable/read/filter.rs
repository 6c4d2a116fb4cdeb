//! Row filters.

use data::row_filter::{Chain, Filter};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;

/// Lets through the newest version of every cell.
pub fn newest() -> data::RowFilter {
    filter(Filter::CellsPerColumnLimitFilter(1))
}

/// Lets through the newest version of the cells of one column, whose names hold nothing that a pattern would take for
/// more than itself.
pub fn column(family: &str, qualifier: &str) -> data::RowFilter {
    chain([
        filter(Filter::FamilyNameRegexFilter(family.to_owned())),
        filter(Filter::ColumnQualifierRegexFilter(qualifier.into())),
        newest(),
    ])
}

pub fn filter(filter: Filter) -> data::RowFilter {
    data::RowFilter { filter: Some(filter) }
}

pub fn chain<const N: usize>(filters: [data::RowFilter; N]) -> data::RowFilter {
    filter(Filter::Chain(Chain { filters: filters.into() }))
}
