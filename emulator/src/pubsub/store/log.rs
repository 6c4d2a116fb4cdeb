//! One topic's messages on disk, by sequence. All calls block.

use super::chunk::Chunk;
use bytes::Bytes;
use fjall::{AbstractTree, Keyspace, OwnedWriteBatch};
use std::ops::Range;

/// A log's memtable is written out at this size. While the disk is slow, up to five exist at a time; then writes wait.
pub const MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;

/// A topic's log.
#[derive(Clone)]
pub struct Log {
    keyspace: Keyspace,
}

/// The outcome of a read.
#[derive(Debug, Default)]
pub struct Read {
    pub messages: Vec<(u64, Bytes)>,
    /// Where the read ended; a sequence below that is not among `messages` does not exist.
    pub end: u64,
}

impl Log {
    pub fn new(keyspace: Keyspace) -> Self {
        Self { keyspace }
    }

    pub fn keyspace(self) -> Keyspace {
        self.keyspace
    }

    /// Adds a finished chunk to a write.
    pub fn append(&self, batch: &mut OwnedWriteBatch, (first, value): (u64, Vec<u8>)) {
        batch.insert(&self.keyspace, first.to_be_bytes(), value);
    }

    /// Sets a full memtable aside before the next write. The store does so by itself, but only when one of its workers
    /// is free, and until then the memtable would grow without bound.
    pub fn make_room(&self) -> fjall::Result<()> {
        if self.keyspace.tree.active_memtable().size() > MEMTABLE_BYTES {
            self.keyspace.rotate_memtable()?;
        }
        Ok(())
    }

    /// The sequence after the last stored one, and the last publish time; `None` if the log is empty.
    pub fn end(&self) -> fjall::Result<Option<(u64, i64)>> {
        let last = self.keyspace.last_key_value().map(parse).transpose()?.flatten();
        Ok(last.map(|chunk| (chunk.end(), chunk.publish_micros)))
    }

    /// The publish time of the oldest stored chunk.
    pub fn oldest_micros(&self) -> fjall::Result<Option<i64>> {
        let first = self.keyspace.first_key_value().map(parse).transpose()?.flatten();
        Ok(first.map(|chunk| chunk.publish_micros))
    }

    /// Reads from the start of `within` until it has about `max_bytes`, but at least one chunk.
    pub fn read(&self, within: Range<u64>, max_bytes: usize) -> fjall::Result<Read> {
        let mut read = Read { messages: Vec::new(), end: within.end };
        let mut bytes = 0;
        for guard in self.keyspace.range(self.chunk_key(within.start)?..within.end.to_be_bytes()) {
            let Some(chunk) = parse(guard)? else { continue };
            if bytes >= max_bytes {
                read.end = chunk.first.max(within.start);
                break;
            }
            for (sequence, body) in chunk.messages().filter(|(sequence, _)| within.contains(sequence)) {
                bytes += body.len();
                read.messages.push((sequence, body));
            }
        }
        Ok(read)
    }

    /// The first sequence in `within` that was published at or after a time, or the end of `within`.
    pub fn first_published_at(&self, within: Range<u64>, micros: i64) -> fjall::Result<u64> {
        // Publish times never decrease within a topic, so halving works; it ends inside one chunk.
        let Range { mut start, mut end } = within;
        while start < end {
            let middle = start + (end - start) / 2;
            let Some(chunk) = self.chunk_at(middle)? else {
                start = middle + 1;
                continue;
            };
            if chunk.publish_micros < micros {
                start = chunk.end().max(middle + 1);
            } else {
                end = chunk.first.max(start);
            }
        }
        Ok(start.min(end))
    }

    /// When a message was published; `None` if it is not in the log.
    pub fn published_micros(&self, sequence: u64) -> fjall::Result<Option<i64>> {
        let chunk = self.chunk_at(sequence)?.filter(|chunk| chunk.end() > sequence);
        Ok(chunk.map(|chunk| chunk.publish_micros))
    }

