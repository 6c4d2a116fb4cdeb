//! A row as one value of the store.
//!
//! ```text
//! row    = format(1 byte) base_timestamp_millis column*
//! column = (id << 1 | several) [family_id qualifier_len qualifier, if id = 0] [cell count, if several] cell*
//! cell   = zigzag(timestamp_millis - the previous cell's) value_len value
//! ```
//! Numbers are varints. Columns are in the order of their families' names, then qualifiers; cells newest first.
//!
//! Names are numbers of a dictionary and timestamps are differences. Measured: a payment's row takes 700 bytes, with
//! names and whole timestamps in it 2,200.

use std::cmp::Ordering;

use wire::Malformed;
use wire::reader::take;
use wire::varint::{self, unzigzag, zigzag};

use super::columns::Columns;
use super::schema::Schema;

const FORMAT: u8 = 1;

/// One cell, borrowing from the row or the request it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Rank of the family in the schema.
    pub family: u16,
    pub qualifier: &'a [u8],
    /// A multiple of 1000.
    pub timestamp_micros: i64,
    pub value: &'a [u8],
    /// Given by a filter, never stored.
    pub label: Option<&'a str>,
}

impl Cell<'_> {
    /// Order in a row: family, qualifier, newest first.
    pub fn position(&self, other: &Cell<'_>) -> Ordering {
        self.family
            .cmp(&other.family)
            .then_with(|| self.qualifier.cmp(other.qualifier))
            .then_with(|| other.timestamp_micros.cmp(&self.timestamp_micros))
    }

    /// Whether this cell, the `nth` newest (from 0) of its column, is no garbage.
    #[inline]
    pub fn lives(&self, schema: &Schema, nth: usize, now_micros: i64) -> bool {
        let age_micros = now_micros.saturating_sub(self.timestamp_micros);
        !schema.family(self.family).rule.collects(nth, age_micros)
    }

    #[inline]
    pub fn same_column(&self, other: &Cell<'_>) -> bool {
        // Qualifiers of a row often share length and start, but seldom the last byte.
        self.family == other.family
            && self.qualifier.last() == other.qualifier.last()
            && self.qualifier == other.qualifier
    }
}

/// Why a stored row cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The dictionary is older than the row: take it after reading the row.
    #[error("column {0} is not in the dictionary")]
    UnknownColumn(u64),
    #[error("the row is damaged")]
    Damaged,
}

impl From<Malformed> for Unreadable {
    fn from(_: Malformed) -> Self {
        Unreadable::Damaged
    }
}

/// A cell's place in a stored row.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Index among the cells of its column, from the newest.
    pub nth: usize,
    /// The column's id in the dictionary, 0 if it has none.
    pub column: u32,
    /// The value and what is stored behind it, if that fills a block: a copy of constant size is cheaper.
    pub block: Option<&'a [u8; VALUE_BLOCK]>,
}

pub const VALUE_BLOCK: usize = 64;

/// Passes on a row's cells in order, except those of dropped families.
pub fn visit<'a>(
    mut bytes: &'a [u8],
    schema: &Schema,
    columns: &'a Columns,
    mut each: impl FnMut(Cell<'a>, Place<'a>),
) -> Result<(), Unreadable> {
    if take(&mut bytes, 1)? != [FORMAT] {
        return Err(Unreadable::Damaged);
    }
    let mut millis = varint::read(&mut bytes)? as i64;
    while !bytes.is_empty() {
        let head = varint::read(&mut bytes)?;
        let id = head >> 1;
        let known = u32::try_from(id).ok().and_then(|id| columns.get(id));
        let (family_id, qualifier) = match known {
            Some(column) => (column.family_id, &*column.qualifier),
            None if id == 0 => spelt_column(&mut bytes)?,
            None => return Err(Unreadable::UnknownColumn(id)),
        };
        let rank = schema.rank_of_id(family_id);
        let count = if head & 1 == 0 { 1 } else { varint::read(&mut bytes)? };
        for nth in 0..count {
            millis = millis.wrapping_add(unzigzag(varint::read(&mut bytes)?));
            let len = varint::read(&mut bytes)?;
            let block = bytes.first_chunk();
            let value = take(&mut bytes, len)?;
            if let Some(family) = rank {
                let timestamp_micros = millis.wrapping_mul(1_000);
                let place = Place { nth: nth as usize, column: id as u32, block };
                each(Cell { family, qualifier, timestamp_micros, value, label: None }, place);
            }
        }
    }
    Ok(())
}

