//! `ReadRowsResponse` and its cell chunks, read from their bytes.
//!
//! A chunk has three strings and an allocation for each; over hundreds of millions of rows, decoding them into owned
//! messages costs more than all that is done with them.

use std::ops::Range;
use wire::Malformed;
use wire::reader::{bytes, bytes_key, number_key, skip};
use wire::varint::read as varint;

/// A part of a `ReadRowsResponse`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<'a> {
    Chunk(Chunk<'a>),
    /// Nothing up to and including this key will come any more.
    LastScanned(&'a [u8]),
    /// An encoded `RequestStats`.
    Stats(&'a [u8]),
}

/// How a chunk ends or undoes its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowStatus {
    #[default]
    Open,
    Commit,
    Reset,
}

/// `google.bigtable.v2.ReadRowsResponse.CellChunk`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chunk<'a> {
    pub row_key: &'a [u8],
    pub family: Option<&'a [u8]>,
    pub qualifier: Option<&'a [u8]>,
    pub timestamp_micros: i64,
    pub has_labels: bool,
    pub value: &'a [u8],
    /// Where the value goes on in the next chunk: the size of the whole.
    pub value_size: u64,
    pub status: RowStatus,
    /// The bytes that say family and qualifier, of a chunk that begins with them.
    pub named: &'a [u8],
}

// Keys of ReadRowsResponse and CellChunk.
const CHUNKS: u64 = bytes_key(1);
const LAST_SCANNED_ROW_KEY: u64 = bytes_key(2);
const REQUEST_STATS: u64 = bytes_key(3);
const ROW_KEY: u64 = bytes_key(1);
const FAMILY_NAME: u64 = bytes_key(2);
const QUALIFIER: u64 = bytes_key(3);
const TIMESTAMP_MICROS: u64 = number_key(4);
const LABELS: u64 = bytes_key(5);
const VALUE: u64 = bytes_key(6);
const VALUE_SIZE: u64 = number_key(7);
const RESET_ROW: u64 = number_key(8);
const COMMIT_ROW: u64 = number_key(9);
/// The one field of the wrappers `StringValue` and `BytesValue`.
const WRAPPED: u64 = bytes_key(1);

/// The parts of a message, in its order.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    len: usize,
    rest: &'a [u8],
    time: Time,
}

/// A cell's time, and the bytes that say it: those of eight, which are the present's. Most cells repeat it.
#[derive(Clone, Copy, Debug)]
struct Time {
    encoded: [u8; 8],
    micros: i64,
}

impl Time {
    /// As nobody writes it, but true.
    const ZERO: Self = Self { encoded: [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], micros: 0 };

    #[inline]
    fn read(&mut self, rest: &mut &[u8]) -> Result<i64, Malformed> {
        if let Some((encoded, tail)) = rest.split_first_chunk()
            && *encoded == self.encoded
        {
            *rest = tail;
            return Ok(self.micros);
        }
        let before = *rest;
        let micros = varint(rest)? as i64;
        if let Some((encoded, tail)) = before.split_first_chunk()
            && tail.len() == rest.len()
        {
            *self = Self { encoded: *encoded, micros };
        }
        Ok(micros)
    }
}

