//! Rows as `ReadRowsResponse` messages, written straight to bytes.

use bytes::Bytes;

use super::row::Cell;
use super::schema::Schema;
use super::wire::{put_bytes, put_number, put_varint, put_wrapped, take_varint, varint_len};

/// A message is sent once it has this size, far below the 4 MiB that clients accept unless told otherwise: buffers of this
/// size are used again, those of a MiB come with fresh pages each time.
pub const MESSAGE_BYTES: usize = 256 << 10;

/// Messages made at once. Each time the scan looks for its place in the store anew: measured, with a quarter of this a scan
/// costs 6 % more, with a sixteenth 20 %.
const STEP_BYTES: usize = 1 << 20;

/// A longer value is split over several chunks.
const VALUE_BYTES: usize = 128 << 10;

// Field numbers of ReadRowsResponse and CellChunk.
const CHUNKS: u32 = 1;
const LAST_SCANNED_ROW_KEY: u32 = 2;
const ROW_KEY: u32 = 1;
const FAMILY_NAME: u32 = 2;
const QUALIFIER: u32 = 3;
const TIMESTAMP_MICROS: u32 = 4;
const LABELS: u32 = 5;
const VALUE: u32 = 6;
const VALUE_SIZE: u32 = 7;
const COMMIT_ROW: u32 = 9;

/// Up to this size a value's chunk is written before its length is known: the length takes one or two bytes.
const SHORT_VALUE_BYTES: usize = 1 << 10;

/// Messages under construction.
#[derive(Default)]
pub struct Messages {
    open: Vec<u8>,
    /// Where the last chunk begins in the open message.
    last_chunk: usize,
    ready: Vec<Bytes>,
}

/// What a chunk says.
#[derive(Clone, Copy, Default)]
struct Chunk<'a> {
    /// Empty in all but a row's first chunk.
    key: &'a [u8],
    family: Option<&'a [u8]>,
    qualifier: Option<&'a [u8]>,
    timestamp_micros: i64,
    label: Option<&'a str>,
    value: &'a [u8],
    /// Of a value that goes on in the next chunk.
    value_size: Option<usize>,
}

/// Takes a row's cells one by one.
pub struct RowWriter<'m, 'a> {
    messages: &'m mut Messages,
    schema: &'a Schema,
    key: &'a [u8],
    family: Option<u16>,
    /// The last cell's time, and its field. Most rows have one time in all cells.
    timestamp_micros: i64,
    timestamp: Padded<16>,
}

/// A few bytes in a block. A copy of constant size is several moves; one of any few bytes is a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Padded<const N: usize> {
    block: [u8; N],
    len: usize,
}

impl<const N: usize> Padded<N> {
    /// None if the bytes do not fit.
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut block = [0; N];
        block.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Padded { block, len: bytes.len() })
    }

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.len;
        out.extend_from_slice(&self.block);
        out.truncate(end);
    }
}

/// A qualifier's field as chunks have it; none of a long one.
pub type QualifierField = Option<Padded<48>>;

pub fn qualifier_field(qualifier: &[u8]) -> QualifierField {
    let mut field = Vec::new();
    put_wrapped(&mut field, QUALIFIER, qualifier);
    Padded::of(&field)
}

fn timestamp_field(timestamp_micros: i64) -> Padded<16> {
    let mut field = Vec::with_capacity(16);
    if timestamp_micros != 0 {
        put_number(&mut field, TIMESTAMP_MICROS, timestamp_micros as u64);
    }
    Padded::of(&field).expect("a number's field has at most 11 bytes")
}

impl Messages {
    /// Begins a row.
    pub fn row<'m, 'a>(&'m mut self, key: &'a [u8], schema: &'a Schema) -> RowWriter<'m, 'a> {
        let timestamp = timestamp_field(0);
        RowWriter { messages: self, schema, key, family: None, timestamp_micros: 0, timestamp }
    }

