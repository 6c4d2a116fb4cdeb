//! The rows of one table in the store: a keyspace and the dictionary its rows are written with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use fjall::compaction::Leveled;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Slice};
use parking_lot::{Mutex, MutexGuard, RwLock};
use tonic::Status;

use super::columns::{Column, Columns};
use super::present::Present;
use super::row::{self, Cell};
use super::schema::Schema;

/// A memtable is flushed at this size. A table has one, and up to four more that wait to be flushed.
const MEMTABLE_BYTES: u64 = 36 << 20;

/// Bounds of these tables are the sample keys of rows older than the server's start.
const TABLE_BYTES: u64 = 64 << 20;

/// Runs before a compaction. Measured at a million payments: with 4, rows cost a fifth more to write, and nothing is
/// read faster.
const L0_RUNS: u8 = 22;

/// Runs from which writers compact, too. At 30 the store makes them wait; but it considers a compaction only after a
/// flush, and then prefers the level that is fullest by its own measure, so that they might wait for ever.
const MOST_L0_RUNS: usize = 25;

/// Measured: with 32 KiB, rewriting rows costs a tenth more, and a scan the same.
const BLOCK_BYTES: u32 = 16 << 10;

/// Prefix of the keys of columns' records.
pub const COLUMNS: &str = "column/";

/// A keyspace of rows and its dictionary. Dropping all rows of a table makes a new one.
pub struct Storage {
    db: Database,
    meta: Keyspace,
    generation: u64,
    pub rows: Keyspace,
    columns: RwLock<Arc<Columns>>,
    /// Columns in the dictionary, to be read without its lock.
    column_count: AtomicUsize,
    present: Mutex<Present>,
    /// Rows written since the start.
    written: AtomicU64,
}

/// Name of a generation's keyspace.
pub fn keyspace_name(generation: u64) -> String {
    format!("rows{generation}")
}

/// Rows lie in the tables themselves. From blob files a scan reads each row by a call of its own, which costs half as
/// much CPU again; up to three million rows, writing them costs no less.
fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
        .compaction_strategy(compaction())
}

fn compaction() -> Arc<Leveled> {
    Arc::new(Leveled::default().with_table_target_size(TABLE_BYTES).with_l0_threshold(L0_RUNS))
}

impl Storage {
    /// Opens a generation's rows, creating an empty keyspace if there is none.
    pub fn open(db: &Database, meta: &Keyspace, generation: u64) -> fjall::Result<Storage> {
        let rows = db.keyspace(&keyspace_name(generation), options)?;
        let mut columns = Columns::default();
        for record in meta.prefix(column_key(generation, None)) {
            if let Some(column) = Column::from_bytes(&record.value()?) {
                columns.push(column);
            }
        }
        let present = Mutex::new(Present::new(rows.is_empty()?));
        Ok(Storage {
            present,
            db: db.clone(),
            meta: meta.clone(),
            generation,
            rows,
            column_count: AtomicUsize::new(columns.len()),
            columns: RwLock::new(Arc::new(columns)),
            written: AtomicU64::new(0),
        })
    }

    /// Deletes the rows. Readers that still hold the storage are not disturbed: the files go once they let go.
    pub fn delete(&self) -> fjall::Result<()> {
        let mut batch = self.db.batch();
        for record in self.meta.prefix(column_key(self.generation, None)) {
            batch.remove(&self.meta, record.key()?);
        }
        batch.commit()?;
        self.db.delete_keyspace(self.rows.clone())
    }

    /// The current dictionary. It only grows.
    pub fn columns(&self) -> Arc<Columns> {
        self.columns.read().clone()
    }

    /// Takes the current dictionary if it has grown.
    pub fn refresh(&self, columns: &mut Arc<Columns>) {
        if columns.len() < self.column_count.load(Ordering::Acquire) {
            *columns = self.columns();
        }
    }

    /// The stored row with this key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Slice>, Status> {
        self.rows.get(key).map_err(|error| failed(&error))
    }

    /// The filter of the keys. Insert a row's key before putting the row.
    pub fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock()
    }

    /// Starts a set of changes that become durable together.
    pub fn batch(&self) -> Batch<'_> {
        Batch { storage: self, changes: self.db.batch(), bytes: 0 }
    }

    /// Starts encoding rows.
    pub fn encoder(&self) -> Encoder<'_> {
        Encoder { storage: self, columns: self.columns(), after: Vec::new(), last: 0 }
    }

    /// Gives a new column an id, or 0 if the dictionary is full. In the journal its record precedes the rows that are
    /// written with it.
    fn add_column(&self, family_id: u32, qualifier: &[u8]) -> fjall::Result<u32> {
        let mut current = self.columns.write();
        if let Some(id) = current.find(family_id, qualifier) {
            return Ok(id);
        }
        if !current.admits(qualifier) {
            return Ok(0);
        }
        let column = Column::new(family_id, qualifier);
        let mut columns = Columns::clone(&current);
        let record = column.to_bytes();
        let id = columns.push(column);
        self.meta.insert(column_key(self.generation, Some(id)), record)?;
        self.column_count.store(columns.len(), Ordering::Release);
        *current = Arc::new(columns);
        Ok(id)
    }

    /// Bytes of rows that are in memory only.
    /// Rows written since the start, each time one was.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Bytes on disk.
    pub fn stored_bytes(&self) -> u64 {
        self.rows.disk_space()
    }

    pub fn memtable_bytes(&self) -> u64 {
        self.rows.tree.active_memtable().size()
    }

    /// Memtables that wait to be flushed.
    pub fn sealed_memtables(&self) -> usize {
        self.rows.sealed_memtable_count()
    }

    /// Whether the store is behind with compactions.
    pub fn is_behind(&self) -> bool {
        self.rows.tree.l0_run_count() >= MOST_L0_RUNS
    }

    /// Does a step of compaction, unless someone else does. Old versions of rows stay: the store drops them in its own
    /// compactions, since it knows who still reads.
    pub fn compact(&self) -> fjall::Result<()> {
        Ok(self.rows.tree.compact(compaction(), 0)?)
    }

    /// Starts flushing the rows that are in memory only.
    pub fn flush(&self) -> fjall::Result<()> {
        self.rows.rotate_memtable().map(|_| ())
    }
}

