//! The embedded store: a log for each topic, a record for each topic, subscription, snapshot and schema, and each
//! subscription's progress. All calls block.

use super::log::{Log, MEMTABLE_BYTES};
use super::records::{Counters, Progress, SchemaRecord, SnapshotRecord, SubscriptionRecord, TopicRecord};
use crate::disk::Disk;
use crate::durability::{Syncs, sync_name};
use crate::pubsub::error::Error;
use crate::{folder, journal};
use fjall::config::{CompressionPolicy, FilterPolicy, FilterPolicyEntry};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use prost::Message;
use std::path::{Path, PathBuf};

/// Memory bounds. The journal's bound holds for the memtables of all topics together.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
const CACHE_BYTES: u64 = 8 * 1024 * 1024;

const COUNTERS: &str = "counters";

/// The open database.
pub struct Store {
    database: Database,
    records: Keyspace,
    progress: Keyspace,
    syncs: Syncs,
    path: PathBuf,
    /// For what publishers send.
    pub disk: Disk,
}

impl Store {
    pub fn open(
        path: &Path,
        reserve_bytes: u64,
        syncs: impl FnOnce(Database) -> Syncs,
    ) -> Result<Self, Error> {
        let open = |source| match folder::fault(path, source) {
            Ok(fault) => Error::Folder(fault),
            Err(source) => Error::Open { path: path.to_owned(), source },
        };
        folder::create(path)?;
        let builder = || {
            Database::builder(path)
                .cache_size(CACHE_BYTES)
                .max_journaling_size(JOURNAL_BYTES)
                .journal_compression(CompressionType::None)
                .worker_threads(2)
        };
        let database = journal::open(path, || builder().open()).map_err(open)?;
        let records = database.keyspace("records", KeyspaceCreateOptions::default).map_err(open)?;
        let progress = database.keyspace("progress", KeyspaceCreateOptions::default).map_err(open)?;
        sync_name(&records).map_err(|error| open(error.into()))?;
        Ok(Self {
            syncs: syncs(database.clone()),
            database,
            records,
            progress,
            path: path.to_owned(),
            disk: Disk::new(path, reserve_bytes),
        })
    }

    /// A topic's log; created if it does not exist.
    pub fn log(&self, number: u64) -> Result<Log, Error> {
        let keyspace = self.database.keyspace(&format!("log-{number}"), log_options)?;
        sync_name(&keyspace).map_err(fjall::Error::from)?;
        Ok(Log::new(keyspace))
    }

    pub fn delete_log(&self, log: Log) -> Result<(), Error> {
        Ok(self.database.delete_keyspace(log.keyspace())?)
    }

    pub fn write(&self) -> OwnedWriteBatch {
        self.database.batch()
    }

    /// Whether the store can be written; once it cannot, it never can again.
    pub fn check(&self) -> Result<(), Error> {
        let written = self.database.persist(PersistMode::Buffer);
        written.map_err(|_| Error::Unwritable { path: self.path.clone() })
    }

    /// To be called between a write and what it is answered with: returns once the write survives what it must.
    pub fn settle(&self) -> fjall::Result<()> {
        self.syncs.settle()
    }

    pub fn sync(&self) -> Result<(), Error> {
        Ok(self.syncs.sync()?)
    }

    pub fn counters(&self) -> Result<Counters, Error> {
        Ok(get(&self.records, COUNTERS)?.unwrap_or_default())
    }

    pub fn save_counters(&self, counters: Counters) -> Result<(), Error> {
        self.put(COUNTERS, &counters)
    }

    pub fn topics(&self) -> Result<Vec<TopicRecord>, Error> {
        self.list("topic/")
    }

    pub fn save_topic(&self, record: &TopicRecord) -> Result<(), Error> {
        self.put(&format!("topic/{}", record.number), record)
    }

    pub fn delete_topic(&self, number: u64) -> Result<(), Error> {
        self.records.remove(format!("low/{number}"))?;
        self.delete(&format!("topic/{number}"))
    }

