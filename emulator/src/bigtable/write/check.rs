//! Checks mutations against the schema and the service's limits.

use tonic::Status;

use crate::bigtable::store::limits::check_size;
use crate::bigtable::store::schema::Schema;

use super::mutation::Mutation;

/// Limits of the service: <https://cloud.google.com/bigtable/quotas#limits-data-size>.
pub const MAX_MUTATIONS: usize = 100_000;
const MAX_QUALIFIER_BYTES: usize = 16 << 10;
const MAX_VALUE_BYTES: usize = 100 << 20;

/// The timestamp that stands for the server's clock.
const SERVER_CLOCK: i64 = -1;

/// One change of a row, checked against the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    Set { family: u16, qualifier: &'a [u8], timestamp_micros: i64, value: &'a [u8] },
    DeleteColumn { family: u16, qualifier: &'a [u8], start_micros: i64, end_micros: i64 },
    DeleteFamily { family: u16 },
    DeleteRow,
}

/// Checks the mutations of a request.
pub struct Checker<'s> {
    schema: &'s Schema,
    /// The server's clock, a multiple of 1000.
    now_micros: i64,
    /// Rank of the family that the last mutation named: the next usually names it again.
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

/// Rank of the family with this name.
pub fn find(schema: &Schema, family: &[u8]) -> Result<u16, Status> {
    schema.rank(family).ok_or_else(|| {
        let family = String::from_utf8_lossy(family);
        Status::not_found(format!("Requested column family not found: {family:?} in {}", schema.record.name))
    })
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
        return Err(Status::invalid_argument(format!(
            "timestamp range {start_micros}..{end_micros} is not one"
        )));
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
    use super::*;

    #[test]
    fn timestamps_are_whole_milliseconds() {
        assert_eq!(check_timestamp(-1, 7_000).unwrap(), 7_000);
        assert_eq!(check_timestamp(3_000, 7_000).unwrap(), 3_000);
        assert!(check_timestamp(3_001, 7_000).is_err());
        assert!(check_timestamp(-1_000, 7_000).is_err());
    }
}