/// Family id and qualifier of a column that is not in the dictionary.
#[cold]
fn spelt_column<'a>(bytes: &mut &'a [u8]) -> Result<(u32, &'a [u8]), Unreadable> {
    let family_id = u32::try_from(varint::read(bytes)?).map_err(|_| Unreadable::Damaged)?;
    let len = varint::read(bytes)?;
    Ok((family_id, take(bytes, len)?))
}

/// Appends the encoding of a row whose cells are in order. `column_id` returns a column's id in the dictionary by
/// family id and qualifier, or 0 to have it spelt out.
pub fn encode<E>(
    cells: &[Cell<'_>],
    schema: &Schema,
    out: &mut Vec<u8>,
    mut column_id: impl FnMut(u32, &[u8]) -> Result<u32, E>,
) -> Result<(), E> {
    let mut millis = cells.first().map_or(0, |cell| cell.timestamp_micros / 1_000);
    out.push(FORMAT);
    varint::put(out, millis as u64);
    for column in cells.chunk_by(Cell::same_column) {
        let (family_id, qualifier) = (schema.family(column[0].family).id, column[0].qualifier);
        let id = column_id(family_id, qualifier)?;
        varint::put(out, u64::from(id) << 1 | u64::from(column.len() > 1));
        if id == 0 {
            varint::put(out, u64::from(family_id));
            varint::put(out, qualifier.len() as u64);
            out.extend_from_slice(qualifier);
        }
        if column.len() > 1 {
            varint::put(out, column.len() as u64);
        }
        for cell in column {
            varint::put(out, zigzag(cell.timestamp_micros / 1_000 - millis));
            millis = cell.timestamp_micros / 1_000;
            varint::put(out, cell.value.len() as u64);
            out.extend_from_slice(cell.value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::columns::Column;
    use super::super::schema::{FamilyRecord, TableRecord};
    use super::*;

    fn schema(names: &[(u32, &str)]) -> Schema {
        let family = |&(id, name): &(u32, &str)| FamilyRecord { id, name: name.to_owned(), family: None };
        let families = names.iter().map(family).collect();
        Schema::compile(TableRecord { next_family_id: 9, families, ..TableRecord::default() }).unwrap()
    }

    fn cell(family: u16, qualifier: &'static [u8], timestamp_micros: i64) -> Cell<'static> {
        Cell { family, qualifier, timestamp_micros, value: b"v", label: None }
    }

    fn sample() -> [Cell<'static>; 5] {
        [
            cell(0, b"q", 5_000),
            cell(0, b"q", 4_000),
            cell(0, b"r", 9_223_372_036_854_775_000),
            cell(1, b"", 0),
            cell(1, b"q", 7_000),
        ]
    }

    fn decode<'a>(row: &'a [u8], schema: &Schema, columns: &'a Columns) -> Result<Vec<Cell<'a>>, Unreadable> {
        let mut cells = Vec::new();
        visit(row, schema, columns, |cell, _| cells.push(cell)).map(|()| cells)
    }

    fn encoded(schema: &Schema, columns: &Columns) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&sample(), schema, &mut out, |family, qualifier| {
            Ok::<_, Infallible>(columns.find(family, qualifier).unwrap_or(0))
        })
        .unwrap();
        out
    }

    #[test]
    fn a_row_comes_back_as_written() {
        let schema = schema(&[(3, "a"), (1, "b")]);
        let mut columns = Columns::default();
        columns.push(Column::new(3, b"q"));
        let row = encoded(&schema, &columns);
        assert_eq!(decode(&row, &schema, &columns).unwrap(), sample());
    }

    #[test]
    fn cells_of_a_dropped_family_are_left_out() {
        let row = encoded(&schema(&[(3, "a"), (1, "b")]), &Columns::default());
        let made_anew = schema(&[(4, "a"), (1, "b")]);
        assert_eq!(decode(&row, &made_anew, &Columns::default()).unwrap(), sample()[3..]);
    }

    #[test]
    fn a_damaged_row_is_an_error() {
        let schema = schema(&[(3, "a"), (1, "b")]);
        let row = encoded(&schema, &Columns::default());
        assert_eq!(decode(&row[..row.len() - 1], &schema, &Columns::default()), Err(Unreadable::Damaged));
        assert_eq!(decode(&[FORMAT, 0, 8], &schema, &Columns::default()), Err(Unreadable::UnknownColumn(4)));
        assert_eq!(decode(&[], &schema, &Columns::default()), Err(Unreadable::Damaged));
    }
}
