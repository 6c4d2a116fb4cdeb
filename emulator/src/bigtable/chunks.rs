//! Rows as `ReadRowsResponse` messages, written straight to bytes.

use bytes::Bytes;

use super::row::Cell;
use super::schema::Schema;
use super::wire::{put_bytes, put_number, put_wrapped};

/// A message is sent once it has this size: far below the 4 MiB that clients accept unless told otherwise.
pub const MESSAGE_BYTES: usize = 256 << 10;

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
    chunk: Vec<u8>,
    ready: Vec<Bytes>,
}

impl Messages {
    /// Adds a row. The cells are in order, at least one.
    pub fn push_row(&mut self, key: &[u8], cells: &[Cell<'_>], schema: &Schema) {
        let mut last: Option<&Cell<'_>> = None;
        for (at, cell) in cells.iter().enumerate() {
            if last.is_none() {
                put_bytes(&mut self.chunk, ROW_KEY, key);
            }
            // A chunk repeats of its predecessor what it does not say.
            let new_family = last.is_none_or(|last| last.family != cell.family);
            if new_family {
                put_wrapped(&mut self.chunk, FAMILY_NAME, schema.family(cell.family).name.as_bytes());
            }
            if new_family || last.is_none_or(|last| last.qualifier != cell.qualifier) {
                put_wrapped(&mut self.chunk, QUALIFIER, cell.qualifier);
            }
            if cell.timestamp_micros != 0 {
                put_number(&mut self.chunk, TIMESTAMP_MICROS, cell.timestamp_micros as u64);
            }
            if let Some(label) = cell.label {
                put_bytes(&mut self.chunk, LABELS, label.as_bytes());
            }
            self.push_value(cell.value, at + 1 == cells.len());
            last = Some(cell);
        }
    }

    fn push_value(&mut self, value: &[u8], ends_row: bool) {
        let mut rest = value;
        while rest.len() > VALUE_BYTES {
            let (head, tail) = rest.split_at(VALUE_BYTES);
            put_bytes(&mut self.chunk, VALUE, head);
            put_number(&mut self.chunk, VALUE_SIZE, value.len() as u64);
            self.end_chunk();
            rest = tail;
        }
        if !rest.is_empty() {
            put_bytes(&mut self.chunk, VALUE, rest);
        }
        if ends_row {
            put_number(&mut self.chunk, COMMIT_ROW, 1);
        }
        self.end_chunk();
    }

    fn end_chunk(&mut self) {
        put_bytes(&mut self.open, CHUNKS, &self.chunk);
        self.chunk.clear();
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
        messages.push_row(b"key", &cells, &schema());
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
        let value = vec![7; 2 * VALUE_BYTES + 1];
        let cell = Cell { family: 0, qualifier: b"q", timestamp_micros: 0, value: &value, label: None };
        let mut messages = Messages::default();
        messages.push_row(b"key", &[cell], &schema());
        assert!(messages.is_full());
        let chunks: Vec<_> =
            read(&messages.finish(None)).into_iter().flat_map(|response| response.chunks).collect();
        let sizes: Vec<_> = chunks.iter().map(|chunk| (chunk.value.len(), chunk.value_size)).collect();
        let whole = value.len() as i32;
        assert_eq!(sizes, [(VALUE_BYTES, whole), (VALUE_BYTES, whole), (1, 0)]);
    }

    #[test]
    fn a_scan_that_found_nothing_says_how_far_it_came() {
        let [response] = &read(&Messages::default().finish(Some(b"key")))[..] else { panic!("one message") };
        assert_eq!(response.last_scanned_row_key, b"key");
        assert!(Messages::default().finish(None).is_empty());
    }
}
