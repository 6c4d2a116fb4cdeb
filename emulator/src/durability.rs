//! What an answer survives, and the one place where stores are synced to disk.

use std::io;

use fjall::{Database, Keyspace, PersistMode};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::folder::sync_folder;

/// What everything that a server has confirmed survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however sudden: the operating system has what was written.
    #[default]
    Process,
    /// A loss of power, too: an answer waits until the disk has what it promises.
    Disk,
}

/// A store that can be synced.
pub trait Synced: Send + Sync {
    /// Returns once everything written before is on disk.
    fn sync(&self) -> fjall::Result<()>;
}

impl Synced for Database {
    fn sync(&self) -> fjall::Result<()> {
        self.persist(PersistMode::SyncAll)
    }
}

impl Durability {
    /// How a store is synced; tests put a layer between.
    pub fn syncs(self, database: Database) -> Syncs {
        Syncs::new(self, Box::new(database))
    }
}

/// The syncs of a store. Those who wait at the same time share one.
pub struct Syncs {
    durability: Durability,
    store: Box<dyn Synced>,
    turns: Mutex<Turns>,
    ended: Condvar,
}

#[derive(Default)]
struct Turns {
    begun: u64,
    /// The last one that succeeded.
    done: u64,
    is_running: bool,
}

impl Syncs {
    pub fn new(durability: Durability, store: Box<dyn Synced>) -> Self {
        Self { durability, store, turns: Mutex::default(), ended: Condvar::new() }
    }

    /// To be called between a write and its answer. Blocks.
    pub fn settle(&self) -> fjall::Result<()> {
        match self.durability {
            Durability::Process => Ok(()),
            Durability::Disk => self.sync(),
        }
    }

    /// Returns once everything that the caller has written is on disk, whatever the durability. Blocks.
    pub fn sync(&self) -> fjall::Result<()> {
        let mut turns = self.turns.lock();
        // The sync under way may have begun before the caller's write.
        let wanted = turns.begun + 1;
        while turns.done < wanted {
            if turns.is_running {
                self.ended.wait(&mut turns);
            } else {
                self.lead(&mut turns)?;
            }
        }
        Ok(())
    }

    /// Syncs for all who wait. After a failure the next of them finds out for itself that the store has failed.
    fn lead(&self, turns: &mut MutexGuard<'_, Turns>) -> fjall::Result<()> {
        turns.begun += 1;
        turns.is_running = true;
        let turn = turns.begun;
        let synced = MutexGuard::unlocked(turns, || self.store.sync());
        turns.is_running = false;
        if synced.is_ok() {
            turns.done = turn;
        }
        self.ended.notify_all();
        synced
    }
}

/// Syncs the name of a new keyspace; of the keyspace's own files the store takes care.
pub fn sync_name(keyspace: &Keyspace) -> io::Result<()> {
    keyspace.path().parent().map_or(Ok(()), sync_folder)
}

#[cfg(test)]
mod tests;
