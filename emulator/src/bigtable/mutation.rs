//! Mutations, borrowed from the request, and the limits the service puts on them.

use tonic::Status;

use crate::proto::bigtable as proto;
use crate::proto::bigtable::mutation::Mutation as Kind;

use super::schema::Schema;
use super::wire::{Fields, Malformed};

/// Limits of the service: <https://cloud.google.com/bigtable/quotas#limits-data-size>.
pub const MAX_KEY_BYTES: usize = 4096;
pub const MAX_MUTATIONS: usize = 100_000;
const MAX_QUALIFIER_BYTES: usize = 16 << 10;
const MAX_VALUE_BYTES: usize = 100 << 20;

/// A timestamp that asks for the server's clock.
const SERVER_CLOCK: i64 = -1;

/// One change of a row, as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation<'a> {
    SetCell { family: &'a [u8], qualifier: &'a [u8], timestamp_micros: i64, value: &'a [u8] },
    /// From `start_micros` up to, not including, `end_micros`; 0 leaves that end open.
    DeleteFromColumn { family: &'a [u8], qualifier: &'a [u8], start_micros: i64, end_micros: i64 },
    DeleteFromFamily { family: &'a [u8] },
    DeleteFromRow,
    /// Aggregates, which this server does not keep.
    Unsupported,
    Missing,
}

/// One change of a row, checked against the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    Set { family: u16, qualifier: &'a [u8], timestamp_micros: i64, value: &'a [u8] },
    DeleteColumn { family: u16, qualifier: &'a [u8], start_micros: i64, end_micros: i64 },
    DeleteFamily { family: u16 },
    DeleteRow,
}

impl<'a> Mutation<'a> {
    /// Reads an encoded `Mutation`.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut mutation = Mutation::Missing;
        for field in Fields::of(message) {
            mutation = match field? {
                (1, set) => parse_set_cell(set.bytes()?)?,
                (2, delete) => parse_delete_from_column(delete.bytes()?)?,
                (3, delete) => parse_delete_from_family(delete.bytes()?)?,
                (4, _) => Mutation::DeleteFromRow,
                (5 | 6, _) => Mutation::Unsupported,
                _ => mutation,
            };
        }
        Ok(mutation)
    }
}

/// Checks the mutations of a request against a schema and the limits.
pub struct Checker<'s> {
    schema: &'s Schema,
    /// The server's clock, a multiple of 1000.
    now_micros: i64,
    /// Rank of the family before: mutations name a family several times in a row.
    last: Option<u16>,
}

impl<'s> Checker<'s> {
    pub fn new(schema: &'s Schema, now_micros: i64) -> Self {
        Checker { schema, now_micros, last: None }
    }

    pub fn check<'a>(&mut self, mutation: Mutation<'a>) -> Result<Change<'a>, Status> {
        Ok(match mutation {
            Mutation::SetCell { family, qualifier, timestamp_micros, value } => {
                check_size("column qualifier", qualifier, MAX_QUALIFIER_BYTES)?;
                check_size("cell value", value, MAX_VALUE_BYTES)?;
                let timestamp_micros = check_timestamp(timestamp_micros, self.now_micros)?;
                Change::Set { family: self.family(family)?, qualifier, timestamp_micros, value }
            }
            Mutation::DeleteFromColumn { family, qualifier, start_micros, end_micros } => {
                check_range(start_micros, end_micros)?;
                Change::DeleteColumn { family: self.family(family)?, qualifier, start_micros, end_micros }
            }
            Mutation::DeleteFromFamily { family } => Change::DeleteFamily { family: self.family(family)? },
            Mutation::DeleteFromRow => Change::DeleteRow,
            Mutation::Unsupported => {
                return Err(Status::unimplemented("aggregate mutations are not kept; use SetCell"));
            }
            Mutation::Missing => return Err(Status::invalid_argument("a mutation must be set")),
        })
    }

    fn family(&mut self, name: &[u8]) -> Result<u16, Status> {
        match self.last {
            Some(last) if self.schema.family(last).name.as_bytes() == name => Ok(last),
            _ => {
                let rank = find(self.schema, name)?;
                self.last = Some(rank);
                Ok(rank)
            }
        }
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

fn parse_set_cell(message: &[u8]) -> Result<Mutation<'_>, Malformed> {
    let (mut family, mut qualifier, mut timestamp_micros, mut value) = (&b""[..], &b""[..], 0, &b""[..]);
    for field in Fields::of(message) {
        match field? {
            (1, name) => family = name.bytes()?,
            (2, name) => qualifier = name.bytes()?,
            (3, micros) => timestamp_micros = micros.int64()?,
            (4, bytes) => value = bytes.bytes()?,
            _ => {}
        }
    }
    Ok(Mutation::SetCell { family, qualifier, timestamp_micros, value })
}

