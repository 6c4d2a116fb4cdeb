//! `MutateRows`: a request's entries, parsed by hand in the request's own bytes, for the reason given at `mutation`.
//! The tests hold it against the generated types.

use tonic::Status;

use crate::bigtable::store::catalog::Catalog;
use crate::bigtable::store::limits::check_key;
use crate::bigtable::store::schema::Schema;
use crate::proto::bigtable::{MutateRowsResponse, mutate_rows_response};
use crate::proto::rpc;
use wire::reader::bytes_key;
use wire::{Malformed, Reader};

use super::check::{Checker, MAX_MUTATIONS};
use super::mutation::Mutation;
use super::writer::{Entry, mutate};

// Keys of the fields of MutateRowsRequest and its entries.
const TABLE_NAME: u64 = bytes_key(1);
const ENTRIES: u64 = bytes_key(2);
const ROW_KEY: u64 = bytes_key(1);
const MUTATIONS: u64 = bytes_key(2);

/// A request whose entries are still encoded.
struct Request<'a> {
    table: &'a str,
    entries: Vec<&'a [u8]>,
}

/// Carries out an encoded `MutateRowsRequest`. Each entry has its own status; an error is the whole call's.
pub fn mutate_rows(catalog: &Catalog, message: &[u8]) -> Result<MutateRowsResponse, Status> {
    let request = parse(message).map_err(malformed)?;
    let table = catalog.table(request.table)?;
    if request.entries.is_empty() {
        return Err(Status::invalid_argument("No mutations provided"));
    }
    let statuses = mutate(&table, |schema, now_micros| plan(&request.entries, schema, now_micros))?;
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
    let mut fields = Reader::of(message);
    while let Some(key) = fields.key()? {
        match key {
            TABLE_NAME => request.table = std::str::from_utf8(fields.bytes()?).map_err(|_| Malformed)?,
            ENTRIES => request.entries.push(fields.bytes()?),
            key => fields.skip(key)?,
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
            return Err(Status::invalid_argument(format!(
                "a request may hold {MAX_MUTATIONS} mutations at most"
            )));
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
    let mut row_key = &b""[..];
    // About right for short cells.
    let mut changes = Vec::with_capacity(message.len() / 48);
    let mut refused = None;
    let mut fields = Reader::of(message);
    while let Some(key) = fields.key()? {
        match key {
            ROW_KEY => row_key = fields.bytes()?,
            MUTATIONS => {
                *mutations += 1;
                match checker.check(Mutation::parse(fields.bytes()?)?) {
                    Ok(change) => changes.push(change),
                    Err(status) => refused = refused.or(Some(status)),
                }
            }
            key => fields.skip(key)?,
        }
    }
    if changes.is_empty() {
        refused = refused.or_else(|| Some(Status::invalid_argument("No mutations provided")));
    }
    let changes = check_key(row_key).and(refused.map_or(Ok(changes), Err));
    Ok(Entry { key: row_key, changes })
}

fn malformed(error: Malformed) -> Status {
    Status::invalid_argument(format!("MutateRowsRequest: {error}"))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::conditional::check_all;
    use super::*;
    use crate::bigtable::store::schema::{FamilyRecord, TableRecord};
    use crate::proto::bigtable::mutate_rows_request::Entry as EntryProto;
    use crate::proto::bigtable::{self as proto, MutateRowsRequest, mutation};

    fn mutation(kind: mutation::Mutation) -> proto::Mutation {
        proto::Mutation { mutation: Some(kind) }
    }

    fn set(family: &str, timestamp_micros: i64, value: &[u8]) -> proto::Mutation {
        mutation(mutation::Mutation::SetCell(mutation::SetCell {
            family_name: family.to_owned(),
            column_qualifier: b"q".to_vec(),
            timestamp_micros,
            value: value.to_vec(),
        }))
    }

    #[test]
    fn bytes_and_messages_are_planned_alike() {
        let family = FamilyRecord { id: 0, name: "f".to_owned(), family: None };
        let record = TableRecord { next_family_id: 1, families: vec![family], ..TableRecord::default() };
        let schema = Schema::compile(record).unwrap();
        let delete = || mutation(mutation::Mutation::DeleteFromRow(mutation::DeleteFromRow {}));
        let entry =
            |key: &[u8], mutations| EntryProto { row_key: key.to_vec(), mutations, idempotency: None };
        let request = MutateRowsRequest {
            table_name: "t".to_owned(),
            app_profile_id: "skipped".to_owned(),
            entries: vec![
                entry(b"a", vec![set("f", -1, b"v"), delete(), set("f", 1_000, &[b'x'; 300])]),
                entry(b"b", vec![set("f", 0, b""), set("none", 0, b""), set("f", 1_500, b"")]),
                entry(b"c", vec![proto::Mutation::default()]),
                entry(b"", vec![delete()]),
                entry(&[b'k'; 5_000], vec![delete()]),
            ],
            ..MutateRowsRequest::default()
        };
        let message = request.encode_to_vec();
        let parsed = parse(&message).unwrap();
        assert_eq!(parsed.table, request.table_name);
        let refusal = |status: Status| (status.code(), status.message().to_owned());
        let planned: Vec<_> = plan(&parsed.entries, &schema, 7_000)
            .unwrap()
            .into_iter()
            .map(|entry| (entry.key, entry.changes.map_err(refusal)))
            .collect();
        let plan_plainly = |entry| {
            let EntryProto { row_key, mutations, .. }: &EntryProto = entry;
            let changes = check_key(row_key).and_then(|()| check_all(mutations, &schema, 7_000));
            (&row_key[..], changes.map_err(refusal))
        };
        assert_eq!(planned, request.entries.iter().map(plan_plainly).collect::<Vec<_>>());
    }

    #[test]
    fn more_mutations_than_allowed_refuse_the_request() {
        let schema = Schema::compile(TableRecord::default()).unwrap();
        let delete = mutation(mutation::Mutation::DeleteFromRow(mutation::DeleteFromRow {}));
        let mutations = vec![delete; MAX_MUTATIONS / 2 + 1];
        let entry = EntryProto { row_key: b"k".to_vec(), mutations, idempotency: None };
        let message = MutateRowsRequest { entries: vec![entry; 2], ..Default::default() }.encode_to_vec();
        let entries = parse(&message).unwrap().entries;
        assert_eq!(plan(&entries[..1], &schema, 0).unwrap().len(), 1);
        assert!(plan(&entries, &schema, 0).is_err());
    }
}
