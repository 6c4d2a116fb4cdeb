//! Rows as `ReadRowsResponse` messages in their gRPC frames, written straight to bytes.
//!
//! A row has tens of chunks, so there are no generated types in between, and the usual chunk is a few moves of constant
//! size. The tests hold every message against those types, byte by byte.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use wire::frames::{HEADER_BYTES, header};
use wire::varint;
use wire::writer::{field_len, key, number_key, put_field, put_head, put_number, put_wrapped};

use crate::bigtable::store::row::{Cell, Place, VALUE_BLOCK};
use crate::bigtable::store::schema::Schema;

use super::fields::{FAMILY_BLOCK, FAMILY_NAME, Fields, Padded, QUALIFIER, QUALIFIER_BLOCK};

/// A message is sent once it has this size, far below the 4 MiB that clients accept by default.
pub const MESSAGE_BYTES: usize = 256 << 10;

/// Messages made at once. Each time, the scan seeks its place in the store anew: measured, with a quarter of this a
/// scan costs 4 % more.
const STEP_BYTES: usize = 4 << 20;

/// A longer value is split over several chunks.
const VALUE_BYTES: usize = 128 << 10;

// Keys of ReadRowsResponse and CellChunk; those of a chunk's names are with `Fields`.
const CHUNKS: u8 = key(1);
const LAST_SCANNED_ROW_KEY: u8 = key(2);
const ROW_KEY: u8 = key(1);
const TIMESTAMP_MICROS: u8 = number_key(4);
const LABELS: u8 = key(5);
const VALUE: u8 = key(6);
const VALUE_SIZE: u8 = number_key(7);
const COMMIT_ROW: u8 = number_key(9);

/// Room for the field of any timestamp.
const TIME_BLOCK: usize = 16;

/// Room for the blocks of the usual chunk: its head, family, qualifier and timestamp, the value's head and the value.
const ROOM: usize = 2 + FAMILY_BLOCK + QUALIFIER_BLOCK + TIME_BLOCK + 2 + VALUE_BLOCK;

/// The usual chunk is shorter than this, so that its length takes one byte.
const USUAL_BYTES: usize = 0x80;

/// Messages under construction.
pub struct Messages {
    buffers: Arc<Buffers>,
    /// The open message up to `end`, and room for whole blocks beyond.
    open: Vec<u8>,
    end: usize,
    /// Where the last chunk begins in the open message.
    last_chunk: usize,
    ready: Vec<Bytes>,
    /// Buffer of chunks that are not the usual ones.
    unusual: Vec<u8>,
}

/// Buffers of a scan, reused once their messages are sent: fresh pages cost a twentieth of a scan.
#[derive(Default)]
pub struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    fn take(&self) -> Vec<u8> {
        let used = self.0.lock().pop();
        used.unwrap_or_else(|| vec![0; MESSAGE_BYTES + MESSAGE_BYTES / 8])
    }
}

/// A message that gives its buffer back.
struct Message {
    buffer: Vec<u8>,
    len: usize,
    buffers: Arc<Buffers>,
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        // One that grew for a large row is not kept.
        if buffer.len() <= 2 * MESSAGE_BYTES {
            self.buffers.0.lock().push(buffer);
        }
    }
}

/// A chunk's contents.
#[derive(Clone, Copy, Default)]
struct Chunk<'a> {
    /// Empty in all but a row's first chunk.
    key: &'a [u8],
    family: Option<&'a [u8]>,
    qualifier: Option<&'a [u8]>,
    timestamp_micros: i64,
    label: Option<&'a str>,
    value: &'a [u8],
    /// The whole value's size, if it goes on in the next chunk.
    value_size: Option<usize>,
}

/// Takes a row's cells one by one.
pub struct RowWriter<'m, 'a> {
    messages: &'m mut Messages,
    schema: &'a Schema,
    fields: &'a Fields,
    key: &'a [u8],
    family: Option<u16>,
    /// The last cell's timestamp, and its field. In most rows all cells have the same.
    timestamp_micros: i64,
    timestamp: Padded<TIME_BLOCK>,
}

fn timestamp_field(timestamp_micros: i64) -> Padded<TIME_BLOCK> {
    let mut field = Padded { block: [0; TIME_BLOCK], len: 0 };
    if timestamp_micros != 0 {
        field.block[0] = TIMESTAMP_MICROS;
        field.len = 1 + varint::write(&mut field.block[1..], timestamp_micros as u64);
    }
    field
}

impl Messages {
    pub fn new(buffers: Arc<Buffers>) -> Self {
        let (open, ready, unusual) = (Vec::new(), Vec::new(), Vec::new());
        Messages { buffers, open, end: 0, last_chunk: 0, ready, unusual }
    }

