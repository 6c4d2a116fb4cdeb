//! Writes rows: one at a time, or a request's worth at once.

use std::ops::Range;
use std::sync::Arc;

use fjall::Slice;
use parking_lot::MutexGuard;
use tonic::Status;

use crate::bigtable::clock::now_micros;
use crate::bigtable::store::present::Present;
use crate::bigtable::store::row::Cell;
use crate::bigtable::store::schema::Schema;
use crate::bigtable::store::storage::{Batch, Encoder};
use crate::bigtable::store::table::{State, Table};

use super::apply::{Maker, apply};
use super::check::Change;

/// Changes of one row, or why they are refused.
pub struct Entry<'a> {
    pub key: &'a [u8],
    pub changes: Result<Vec<Change<'a>>, Status>,
}

/// Changes rows of a table that is held.
pub struct Writer<'s> {
    state: &'s State,
    now_micros: i64,
    present: MutexGuard<'s, Present>,
    encoder: Encoder<'s>,
    batch: Batch<'s>,
    row: Vec<u8>,
}

impl<'s> Writer<'s> {
    pub fn new(state: &'s State, now_micros: i64) -> Self {
        let (encoder, batch) = (state.storage.encoder(), state.storage.batch());
        Writer { state, now_micros, present: state.storage.present(), encoder, batch, row: Vec::new() }
    }

    /// Writes `fresh`, the row's encoding, if the row does not exist yet; otherwise changes the one that does.
    fn write(&mut self, row: &StagedRow<'_, '_>, fresh: &[u8]) -> Result<(), Status> {
        let may_exist = self.present.may_contain(row.key);
        let stored = if may_exist { self.state.storage.get(row.key)? } else { None };
        match stored {
            Some(stored) => self.change(row.key, Some(&stored), &row.entries.concat()),
            None if fresh.is_empty() => Ok(()),
            None => {
                self.present.insert(row.key);
                self.batch.put(row.key, fresh)
            }
        }
    }

    /// Applies changes to the row that is stored under `key`, and drops its garbage. An unchanged row is not written:
    /// a replay costs no disk.
    pub fn change(
        &mut self,
        key: &[u8],
        stored: Option<&Slice>,
        changes: &[Change<'_>],
    ) -> Result<(), Status> {
        let columns = self.state.storage.columns();
        let mut cells = self.state.cells(key, stored, &columns, self.now_micros)?;
        apply(&mut cells, changes);
        collect(&mut cells, &self.state.schema, self.now_micros);
        self.row.clear();
        if !cells.is_empty() {
            self.encoder.encode(&cells, &self.state.schema, &mut self.row)?;
        }
        match (stored, &*self.row) {
            (None, []) => Ok(()),
            (Some(_), []) => self.batch.remove(key),
            (Some(stored), row) if **stored == *row => Ok(()),
            (_, row) => {
                self.present.insert(key);
                self.batch.put(key, row)
            }
        }
    }

    pub fn commit(self) -> Result<(), Status> {
        self.batch.commit()
    }
}

/// Removes the garbage from a row whose cells are in order.
fn collect(cells: &mut Vec<Cell<'_>>, schema: &Schema, now_micros: i64) {
    let mut last: Option<Cell<'_>> = None;
    let mut nth = 0;
    cells.retain(|cell| {
        nth = if last.is_some_and(|last| last.same_column(cell)) { nth + 1 } else { 0 };
        last = Some(*cell);
        cell.lives(schema, nth, now_micros)
    });
}

/// A request's rows, encoded as if none of them existed yet. Few do, and this way the table is not held for it.
struct Staged<'e, 'a> {
    rows: Vec<StagedRow<'e, 'a>>,
    encoded: Vec<u8>,
}

struct StagedRow<'e, 'a> {
    key: &'a [u8],
    /// The entries for this row, in the order of the request.
    entries: Vec<&'e [Change<'a>]>,
    /// The row's range in `encoded`.
    fresh: Range<usize>,
}

impl<'e, 'a> Staged<'e, 'a> {
    fn new(entries: &'e [Entry<'a>], state: &State, now_micros: i64) -> Result<Self, Status> {
        let mut rows = group(entries);
        let mut encoder = state.storage.encoder();
        let mut bytes = Vec::new();
        let mut cells = Vec::new();
        let mut maker = Maker::default();
        for row in &mut rows {
            match row.entries[..] {
                [changes] => maker.make(&mut cells, changes),
                ref entries => {
                    cells.clear();
                    apply(&mut cells, &entries.concat());
                }
            }
            collect(&mut cells, &state.schema, now_micros);
            let start = bytes.len();
            if !cells.is_empty() {
                encoder.encode(&cells, &state.schema, &mut bytes)?;
            }
            row.fresh = start..bytes.len();
        }
        Ok(Staged { rows, encoded: bytes })
    }

    /// Writes the rows. The table is held.
    fn commit(self, state: &State, now_micros: i64) -> Result<(), Status> {
        let mut writer = Writer::new(state, now_micros);
        for row in &self.rows {
            writer.write(row, &self.encoded[row.fresh.clone()])?;
        }
        writer.commit()
    }
}

/// Groups a request's valid entries by row, in the order of the keys: the store takes sorted keys faster.
fn group<'e, 'a>(entries: &'e [Entry<'a>]) -> Vec<StagedRow<'e, 'a>> {
    let mut sound: Vec<(&'a [u8], &'e [Change<'a>])> =
        entries.iter().filter_map(|entry| Some((entry.key, entry.changes.as_deref().ok()?))).collect();
    sound.sort_by_key(|&(key, _)| key);
    let row = |group: &[(&'a [u8], &'e [Change<'a>])]| StagedRow {
        key: group[0].0,
        entries: group.iter().map(|&(_, changes)| changes).collect(),
        fresh: 0..0,
    };
    sound.chunk_by(|a, b| a.0 == b.0).map(row).collect()
}

/// Applies entries to a table, each atomically, and returns each one's result. `plan` makes the entries from the
/// schema and the clock; it runs again if the schema changes meanwhile.
pub fn mutate<'a>(
    table: &Table,
    plan: impl Fn(&Schema, i64) -> Result<Vec<Entry<'a>>, Status>,
) -> Result<Vec<Result<(), Status>>, Status> {
    let now_micros = now_micros();
    loop {
        let state = table.state()?;
        let entries = plan(&state.schema, now_micros)?;
        let staged = Staged::new(&entries, &state, now_micros)?;
        let held = table.hold()?;
        if !Arc::ptr_eq(&state, &held.state) {
            continue;
        }
        staged.commit(&state, now_micros)?;
        drop(held);
        return Ok(entries.into_iter().map(|entry| entry.changes.map(|_| ())).collect());
    }
}

/// Applies one entry.
pub fn mutate_one<'a>(table: &Table, plan: impl Fn(&Schema, i64) -> Entry<'a>) -> Result<(), Status> {
    let mut statuses = mutate(table, |schema, now_micros| Ok(vec![plan(schema, now_micros)]))?;
    statuses.pop().unwrap_or(Ok(()))
}
