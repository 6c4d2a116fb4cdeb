//! The content of the tables, read back from them.

use crate::rows;
use data::RowFilter;
use data::row_filter::{Condition, Filter};
use gcp::bigtable::Bigtable;
use gcp::bigtable::read::{self, Error, Patience, Reader, Scan};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use schemas::layout::{Column, Table};
use std::ops::ControlFlow;

/// One table's content, as far as the summary reports it.
#[derive(Clone, Debug)]
pub struct TableContent {
    pub table: Table,
    /// All rows.
    pub rows: u64,
    /// Rows of the run in question.
    pub rows_of_run: u64,
    pub sample: Option<Row>,
}

/// A row's key and cells, as text.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub key: String,
    /// `family:qualifier` and value, in the table's order.
    pub cells: Vec<(String, String)>,
}

/// Reads all three tables at once; `with_rows` also one row of each.
pub async fn read(bigtable: &Bigtable, run_id: &str, with_rows: bool) -> anyhow::Result<Vec<TableContent>> {
    let reader = Reader::new(bigtable.clone(), "", Patience::default());
    let content = |table| content(&reader, table, run_id, with_rows);
    let (by_customer, by_date, by_transaction) =
        tokio::try_join!(content(Table::ByCustomer), content(Table::ByDate), content(Table::ByTransaction))?;
    Ok(vec![by_customer, by_date, by_transaction])
}

async fn content(
    reader: &Reader,
    table: Table,
    run_id: &str,
    with_rows: bool,
) -> Result<TableContent, Error> {
    let (rows, rows_of_run) = count(reader, table, run_id).await?;
    let sample = if with_rows { first_row(reader, table, run_id).await? } else { None };
    Ok(TableContent { table, rows, rows_of_run, sample })
}

/// Counts all rows, and those of the run by the run id that every row carries.
async fn count(reader: &Reader, table: Table, run_id: &str) -> Result<(u64, u64), Error> {
    let filter = Some(rows::column(Column::RunId));
    let mut rows_of_run = 0;
    let each = |row: read::Row<'_>| {
        rows_of_run += u64::from(rows::value(&row, Column::RunId) == Some(run_id.as_bytes()));
        ControlFlow::Continue(())
    };
    let scanned = reader.scan(Scan { filter, ..Scan::of(table.id()) }, each).await?;
    Ok((scanned.rows, rows_of_run))
}

async fn first_row(reader: &Reader, table: Table, run_id: &str) -> Result<Option<Row>, Error> {
    let filter = Some(of_run(run_id));
    let mut found = None;
    let each = |row: read::Row<'_>| {
        let cells = row
            .cells()
            .map(|cell| (format!("{}:{}", text(cell.family), text(cell.qualifier)), text(cell.value)));
        found = Some(Row { key: text(row.key()), cells: cells.collect() });
        ControlFlow::Break(())
    };
    reader.scan(Scan { filter, limit: Some(1), ..Scan::of(table.id()) }, each).await?;
    Ok(found)
}

/// Whole rows with the run's id: the condition looks at one cell, but all cells come back.
fn of_run(run_id: &str) -> RowFilter {
    let predicate =
        read::chain([rows::column(Column::RunId), read::filter(Filter::ValueRegexFilter(run_id.into()))]);
    read::filter(Filter::Condition(Box::new(Condition {
        predicate_filter: Some(Box::new(predicate)),
        true_filter: Some(Box::new(read::filter(Filter::PassAllFilter(true)))),
        false_filter: None,
    })))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
