//! Compares a payment's cells with a row's. Pure.

use super::findings::{CellDifference, Differing};
use gcp::bigtable::read::Row;
use schemas::Payment;
use schemas::layout::cells;
use std::collections::BTreeMap;

/// Values are shown up to this length.
const SHOWN_CHARS: usize = 60;

/// The cells in which a row differs from its payment, by column.
pub fn cell_differences(payment: &Payment, row: Row<'_>) -> Vec<CellDifference> {
    let mut by_column = BTreeMap::<String, (Option<String>, Option<String>)>::new();
    cells(payment, |column, value| {
        let name = format!("{}:{}", column.family().id(), column.qualifier());
        by_column.entry(name).or_default().0 = Some(text(value));
    });
    for cell in row.cells() {
        let name = format!("{}:{}", text(cell.family), text(cell.qualifier));
        by_column.entry(name).or_default().1 = Some(text(cell.value));
    }
    by_column
        .into_iter()
        .filter(|(_, (expected, found))| expected != found)
        .map(|(column, (expected, found))| CellDifference {
            column,
            expected: expected.map(shortened),
            found: found.map(shortened),
        })
        .collect()
}

pub fn differing(index: u64, payment: &Payment, row: Row<'_>) -> Differing {
    Differing {
        index,
        key: row.key().to_vec(),
        payment_id: payment_id(payment),
        cells: cell_differences(payment, row),
    }
}

pub fn payment_id(payment: &Payment) -> String {
    payment.payment_header.as_ref().map(|header| header.payment_id.clone()).unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shortened(mut value: String) -> String {
    if let Some((at, _)) = value.char_indices().nth(SHOWN_CHARS) {
        value.truncate(at);
        value.push('…');
    }
    value
}
