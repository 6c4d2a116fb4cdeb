//! Reading Bigtable tables: rows handed on one by one, whole or not at all, each once, whatever happens to the connection.
//!
//! - [`Reader`]: scans that go on after a broken stream, and the keys that divide a table into parts.
//! - `progress`: how far a scan is, and what its next call asks for.
//! - `chunk`: the messages of ReadRows, read from their bytes without copies.
//! - `merger`: the state machine that makes rows of chunks; `names`: their columns, each kept once.
//! - [`Span`]: ranges of row keys.
//! - `call`: one call on the wire.
//! - [`mod@write`]: rows written again, for repairs.
//! - `retry`: which failures pass, and how long to wait.

mod call;
mod chunk;
mod error;
mod flags;
mod merger;
mod names;
mod progress;
mod reader;
pub(crate) mod retry;
mod row;
mod span;
pub mod write;

pub use error::Error;
pub use flags::Flags;
pub use names::column_hash;
pub use reader::{Patience, Reader, Scan, Scanned};
pub use row::{Cell, Row};
pub use span::Span;

use data::row_filter::{Chain, Filter};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use schemas::layout::{Column, Table};

/// Lets through the newest version of every cell.
pub fn newest() -> data::RowFilter {
    filter(Filter::CellsPerColumnLimitFilter(1))
}

/// Lets through the newest version of the cells of one column.
pub fn column(column: Column) -> data::RowFilter {
    chain([
        filter(Filter::FamilyNameRegexFilter(column.family().id().to_owned())),
        filter(Filter::ColumnQualifierRegexFilter(column.qualifier().into())),
        newest(),
    ])
}

pub fn filter(filter: Filter) -> data::RowFilter {
    data::RowFilter { filter: Some(filter) }
}

pub fn chain<const N: usize>(filters: [data::RowFilter; N]) -> data::RowFilter {
    filter(Filter::Chain(Chain { filters: filters.into() }))
}

/// Lets through rows of these types, by the component of the row key that says the type; none for a table whose keys do
/// not say it.
pub fn of_types(table: Table, types: &[&str]) -> Option<data::RowFilter> {
    let pattern = schemas::layout::keys::pattern_of_types(table, types)?;
    Some(filter(Filter::RowKeyRegexFilter(pattern.into_bytes())))
}
