//! `MutateRows`: a request's entries, read where they lie.

use tonic::Status;

use crate::proto::bigtable::{MutateRowsResponse, mutate_rows_response};
use crate::proto::rpc;

use super::catalog::Catalog;
use super::mutation::{Change, Checker, MAX_MUTATIONS, Mutation, check_key};
use super::schema::Schema;
use super::wire::{Fields, Malformed};
use super::writer::Entry;

/// A request whose entries are still encoded.
struct Request<'a> {
    table: &'a str,
    entries: Vec<&'a [u8]>,
}

/// Carries out an encoded `MutateRowsRequest`. Entries fare one by one; an error is one of the whole call.
pub fn mutate_rows(catalog: &Catalog, message: &[u8]) -> Result<MutateRowsResponse, Status> {
    let request = parse(message).map_err(malformed)?;
    let table = catalog.table(request.table)?;
    if request.entries.is_empty() {
        return Err(Status::invalid_argument("No mutations provided"));
    }
    let statuses = table.mutate(|schema, now_micros| plan(&request.entries, schema, now_micros))?;
    catalog.bound_memory()?;
    let entry = |(index, status): (i64, Result<(), Status>)| mutate_rows_response::Entry {
        index,
        status: Some(match status {
            Ok(()) => rpc::Status::default(),
            Err(status) => rpc::Status {
                code: status.code() as i32,
                message: status.message().to_owned(),
                details: Vec::new(),
            },
        }),
    };
    Ok(MutateRowsResponse { entries: (0..).zip(statuses).map(entry).collect(), rate_limit_info: None })
}

fn parse(message: &[u8]) -> Result<Request<'_>, Malformed> {
    let mut request = Request { table: "", entries: Vec::new() };
    for field in Fields::of(message) {
        match field? {
            (1, name) => request.table = std::str::from_utf8(name.bytes()?).map_err(|_| Malformed)?,
            (2, entry) => request.entries.push(entry.bytes()?),
            _ => {}
        }
    }
    Ok(request)
}

fn plan<'a>(entries: &[&'a [u8]], schema: &Schema, now_micros: i64) -> Result<Vec<Entry<'a>>, Status> {
    let mut mutations = 0;
    let mut checker = Checker::new(schema, now_micros);
    let mut plan_one = |message: &&'a [u8]| {
        let entry = plan_entry(message, &mut checker, &mut mutations).map_err(malformed)?;
        if mutations > MAX_MUTATIONS {
            return Err(Status::invalid_argument(format!("a request may hold {MAX_MUTATIONS} mutations at most")));
        }
        Ok(entry)
    };
    entries.iter().map(&mut plan_one).collect()
}

fn plan_entry<'a>(
    message: &'a [u8],
    checker: &mut Checker<'_>,
    mutations: &mut usize,
) -> Result<Entry<'a>, Malformed> {
    let mut key = &b""[..];
    // Rows of a request resemble each other in length; this is about right for short cells.
    let mut changes: Result<Vec<Change<'a>>, Status> = Ok(Vec::with_capacity(message.len() / 48));
    for field in Fields::of(message) {
        match field? {
            (1, bytes) => key = bytes.bytes()?,
            (2, bytes) => {
                *mutations += 1;
                let mutation = Mutation::parse(bytes.bytes()?)?;
                if let Ok(sound) = &mut changes {
                    match checker.check(mutation) {
                        Ok(change) => sound.push(change),
                        Err(status) => changes = Err(status),
                    }
                }
            }
            _ => {}
        }
    }
    let changes = check_key(key).and(changes).and_then(|changes| match changes[..] {
        [] => Err(Status::invalid_argument("No mutations provided")),
        _ => Ok(changes),
    });
    Ok(Entry { key, changes })
}

fn malformed(error: Malformed) -> Status {
    Status::invalid_argument(format!("MutateRowsRequest: {error}"))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::bigtable::{self as proto, MutateRowsRequest, mutate_rows_request, mutation};

    #[test]
    fn more_mutations_than_allowed_refuse_the_request() {
        let schema = Schema::compile(super::super::schema::TableRecord::default()).unwrap();
        let delete = mutation::Mutation::DeleteFromRow(mutation::DeleteFromRow {});
        let mutations = vec![proto::Mutation { mutation: Some(delete) }; MAX_MUTATIONS / 2 + 1];
        let entry = mutate_rows_request::Entry { row_key: b"k".to_vec(), mutations, idempotency: None };
        let message = MutateRowsRequest { entries: vec![entry; 2], ..Default::default() }.encode_to_vec();
        let entries = parse(&message).unwrap().entries;
        assert_eq!(plan(&entries[..1], &schema, 0).unwrap().len(), 1);
        assert!(plan(&entries, &schema, 0).is_err());
    }
}
