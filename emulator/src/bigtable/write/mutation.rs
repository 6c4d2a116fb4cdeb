//! Mutations, borrowed from the request.
//!
//! Parsed by hand, since a bulk write holds about 90 strings a row: decoding them into the generated types' owned ones
//! costs more than storing the row. The tests hold it against those types.

use crate::proto::bigtable as proto;
use crate::proto::bigtable::mutation::Mutation as Kind;
use wire::reader::{bytes_key, number_key};
use wire::{Malformed, Reader};

// Keys of the fields of Mutation, its variants and TimestampRange.
const SET_CELL: u64 = bytes_key(1);
const DELETE_FROM_COLUMN: u64 = bytes_key(2);
const DELETE_FROM_FAMILY: u64 = bytes_key(3);
const DELETE_FROM_ROW: u64 = bytes_key(4);
const ADD_TO_CELL: u64 = bytes_key(5);
const MERGE_TO_CELL: u64 = bytes_key(6);
const FAMILY_NAME: u64 = bytes_key(1);
const COLUMN_QUALIFIER: u64 = bytes_key(2);
const TIMESTAMP_MICROS: u64 = number_key(3);
const TIME_RANGE: u64 = bytes_key(3);
const VALUE: u64 = bytes_key(4);
const START_MICROS: u64 = number_key(1);
const END_MICROS: u64 = number_key(2);

/// One change of a row, as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation<'a> {
    SetCell {
        family: &'a [u8],
        qualifier: &'a [u8],
        timestamp_micros: i64,
        value: &'a [u8],
    },
    /// From `start_micros` up to, but not including, `end_micros`; 0 leaves that end open.
    DeleteFromColumn {
        family: &'a [u8],
        qualifier: &'a [u8],
        start_micros: i64,
        end_micros: i64,
    },
    DeleteFromFamily {
        family: &'a [u8],
    },
    DeleteFromRow,
    /// Aggregates, which this server does not have.
    Unsupported,
    Missing,
}

impl<'a> Mutation<'a> {
    /// Reads an encoded `Mutation`.
    #[inline]
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut mutation = Mutation::Missing;
        let mut fields = Reader::of(message);
        while let Some(key) = fields.key()? {
            mutation = match key {
                SET_CELL => parse_set_cell(fields.bytes()?)?,
                DELETE_FROM_COLUMN => parse_delete_from_column(fields.bytes()?)?,
                DELETE_FROM_FAMILY => Mutation::DeleteFromFamily { family: parse_family(fields.bytes()?)? },
                DELETE_FROM_ROW => fields.bytes().map(|_| Mutation::DeleteFromRow)?,
                ADD_TO_CELL | MERGE_TO_CELL => fields.bytes().map(|_| Mutation::Unsupported)?,
                key => fields.skip(key).map(|()| mutation)?,
            };
        }
        Ok(mutation)
    }
}

impl<'a> From<&'a proto::Mutation> for Mutation<'a> {
    fn from(mutation: &'a proto::Mutation) -> Self {
        match &mutation.mutation {
            Some(Kind::SetCell(set)) => Mutation::SetCell {
                family: set.family_name.as_bytes(),
                qualifier: &set.column_qualifier,
                timestamp_micros: set.timestamp_micros,
                value: &set.value,
            },
            Some(Kind::DeleteFromColumn(delete)) => Mutation::DeleteFromColumn {
                family: delete.family_name.as_bytes(),
                qualifier: &delete.column_qualifier,
                start_micros: delete.time_range.map_or(0, |range| range.start_timestamp_micros),
                end_micros: delete.time_range.map_or(0, |range| range.end_timestamp_micros),
            },
            Some(Kind::DeleteFromFamily(delete)) => {
                Mutation::DeleteFromFamily { family: delete.family_name.as_bytes() }
            }
            Some(Kind::DeleteFromRow(_)) => Mutation::DeleteFromRow,
            Some(Kind::AddToCell(_) | Kind::MergeToCell(_)) => Mutation::Unsupported,
            None => Mutation::Missing,
        }
    }
}

#[inline]
fn parse_set_cell(message: &[u8]) -> Result<Mutation<'_>, Malformed> {
    let (mut family, mut qualifier, mut timestamp_micros, mut value) = (&b""[..], &b""[..], 0, &b""[..]);
    let mut fields = Reader::of(message);
    while let Some(key) = fields.key()? {
        match key {
            FAMILY_NAME => family = fields.bytes()?,
            COLUMN_QUALIFIER => qualifier = fields.bytes()?,
            TIMESTAMP_MICROS => timestamp_micros = fields.int64()?,
            VALUE => value = fields.bytes()?,
            key => fields.skip(key)?,
        }
    }
    Ok(Mutation::SetCell { family, qualifier, timestamp_micros, value })
}

fn parse_delete_from_column(message: &[u8]) -> Result<Mutation<'_>, Malformed> {
    let (mut family, mut qualifier, mut start_micros, mut end_micros) = (&b""[..], &b""[..], 0, 0);
    let mut fields = Reader::of(message);
    while let Some(key) = fields.key()? {
        match key {
            FAMILY_NAME => family = fields.bytes()?,
            COLUMN_QUALIFIER => qualifier = fields.bytes()?,
            TIME_RANGE => {
                let mut range = Reader::of(fields.bytes()?);
                while let Some(key) = range.key()? {
                    match key {
                        START_MICROS => start_micros = range.int64()?,
                        END_MICROS => end_micros = range.int64()?,
                        key => range.skip(key)?,
                    }
                }
            }
            key => fields.skip(key)?,
        }
    }
    Ok(Mutation::DeleteFromColumn { family, qualifier, start_micros, end_micros })
}

fn parse_family(message: &[u8]) -> Result<&[u8], Malformed> {
    let mut family = &b""[..];
    let mut fields = Reader::of(message);
    while let Some(key) = fields.key()? {
        match key {
            FAMILY_NAME => family = fields.bytes()?,
            key => fields.skip(key)?,
        }
    }
    Ok(family)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn all() -> Vec<proto::Mutation> {
        let family_name = "f".to_owned();
        let time_range =
            Some(proto::TimestampRange { start_timestamp_micros: 1_000, end_timestamp_micros: 2_000 });
        let column_qualifier = b"q".to_vec();
        [
            Some(Kind::SetCell(proto::mutation::SetCell {
                family_name: family_name.clone(),
                column_qualifier: column_qualifier.clone(),
                timestamp_micros: -1,
                value: b"v".to_vec(),
            })),
            Some(Kind::DeleteFromColumn(proto::mutation::DeleteFromColumn {
                family_name: family_name.clone(),
                column_qualifier,
                time_range,
            })),
            Some(Kind::DeleteFromFamily(proto::mutation::DeleteFromFamily { family_name })),
            Some(Kind::DeleteFromRow(proto::mutation::DeleteFromRow {})),
            Some(Kind::AddToCell(proto::mutation::AddToCell::default())),
            None,
        ]
        .map(|mutation| proto::Mutation { mutation })
        .to_vec()
    }

    #[test]
    fn bytes_and_messages_read_the_same() {
        for mutation in all() {
            assert_eq!(Mutation::parse(&mutation.encode_to_vec()), Ok(Mutation::from(&mutation)));
        }
    }
}
