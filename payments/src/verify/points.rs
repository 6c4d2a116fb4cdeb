//! Rows of chosen payments, read by their keys: for samples, and before and after repairs.

use super::expected::Run;
use super::findings::Missing;
use crate::audit::{Content, Differing, KeyHash, compare};
use gcp::bigtable::read::{self, Error, Reader, Scan, Span};
use schemas::Payment;
use schemas::layout::Table;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The findings on chosen payments in one table, each in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct Points {
    pub missing: Vec<Missing>,
    pub differing: Vec<Differing>,
    /// The digests of all rows asked for, and of all rows found.
    pub expected: Vec<u128>,
    pub found: Vec<u128>,
    /// By index: the time of the newest cell of a row that differs.
    pub newest: HashMap<u64, i64>,
}

/// Reads the rows of these payments in one request.
pub async fn read(reader: &Reader, run: &Run, table: Table, indices: &[u64]) -> Result<Points, Error> {
    let payments: Vec<(u64, Payment)> =
        indices.iter().map(|index| (*index, run.generator.payment(*index))).collect();
    let mut by_key: Vec<_> =
        payments.iter().map(|(index, payment)| (run.key(payment, table), *index, payment, false)).collect();
    by_key.sort_by(|a, b| a.0.cmp(&b.0));
    let mut points = Points::default();
    let scan = Scan {
        spans: by_key.iter().map(|(key, ..)| Span::key(key)).collect(),
        filter: Some(read::newest()),
        ..Scan::of(table.id())
    };
    let each = |row: read::Row<'_>| {
        let Ok(at) = by_key.binary_search_by(|(key, ..)| key.as_slice().cmp(row.key())) else {
            return ControlFlow::Continue(());
        };
        let (_, index, payment, was_found) = &mut by_key[at];
        *was_found = true;
        let (key, found) = (KeyHash::of(row.key()), Content::of_row(row));
        points.found.push(found.with_key(key));
        if found != Content::of_payment(payment) {
            points.differing.push(compare::differing(*index, payment, row));
            points.newest.insert(*index, row.cells().map(|cell| cell.timestamp_micros).max().unwrap_or(0));
        }
        ControlFlow::Continue(())
    };
    reader.scan(scan, each).await?;
    for (key, index, payment, was_found) in by_key {
        points.expected.push(Content::of_payment(payment).with_key(KeyHash::of(&key)));
        if !was_found {
            points.missing.push(Missing { index, key, payment_id: compare::payment_id(payment) });
        }
    }
    Ok(points)
}
