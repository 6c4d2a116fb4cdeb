//! One message's way from bytes to rows, with checks that every row must pass: for the fuzz target and its seeds.

use crate::decoder::Decoder;
use crate::fanout::Batches;
use crate::reject::Reject;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use prost::Message as _;
use schemas::layout::keys::SEPARATOR;
use schemas::layout::states::cell_micros;
use schemas::layout::{Column, KeySuffix, Table};

/// 2026-09-21, not on a millisecond.
const PUBLISHED_MICROS: i64 = 1_790_000_000_123_456;
/// Longest row key that Bigtable takes.
const MAX_KEY_BYTES: usize = 4 << 10;

/// Decodes, validates and encodes as the sink does; returns the number of cells, or why there is no row.
///
/// # Panics
/// When a row is not one that Bigtable would take and the layout promises.
pub fn message_to_rows(bytes: &[u8]) -> Result<usize, Reject> {
    let row = Decoder::default().row(bytes, PUBLISHED_MICROS)?;
    for (suffix, separators) in [(KeySuffix::None, 2), (KeySuffix::TransactionId, 3)] {
        let batches = Batches::of(vec![row.clone()], suffix);
        for (table, keys) in &batches.keys {
            let key = keys.key(0);
            assert!(!key.is_empty() && key.len() <= MAX_KEY_BYTES, "a key of {} bytes", key.len());
            let expected = if table == Table::ByTransaction { 2 } else { separators };
            let found = key.split(|byte| *byte == SEPARATOR).count() - 1;
            assert_eq!(found, expected, "{table:?}: {}", String::from_utf8_lossy(key));
        }
    }
    let cells = check_body(row.body(), cell_micros(PUBLISHED_MICROS, row.version));
    assert_eq!(cells, row.mutations());
    Ok(cells)
}

/// The bytes are mutations as prost reads them, one a column, in the layout's columns, at this time.
fn check_body(body: &[u8], cell_micros: i64) -> usize {
    let entry = data::mutate_rows_request::Entry::decode(body).expect("the body is an entry's mutations");
    let mut seen = Vec::with_capacity(entry.mutations.len());
    for mutation in &entry.mutations {
        let Some(data::mutation::Mutation::SetCell(cell)) = &mutation.mutation else {
            panic!("a mutation that is no SetCell");
        };
        assert_eq!(cell.timestamp_micros, cell_micros);
        assert!(std::str::from_utf8(&cell.value).is_ok(), "a value that is no text");
        let column = Column::ALL.iter().position(|column| {
            column.family().id() == cell.family_name
                && column.qualifier().as_bytes() == cell.column_qualifier.as_ref() as &[u8]
        });
        let column = column.expect("a cell of no column");
        assert!(!seen.contains(&column), "two cells of one column");
        seen.push(column);
    }
    assert_eq!(entry.encode_to_vec(), body, "prost writes the same bytes");
    seen.len()
}
