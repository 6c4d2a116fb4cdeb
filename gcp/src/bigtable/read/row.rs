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
    own: &'a [u8],
    message: &'a [u8],
    cells: &'a [Place],
    names: &'a Names,
}

impl<'a> Row<'a> {
    pub fn key(&self) -> &'a [u8] {
        self.key
    }

    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'a>> + use<'a> {
        let (own, message, names) = (self.own, self.message, self.names);
        self.cells.iter().map(move |place| {
            let name = names.get(place.column);
            Cell {
                family: &name.family,
                qualifier: &name.qualifier,
                column_hash: name.hash,
                timestamp_micros: place.timestamp_micros,
                value: &(if place.in_message { message } else { own })[range(place.value)],
            }
        })
    }
}

fn range((start, end): (u32, u32)) -> Range<usize> {
    start as usize..end as usize
}

/// A cell's column, and where its value lies: in the message at hand, or in the buffer.
#[derive(Clone, Copy, Debug)]
struct Place {
    column: ColumnId,
    in_message: bool,
    value: (u32, u32),
    timestamp_micros: i64,
}

/// A row under construction; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Buffer {
    pub key: Vec<u8>,
    own: Vec<u8>,
    cells: Vec<Place>,
    names: Names,
    /// The last cell's.
    column: ColumnId,
}

impl Buffer {
    pub fn clear(&mut self) {
        self.key.clear();
        self.own.clear();
        self.cells.clear();
        self.names.begin_row();
        self.column = ColumnId::default();
    }

    /// Says the column of the cells to come: of the same family as those before, unless another is told.
    #[inline]
    pub fn set_column(&mut self, family: Option<&[u8]>, qualifier: &[u8], named: &[u8]) {
        self.column = self.names.after(self.column, family, qualifier, named);
    }

    /// The next cell's column by the bytes by which its chunk says it, if they are known.
    #[inline]
    pub fn named_column(&mut self, named: &[u8]) -> Option<ColumnId> {
        self.names.named_after(self.column, named)
    }

    /// Takes a cell whose value stays in the message at hand.
    #[inline]
    pub fn add_cell(&mut self, column: ColumnId, timestamp_micros: i64, value: Range<usize>) {
        self.column = column;
        let value = (value.start as u32, value.end as u32);
        self.cells.push(Place { column, in_message: true, value, timestamp_micros });
    }

    /// Call with the message at hand before it goes, when the row is not complete.
    pub fn keep(&mut self, message: &[u8]) {
        for place in self.cells.iter_mut().filter(|place| place.in_message) {
            let start = self.own.len() as u32;
            self.own.extend_from_slice(&message[range(place.value)]);
            (place.in_message, place.value) = (false, (start, self.own.len() as u32));
        }
    }

    /// Begins a cell with its value, or the first part of it.
    pub fn begin_cell(&mut self, timestamp_micros: i64, value: &[u8]) {
        let value = self.push(value);
        self.cells.push(Place { column: self.column, in_message: false, value, timestamp_micros });
    }

    /// Appends to the last cell's value.
    pub fn extend_cell(&mut self, value: &[u8]) {
        let (_, end) = self.push(value);
        if let Some(place) = self.cells.last_mut() {
            place.value.1 = end;
        }
    }

    /// Whether the row becomes larger than a row can be: places in it are 32 bits wide, and the message at hand may add
    /// to it.
    pub fn is_too_large(&self, more: usize) -> bool {
        self.own.len() + more > u32::MAX as usize / 2
    }

    /// The row, of whose values some lie in the message at hand.
    pub fn row<'a>(&'a self, message: &'a [u8]) -> Row<'a> {
        Row { key: &self.key, own: &self.own, message, cells: &self.cells, names: &self.names }
    }

    fn push(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = self.own.len() as u32;
        self.own.extend_from_slice(bytes);
        (start, self.own.len() as u32)
    }
}