/// A chunk that is a cell as most are.
#[derive(Clone, Copy, Debug)]
pub struct UsualCell<'a> {
    /// The bytes that say family and qualifier.
    pub named: &'a [u8],
    pub timestamp_micros: i64,
    value_len: usize,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Self { len: message.len(), rest: message, time: Time::ZERO }
    }

    /// The next chunk, if it has less than 128 bytes and is a whole named cell of the time that was read last.
    #[inline]
    pub fn usual_cell(&self) -> Option<UsualCell<'a>> {
        let (&[key, len], rest) = self.rest.split_first_chunk()?;
        if u64::from(key) != CHUNKS || len >= 0x80 {
            return None;
        }
        let (chunk, rest) = rest.split_at_checked(len.into())?;
        let mut name_len = 0;
        for name in [FAMILY_NAME, QUALIFIER] {
            if u64::from(*chunk.get(name_len)?) == name {
                // More than is there if it takes two bytes.
                name_len += 2 + usize::from(*chunk.get(name_len + 1)?);
            }
        }
        let (named, chunk) = chunk.split_at_checked(name_len)?;
        let (&[key], chunk) = chunk.split_first_chunk()?;
        let (time, chunk) = chunk.split_first_chunk()?;
        if u64::from(key) != TIMESTAMP_MICROS || *time != self.time.encoded {
            return None;
        }
        let (&[key, len], value) = chunk.split_first_chunk()?;
        if u64::from(key) != VALUE || usize::from(len) != value.len() || named.is_empty() {
            return None;
        }
        Some(UsualCell { named, timestamp_micros: self.time.micros, value_len: value.len(), rest })
    }

    /// Passes over a cell; answers where in the message its value lies.
    #[inline]
    pub fn pass(&mut self, cell: &UsualCell<'a>) -> Range<usize> {
        self.rest = cell.rest;
        let end = self.len - cell.rest.len();
        end - cell.value_len..end
    }

    #[inline]
    pub fn next_part(&mut self) -> Result<Option<Part<'a>>, Malformed> {
        while !self.rest.is_empty() {
            match varint(&mut self.rest)? {
                CHUNKS => return Ok(Some(Part::Chunk(chunk(bytes(&mut self.rest)?, &mut self.time)?))),
                LAST_SCANNED_ROW_KEY => return Ok(Some(Part::LastScanned(bytes(&mut self.rest)?))),
                REQUEST_STATS => return Ok(Some(Part::Stats(bytes(&mut self.rest)?))),
                other => skip(&mut self.rest, other)?,
            }
        }
        Ok(None)
    }
}

/// Fields come in the order of their numbers: each is looked for once, and only what is left is looked at one by one.
#[inline]
fn chunk<'a>(mut rest: &'a [u8], time: &mut Time) -> Result<Chunk<'a>, Malformed> {
    let mut chunk = Chunk::default();
    if begins(&mut rest, ROW_KEY) {
        chunk.row_key = bytes(&mut rest)?;
    }
    let names = rest;
    if begins(&mut rest, FAMILY_NAME) {
        chunk.family = Some(wrapped(bytes(&mut rest)?)?);
    }
    if begins(&mut rest, QUALIFIER) {
        chunk.qualifier = Some(wrapped(bytes(&mut rest)?)?);
    }
    if chunk.row_key.is_empty() {
        chunk.named = &names[..names.len() - rest.len()];
    }
    if begins(&mut rest, TIMESTAMP_MICROS) {
        chunk.timestamp_micros = time.read(&mut rest)?;
    }
    if begins(&mut rest, VALUE) {
        chunk.value = bytes(&mut rest)?;
    }
    if !rest.is_empty() {
        other_fields(&mut chunk, rest)?;
    }
    Ok(chunk)
}

/// Passes over a field's key, if this is it.
#[inline]
fn begins(rest: &mut &[u8], key: u64) -> bool {
    match rest.split_first() {
        Some((first, tail)) if u64::from(*first) == key => {
            *rest = tail;
            true
        }
        _ => false,
    }
}

