//! Compares a payment's cells with a row's. Pure.

use gcp::bigtable::read::Row;
use schemas::Payment;
use schemas::layout::cells;
use schemas::layout::keys::SEPARATOR;
use service::escape::escape;
use std::collections::BTreeMap;
use uuid::fmt::Hyphenated;

/// Values are shown up to this length.
const SHOWN_CHARS: usize = 60;

/// A row whose cells are not its payment's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub index: u64,
    pub key: Vec<u8>,
    pub payment_id: String,
    pub cells: Vec<CellDifference>,
}

impl Differing {
    /// The payment whose row this is, where that is another one with the same row key.
    pub fn hidden_by(&self) -> Option<&str> {
        let id = self.cells.iter().find(|cell| cell.column == ID_COLUMN)?;
        id.found.as_deref().filter(|found| is_hidden(&self.key, &self.payment_id, found.as_bytes()))
    }
}

/// Whether a payment's row is another's, by the id in its cells. A key that holds the id can only be its own.
pub fn is_hidden(key: &[u8], payment_id: &str, found: &[u8]) -> bool {
    let is_id = || std::str::from_utf8(found).is_ok_and(|found| found.parse::<Hyphenated>().is_ok());
    let own = payment_id.as_bytes();
    found != own && is_id() && !key.split(|byte| *byte == SEPARATOR).any(|part| part == own)
}

const ID_COLUMN: &str = "payment_header:payment_id";

/// A cell that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDifference {
    /// `family:qualifier`
    pub column: String,
    pub expected: Option<String>,
    pub found: Option<String>,
}

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

/// A difference in words, values and all.
pub fn cell_line(cell: &CellDifference) -> String {
    let column = escape(&cell.column);
    match (&cell.expected, &cell.found) {
        (Some(expected), Some(found)) => format!("{column}: expected {expected:?}, found {found:?}"),
        (Some(expected), None) => format!("{column}: expected {expected:?}, not there"),
        (None, found) => format!("{column}: expected nothing, found {:?}", found.as_deref().unwrap_or("")),
    }
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
