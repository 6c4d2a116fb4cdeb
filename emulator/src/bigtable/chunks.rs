//! Rows as `ReadRowsResponse` messages, written straight to bytes.

use bytes::Bytes;

use super::row::Cell;
use super::schema::Schema;
use super::wire::{put_bytes, put_number, put_varint, put_wrapped, varint_len};

/// A message is sent once it has this size, below the 4 MiB that clients accept unless told otherwise. Each message looks
/// for its place in the store anew: measured, a quarter of this costs 6 % more and a sixteenth 20 % more.
pub const MESSAGE_BYTES: usize = 1 << 20;

/// A longer value is split over several chunks.
const VALUE_BYTES: usize = 256 << 10;

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

/// Messages under construction.
#[derive(Default)]
pub struct Messages {
    open: Vec<u8>,
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
    commits: bool,
}

/// Takes a row's cells one by one. The last is held back, because its chunk says that it is.
pub struct RowWriter<'m, 'a> {
    messages: &'m mut Messages,
    schema: &'a Schema,
    key: &'a [u8],
    family: Option<u16>,
    held: Option<(Cell<'a>, bool)>,
}

impl Messages {
    /// Begins a row.
    pub fn row<'m, 'a>(&'m mut self, key: &'a [u8], schema: &'a Schema) -> RowWriter<'m, 'a> {
        RowWriter { messages: self, schema, key, family: None, held: None }
    }

    /// Appends a chunk for the value, or several for a long one.
    fn push(&mut self, mut chunk: Chunk<'_>) {
        let (whole, commits) = (chunk.value, chunk.commits);
        let mut rest = whole;
        while rest.len() > VALUE_BYTES {
            let (head, tail) = rest.split_at(VALUE_BYTES);
            self.put(&Chunk { value: head, value_size: Some(whole.len()), commits: false, ..chunk });
            (rest, chunk) = (tail, Chunk::default());
        }
        self.put(&Chunk { value: rest, commits, ..chunk });
    }

    fn put(&mut self, chunk: &Chunk<'_>) {
        let out = &mut self.open;
        if out.capacity() == 0 {
            out.reserve(MESSAGE_BYTES + MESSAGE_BYTES / 8);
        }
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
        if chunk.commits {
            put_number(out, COMMIT_ROW, 1);
        }
        if self.open.len() >= MESSAGE_BYTES {
            self.end_message();
        }
    }

    fn end_message(&mut self) {
        self.ready.push(std::mem::take(&mut self.open).into());
    }

    /// Whether a whole message is ready.
    pub fn is_full(&self) -> bool {
        !self.ready.is_empty()
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
            + if self.commits { 2 } else { 0 }
    }
}

impl<'a> RowWriter<'_, 'a> {
    /// Takes the next cell in order, and whether its column is another than the last cell's.
    #[inline]
    pub fn push(&mut self, cell: Cell<'a>, new_column: bool) {
        if let Some((held, new_column)) = self.held.replace((cell, new_column)) {
            self.put(&held, new_column, false);
        }
    }

    pub fn push_all(&mut self, cells: &[Cell<'a>]) {
        for cell in cells {
            let new_column = self.held.as_ref().is_none_or(|(held, _)| !held.same_column(cell));
            self.push(*cell, new_column);
        }
    }

    /// Ends the row; false if there was nothing in it.
    pub fn finish(mut self) -> bool {
        let Some((held, new_column)) = self.held.take() else { return false };
        self.put(&held, new_column, true);
        true
    }

    /// A chunk repeats of its predecessor what it does not say.
    fn put(&mut self, cell: &Cell<'a>, new_column: bool, commits: bool) {
        let new_family = self.family != Some(cell.family);
        self.messages.push(Chunk {
            key: if self.family.is_none() { self.key } else { &[] },
            family: new_family.then(|| self.schema.family(cell.family).name.as_bytes()),
            qualifier: (new_family || new_column).then_some(cell.qualifier),
            timestamp_micros: cell.timestamp_micros,
            label: cell.label,
            value: cell.value,
            value_size: None,
            commits,
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
    fn a_long_value_is_split_and_says_its_size() {
        let value = vec![7; 4 * VALUE_BYTES + 1];
        let cell = Cell { family: 0, qualifier: b"q", timestamp_micros: 0, value: &value, label: None };
        let mut messages = Messages::default();
        push_row(&mut messages, &[cell]);
        assert!(messages.is_full());
        let chunks: Vec<_> =
            read(&messages.finish(None)).into_iter().flat_map(|response| response.chunks).collect();
        let sizes: Vec<_> = chunks.iter().map(|chunk| (chunk.value.len(), chunk.value_size)).collect();
        let whole = value.len() as i32;
        let full = (VALUE_BYTES, whole);
        assert_eq!(sizes, [full, full, full, full, (1, 0)]);
    }

    #[test]
    fn a_scan_that_found_nothing_says_how_far_it_came() {
        let [response] = &read(&Messages::default().finish(Some(b"key")))[..] else { panic!("one message") };
        assert_eq!(response.last_scanned_row_key, b"key");
        assert!(Messages::default().finish(None).is_empty());
    }
}
