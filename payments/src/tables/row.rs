//! A row as it is handed on: borrowed from the buffer that it was put together in.

use std::ops::Range;

/// One version of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    pub family: &'a [u8],
    pub qualifier: &'a [u8],
    pub timestamp_micros: i64,
    pub value: &'a [u8],
}

/// A whole row: at least one cell. The families come in the server's order, a column's versions newest first.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    key: &'a [u8],
    bytes: &'a [u8],
    cells: &'a [Place],
}

impl<'a> Row<'a> {
    pub fn key(&self) -> &'a [u8] {
        self.key
    }

    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'a>> + use<'a> {
        let bytes = self.bytes;
        self.cells.iter().map(move |place| Cell {
            family: &bytes[range(place.family)],
            qualifier: &bytes[range(place.qualifier)],
            timestamp_micros: place.timestamp_micros,
            value: &bytes[range(place.value)],
        })
    }

    /// The newest value of a column.
    pub fn value(&self, column: schemas::layout::Column) -> Option<&'a [u8]> {
        let (family, qualifier) = (column.family().id().as_bytes(), column.qualifier().as_bytes());
        self.cells().find(|cell| cell.family == family && cell.qualifier == qualifier).map(|cell| cell.value)
    }
}

fn range((start, end): (u32, u32)) -> Range<usize> {
    start as usize..end as usize
}

/// Where a cell's parts lie in the buffer. Cells of one family share its name.
#[derive(Clone, Copy, Debug)]
struct Place {
    family: (u32, u32),
    qualifier: (u32, u32),
    value: (u32, u32),
    timestamp_micros: i64,
}

/// A row under construction; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Buffer {
    pub key: Vec<u8>,
    bytes: Vec<u8>,
    cells: Vec<Place>,
    family: (u32, u32),
    qualifier: (u32, u32),
}

impl Buffer {
    pub fn clear(&mut self) {
        self.key.clear();
        self.bytes.clear();
        self.cells.clear();
    }

    pub fn set_family(&mut self, name: &[u8]) {
        self.family = self.push(name);
    }

    pub fn set_qualifier(&mut self, name: &[u8]) {
        self.qualifier = self.push(name);
    }

    /// Begins a cell with its value, or the first part of it.
    pub fn begin_cell(&mut self, timestamp_micros: i64, value: &[u8]) {
        let (family, qualifier, value) = (self.family, self.qualifier, self.push(value));
        self.cells.push(Place { family, qualifier, value, timestamp_micros });
    }

    /// Appends to the last cell's value.
    pub fn extend_cell(&mut self, value: &[u8]) {
        let (_, end) = self.push(value);
        if let Some(place) = self.cells.last_mut() {
            place.value.1 = end;
        }
    }

    /// Whether the row has become larger than a row can be: places in it are 32 bits wide.
    pub fn is_too_large(&self, more: usize) -> bool {
        self.bytes.len() + more > u32::MAX as usize
    }

    pub fn row(&self) -> Row<'_> {
        Row { key: &self.key, bytes: &self.bytes, cells: &self.cells }
    }

    fn push(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        (start, self.bytes.len() as u32)
    }
}