    /// Appends a chunk for the value, or several for a long one.
    fn push(&mut self, mut chunk: Chunk<'_>) {
        let whole = chunk.value;
        let mut rest = whole;
        while rest.len() > VALUE_BYTES {
            let (head, tail) = rest.split_at(VALUE_BYTES);
            self.put(&Chunk { value: head, value_size: Some(whole.len()), ..chunk });
            (rest, chunk) = (tail, Chunk::default());
        }
        self.put(&Chunk { value: rest, ..chunk });
    }

    fn put(&mut self, chunk: &Chunk<'_>) {
        let out = self.begin_chunk();
        put_varint(out, u64::from(CHUNKS << 3 | 2));
        put_varint(out, chunk.len() as u64);
        if !chunk.key.is_empty() {
            put_bytes(out, ROW_KEY, chunk.key);
        }
        if let Some(family) = chunk.family {
            put_wrapped(out, FAMILY_NAME, family);
        }
        if let Some(qualifier) = chunk.qualifier {
            put_wrapped(out, QUALIFIER, qualifier);
        }
        if chunk.timestamp_micros != 0 {
            put_number(out, TIMESTAMP_MICROS, chunk.timestamp_micros as u64);
        }
        if let Some(label) = chunk.label {
            put_bytes(out, LABELS, label.as_bytes());
        }
        if !chunk.value.is_empty() {
            put_bytes(out, VALUE, chunk.value);
        }
        if let Some(size) = chunk.value_size {
            put_number(out, VALUE_SIZE, size as u64);
        }
    }

    /// Room for a chunk: what was full before it goes.
    #[inline]
    fn begin_chunk(&mut self) -> &mut Vec<u8> {
        if self.open.len() >= MESSAGE_BYTES {
            self.end_message();
        }
        if self.open.capacity() == 0 {
            self.open.reserve(MESSAGE_BYTES + MESSAGE_BYTES / 8);
        }
        self.last_chunk = self.open.len();
        &mut self.open
    }

    /// Says of the last chunk that its row ends there.
    fn commit(&mut self) {
        put_number(&mut self.open, COMMIT_ROW, 1);
        let at = self.last_chunk + 1;
        let mut rest = &self.open[at..];
        let told = take_varint(&mut rest).expect("a chunk begins with its length");
        let width = varint_len(told);
        set_length(&mut self.open, at, width, told + 2);
    }

    fn end_message(&mut self) {
        self.ready.push(std::mem::take(&mut self.open).into());
    }

    /// Whether this is enough for once.
    pub fn is_full(&self) -> bool {
        self.ready.len() * MESSAGE_BYTES + self.open.len() >= STEP_BYTES
    }

    /// The messages, complete or not. If they would be none, one that says how far the scan has come.
    pub fn finish(mut self, last_scanned: Option<&[u8]>) -> Vec<Bytes> {
        if !self.open.is_empty() {
            self.end_message();
        }
        if self.ready.is_empty()
            && let Some(key) = last_scanned
        {
            put_bytes(&mut self.open, LAST_SCANNED_ROW_KEY, key);
            self.end_message();
        }
        self.ready
    }
}

/// Writes a length over another of this width, making room where it is wider.
#[inline]
fn set_length(out: &mut Vec<u8>, at: usize, width: usize, len: u64) {
    if width == 1 && len < 0x80 {
        out[at] = len as u8;
        return;
    }
    let mut told = Vec::with_capacity(10);
    put_varint(&mut told, len);
    out.splice(at..at + width, told);
}

