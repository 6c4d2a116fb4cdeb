//! A row as it is handed on: borrowed from the buffer that it was put together in.

use super::names::{ColumnId, Names};
use std::ops::Range;

/// One version of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    pub family: &'a [u8],
    pub qualifier: &'a [u8],
    /// [`column_hash`](super::column_hash) of family and qualifier.
    pub column_hash: u64,
    pub timestamp_micros: i64,
    pub value: &'a [u8],
}

/// A whole row: at least one cell. The families come in the server's order, a column's versions newest first.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    key: &'a [u8],
    bytes: &'a [u8],
    cells: &'a [Place],
    names: &'a Names,
}

impl<'a> Row<'a> {
    pub fn key(&self) -> &'a [u8] {
        self.key
    }

    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'a>> + use<'a> {
        let (bytes, names) = (self.bytes, self.names);
        self.cells.iter().map(move |place| {
            let name = names.get(place.column);
            Cell {
                family: &name.family,
                qualifier: &name.qualifier,
                column_hash: name.hash,
                timestamp_micros: place.timestamp_micros,
                value: &bytes[range(place.value)],
            }
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

/// A cell's column, and where its value lies in the buffer.
#[derive(Clone, Copy, Debug)]
struct Place {
    column: ColumnId,
    value: (u32, u32),
    timestamp_micros: i64,
}

/// A row under construction; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Buffer {
    pub key: Vec<u8>,
    bytes: Vec<u8>,
    cells: Vec<Place>,
    names: Names,
    /// The last cell's.
    column: ColumnId,
}

impl Buffer {
    pub fn clear(&mut self) {
        self.key.clear();
        self.bytes.clear();
        self.cells.clear();
        self.names.begin_row();
        self.column = ColumnId::default();
    }

    /// Says the column of the cells to come: of the same family as those before, unless another is told.
    #[inline]
    pub fn set_column(&mut self, family: Option<&[u8]>, qualifier: &[u8]) {
        self.column = self.names.after(self.column, family, qualifier);
    }

    /// Begins a cell with its value, or the first part of it.
    pub fn begin_cell(&mut self, timestamp_micros: i64, value: &[u8]) {
        let value = self.push(value);
        self.cells.push(Place { column: self.column, value, timestamp_micros });
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
        Row { key: &self.key, bytes: &self.bytes, cells: &self.cells, names: &self.names }
    }

    fn push(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        (start, self.bytes.len() as u32)
    }
}
