//! The names in a scan's chunks, encoded once: the same few are in thousands of chunks.
//!
//! The tests hold them against the generated types.

use crate::bigtable::store::columns::Columns;
use crate::bigtable::store::schema::Schema;
use wire::writer::{key, put_wrapped};

// Keys of CellChunk.
pub const FAMILY_NAME: u8 = key(2);
pub const QUALIFIER: u8 = key(3);

/// Longer fields are not kept.
pub const FAMILY_BLOCK: usize = 32;
pub const QUALIFIER_BLOCK: usize = 48;

/// The names of families and columns as chunks have them. A name that is not here, being long or new, is encoded
/// again in every chunk that has it.
#[derive(Debug, Default)]
pub struct Fields {
    by_rank: Vec<Option<Padded<FAMILY_BLOCK>>>,
    /// In the order of the ids, which start at 1.
    by_column: Vec<Option<Padded<QUALIFIER_BLOCK>>>,
}

impl Fields {
    /// Adds the families and columns that are not here yet. The schema must be the same each time; the dictionary may
    /// only have grown.
    #[inline]
    pub fn extend(&mut self, schema: &Schema, columns: &Columns) {
        if self.by_rank.len() < schema.families().len() || self.by_column.len() < columns.len() {
            self.encode(schema, columns);
        }
    }

    #[cold]
    fn encode(&mut self, schema: &Schema, columns: &Columns) {
        let families = schema.families().iter().skip(self.by_rank.len());
        self.by_rank.extend(families.map(|family| field(FAMILY_NAME, family.name.as_bytes())));
        let columns = columns.all().iter().skip(self.by_column.len());
        self.by_column.extend(columns.map(|column| field(QUALIFIER, &column.qualifier)));
    }

    #[inline]
    pub fn family(&self, rank: u16) -> Option<&Padded<FAMILY_BLOCK>> {
        self.by_rank.get(usize::from(rank))?.as_ref()
    }

    /// By the column's id. None of 0, which stands for a column that the dictionary lacks.
    #[inline]
    pub fn qualifier(&self, column: u32) -> Option<&Padded<QUALIFIER_BLOCK>> {
        self.by_column.get((column as usize).wrapping_sub(1))?.as_ref()
    }
}

fn field<const N: usize>(key: u8, name: &[u8]) -> Option<Padded<N>> {
    let mut field = Vec::with_capacity(N);
    put_wrapped(&mut field, key, name);
    Padded::of(&field)
}

/// A few bytes in a block of constant size: that is copied by a few moves, a slice of any length by a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padded<const N: usize> {
    pub block: [u8; N],
    pub len: usize,
}

impl<const N: usize> Padded<N> {
    /// None if the bytes do not fit.
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut block = [0; N];
        block.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Padded { block, len: bytes.len() })
    }

    /// Writes the whole block, and moves `at` behind the bytes that count.
    #[inline]
    pub fn put<const ROOM: usize>(&self, room: &mut [u8; ROOM], at: &mut usize) {
        room[*at..*at + N].copy_from_slice(&self.block);
        *at += self.len;
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::bigtable::store::columns::Column;
    use crate::bigtable::store::schema::{FamilyRecord, TableRecord};
    use crate::proto::bigtable::read_rows_response::CellChunk;

    fn schema(families: &[&str]) -> Schema {
        let family = |(id, name): (u32, &&str)| FamilyRecord { id, name: (*name).to_owned(), family: None };
        let families: Vec<_> = (0..).zip(families).map(family).collect();
        Schema::compile(TableRecord { next_family_id: 9, families, ..TableRecord::default() }).unwrap()
    }

    fn bytes<const N: usize>(field: Option<&Padded<N>>) -> Option<&[u8]> {
        field.map(|field| &field.block[..field.len])
    }

    #[test]
    fn a_name_is_encoded_as_in_a_chunk() {
        for name in ["", "f", "payment_header"] {
            let family = CellChunk { family_name: Some(name.to_owned()), ..CellChunk::default() };
            let qualifier = CellChunk { qualifier: Some(name.into()), ..CellChunk::default() };
            let (mut columns, mut fields) = (Columns::default(), Fields::default());
            let id = columns.push(Column::new(0, name.as_bytes()));
            fields.extend(&schema(&[name]), &columns);
            assert_eq!(bytes(fields.family(0)), Some(&*family.encode_to_vec()));
            assert_eq!(bytes(fields.qualifier(id)), Some(&*qualifier.encode_to_vec()));
        }
    }

    #[test]
    fn names_that_are_long_or_new_are_not_here() {
        let (schema, mut columns, mut fields) = (schema(&["f"]), Columns::default(), Fields::default());
        let long = columns.push(Column::new(0, &[b'q'; QUALIFIER_BLOCK]));
        assert_eq!(fields.family(0), None);
        fields.extend(&schema, &columns);
        let new = columns.push(Column::new(0, b"q"));
        assert!(fields.family(0).is_some());
        assert_eq!([0, long, new].map(|column| fields.qualifier(column)), [None; 3]);
        fields.extend(&schema, &columns);
        assert_eq!([0, long, new].map(|column| fields.qualifier(column).is_some()), [false, false, true]);
    }
}
