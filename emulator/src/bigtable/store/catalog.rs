//! The tables of a server, and the store they live in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use parking_lot::{Mutex, RwLock};
use prost::Message;
use tonic::Status;

use crate::bigtable::error::Error;
use crate::durability::{Syncs, sync_name};
use crate::{folder, journal};

use super::rule::Invalid;
use super::schema::{Schema, TableRecord};
use super::storage::{COLUMNS, Storage, column_generation, failed, keyspace_name};
use super::table::{State, Table, not_found};

const META: &str = "meta";
const TABLES: &str = "table/";
const NEXT_GENERATION: &str = "next_generation";

/// Beyond this the store flushes what its journals still hold. It bounds what is replayed after a kill.
const JOURNAL_BYTES: u64 = 256 << 20;

/// The store keeps at most this many files open.
const OPEN_FILES: usize = 256;

/// One thread flushes and compacts. A second one would poll while the first compacts: more CPU, the same speed.
const STORE_THREADS: usize = 1;

/// Bytes of all tables' memtables beyond which the largest is flushed early.
const MEMTABLES_BYTES: u64 = 108 << 20;

/// Memtables, over all tables, that may wait to be flushed before writers wait, too; and for how long writers wait at
/// most, so that a failed store does not hold them for ever.
const SEALED_MEMTABLES: usize = 3;
const MAX_WAIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// All tables. Reads hold no lock for longer than a look-up.
pub struct Catalog {
    path: PathBuf,
    tables: RwLock<BTreeMap<String, Arc<Table>>>,
    /// None once closed. Locked while a table is created, changed or deleted.
    store: Mutex<Option<Store>>,
    /// None once closed: it keeps the store open.
    syncs: RwLock<Option<Arc<Syncs>>>,
}

struct Store {
    db: Database,
    meta: Keyspace,
    syncs: Arc<Syncs>,
}

impl Catalog {
    /// Opens the store in a directory, creating both if missing.
    pub fn open(
        path: &Path,
        cache_bytes: u64,
        syncs: impl FnOnce(Database) -> Syncs,
    ) -> Result<Catalog, Error> {
        folder::create(path)?;
        let storage = |source| match folder::fault(path, source) {
            Ok(fault) => Error::Folder(fault),
            Err(source) => Error::Storage { path: path.to_owned(), source },
        };
        let open = || {
            Database::builder(path)
                .cache_size(cache_bytes)
                .worker_threads(STORE_THREADS)
                .max_journaling_size(JOURNAL_BYTES)
                .max_cached_files(Some(OPEN_FILES))
                .open()
        };
        let db = journal::open(path, open).map_err(storage)?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(1 << 20);
        let meta = db.keyspace(META, options).map_err(storage)?;
        sync_name(&meta).map_err(|error| storage(error.into()))?;
        let syncs = Arc::new(syncs(db.clone()));
        let store = Store { db, meta, syncs: syncs.clone() };
        let tables = store.load(path)?;
        store.delete_strays(&tables).map_err(storage)?;
        let tables = tables.into_values().map(|table| (table.name.clone(), Arc::new(table))).collect();
        Ok(Catalog {
            path: path.to_owned(),
            tables: RwLock::new(tables),
            store: Mutex::new(Some(store)),
            syncs: RwLock::new(Some(syncs)),
        })
    }

    /// The table with this full name.
    pub fn table(&self, name: &str) -> Result<Arc<Table>, Status> {
        let tables = self.tables.read();
        tables.get(name).cloned().ok_or_else(|| not_found(name))
    }

    /// All tables whose name starts with `prefix`, by name.
    pub fn list(&self, prefix: &str) -> Vec<Arc<Table>> {
        let tables = self.tables.read();
        tables.values().filter(|table| table.name.starts_with(prefix)).cloned().collect()
    }

