//! How messages lie on disk: a few dozen neighbours in one value, so that storing costs per chunk and not per message.
//!
//! Layout: the encoded messages one after the other, then their lengths (u32), their count (u32), their publish time in
//! microseconds (i64) and a format number (u8), all little-endian. The key of a chunk is its first message's sequence.

use bytes::Bytes;

const FORMAT: u8 = 1;
const TRAILER: usize = 4 + 8 + 1;

/// A chunk is closed when its bodies reach this size. A larger one costs less to store, but more to read one message
/// from.
pub const TARGET_BYTES: usize = 64 * 1024;

/// Collects messages of one publish time.
#[derive(Debug)]
pub struct Builder {
    first: u64,
    publish_micros: i64,
    bytes: Vec<u8>,
    lens: Vec<u32>,
}

impl Builder {
    pub fn new(first: u64, publish_micros: i64) -> Self {
        Self {
            first,
            publish_micros,
            bytes: Vec::with_capacity(TARGET_BYTES + 4096),
            lens: Vec::with_capacity(128),
        }
    }

    /// Appends one message, written by `write`.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        write(&mut self.bytes);
        self.lens.push((self.bytes.len() - before) as u32);
    }

    pub fn is_full(&self) -> bool {
        self.bytes.len() >= TARGET_BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.lens.is_empty()
    }

    /// The first message's sequence, and the value to store.
    pub fn finish(mut self) -> (u64, Vec<u8>) {
        for len in &self.lens {
            self.bytes.extend_from_slice(&len.to_le_bytes());
        }
        self.bytes.extend_from_slice(&(self.lens.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(&self.publish_micros.to_le_bytes());
        self.bytes.push(FORMAT);
        (self.first, self.bytes)
    }
}

/// A stored chunk.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub first: u64,
    pub publish_micros: i64,
    bytes: Bytes,
    count: usize,
}

impl Chunk {
    /// `None` if the value is not a chunk of a known format.
    pub fn parse(first: u64, bytes: Bytes) -> Option<Self> {
        let trailer = bytes.len().checked_sub(TRAILER)?;
        let (&format, rest) = bytes[trailer..].split_last()?;
        let count = u32::from_le_bytes(rest[..4].try_into().ok()?) as usize;
        let publish_micros = i64::from_le_bytes(rest[4..].try_into().ok()?);
        let fits = count > 0 && trailer.checked_sub(count.checked_mul(4)?).is_some();
        (format == FORMAT && fits).then_some(Self { first, publish_micros, bytes, count })
    }

    /// One past the last message's sequence.
    pub fn end(&self) -> u64 {
        self.first + self.count as u64
    }

    /// The messages with their sequences. No bytes are copied.
    pub fn messages(&self) -> impl Iterator<Item = (u64, Bytes)> + '_ {
        let lens_at = self.bytes.len() - TRAILER - self.count * 4;
        let lens = self.bytes[lens_at..lens_at + self.count * 4].chunks_exact(4);
        let mut at = 0usize;
        (self.first..).zip(lens).map_while(move |(sequence, len)| {
            let len = u32::from_le_bytes(len.try_into().ok()?) as usize;
            let end = at.checked_add(len).filter(|&end| end <= lens_at)?;
            let message = self.bytes.slice(at..end);
            at = end;
            Some((sequence, message))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_gives_back_its_messages() {
        let mut builder = Builder::new(42, -5);
        for body in ["one", "", "three"] {
            builder.push(|out| out.extend_from_slice(body.as_bytes()));
        }
        let (first, value) = builder.finish();
        let chunk = Chunk::parse(first, value.into()).unwrap();
        assert_eq!((chunk.first, chunk.end(), chunk.publish_micros), (42, 45, -5));
        let messages: Vec<_> = chunk.messages().collect();
        assert_eq!(messages, [(42, "one".into()), (43, "".into()), (44, "three".into())]);
    }

    #[test]
    fn damaged_chunks_do_not_panic() {
        let mut builder = Builder::new(1, 1);
        builder.push(|out| out.extend_from_slice(b"body"));
        let (_, value) = builder.finish();
        for end in 0..value.len() {
            assert!(Chunk::parse(1, Bytes::copy_from_slice(&value[..end])).is_none());
        }
        for at in 0..value.len() {
            let mut damaged = value.clone();
            damaged[at] ^= 0xff;
            if let Some(chunk) = Chunk::parse(1, damaged.into()) {
                let _ = chunk.messages().count();
            }
        }
    }
}