fn parse_delete_from_column(message: &[u8]) -> Result<Mutation<'_>, Malformed> {
    let (mut family, mut qualifier, mut start_micros, mut end_micros) = (&b""[..], &b""[..], 0, 0);
    for field in Fields::of(message) {
        match field? {
            (1, name) => family = name.bytes()?,
            (2, name) => qualifier = name.bytes()?,
            (3, range) => {
                for bound in Fields::of(range.bytes()?) {
                    match bound? {
                        (1, micros) => start_micros = micros.int64()?,
                        (2, micros) => end_micros = micros.int64()?,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(Mutation::DeleteFromColumn { family, qualifier, start_micros, end_micros })
}

fn parse_delete_from_family(message: &[u8]) -> Result<Mutation<'_>, Malformed> {
    let mut family = &b""[..];
    for field in Fields::of(message) {
        if let (1, name) = field? {
            family = name.bytes()?;
        }
    }
    Ok(Mutation::DeleteFromFamily { family })
}

/// Checks a row key's length.
pub fn check_key(key: &[u8]) -> Result<(), Status> {
    if key.is_empty() {
        return Err(Status::invalid_argument("row keys must not be empty"));
    }
    check_size("row key", key, MAX_KEY_BYTES)
}

/// Rank of the family with this name.
pub fn find(schema: &Schema, family: &[u8]) -> Result<u16, Status> {
    schema.rank(family).ok_or_else(|| {
        let family = String::from_utf8_lossy(family);
        Status::not_found(format!("Requested column family not found: {family:?} in {}", schema.record.name))
    })
}

fn check_size(what: &str, bytes: &[u8], limit: usize) -> Result<(), Status> {
    if bytes.len() <= limit {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("{what} of {} bytes is longer than {limit}", bytes.len())))
}

fn check_timestamp(micros: i64, now_micros: i64) -> Result<i64, Status> {
    match micros {
        SERVER_CLOCK => Ok(now_micros),
        micros if micros < 0 => Err(Status::invalid_argument(format!("timestamp {micros} is negative"))),
        micros if micros % 1_000 != 0 => Err(granularity(micros)),
        micros => Ok(micros),
    }
}

fn check_range(start_micros: i64, end_micros: i64) -> Result<(), Status> {
    if let Some(micros) = [start_micros, end_micros].into_iter().find(|micros| micros % 1_000 != 0) {
        return Err(granularity(micros));
    }
    if start_micros < 0 || end_micros < 0 || (end_micros != 0 && end_micros <= start_micros) {
        return Err(Status::invalid_argument(format!("timestamp range {start_micros}..{end_micros} is not one")));
    }
    Ok(())
}

fn granularity(micros: i64) -> Status {
    Status::invalid_argument(format!(
        "Timestamp granularity mismatch. Expected a multiple of 1000 (millisecond granularity), but got {micros}"
    ))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn all() -> Vec<proto::Mutation> {
        let family_name = "f".to_owned();
        let time_range = Some(proto::TimestampRange { start_timestamp_micros: 1_000, end_timestamp_micros: 2_000 });
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

    #[test]
    fn timestamps_are_whole_milliseconds() {
        assert_eq!(check_timestamp(-1, 7_000).unwrap(), 7_000);
        assert_eq!(check_timestamp(3_000, 7_000).unwrap(), 3_000);
        assert!(check_timestamp(3_001, 7_000).is_err());
        assert!(check_timestamp(-1_000, 7_000).is_err());
    }
}
