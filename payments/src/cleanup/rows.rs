//! Counting and deleting rows.

use super::which::Which;
use crate::output::Progress;
use admin::drop_row_range_request::Target;
use data::mutate_rows_request::Entry;
use data::mutation::{DeleteFromRow, Mutation as Kind};
use gcp::Resource;
use gcp::bigtable::TableAdmin;
use gcp::bigtable::read::{Error, Reader, Row, Scan};
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use schemas::layout::Table;
use std::ops::ControlFlow;

/// Keys held at once while deleting.
const PAGE_ROWS: u64 = 10_000;

/// Rows of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub rows: u64,
    /// Rows whose keys are not a payment's; these stay.
    pub unreadable: u64,
    pub first: Option<Vec<u8>>,
    pub last: Option<Vec<u8>>,
}

impl Counted {
    fn note(&mut self, which: &Which, table: Table, key: &[u8]) -> bool {
        match which.takes(table, key) {
            Some(true) => {
                self.rows += 1;
                self.first.get_or_insert_with(|| key.to_vec());
                key.clone_into(self.last.get_or_insert_default());
                true
            }
            Some(false) => false,
            None => {
                self.unreadable += 1;
                false
            }
        }
    }
}

fn scan_of(which: &Which, table: Table) -> Scan {
    Scan { spans: vec![which.span(table)], filter: Some(which.filter()), ..Scan::of(table.id()) }
}

/// Between two steps of a spinner.
const STEP_ROWS: u64 = 10_000;

fn spinner(what: &'static str, table: Table) -> Progress {
    Progress::new(format!("{what} {}", table.id()), None)
}

/// Counts the rows that would be deleted.
pub async fn count(reader: &Reader, table: Table, which: &Which) -> Result<Counted, Error> {
    let (mut counted, bar) = (Counted::default(), spinner("counting", table));
    let each = |row: Row<'_>| {
        if counted.note(which, table, row.key()) && counted.rows.is_multiple_of(STEP_ROWS) {
            bar.add(STEP_ROWS);
        }
        ControlFlow::Continue(())
    };
    reader.scan(scan_of(which, table), each).await?;
    bar.finish();
    Ok(counted)
}

/// Deletes rows by their keys, some thousand at a time, each confirmed.
///
/// # Errors
/// If not all could be deleted; running it again deletes the rest.
pub async fn delete(reader: &Reader, table: Table, which: &Which) -> Result<Counted, Error> {
    let (mut counted, bar) = (Counted::default(), spinner("deleting from", table));
    let mut left = which.span(table);
    loop {
        let (mut entries, mut last_key) = (Vec::new(), None);
        let scan = Scan { spans: vec![left.clone()], limit: Some(PAGE_ROWS), ..scan_of(which, table) };
        let each = |row: Row<'_>| {
            last_key = Some(row.key().to_vec());
            if counted.note(which, table, row.key()) {
                entries.push(deletion(row.key()));
            }
            ControlFlow::Continue(())
        };
        reader.scan(scan, each).await?;
        let deleted = entries.len() as u64;
        reader.write(table.id(), entries).await?;
        bar.add(deleted);
        let Some(last_key) = last_key else { break };
        left.trim_to_after(&last_key);
    }
    bar.finish();
    Ok(counted)
}

fn deletion(key: &[u8]) -> Entry {
    let mutation = data::Mutation { mutation: Some(Kind::DeleteFromRow(DeleteFromRow {})) };
    Entry { row_key: key.to_vec(), mutations: vec![mutation], ..Default::default() }
}

/// Drops all rows, or those with a prefix, in one call to the table's administration.
pub async fn drop_range(service: &TableAdmin, table: Table, which: &Which) -> Result<(), service::Error> {
    let name = service.table_name(table.id());
    let target = match which {
        Which::Prefix(prefix) => Target::RowKeyPrefix(prefix.clone()),
        _ => Target::DeleteAllDataFromTable(true),
    };
    let bar = spinner("dropping rows of", table);
    let request = admin::DropRowRangeRequest { name: name.clone(), target: Some(target) };
    let resource = Resource { kind: "table", name: &name, role: "roles/bigtable.admin" };
    let dropped =
        service.answer(resource, || async { service.client().drop_row_range(request.clone()).await }).await;
    bar.finish();
    dropped
}