fn other_fields<'a>(chunk: &mut Chunk<'a>, mut rest: &'a [u8]) -> Result<(), Malformed> {
    while !rest.is_empty() {
        match varint(&mut rest)? {
            ROW_KEY => chunk.row_key = bytes(&mut rest)?,
            FAMILY_NAME => chunk.family = Some(wrapped(bytes(&mut rest)?)?),
            QUALIFIER => chunk.qualifier = Some(wrapped(bytes(&mut rest)?)?),
            TIMESTAMP_MICROS => chunk.timestamp_micros = varint(&mut rest)? as i64,
            LABELS => {
                bytes(&mut rest)?;
                chunk.has_labels = true;
            }
            VALUE => chunk.value = bytes(&mut rest)?,
            // Never negative: a size that says so is one that no value has.
            VALUE_SIZE => chunk.value_size = varint(&mut rest)?,
            RESET_ROW if varint(&mut rest)? != 0 => chunk.status = RowStatus::Reset,
            COMMIT_ROW if varint(&mut rest)? != 0 => chunk.status = RowStatus::Commit,
            // Told to be false, which is the same as not told.
            RESET_ROW | COMMIT_ROW => {}
            other => skip(&mut rest, other)?,
        }
    }
    Ok(())
}

#[inline]
fn wrapped(mut rest: &[u8]) -> Result<&[u8], Malformed> {
    let mut value: &[u8] = &[];
    if begins(&mut rest, WRAPPED) {
        value = bytes(&mut rest)?;
    }
    while !rest.is_empty() {
        match varint(&mut rest)? {
            WRAPPED => value = bytes(&mut rest)?,
            other => skip(&mut rest, other)?,
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::ReadRowsResponse;
    use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::read_rows_response::{
        CellChunk, cell_chunk,
    };
    use proptest::prelude::*;
    use prost::Message;

    fn arbitrary_chunk() -> impl Strategy<Value = CellChunk> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..300);
        let status = prop::option::of(prop_oneof![
            any::<bool>().prop_map(cell_chunk::RowStatus::ResetRow),
            any::<bool>().prop_map(cell_chunk::RowStatus::CommitRow),
        ]);
        (
            bytes(),
            prop::option::of("[a-z]{0,9}"),
            prop::option::of(bytes()),
            prop_oneof![any::<i64>(), Just(1_711_000_000_000_000), Just(-1), Just(0)],
            bytes(),
            0..9_i32,
            status,
        )
            .prop_map(
                |(row_key, family_name, qualifier, timestamp_micros, value, value_size, row_status)| {
                    CellChunk {
                        row_key,
                        family_name,
                        qualifier,
                        timestamp_micros,
                        labels: Vec::new(),
                        value,
                        value_size,
                        row_status,
                    }
                },
            )
    }

    fn as_read(chunk: &CellChunk) -> Chunk<'_> {
        Chunk {
            row_key: &chunk.row_key,
            family: chunk.family_name.as_deref().map(str::as_bytes),
            qualifier: chunk.qualifier.as_deref(),
            timestamp_micros: chunk.timestamp_micros,
            has_labels: !chunk.labels.is_empty(),
            value: &chunk.value,
            value_size: chunk.value_size as u64,
            status: match chunk.row_status {
                Some(cell_chunk::RowStatus::CommitRow(true)) => RowStatus::Commit,
                Some(cell_chunk::RowStatus::ResetRow(true)) => RowStatus::Reset,
                _ => RowStatus::Open,
            },
            named: b"",
        }
    }

    proptest! {
        #[test]
        fn a_message_reads_as_prost_wrote_it(
            chunks in prop::collection::vec(arbitrary_chunk(), 0..5), last in prop::collection::vec(any::<u8>(), 1..9)
        ) {
            let message = ReadRowsResponse { chunks, last_scanned_row_key: last.clone(), request_stats: None };
            let encoded = message.encode_to_vec();
            let mut parts = Parts::of(&encoded);
            for chunk in &message.chunks {
                let Ok(Some(Part::Chunk(read))) = parts.next_part() else { panic!("a chunk") };
                prop_assert_eq!(Chunk { named: b"", ..read }, as_read(chunk));
            }
            prop_assert_eq!(parts.next_part(), Ok(Some(Part::LastScanned(&last))));
            prop_assert_eq!(parts.next_part(), Ok(None));
        }

        #[test]
        fn any_bytes_are_read_or_refused(message in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut parts = Parts::of(&message);
            while let Ok(Some(_)) = parts.next_part() {}
        }
    }
}