    /// Creates a table and syncs it to disk. The record's generation is chosen here.
    pub fn create(&self, record: TableRecord) -> Result<Arc<Table>, Status> {
        let store = self.store.lock();
        let store = store.as_ref().ok_or_else(closed)?;
        let name = record.name.clone();
        if self.table(&name).is_ok() {
            return Err(Status::already_exists(format!("table {name:?} exists")));
        }
        let state = store.open_new(record)?;
        let table = Arc::new(Table::new(name.clone(), state));
        self.tables.write().insert(name, table.clone());
        Ok(table)
    }

    /// Deletes a table, unless `allowed` objects. Calls under way finish with the state they began with.
    pub fn delete(
        &self,
        name: &str,
        allowed: impl Fn(&TableRecord) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let store = self.store.lock();
        let store = store.as_ref().ok_or_else(closed)?;
        let table = self.table(name)?;
        let held = table.hold()?;
        allowed(&held.state.schema.record)?;
        store.remove_record(name).map_err(|error| failed(&error))?;
        held.replace(None);
        self.tables.write().remove(name);
        held.state.storage.delete().map_err(|error| failed(&error))
    }

    /// Changes a table's record and syncs it to disk, all or nothing. Returns the changed table.
    pub fn modify(
        &self,
        name: &str,
        change: impl Fn(&mut TableRecord) -> Result<(), Status>,
    ) -> Result<Arc<Table>, Status> {
        let store = self.store.lock();
        let store = store.as_ref().ok_or_else(closed)?;
        let table = self.table(name)?;
        let held = table.hold()?;
        let mut record = held.state.schema.record.clone();
        change(&mut record)?;
        let schema = Schema::compile(record).map_err(|invalid| refused(&invalid))?;
        store.write_record(&schema.record, None).map_err(|error| failed(&error))?;
        held.replace(Some(State { schema, storage: held.state.storage.clone() }));
        drop(held);
        Ok(table)
    }

    /// Drops all rows of a table at once, whatever their number: new rows go to a new keyspace.
    pub fn drop_rows(&self, name: &str) -> Result<(), Status> {
        let store = self.store.lock();
        let store = store.as_ref().ok_or_else(closed)?;
        let table = self.table(name)?;
        let held = table.hold()?;
        let state = store.open_new(held.state.schema.record.clone())?;
        held.replace(Some(state));
        held.state.storage.delete().map_err(|error| failed(&error))
    }

