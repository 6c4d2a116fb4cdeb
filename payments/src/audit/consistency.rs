//! Whether the three tables agree with each other, without knowing which payments were generated.
//!
//! The digests are keyed by the payment's id, so that equal sets of (id, cells) have equal sums in all three tables.
//! Each row's key is also checked against its own cells.

use super::digest::{Content, Digest, KeyHash};
use super::limits::Limits;
use super::listed::{Listed, Unexpected};
use super::partition::{Digests, Partition};
use super::scan::Tables;
use crate::output::Progress;
use gcp::bigtable::read::{Error, Row, Scan, Span, newest};
use schemas::layout::keys::{self, KeyCells};
use schemas::layout::{KeySuffix, PerTable, Table};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A payment that is not the same in all three tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The payment's id; the row key where the cells have none.
    pub payment_id: String,
    /// By table: a digest of its cells, if it is there.
    pub digests: PerTable<Option<u128>>,
    /// The payment that has its row key in the other tables, where it is only in that by transaction.
    pub hidden_by: Option<String>,
}

/// The outcome of the comparison.
#[derive(Clone, Debug)]
pub struct Consistency {
    pub digests: PerTable<Digest>,
    /// By table: payments that another table has and this one lacks.
    pub missing: PerTable<u64>,
    /// Payments whose cells are not the same in all tables that have them.
    pub differing: u64,
    pub disagreements: Listed<Disagreement>,
    /// By table: rows whose key does not follow from their cells.
    pub misplaced: PerTable<Listed<Unexpected>>,
    pub is_complete: bool,
    pub passes: u32,
}

impl Consistency {
    pub fn is_consistent(&self) -> bool {
        are_same(&self.digests) && self.misplaced.values().all(|rows| rows.total == 0)
    }
}

/// The sums of one range's first scan.
struct Scanned {
    sums: Digests,
    misplaced: Listed<Unexpected>,
}

/// By the id's hash: the id, and its digests.
type Kept = HashMap<KeyHash, (Box<str>, PerTable<Option<u128>>)>;

/// Compares the three tables.
pub async fn check(tables: &Tables, suffix: KeySuffix, limits: Limits) -> Result<Consistency, Error> {
    let mut partition = Arc::new(Partition::root());
    let mut result = Consistency {
        digests: PerTable::default(),
        missing: PerTable::default(),
        differing: 0,
        disagreements: Listed::new(limits.listed),
        misplaced: PerTable::from_fn(|_| Listed::new(limits.listed)),
        is_complete: true,
        passes: 0,
    };
    loop {
        let (sums, misplaced) = sum(tables, suffix, &partition, limits).await?;
        result.passes += 1;
        if result.passes == 1 {
            result.digests = PerTable::from_fn(|table| sums[table].total());
            result.misplaced = misplaced;
        }
        let differing: Vec<usize> = (0..partition.size())
            .filter(|bucket| !are_same(&PerTable::from_fn(|table| sums[table].get(*bucket))))
            .collect();
        if differing.is_empty() {
            return Ok(result);
        }
        let rows = |bucket: &usize| sums.values().map(|sums| sums.get(*bucket).rows).max().unwrap_or(0);
        let load: u64 = differing.iter().map(rows).sum();
        if load > limits.kept_rows && differing.len() <= limits.parents && !partition.is_finest() {
            partition = Arc::new(partition.refine(&differing));
            continue;
        }
        // As many as can be kept, but at least one.
        let mut room = limits.kept_rows;
        let chosen: Vec<usize> = differing
            .iter()
            .enumerate()
            .take_while(|(at, bucket)| {
                let fits = *at == 0 || rows(bucket) <= room;
                room = room.saturating_sub(rows(bucket));
                fits
            })
            .map(|(_, bucket)| *bucket)
            .collect();
        result.is_complete = chosen.len() == differing.len();
        result.passes += 1;
        name(tables, &Arc::new(partition.select(&chosen)), &mut result).await?;
        return Ok(result);
    }
}

async fn sum(
    tables: &Tables,
    suffix: KeySuffix,
    partition: &Arc<Partition>,
    limits: Limits,
) -> Result<(PerTable<Digests>, PerTable<Listed<Unexpected>>), Error> {
    let bar = Progress::new("comparing", None);
    let by_row = partition.clone();
    let each = move |state: &mut Scanned, table: Table, row: Row<'_>| {
        let own = key_cells(row);
        if !own.make(row.key(), table, suffix) {
            state.misplaced.push(|| Unexpected::of(row));
        }
        let id = KeyHash::of(name_of(own, row));
        if let Some(bucket) = by_row.bucket(id) {
            state.sums.add_row(bucket, Content::of_row(row).with_key(id));
        }
    };
    let start = |_| Scanned { sums: Digests::new(partition), misplaced: Listed::new(limits.listed) };
    let mut sums = PerTable::from_fn(|_| Digests::new(partition));
    let mut misplaced = PerTable::from_fn(|_| Listed::new(limits.listed));
    let join = |table: Table, part: Scanned| {
        sums[table].add(&part.sums);
        misplaced[table].add(part.misplaced, |row: &Unexpected| row.key.clone());
    };
    tables.scan(&Table::ALL, &bar, start, each, join).await?;
    bar.finish();
    Ok((sums, misplaced))
}

