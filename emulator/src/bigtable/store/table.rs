//! A table: its schema and rows in force.

use std::sync::Arc;

use fjall::Slice;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tonic::Status;

use crate::bigtable::clock::now_micros;

use super::columns::Columns;
use super::row::{self, Cell, Place, Unreadable};
use super::schema::Schema;
use super::storage::{Storage, failed};

/// A table, shared by all calls on it.
pub struct Table {
    pub name: String,
    /// Held while rows are read to be changed, and while the schema changes. One lock a table is enough: requests are
    /// decoded and encoded before it is taken, and the store's journal takes one writer at a time.
    writes: Mutex<()>,
    /// None once the table is deleted.
    state: RwLock<Option<Arc<State>>>,
}

/// Schema and rows, as one call works with them from start to end.
pub struct State {
    pub schema: Schema,
    pub storage: Arc<Storage>,
}

/// A table that nobody else can change.
pub struct Held<'t> {
    pub state: Arc<State>,
    pub now_micros: i64,
    table: &'t Table,
    _guard: MutexGuard<'t, ()>,
}

impl Table {
    pub fn new(name: String, state: State) -> Table {
        Table { name, writes: Mutex::new(()), state: RwLock::new(Some(Arc::new(state))) }
    }

    /// Schema and rows in force. `NOT_FOUND` once the table is deleted.
    pub fn state(&self) -> Result<Arc<State>, Status> {
        let state = self.state.read();
        state.clone().ok_or_else(|| not_found(&self.name))
    }

    /// Keeps everyone else from changing the table until the result is dropped.
    pub fn hold(&self) -> Result<Held<'_>, Status> {
        let guard = self.writes.lock();
        Ok(Held { state: self.state()?, now_micros: now_micros(), table: self, _guard: guard })
    }

    /// Deletes up to `limit` rows with this prefix. Returns whether there may be more.
    pub fn delete_some(&self, prefix: &[u8], limit: usize) -> Result<bool, Status> {
        let held = self.hold()?;
        let mut batch = held.state.storage.batch();
        let mut rows = 0;
        for row in held.state.storage.rows.prefix(prefix).take(limit) {
            batch.remove(&row.key().map_err(|error| failed(&error))?)?;
            rows += 1;
        }
        batch.commit()?;
        Ok(rows == limit)
    }
}

impl Held<'_> {
    /// Puts a new schema or new rows in force, or nothing: then the table is deleted.
    pub fn replace(&self, state: Option<State>) {
        *self.table.state.write() = state.map(Arc::new);
    }

    /// The stored row with this key, and the dictionary to read it with.
    pub fn get(&self, key: &[u8]) -> Result<(Option<Slice>, Arc<Columns>), Status> {
        let stored = self.state.storage.get(key)?;
        Ok((stored, self.state.storage.columns()))
    }
}

impl State {
    /// The live cells of a stored row; none of a row that does not exist.
    pub fn cells<'a>(
        &self,
        key: &[u8],
        stored: Option<&'a Slice>,
        columns: &'a Columns,
        now_micros: i64,
    ) -> Result<Vec<Cell<'a>>, Status> {
        let Some(stored) = stored else { return Ok(Vec::new()) };
        // Most cells are short, so this is a good guess of their number.
        let mut cells = Vec::with_capacity(stored.len() / 16);
        self.visit(key, stored, columns, |cell, place| {
            if cell.lives(&self.schema, place.nth, now_micros) {
                cells.push(cell);
            }
        })?;
        Ok(cells)
    }

    /// Passes on the cells of a stored row in order, garbage too.
    pub fn visit<'a>(
        &self,
        key: &[u8],
        stored: &'a Slice,
        columns: &'a Columns,
        each: impl FnMut(Cell<'a>, Place<'a>),
    ) -> Result<(), Status> {
        row::visit(stored, &self.schema, columns, each).map_err(|error| unreadable(&self.schema, key, &error))
    }
}

/// Status of a call that found a row it cannot read.
fn unreadable(schema: &Schema, key: &[u8], error: &Unreadable) -> Status {
    let key = key.escape_ascii();
    Status::data_loss(format!("row \"{key}\" of {} cannot be read: {error}", schema.record.name))
}

/// Status of a call on a table that does not exist.
pub fn not_found(name: &str) -> Status {
    Status::not_found(format!("table {name:?} not found; create it first"))
}
