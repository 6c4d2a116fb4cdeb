//! The payment's rows, read by their keys and compared with what is expected.

use super::expected::Expected;
use crate::audit::compare::{differing, is_hidden};
use crate::audit::{CellDifference, Content};
use crate::rows::value;
use gcp::bigtable::read::{self, Error, Reader, Row, Scan, Span};
use schemas::layout::states::publish_micros;
use schemas::layout::{Column, PerTable, Table, keys};
use std::ops::ControlFlow;

/// Rows of one id that are kept: as many tell what is wrong.
const MOST_STRAYS: usize = 10;

/// One table's row.
#[derive(Clone, Debug)]
pub struct Found {
    pub row: State,
    /// When the messages of its oldest and newest cells were published, UTC microseconds.
    pub published: Option<(i64, i64)>,
    /// The run that it says it is of.
    pub run_id: Option<String>,
    /// Keys of other rows with the payment's id.
    pub strays: Vec<Vec<u8>>,
    /// The run that one of those says it is of, where that is another one.
    pub stray_run: Option<String>,
}

/// What is at the payment's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Missing,
    /// Exactly the cells of this state.
    Right(u32),
    Differs {
        /// The state that the row says it is in.
        version: Option<u32>,
        cells: Vec<CellDifference>,
    },
    /// The row of another payment.
    Taken(String),
}

impl Found {
    fn missing() -> Self {
        Self { row: State::Missing, published: None, run_id: None, strays: Vec::new(), stray_run: None }
    }

    /// The state that the row is in, right or not.
    pub fn version(&self) -> Option<u32> {
        match &self.row {
            State::Right(version) => Some(*version),
            State::Differs { version, .. } => *version,
            State::Missing | State::Taken(_) => None,
        }
    }
}

/// Reads the rows at the payment's three keys, and those that have its id in their keys.
pub async fn read(reader: &Reader, id: &str, expected: &Expected) -> Result<PerTable<Found>, Error> {
    let read = |table| read_one(reader, table, id, expected);
    let (by_customer, by_date, by_transaction) =
        tokio::try_join!(read(Table::ByCustomer), read(Table::ByDate), read(Table::ByTransaction))?;
    Ok(PerTable { by_customer, by_date, by_transaction })
}

async fn read_one(reader: &Reader, table: Table, id: &str, expected: &Expected) -> Result<Found, Error> {
    let key = &expected.keys[table];
    let span = if table == Table::ByTransaction { of_id(id) } else { Span::key(key) };
    let mut found = Found::missing();
    scan(reader, table, span, |row| {
        if row.key() == key {
            judge(&mut found, row, id, expected);
        } else if found.strays.len() < MOST_STRAYS {
            found.strays.push(row.key().to_vec());
            let other = text(&row, Column::RunId).filter(|run| !run.is_empty() && *run != expected.run_id);
            found.stray_run = found.stray_run.take().or(other);
        }
    })
    .await?;
    Ok(found)
}

/// The keys of the rows with this id, and the runs that these say they are of.
pub async fn by_id(reader: &Reader, id: &str) -> Result<Vec<(Vec<u8>, String)>, Error> {
    let mut rows = Vec::new();
    scan(reader, Table::ByTransaction, of_id(id), |row| {
        if rows.len() < MOST_STRAYS {
            rows.push((row.key().to_vec(), text(&row, Column::RunId).unwrap_or_default()));
        }
    })
    .await?;
    Ok(rows)
}

fn of_id(id: &str) -> Span {
    let keys = keys::of_payment(id);
    Span { start: keys.start, end: Some(keys.end) }
}

async fn scan(reader: &Reader, table: Table, span: Span, mut each: impl FnMut(Row<'_>)) -> Result<(), Error> {
    // No payment has as many rows; nobody has to wait for a table full of them.
    let limit = Some(2 * MOST_STRAYS as u64);
    let wanted = Scan { spans: vec![span], filter: Some(read::newest()), limit, ..Scan::of(table.id()) };
    let each = |row: Row<'_>| {
        each(row);
        ControlFlow::Continue(())
    };
    reader.scan(wanted, each).await.map(|_| ())
}

fn judge(found: &mut Found, row: Row<'_>, id: &str, expected: &Expected) {
    let version = text(&row, Column::Version).and_then(|version| version.parse().ok());
    let times = || row.cells().map(|cell| publish_micros(cell.timestamp_micros, version.unwrap_or(1)));
    found.published = times().min().zip(times().max());
    found.run_id = text(&row, Column::RunId);
    let other = value(&row, Column::PaymentId).unwrap_or_default();
    if is_hidden(row.key(), id, other) {
        found.row = State::Taken(String::from_utf8_lossy(other).into_owned());
        return;
    }
    let state = version.and_then(|version| expected.state(version));
    found.row = match (state, version) {
        (Some(payment), Some(version)) if Content::of_payment(payment) == Content::of_row(row) => {
            State::Right(version)
        }
        (state, version) => {
            let payment = state.unwrap_or(expected.last());
            State::Differs { version, cells: differing(expected.index, payment, row).cells }
        }
    };
}

fn text(row: &Row<'_>, column: Column) -> Option<String> {
    value(row, column).map(|value| String::from_utf8_lossy(value).into_owned())
}