/// Changes of rows, committed together.
pub struct Batch<'s> {
    storage: &'s Storage,
    changes: fjall::OwnedWriteBatch,
    bytes: usize,
}

/// A batch this large is committed before its request is complete: rows are atomic, requests are not.
const BATCH_BYTES: usize = 4 << 20;

impl Batch<'_> {
    pub fn put(&mut self, key: &[u8], stored: &[u8]) -> Result<(), Status> {
        self.storage.written.fetch_add(1, Ordering::Relaxed);
        self.changes.insert(&self.storage.rows, key, stored);
        self.grow(key.len() + stored.len())
    }

    pub fn remove(&mut self, key: &[u8]) -> Result<(), Status> {
        self.changes.remove(&self.storage.rows, key);
        self.grow(key.len())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Status> {
        self.bytes += bytes;
        if self.bytes < BATCH_BYTES {
            return Ok(());
        }
        self.bytes = 0;
        let full = std::mem::replace(&mut self.changes, self.storage.db.batch());
        commit(full)
    }

    /// Writes the changes to the journal, which outlives a killed process.
    pub fn commit(self) -> Result<(), Status> {
        commit(self.changes)
    }
}

fn commit(batch: fjall::OwnedWriteBatch) -> Result<(), Status> {
    batch.durability(Some(PersistMode::Buffer)).commit().map_err(|error| failed(&error))
}

/// Encodes rows with the dictionary, adding columns that it lacks.
pub struct Encoder<'s> {
    storage: &'s Storage,
    columns: Arc<Columns>,
    /// By column id, the column that followed it in an earlier row. Rows resemble each other: this saves most look-ups.
    after: Vec<u32>,
    last: usize,
}

impl Encoder<'_> {
    /// Appends a row's encoding. The cells are in order.
    pub fn encode(&mut self, cells: &[Cell<'_>], schema: &Schema, out: &mut Vec<u8>) -> Result<(), Status> {
        self.last = 0;
        row::encode(cells, schema, out, |family_id, qualifier| self.column_id(family_id, qualifier))
            .map_err(|error| failed(&error))
    }

    fn column_id(&mut self, family_id: u32, qualifier: &[u8]) -> fjall::Result<u32> {
        let guess = self.after.get(self.last).copied().unwrap_or(0);
        let id = match self.columns.get(guess) {
            Some(column) if column.family_id == family_id && *column.qualifier == *qualifier => guess,
            _ => self.look_up(family_id, qualifier)?,
        };
        self.last = id as usize;
        Ok(id)
    }

    fn look_up(&mut self, family_id: u32, qualifier: &[u8]) -> fjall::Result<u32> {
        let id = match self.columns.find(family_id, qualifier) {
            Some(id) => id,
            None if !self.columns.admits(qualifier) => 0,
            None => {
                let id = self.storage.add_column(family_id, qualifier)?;
                self.columns = self.storage.columns();
                id
            }
        };
        if self.after.len() <= self.last {
            self.after.resize(self.last + 1, 0);
        }
        self.after[self.last] = id;
        Ok(id)
    }
}

/// Key of a column's record, or the prefix of all those of a generation.
fn column_key(generation: u64, id: Option<u32>) -> Vec<u8> {
    let mut key = COLUMNS.as_bytes().to_vec();
    key.extend_from_slice(&generation.to_be_bytes());
    key.extend(id.map(u32::to_be_bytes).into_iter().flatten());
    key
}

/// The generation that a column's record belongs to.
pub fn column_generation(key: &[u8]) -> Option<u64> {
    let generation = key.strip_prefix(COLUMNS.as_bytes())?.first_chunk()?;
    Some(u64::from_be_bytes(*generation))
}

/// Status of a call that the store failed.
pub fn failed(error: &fjall::Error) -> Status {
    // What made it so was told before.
    if !matches!(error, fjall::Error::Poisoned) {
        tracing::error!(%error, "the bigtable store failed");
    }
    Status::internal(format!("the store failed: {error}; see the server's log"))
}