/// Names the payments of these buckets that are not the same everywhere.
async fn name(tables: &Tables, selected: &Arc<Partition>, result: &mut Consistency) -> Result<(), Error> {
    let bar = Progress::new("naming the payments", None);
    let by_row = selected.clone();
    let each = move |found: &mut Vec<(KeyHash, Box<str>, u128)>, _: Table, row: Row<'_>| {
        let name = name_of(key_cells(row), row);
        let id = KeyHash::of(name);
        if by_row.bucket(id).is_some() {
            found.push((id, String::from_utf8_lossy(name).into(), Content::of_row(row).with_key(id)));
        }
    };
    let mut kept = Kept::new();
    let join = |table: Table, found: Vec<(KeyHash, Box<str>, u128)>| {
        for (id, name, digest) in found {
            let digests = &mut kept.entry(id).or_insert((name, PerTable::default())).1;
            // An id in two rows of a table: their sum differs from any single row's.
            let slot = &mut digests[table];
            *slot = Some(slot.unwrap_or(0).wrapping_add(digest));
        }
    };
    tables.scan(&Table::ALL, &bar, |_| Vec::new(), each, join).await?;
    bar.finish();
    let mut wrong: Vec<_> = kept.into_values().filter(|(_, digests)| !are_same(digests)).collect();
    wrong.sort();
    for (payment_id, digests) in wrong {
        for (table, missing) in &mut result.missing {
            *missing += u64::from(digests[table].is_none());
        }
        let mut present = digests.values().flatten();
        let first = present.next();
        result.differing += u64::from(present.any(|digest| Some(digest) != first));
        let payment_id = payment_id.into();
        result.disagreements.push(|| Disagreement { payment_id, digests, hidden_by: None });
    }
    name_collisions(tables, &mut result.disagreements.first).await
}

/// Looks up who has the row key of each payment that is in the table by transaction alone.
async fn name_collisions(tables: &Tables, disagreements: &mut [Disagreement]) -> Result<(), Error> {
    let is_alone = |found: &&Disagreement| {
        let PerTable { by_customer, by_date, by_transaction } = found.digests;
        by_transaction.is_some() && by_customer.or(by_date).is_none()
    };
    let ids = disagreements.iter().filter(is_alone).map(|found| &found.payment_id);
    let spans: Vec<_> = ids.map(|id| Span::prefix(&keys::of_payment(id).start)).collect();
    if spans.is_empty() {
        return Ok(());
    }
    // By row key by customer: whose it would be.
    let mut hidden = BTreeMap::<Vec<u8>, Vec<u8>>::new();
    read(tables, Table::ByTransaction, spans, |row| {
        let own = key_cells(row);
        let key = [own.customer_id, own.date, own.payment_type].join(&keys::SEPARATOR);
        hidden.insert(key, own.payment_id.to_vec());
    })
    .await?;
    let spans = hidden.keys().map(|key| Span::key(key)).collect();
    let mut hidden_by = HashMap::<Vec<u8>, Vec<u8>>::new();
    read(tables, Table::ByCustomer, spans, |row| {
        if let Some(id) = hidden.get(row.key()) {
            hidden_by.insert(id.clone(), name_of(key_cells(row), row).to_vec());
        }
    })
    .await?;
    for found in disagreements {
        let other = hidden_by.get(found.payment_id.as_bytes());
        found.hidden_by = other.map(|other| String::from_utf8_lossy(other).into_owned());
    }
    Ok(())
}

async fn read(
    tables: &Tables,
    table: Table,
    spans: Vec<Span>,
    mut each: impl FnMut(Row<'_>) + Send,
) -> Result<(), Error> {
    let scan = Scan { spans, filter: Some(newest()), ..Scan::of(table.id()) };
    let each = |row: Row<'_>| {
        each(row);
        ControlFlow::Continue(())
    };
    tables.reader.scan(scan, each).await.map(|_| ())
}

fn are_same<T: PartialEq>(values: &PerTable<T>) -> bool {
    values.by_customer == values.by_date && values.by_date == values.by_transaction
}

/// The cells that row keys are made of.
fn key_cells(row: Row<'_>) -> KeyCells<'_> {
    let mut own = KeyCells::default();
    for cell in row.cells() {
        match (cell.family, cell.qualifier) {
            (b"payment_header", b"payment_id") => own.payment_id = cell.value,
            (b"payment_header", b"payment_type") => own.payment_type = cell.value,
            (b"payment_header", b"created_at") => own.date = cell.value,
            (b"party_info", b"originator:party_id") => own.customer_id = cell.value,
            _ => {}
        }
    }
    own
}

/// What the payment is known by.
fn name_of<'a>(own: KeyCells<'a>, row: Row<'a>) -> &'a [u8] {
    if own.payment_id.is_empty() { row.key() } else { own.payment_id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};
    use schemas::layout::row_key;

    #[test]
    fn the_parts_of_a_payment_make_its_keys() {
        let generator = Generator::new(Config { num_records: 10, ..Config::default() }).unwrap();
        let payment = generator.payment(3);
        let header = payment.payment_header.clone().unwrap();
        let date = schemas::text::time(header.created_at_micros);
        let own = KeyCells {
            customer_id: payment.parties.as_ref().unwrap().originator.as_ref().unwrap().party_id.as_bytes(),
            date: &date,
            payment_type: schemas::layout::type_name(header.payment_type()).as_bytes(),
            payment_id: header.payment_id.as_bytes(),
        };
        for table in Table::ALL {
            for suffix in [KeySuffix::None, KeySuffix::TransactionId] {
                let key = row_key(&payment, table, suffix);
                assert!(own.make(&key, table, suffix));
                assert!(!own.make(&key[1..], table, suffix));
                assert!(!own.make(&key[..key.len() - 1], table, suffix));
            }
        }
    }
}