impl Chunk<'_> {
    /// Bytes of the encoding. All fields' numbers are below 16: their keys take one byte.
    fn len(&self) -> usize {
        let bytes = |len: usize| 1 + varint_len(len as u64) + len;
        let number = |number: u64| 1 + varint_len(number);
        let wrapped = |text: &[u8]| if text.is_empty() { 2 } else { bytes(bytes(text.len())) };
        let given = |len: usize| if len == 0 { 0 } else { bytes(len) };
        let timestamp = self.timestamp_micros as u64;
        given(self.key.len())
            + self.family.map_or(0, wrapped)
            + self.qualifier.map_or(0, wrapped)
            + if timestamp == 0 { 0 } else { number(timestamp) }
            + self.label.map_or(0, |label| bytes(label.len()))
            + given(self.value.len())
            + self.value_size.map_or(0, |size| number(size as u64))
    }
}

impl<'a> RowWriter<'_, 'a> {
    /// Takes the next cell in order. A cell of another column than the last cell's comes with what its column's field is.
    #[inline]
    pub fn push(&mut self, cell: Cell<'a>, new_column: Option<&QualifierField>) {
        match new_column {
            Some(Some(field)) if cell.value.len() <= SHORT_VALUE_BYTES => self.put_short(&cell, field),
            _ => self.put(&cell, new_column.is_some()),
        }
    }

    pub fn push_all(&mut self, cells: &[Cell<'a>]) {
        let mut last: Option<&Cell<'a>> = None;
        for cell in cells {
            let new_column = last.is_none_or(|last| !last.same_column(cell));
            self.push(*cell, new_column.then_some(&None));
            last = Some(cell);
        }
    }

    /// Ends the row; false if there was nothing in it.
    pub fn finish(self) -> bool {
        if self.family.is_none() {
            return false;
        }
        self.messages.commit();
        true
    }

    /// The usual chunk: a stored cell of a known column, with a short value.
    #[inline]
    fn put_short(&mut self, cell: &Cell<'a>, field: &Padded<48>) {
        if cell.timestamp_micros != self.timestamp_micros {
            (self.timestamp_micros, self.timestamp) =
                (cell.timestamp_micros, timestamp_field(cell.timestamp_micros));
        }
        let out = self.messages.begin_chunk();
        let start = out.len();
        out.extend_from_slice(&[(CHUNKS << 3 | 2) as u8, 0]);
        if self.family != Some(cell.family) {
            if self.family.is_none() {
                put_bytes(out, ROW_KEY, self.key);
            }
            put_wrapped(out, FAMILY_NAME, self.schema.family(cell.family).name.as_bytes());
            self.family = Some(cell.family);
        }
        field.put(out);
        self.timestamp.put(out);
        if !cell.value.is_empty() {
            put_bytes(out, VALUE, cell.value);
        }
        let len = out.len() - start - 2;
        set_length(out, start + 1, 1, len as u64);
    }

    /// A chunk repeats of its predecessor what it does not say.
    fn put(&mut self, cell: &Cell<'a>, new_column: bool) {
        let new_family = self.family != Some(cell.family);
        self.messages.push(Chunk {
            key: if self.family.is_none() { self.key } else { &[] },
            family: new_family.then(|| self.schema.family(cell.family).name.as_bytes()),
            qualifier: (new_family || new_column).then_some(cell.qualifier),
            timestamp_micros: cell.timestamp_micros,
            label: cell.label,
            value: cell.value,
            value_size: None,
        });
        self.family = Some(cell.family);
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::schema::{FamilyRecord, TableRecord};
    use super::*;
    use crate::proto::bigtable::ReadRowsResponse;
    use crate::proto::bigtable::read_rows_response::cell_chunk::RowStatus;

    fn schema() -> Schema {
        let family = FamilyRecord { id: 0, name: "f".to_owned(), family: None };
        Schema::compile(TableRecord { next_family_id: 1, families: vec![family], ..TableRecord::default() })
            .unwrap()
    }

    fn read(messages: &[Bytes]) -> Vec<ReadRowsResponse> {
        messages.iter().map(|message| ReadRowsResponse::decode(&message[..]).unwrap()).collect()
    }

    fn push_row(messages: &mut Messages, cells: &[Cell<'_>]) {
        let schema = schema();
        let mut row = messages.row(b"key", &schema);
        row.push_all(cells);
        assert!(row.finish());
    }

    #[test]
    fn a_chunk_says_what_differs_from_its_predecessor() {
        let cell = |qualifier, timestamp_micros, value| Cell {
            family: 0,
            qualifier,
            timestamp_micros,
            value,
            label: None,
        };
        let cells: [Cell<'_>; 3] = [cell(b"", 2_000, b"1"), cell(b"", 1_000, b""), cell(b"q", 0, b"3")];
        let mut messages = Messages::default();
        push_row(&mut messages, &cells);
        let [response] = &read(&messages.finish(Some(b"key")))[..] else { panic!("one message") };
        let [first, second, third] = &response.chunks[..] else { panic!("three chunks") };
        assert_eq!((&*first.row_key, first.family_name.as_deref()), (&b"key"[..], Some("f")));
        assert_eq!((first.qualifier.as_deref(), first.timestamp_micros), (Some(&b""[..]), 2_000));
        assert_eq!((&second.family_name, &second.qualifier), (&None, &None));
        assert_eq!((&third.family_name, third.qualifier.as_deref()), (&None, Some(&b"q"[..])));
        assert_eq!((second.row_status, third.row_status), (None, Some(RowStatus::CommitRow(true))));
        assert!(response.last_scanned_row_key.is_empty());
    }

    #[test]
    fn a_chunk_of_any_length_is_read_back() {
        let (schema, field) = (schema(), qualifier_field(b"q"));
        let value = vec![7; SHORT_VALUE_BYTES + 9];
        for len in (0..300).chain(SHORT_VALUE_BYTES - 9..value.len()) {
            let cell = |timestamp_micros| Cell {
                family: 0,
                qualifier: b"q",
                timestamp_micros,
                value: &value[..len],
                label: None,
            };
            let mut messages = Messages::default();
            for key in [&b"a"[..], b"b"] {
                let mut row = messages.row(key, &schema);
                row.push(cell(2_000), Some(&field));
                row.push(cell(1_000), None);
                assert!(row.finish());
            }
            let [response] = &read(&messages.finish(None))[..] else { panic!("one message") };
            let told = |at: usize| (&response.chunks[at].row_key[..], response.chunks[at].value.len());
            assert_eq!([0, 1, 2, 3].map(told), [(&b"a"[..], len), (b"", len), (b"b", len), (b"", len)]);
            let commits = response.chunks.iter().map(|chunk| chunk.row_status.is_some());
            assert!(commits.eq([false, true, false, true]), "{len}");
            let times = response.chunks.iter().map(|chunk| chunk.timestamp_micros);
            assert!(times.eq([2_000, 1_000, 2_000, 1_000]));
        }
    }

    #[test]
    fn a_long_value_is_split_and_says_its_size() {
        let value = vec![7; 8 * VALUE_BYTES + 1];
        let cell = Cell { family: 0, qualifier: b"q", timestamp_micros: 0, value: &value, label: None };
        let mut messages = Messages::default();
        push_row(&mut messages, &[cell]);
        assert!(messages.is_full());
        let chunks: Vec<_> =
            read(&messages.finish(None)).into_iter().flat_map(|response| response.chunks).collect();
        let sizes: Vec<_> = chunks.iter().map(|chunk| (chunk.value.len(), chunk.value_size)).collect();
        let whole = value.len() as i32;
        let full = (VALUE_BYTES, whole);
        assert_eq!(sizes, [vec![full; 8], vec![(1, 0)]].concat());
    }

    #[test]
    fn a_scan_that_found_nothing_says_how_far_it_came() {
        let [response] = &read(&Messages::default().finish(Some(b"key")))[..] else { panic!("one message") };
        assert_eq!(response.last_scanned_row_key, b"key");
        assert!(Messages::default().finish(None).is_empty());
    }
}
