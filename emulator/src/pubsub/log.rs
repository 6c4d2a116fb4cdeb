//! One topic's messages on disk, by sequence. All calls block.

use super::chunk::Chunk;
use bytes::Bytes;
use fjall::{AbstractTree, Keyspace, OwnedWriteBatch};
use std::ops::Range;

/// A topic's log.
#[derive(Clone)]
pub struct Log {
    keyspace: Keyspace,
}

/// What a read found.
#[derive(Debug, Default)]
pub struct Read {
    pub messages: Vec<(u64, Bytes)>,
    /// Up to where the log was read; what lies below and is not among `messages` does not exist.
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

    /// Reads onwards from the start of `within` until about `max_bytes` are read, at least one chunk.
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
        // Publish times never fall within a topic, so halving works; it ends inside one chunk.
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

    /// Frees the space of whole tables below a sequence. What is still in memory or shares a table with later messages
    /// goes with a later call.
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
        tracing::error!(key = ?&*key, "the pub/sub log holds a chunk that cannot be read; its messages are passed over");
    }
    Ok(chunk)
}