    /// Keeps the store's memory and runs within bounds, however many tables are written to. To be called after each
    /// write: the writer waits while the store is behind with flushes, and helps it with compactions.
    pub fn keep_up(&self) -> Result<(), Status> {
        let state = |table: Arc<Table>| table.state().ok();
        let states: Vec<_> = self.list("").into_iter().filter_map(state).collect();
        let active = |state: &Arc<State>| state.storage.memtable_bytes();
        if states.iter().map(active).sum::<u64>() > MEMTABLES_BYTES
            && let Some(largest) = states.iter().max_by_key(|state| active(state))
        {
            largest.storage.flush().map_err(|error| failed(&error))?;
        }
        let sealed = || states.iter().map(|state| state.storage.sealed_memtables()).sum::<usize>();
        let started = Instant::now();
        while sealed() > SEALED_MEMTABLES && started.elapsed() < MAX_WAIT {
            std::thread::sleep(PAUSE);
        }
        for State { storage, .. } in states.iter().map(Arc::as_ref) {
            // However long it takes: in each turn a step is done, here or by someone else.
            while storage.is_behind() {
                storage.compact().map_err(|error| failed(&error))?;
                std::thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    /// To be called after a change, before it is answered: returns once what was written survives what it must.
    pub fn settle(&self) -> Result<(), Status> {
        let syncs = self.syncs.read().clone().ok_or_else(closed)?;
        syncs.settle().map_err(|error| failed(&error))
    }

    /// Whether the store can be written; once it cannot, it never can again.
    pub fn check(&self) -> Result<(), Error> {
        let Some(db) = self.store.lock().as_ref().map(|store| store.db.clone()) else { return Ok(()) };
        let written = db.persist(PersistMode::Buffer);
        written.map_err(|_| Error::Unwritable { path: self.path.clone() })
    }

    /// Syncs everything to disk and closes the store. No call may be under way.
    pub fn close(&self) -> Result<(), Error> {
        let Some(store) = self.store.lock().take() else { return Ok(()) };
        self.syncs.write().take();
        let tables = std::mem::take(&mut *self.tables.write());
        for table in tables.into_values() {
            if let Ok(held) = table.hold() {
                held.replace(None);
            }
        }
        store.syncs.sync().map_err(|source| Error::Storage { path: self.path.clone(), source })
    }
}

impl Store {
    /// Opens every table on record, by generation.
    fn load(&self, path: &Path) -> Result<BTreeMap<u64, Table>, Error> {
        let storage = |source| Error::Storage { path: path.to_owned(), source };
        let corrupt = |what: String| Error::Corrupt { path: path.to_owned(), what };
        let mut tables = BTreeMap::new();
        for entry in self.meta.prefix(TABLES) {
            let (key, record) = entry.into_inner().map_err(storage)?;
            let what = key.escape_ascii().to_string();
            let record = TableRecord::decode(&*record).map_err(|_| corrupt(what.clone()))?;
            let (name, generation) = (record.name.clone(), record.generation);
            let schema = Schema::compile(record).map_err(|_| corrupt(what))?;
            let storage = Arc::new(Storage::open(&self.db, &self.meta, generation).map_err(storage)?);
            tables.insert(generation, Table::new(name, State { schema, storage }));
        }
        Ok(tables)
    }

    /// Deletes keyspaces and dictionaries without a table, left by a process killed between two steps.
    fn delete_strays(&self, tables: &BTreeMap<u64, Table>) -> fjall::Result<()> {
        let known: Vec<String> =
            tables.keys().map(|generation| keyspace_name(*generation)).chain([META.to_owned()]).collect();
        for name in self.db.list_keyspace_names() {
            if !known.iter().any(|known| **known == *name) {
                let stray = self.db.keyspace(&name, KeyspaceCreateOptions::default)?;
                self.db.delete_keyspace(stray)?;
            }
        }
        let mut batch = self.db.batch();
        for record in self.meta.prefix(COLUMNS) {
            let key = record.key()?;
            if !column_generation(&key).is_some_and(|generation| tables.contains_key(&generation)) {
                batch.remove(&self.meta, key);
            }
        }
        batch.commit()
    }

    /// Puts a record on a new, empty generation.
    fn open_new(&self, mut record: TableRecord) -> Result<State, Status> {
        let generation = self.next_generation().map_err(|error| failed(&error))?;
        record.generation = generation;
        let schema = Schema::compile(record).map_err(|invalid| refused(&invalid))?;
        let storage = Storage::open(&self.db, &self.meta, generation).map_err(|error| failed(&error))?;
        sync_name(&storage.rows).map_err(|error| failed(&error.into()))?;
        self.write_record(&schema.record, Some(generation + 1)).map_err(|error| failed(&error))?;
        Ok(State { schema, storage: Arc::new(storage) })
    }

    fn next_generation(&self) -> fjall::Result<u64> {
        let stored = self.meta.get(NEXT_GENERATION)?;
        Ok(stored.and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?))).unwrap_or(1))
    }

    fn write_record(&self, record: &TableRecord, next_generation: Option<u64>) -> fjall::Result<()> {
        let mut batch = self.db.batch();
        batch.insert(&self.meta, format!("{TABLES}{}", record.name), record.encode_to_vec());
        if let Some(generation) = next_generation {
            batch.insert(&self.meta, NEXT_GENERATION, generation.to_be_bytes());
        }
        batch.commit()?;
        self.syncs.sync()
    }

    fn remove_record(&self, name: &str) -> fjall::Result<()> {
        self.meta.remove(format!("{TABLES}{name}"))?;
        self.syncs.sync()
    }
}

fn refused(invalid: &Invalid) -> Status {
    Status::invalid_argument(format!("garbage-collection rule: {invalid}"))
}

fn closed() -> Status {
    Status::unavailable("the server is shutting down")
}