    /// Everything below this sequence of a topic is gone or may go.
    pub fn low(&self, topic: u64) -> Result<u64, Error> {
        let stored = self.records.get(format!("low/{topic}"))?;
        Ok(stored.and_then(|low| Some(u64::from_be_bytes((*low).try_into().ok()?))).unwrap_or_default())
    }

    pub fn save_low(&self, topic: u64, low: u64) -> Result<(), Error> {
        Ok(self.records.insert(format!("low/{topic}"), low.to_be_bytes())?)
    }

    pub fn subscriptions(&self) -> Result<Vec<SubscriptionRecord>, Error> {
        self.list("subscription/")
    }

    pub fn save_subscription(&self, record: &SubscriptionRecord) -> Result<(), Error> {
        self.put(&format!("subscription/{}", record.number), record)
    }

    pub fn delete_subscription(&self, number: u64) -> Result<(), Error> {
        self.progress.remove(number.to_be_bytes())?;
        self.delete(&format!("subscription/{number}"))
    }

    pub fn snapshots(&self) -> Result<Vec<SnapshotRecord>, Error> {
        self.list("snapshot/")
    }

    pub fn save_snapshot(&self, record: &SnapshotRecord) -> Result<(), Error> {
        self.put(&format!("snapshot/{}", record.snapshot.name), record)
    }

    pub fn delete_snapshot(&self, name: &str) -> Result<(), Error> {
        self.delete(&format!("snapshot/{name}"))
    }

    pub fn schemas(&self) -> Result<Vec<SchemaRecord>, Error> {
        self.list("schema/")
    }

    pub fn save_schema(&self, record: &SchemaRecord) -> Result<(), Error> {
        let name = record.revisions.first().map_or("", |first| first.name.as_str());
        self.put(&format!("schema/{name}"), record)
    }

    pub fn delete_schema(&self, name: &str) -> Result<(), Error> {
        self.delete(&format!("schema/{name}"))
    }

    pub fn progress(&self, subscription: u64) -> Result<Option<Progress>, Error> {
        get(&self.progress, subscription.to_be_bytes())
    }

    /// Saves the progress of several subscriptions at once, without syncing.
    pub fn save_progress(&self, all: &[(u64, Progress)]) -> Result<(), Error> {
        let mut batch = self.write();
        for (subscription, progress) in all {
            batch.insert(&self.progress, subscription.to_be_bytes(), progress.encode_to_vec());
        }
        Ok(batch.commit()?)
    }

    /// Frees the space of dropped tables. The store keeps them for readers of older versions of the log, and looks for
    /// versions without readers when it sets a memtable aside. A version is old once two writes have come after it.
    pub fn reclaim(&self) -> Result<(), Error> {
        for write in [[0], [1]] {
            self.records.insert("reclaimed", write)?;
        }
        self.records.rotate_memtable()?;
        Ok(())
    }

    fn put(&self, key: &str, record: &impl Message) -> Result<(), Error> {
        self.records.insert(key, record.encode_to_vec())?;
        self.sync()
    }

    fn delete(&self, key: &str) -> Result<(), Error> {
        self.records.remove(key)?;
        self.sync()
    }

    fn list<R: Message + Default>(&self, prefix: &str) -> Result<Vec<R>, Error> {
        let mut records = Vec::new();
        for guard in self.records.prefix(prefix) {
            let (key, value) = guard.into_inner()?;
            records.push(decode(&key, &value)?);
        }
        Ok(records)
    }
}

fn get<R: Message + Default>(keyspace: &Keyspace, key: impl AsRef<[u8]>) -> Result<Option<R>, Error> {
    keyspace.get(key.as_ref())?.map(|value| decode(key.as_ref(), &value)).transpose()
}

fn decode<R: Message + Default>(key: &[u8], value: &[u8]) -> Result<R, Error> {
    R::decode(value)
        .map_err(|source| Error::Record { key: String::from_utf8_lossy(key).into_owned(), source })
}

/// Chunks are read by range and written once: no filters, no compression, tables that only move between levels.
fn log_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .data_block_compression_policy(CompressionPolicy::disabled())
        .filter_policy(FilterPolicy::all(FilterPolicyEntry::None))
}