    /// Begins a row. `fields` are of the schema and the dictionary that the row is read with.
    pub fn row<'m, 'a>(
        &'m mut self,
        key: &'a [u8],
        schema: &'a Schema,
        fields: &'a Fields,
    ) -> RowWriter<'m, 'a> {
        let timestamp = timestamp_field(0);
        RowWriter { messages: self, schema, fields, key, family: None, timestamp_micros: 0, timestamp }
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
        let mut out = std::mem::take(&mut self.unusual);
        out.clear();
        chunk.encode(&mut out);
        self.begin_chunk(out.len());
        self.append(&out);
        self.unusual = out;
    }

    /// Begins a chunk and makes room for its bytes, in a new message if the open one is full.
    #[inline]
    fn begin_chunk(&mut self, bytes: usize) {
        if self.end >= MESSAGE_BYTES {
            self.end_message();
        }
        if self.end == 0 {
            self.begin_message();
        }
        self.last_chunk = self.end;
        self.reserve(bytes);
    }

    #[inline]
    fn reserve(&mut self, bytes: usize) {
        if self.open.len() - self.end < bytes {
            self.open.resize(self.end + bytes, 0);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.open[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Marks the last chunk as the end of its row.
    fn commit(&mut self) {
        const ENDS: [u8; 2] = [COMMIT_ROW, 1];
        let at = self.last_chunk + 1;
        let mut rest = &self.open[at..self.end];
        let old_len = varint::read(&mut rest).expect("a chunk begins with its length");
        let fields = self.end - rest.len();
        let mut len = [0; varint::MAX_LEN];
        let width = varint::write(&mut len, old_len + ENDS.len() as u64);
        let shift = at + width - fields;
        self.reserve(shift + ENDS.len());
        if shift > 0 {
            self.open.copy_within(fields..self.end, fields + shift);
        }
        self.open[at..at + width].copy_from_slice(&len[..width]);
        self.end += shift;
        self.append(&ENDS);
    }

    fn begin_message(&mut self) {
        self.open = self.buffers.take();
        self.end = HEADER_BYTES;
    }

    /// Writes the frame's header: not compressed, and the message's length.
    fn end_message(&mut self) {
        let (buffer, len) = (std::mem::take(&mut self.open), std::mem::take(&mut self.end));
        let mut message = Message { buffer, len, buffers: self.buffers.clone() };
        message.buffer[..HEADER_BYTES].copy_from_slice(&header((len - HEADER_BYTES) as u32));
        self.ready.push(Bytes::from_owner(message));
    }

    /// Whether a step has made enough.
    pub fn is_full(&self) -> bool {
        self.ready.len() * MESSAGE_BYTES + self.end >= STEP_BYTES
    }

    /// The messages, the open one included. If there are none, one that reports how far the scan has come.
    pub fn finish(mut self, last_scanned: Option<&[u8]>) -> Vec<Bytes> {
        if self.end > 0 {
            self.end_message();
        }
        if self.ready.is_empty()
            && let Some(key) = last_scanned
        {
            let mut scanned = Vec::new();
            put_field(&mut scanned, LAST_SCANNED_ROW_KEY, key);
            self.begin_message();
            self.append(&scanned);
            self.end_message();
        }
        self.ready
    }
}

impl Chunk<'_> {
    /// Appends the chunk as a field of its message.
    fn encode(&self, out: &mut Vec<u8>) {
        put_head(out, CHUNKS, self.len());
        if !self.key.is_empty() {
            put_field(out, ROW_KEY, self.key);
        }
        if let Some(family) = self.family {
            put_wrapped(out, FAMILY_NAME, family);
        }
        if let Some(qualifier) = self.qualifier {
            put_wrapped(out, QUALIFIER, qualifier);
        }
        if self.timestamp_micros != 0 {
            put_number(out, TIMESTAMP_MICROS, self.timestamp_micros as u64);
        }
        if let Some(label) = self.label {
            put_field(out, LABELS, label.as_bytes());
        }
        if !self.value.is_empty() {
            put_field(out, VALUE, self.value);
        }
        if let Some(size) = self.value_size {
            put_number(out, VALUE_SIZE, size as u64);
        }
    }

    /// Length of the encoded chunk.
    fn len(&self) -> usize {
        let number = |number: u64| 1 + varint::len(number);
        let wrapped = |text: &[u8]| if text.is_empty() { 2 } else { field_len(field_len(text.len())) };
        let given = |len: usize| if len == 0 { 0 } else { field_len(len) };
        let timestamp = self.timestamp_micros as u64;
        given(self.key.len())
            + self.family.map_or(0, wrapped)
            + self.qualifier.map_or(0, wrapped)
            + if timestamp == 0 { 0 } else { number(timestamp) }
            + self.label.map_or(0, |label| field_len(label.len()))
            + given(self.value.len())
            + self.value_size.map_or(0, |size| number(size as u64))
    }
}

impl<'a> RowWriter<'_, 'a> {
    /// Takes the next cell of a stored row.
    #[inline]
    pub fn push_stored(&mut self, cell: &Cell<'a>, place: Place<'_>) {
        if place.nth > 0 || !self.put_usual(cell, place) {
            self.put(cell, place.nth == 0);
        }
    }

    pub fn push_all(&mut self, cells: &[Cell<'a>]) {
        let mut last: Option<&Cell<'a>> = None;
        for cell in cells {
            self.put(cell, last.is_none_or(|last| !last.same_column(cell)));
            last = Some(cell);
        }
    }

    /// Ends the row; false if it had no cells.
    pub fn finish(self) -> bool {
        if self.family.is_none() {
            return false;
        }
        self.messages.commit();
        true
    }

    /// Writes the usual chunk: short, not its row's first, of names in `Fields`. False if the chunk is another.
    #[inline]
    fn put_usual(&mut self, cell: &Cell<'a>, place: Place<'_>) -> bool {
        let Some(last_family) = self.family else { return false };
        let Some(qualifier) = self.fields.qualifier(place.column) else { return false };
        let new_family = last_family != cell.family;
        let family = if new_family { self.fields.family(cell.family) } else { None };
        if new_family && family.is_none() {
            return false;
        }
        if cell.timestamp_micros != self.timestamp_micros {
            self.timestamp_micros = cell.timestamp_micros;
            self.timestamp = timestamp_field(cell.timestamp_micros);
        }
        let value_len = cell.value.len();
        let known = family.map_or(0, |family| family.len) + qualifier.len + self.timestamp.len;
        let len = known + if value_len == 0 { 0 } else { 2 + value_len };
        if len >= USUAL_BYTES || value_len > VALUE_BLOCK {
            return false;
        }
        self.messages.begin_chunk(ROOM);
        let end = self.messages.end;
        let Some(room) = self.messages.open[end..].first_chunk_mut::<ROOM>() else { return false };
        room[..2].copy_from_slice(&[CHUNKS, len as u8]);
        let mut at = 2;
        if let Some(family) = family {
            family.put(room, &mut at);
            self.family = Some(cell.family);
        }
        qualifier.put(room, &mut at);
        self.timestamp.put(room, &mut at);
        if value_len > 0 {
            room[at..at + 2].copy_from_slice(&[VALUE, value_len as u8]);
            at += 2;
            match place.block {
                Some(block) => room[at..at + VALUE_BLOCK].copy_from_slice(block),
                None => room[at..at + value_len].copy_from_slice(cell.value),
            }
        }
        self.messages.end = end + 2 + len;
        true
    }

    /// Writes any chunk. It leaves out what it has in common with its predecessor.
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
    use std::convert::Infallible;

    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;
    use crate::bigtable::store::columns::{Column, Columns};
    use crate::bigtable::store::row;
    use crate::bigtable::store::schema::{FamilyRecord, TableRecord};
    use crate::proto::bigtable::ReadRowsResponse;
    use crate::proto::bigtable::read_rows_response::CellChunk;
    use crate::proto::bigtable::read_rows_response::cell_chunk::RowStatus;

    fn schema_of(families: &[&str]) -> Schema {
        let family = |(id, name): (u32, &&str)| FamilyRecord { id, name: (*name).to_owned(), family: None };
        let families: Vec<_> = (0..).zip(families).map(family).collect();
        let next_family_id = families.len() as u32;
        Schema::compile(TableRecord { next_family_id, families, ..TableRecord::default() }).unwrap()
    }

    fn schema() -> Schema {
        schema_of(&["f"])
    }

    fn read(messages: &[Bytes]) -> Vec<ReadRowsResponse> {
        let decode = |frame: &Bytes| {
            let (header, message) = frame.split_first_chunk::<HEADER_BYTES>().unwrap();
            assert_eq!((header[0], header.last_chunk()), (0, Some(&(message.len() as u32).to_be_bytes())));
            let response = ReadRowsResponse::decode(message).unwrap();
            assert_eq!(response.encode_to_vec(), message, "encoded as the generated types are");
            response
        };
        messages.iter().map(decode).collect()
    }

    fn push_row(messages: &mut Messages, cells: &[Cell<'_>]) {
        let (schema, fields) = (schema(), Fields::default());
        let mut row = messages.row(b"key", &schema, &fields);
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
        let mut messages = Messages::new(Arc::default());
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

    /// A row's chunks in the generated types, as the protocol describes them. No value is split.
    fn plain_chunks(schema: &Schema, cells: &[Cell<'_>]) -> Vec<CellChunk> {
        let mut last: Option<&Cell<'_>> = None;
        let mut chunks = Vec::new();
        for cell in cells {
            let new_family = last.is_none_or(|last| last.family != cell.family);
            let new_column = new_family || last.is_none_or(|last| last.qualifier != cell.qualifier);
            chunks.push(CellChunk {
                row_key: if last.is_none() { b"key".to_vec() } else { Vec::new() },
                family_name: new_family.then(|| schema.family(cell.family).name.clone()),
                qualifier: new_column.then(|| cell.qualifier.to_vec()),
                timestamp_micros: cell.timestamp_micros,
                value: cell.value.to_vec(),
                ..CellChunk::default()
            });
            last = Some(cell);
        }
        if let Some(last) = chunks.last_mut() {
            last.row_status = Some(RowStatus::CommitRow(true));
        }
        chunks
    }

    const FAMILIES: [&str; 3] = ["a", "a family of as many bytes as no block has", "f"];
    const QUALIFIERS: [&[u8]; 5] =
        [b"", b"q", b"a longer qualifier", &[b'x'; QUALIFIER_BLOCK - 4], &[b'x'; QUALIFIER_BLOCK]];

    /// Indices of family and qualifier, milliseconds, length of the value.
    type Model = (u16, usize, i64, usize);

    fn model() -> impl Strategy<Value = Model> {
        let millis = prop::sample::select(vec![0, 1, 2, 1_711_000_000_000]);
        (
            0..FAMILIES.len() as u16,
            0..QUALIFIERS.len(),
            millis,
            prop_oneof![4 => 0..150_usize, 1 => 0..900_usize],
        )
    }

    proptest! {
        #[test]
        fn stored_rows_are_told_as_their_cells_are(
            rows in prop::collection::vec(prop::collection::vec(model(), 1..12), 1..6),
            known in any::<bool>(),
            late in any::<bool>(),
        ) {
            let schema = schema_of(&FAMILIES);
            let value: Vec<u8> = (0..900).map(|at| at as u8).collect();
            let (mut columns, mut fields) = (Columns::default(), Fields::default());
            let mut expected = Vec::new();
            let (mut stored, mut plain) = (Messages::new(Arc::default()), Messages::new(Arc::default()));
            for (number, model) in rows.iter().enumerate() {
                let cell = |&(family, qualifier, millis, len): &Model| {
                    let (qualifier, value) = (QUALIFIERS[qualifier], &value[..len]);
                    Cell { family, qualifier, timestamp_micros: millis * 1_000, value, label: None }
                };
                let mut cells: Vec<_> = model.iter().map(cell).collect();
                cells.sort_by(Cell::position);
                cells.dedup_by(|a, b| a.position(b).is_eq());
                expected.extend(plain_chunks(&schema, &cells));
                let mut row = Vec::new();
                row::encode(&cells, &schema, &mut row, |family, qualifier| {
                    Ok::<_, Infallible>(match columns.find(family, qualifier) {
                        Some(id) => id,
                        None if known => columns.push(Column::new(family, qualifier)),
                        None => 0,
                    })
                }).unwrap();
                // As in a scan, which encodes names from its second row on.
                if !late || number > 0 {
                    fields.extend(&schema, &columns);
                }
                let mut writer = stored.row(b"key", &schema, &fields);
                row::visit(&row, &schema, &columns, |cell, place| writer.push_stored(&cell, place)).unwrap();
                writer.finish();
                let mut writer = plain.row(b"key", &schema, &fields);
                writer.push_all(&cells);
                writer.finish();
            }
            let (stored, plain) = (stored.finish(None), plain.finish(None));
            prop_assert_eq!(&stored, &plain);
            let chunks: Vec<_> = read(&stored).into_iter().flat_map(|response| response.chunks).collect();
            prop_assert_eq!(chunks, expected);
        }
    }

    #[test]
    fn a_long_value_is_split_and_says_its_size() {
        let parts = STEP_BYTES / VALUE_BYTES;
        let value = vec![7; parts * VALUE_BYTES + 1];
        let cell = Cell { family: 0, qualifier: b"q", timestamp_micros: 0, value: &value, label: None };
        let mut messages = Messages::new(Arc::default());
        push_row(&mut messages, &[cell]);
        assert!(messages.is_full());
        let chunks: Vec<_> =
            read(&messages.finish(None)).into_iter().flat_map(|response| response.chunks).collect();
        let sizes: Vec<_> = chunks.iter().map(|chunk| (chunk.value.len(), chunk.value_size)).collect();
        let whole = value.len() as i32;
        let full = (VALUE_BYTES, whole);
        assert_eq!(sizes, [vec![full; parts], vec![(1, 0)]].concat());
    }

    #[test]
    fn a_scan_that_found_nothing_says_how_far_it_came() {
        let [response] = &read(&Messages::new(Arc::default()).finish(Some(b"key")))[..] else {
            panic!("one message")
        };
        assert_eq!(response.last_scanned_row_key, b"key");
        assert!(Messages::new(Arc::default()).finish(None).is_empty());
    }
}
