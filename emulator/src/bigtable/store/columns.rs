//! A table's dictionary of columns: rows name a column by a small number instead of its family and qualifier.

use std::collections::HashMap;

/// Further columns are spelt out in every row, so that qualifiers made of data cannot fill the memory.
const MAX_COLUMNS: usize = 1024;

/// Longer qualifiers are spelt out in every row.
const MAX_QUALIFIER_BYTES: usize = 128;

/// A column's family and qualifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub family_id: u32,
    pub qualifier: Box<[u8]>,
}

/// The dictionary. Ids start at 1, grow by one, and mean the same for ever.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    by_id: Vec<Column>,
    ids: HashMap<u32, HashMap<Box<[u8]>, u32>>,
}

impl Columns {
    pub fn get(&self, id: u32) -> Option<&Column> {
        self.by_id.get((id as usize).checked_sub(1)?)
    }

    /// All columns, in the order of their ids.
    pub fn all(&self) -> &[Column] {
        &self.by_id
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn find(&self, family_id: u32, qualifier: &[u8]) -> Option<u32> {
        self.ids.get(&family_id)?.get(qualifier).copied()
    }

    /// Whether a column that is not in the dictionary may be added.
    pub fn admits(&self, qualifier: &[u8]) -> bool {
        self.by_id.len() < MAX_COLUMNS && qualifier.len() <= MAX_QUALIFIER_BYTES
    }

    /// Adds a column and returns its id.
    pub fn push(&mut self, column: Column) -> u32 {
        let id = self.by_id.len() as u32 + 1;
        self.ids.entry(column.family_id).or_default().insert(column.qualifier.clone(), id);
        self.by_id.push(column);
        id
    }
}

impl Column {
    pub fn new(family_id: u32, qualifier: &[u8]) -> Column {
        Column { family_id, qualifier: qualifier.into() }
    }

    /// The value of the column's record.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.family_id.to_be_bytes(), &*self.qualifier].concat()
    }

    /// Reads a record's value.
    pub fn from_bytes(bytes: &[u8]) -> Option<Column> {
        let (family_id, qualifier) = bytes.split_first_chunk()?;
        Some(Column::new(u32::from_be_bytes(*family_id), qualifier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_by_id_and_by_name() {
        let mut columns = Columns::default();
        let column = Column::new(7, b"q\xff");
        let id = columns.push(column.clone());
        assert_eq!(columns.get(id), Some(&column));
        assert_eq!(columns.find(7, b"q\xff"), Some(id));
        assert_eq!(columns.find(8, b"q\xff"), None);
        assert_eq!(columns.get(0), None);
        assert_eq!(Column::from_bytes(&column.to_bytes()), Some(column));
    }

    #[test]
    fn the_dictionary_stops_growing() {
        let mut columns = Columns::default();
        for number in 0..MAX_COLUMNS {
            columns.push(Column::new(0, &number.to_be_bytes()));
        }
        assert!(!columns.admits(b"one more"));
        assert!(!Columns::default().admits(&[0; MAX_QUALIFIER_BYTES + 1]));
    }
}