    /// Frees the space of whole tables below a sequence. Messages that are still in memory, or share a table with later
    /// ones, go with a later call.
    pub fn drop_below(&self, sequence: u64) -> fjall::Result<()> {
        let end = self.chunk_key(sequence)?;
        Ok(self.keyspace.tree.drop_range([0; 8]..end)?)
    }

    fn chunk_at(&self, sequence: u64) -> fjall::Result<Option<Chunk>> {
        match self.keyspace.range(..=sequence.to_be_bytes()).next_back() {
            Some(guard) => parse(guard),
            None => Ok(None),
        }
    }

    /// The key of the chunk that holds a sequence, or the sequence's own.
    fn chunk_key(&self, sequence: u64) -> fjall::Result<[u8; 8]> {
        let chunk = self.chunk_at(sequence)?.filter(|chunk| chunk.end() > sequence);
        Ok(chunk.map_or(sequence, |chunk| chunk.first).to_be_bytes())
    }
}

/// A stored pair as a chunk. The value's bytes are shared with the store, not copied.
fn parse(guard: fjall::Guard) -> fjall::Result<Option<Chunk>> {
    let (key, value) = guard.into_inner()?;
    let first = <[u8; 8]>::try_from(&*key).ok().map(u64::from_be_bytes);
    let chunk = first.and_then(|first| Chunk::parse(first, Bytes::from_owner(value)));
    if chunk.is_none() {
        tracing::error!(key = ?&*key, "the pub/sub log holds a chunk that cannot be read; its messages are skipped");
    }
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use super::super::chunk::Builder;
    use super::*;
    use fjall::{Database, KeyspaceCreateOptions};

    /// Chunks of ten messages from sequence 1 on, chunk `i` published at `100 * i` microseconds.
    fn log(database: &Database, chunks: u64) -> Log {
        let log = Log::new(database.keyspace("log", KeyspaceCreateOptions::default).unwrap());
        let mut batch = database.batch();
        for i in 0..chunks {
            let mut builder = Builder::new(1 + i * 10, 100 * i as i64);
            (0..10u64)
                .for_each(|n| builder.push(|out| out.extend_from_slice(&(1 + i * 10 + n).to_le_bytes())));
            log.append(&mut batch, builder.finish());
        }
        batch.commit().unwrap();
        log
    }

    fn database(dir: &tempfile::TempDir) -> Database {
        Database::builder(dir).open().unwrap()
    }

    #[test]
    fn a_read_starts_and_ends_within_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(&database(&dir), 5);
        let read = log.read(7..34, usize::MAX).unwrap();
        assert_eq!(read.end, 34);
        let sequences: Vec<u64> = read.messages.iter().map(|(sequence, _)| *sequence).collect();
        assert_eq!(sequences, (7..34).collect::<Vec<_>>());
        assert!(read.messages.iter().all(|(sequence, body)| body[..] == sequence.to_le_bytes()));
        assert_eq!(log.end().unwrap(), Some((51, 400)));
    }

    #[test]
    fn a_read_stops_at_its_bound_and_says_where() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(&database(&dir), 5);
        let read = log.read(5..51, 60).unwrap();
        assert_eq!((read.messages.len(), read.end), (16, 21));
        let rest = log.read(read.end..51, usize::MAX).unwrap();
        assert_eq!((rest.messages.len(), rest.end), (30, 51));
    }

    #[test]
    fn a_time_finds_the_first_message_published_then_or_later() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(&database(&dir), 5);
        for (micros, expected) in [(-1, 1), (0, 1), (1, 11), (100, 11), (101, 21), (400, 41), (401, 51)] {
            assert_eq!(log.first_published_at(1..51, micros).unwrap(), expected, "{micros}");
        }
        assert_eq!(log.first_published_at(25..51, 0).unwrap(), 25);
        assert_eq!((log.oldest_micros().unwrap(), log.published_micros(33).unwrap()), (Some(0), Some(300)));
    }

    #[test]
    fn an_empty_log_has_no_end() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(&database(&dir), 0);
        assert_eq!((log.end().unwrap(), log.oldest_micros().unwrap()), (None, None));
        assert_eq!(log.first_published_at(1..1, 5).unwrap(), 1);
        assert!(log.read(1..10, 100).unwrap().messages.is_empty());
    }
}
