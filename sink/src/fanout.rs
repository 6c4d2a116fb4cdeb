//! From a pane to three batches, one a table. Pure.
//!
//! A row's cells are the same in all three tables, so they are encoded once, as the bytes that MutateRows carries; the
//! batches share them and differ in keys alone.

use crate::envelope::{Envelope, Received};
use prost::encoding::{encode_varint, encoded_len_varint};
use schemas::Payment;
use schemas::layout::{Column, KeyParts, KeySuffix, Table, cells};
use std::sync::Arc;

/// Encoded row bodies, back to back: for each row the `mutations` fields of its `MutateRowsRequest.Entry`.
#[derive(Debug, Default)]
pub struct Bodies {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    cells: Vec<u32>,
}

impl Bodies {
    /// The encoded mutations of a row.
    pub fn body(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    /// How many mutations a row has.
    pub fn mutations(&self, row: usize) -> usize {
        self.cells[row] as usize
    }
}

/// One table's row keys in key order, each with the row that it belongs to.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    end: u32,
    row: u32,
}

impl Keys {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn key(&self, at: usize) -> &[u8] {
        let entry = self.entries[at];
        &self.bytes[entry.start as usize..entry.end as usize]
    }

    /// The row (the element's place in the pane) of the entry at a place in key order.
    pub fn row(&self, at: usize) -> usize {
        self.entries[at].row as usize
    }

    fn push(&mut self, row: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.entries.push(Entry { start: start as u32, end: self.bytes.len() as u32, row: row as u32 });
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |entry: &Entry| &bytes[entry.start as usize..entry.end as usize];
        // Equal keys stay in the order of the pane, so that the later of two payments is the one turned away.
        self.entries.sort_unstable_by(|a, b| key(a).cmp(key(b)).then(a.row.cmp(&b.row)));
    }
}

/// The three tables' shares of one pane, in the order of [`Table::ALL`].
#[derive(Clone, Debug)]
pub struct Batches {
    pub bodies: Arc<Bodies>,
    pub keys: [Arc<Keys>; 3],
}

/// What becomes of a pane.
#[derive(Debug)]
pub struct FanOut {
    pub batches: Batches,
    /// Rows that would hide another payment of the pane, and so are in no batch, each with the key in question.
    pub collisions: Vec<(usize, String)>,
    /// Payments that the pane holds once more in the same version; they are written again, the same.
    pub duplicates: u64,
}

/// Encodes rows; made once, it holds every column's constant bytes.
#[derive(Debug)]
pub struct Encoder {
    /// By column: `SetCell`'s family, qualifier and the tag of its timestamp.
    headers: Vec<Vec<u8>>,
    suffix: KeySuffix,
}

/// Room made for a row at first: about what the generator's rows take, so that large buffers are not copied as they grow.
const TYPICAL_BODY_BYTES: usize = 2_700;

// Field tags of google.bigtable.v2: number << 3 | wire type (0 varint, 2 length-delimited).
const ENTRY_MUTATIONS: u8 = 2 << 3 | 2;
const MUTATION_SET_CELL: u8 = 1 << 3 | 2;
const SET_CELL_FAMILY_NAME: u8 = 1 << 3 | 2;
const SET_CELL_COLUMN_QUALIFIER: u8 = 2 << 3 | 2;
const SET_CELL_TIMESTAMP_MICROS: u8 = 3 << 3;
const SET_CELL_VALUE: u8 = 4 << 3 | 2;

impl Encoder {
    pub fn new(suffix: KeySuffix) -> Self {
        let header = |column: &Column| {
            let mut out = Vec::new();
            push_bytes(&mut out, SET_CELL_FAMILY_NAME, column.family().id().as_bytes());
            push_bytes(&mut out, SET_CELL_COLUMN_QUALIFIER, column.qualifier().as_bytes());
            out.push(SET_CELL_TIMESTAMP_MICROS);
            out
        };
        Self { headers: Column::ALL.iter().map(header).collect(), suffix }
    }

    /// A pane's batches, without the rows that would hide another payment of the pane.
    pub fn fan_out(&self, elements: &[Envelope<Received>]) -> FanOut {
        let mut batches = self
            .batches(elements.iter().map(|element| (&*element.value.payment, element.value.publish_micros)));
        // The keys by date hold the same components as those by customer, and those by transaction hold the id.
        let (collisions, duplicates) =
            shared_keys(&batches.keys[0], |row| identity(&elements[row].value.payment));
        if !collisions.is_empty() {
            for keys in &mut batches.keys {
                Arc::make_mut(keys)
                    .entries
                    .retain(|entry| !collisions.iter().any(|(row, _)| *row == entry.row as usize));
            }
        }
        FanOut { batches, collisions, duplicates }
    }

    /// The three batches of payments and their publish times; payment *i* is row *i*.
    pub fn batches<'a>(&self, payments: impl Iterator<Item = (&'a Payment, i64)>) -> Batches {
        let rows = payments.size_hint().0;
        let mut bodies =
            Bodies { bytes: Vec::with_capacity(rows * TYPICAL_BODY_BYTES), ..Default::default() };
        let mut keys: [Keys; 3] = Default::default();
        for (row, (payment, publish_micros)) in payments.enumerate() {
            self.push_body(&mut bodies, payment, publish_micros);
            let parts = KeyParts::of(payment);
            for (table, keys) in Table::ALL.iter().zip(&mut keys) {
                keys.push(row, |out| parts.push_key(*table, self.suffix, out));
            }
        }
        keys.iter_mut().for_each(Keys::sort);
        Batches { bodies: Arc::new(bodies), keys: keys.map(Arc::new) }
    }

    /// Appends one row's mutations. The cells' time is the publish time, cut to milliseconds as Bigtable wants it.
    pub fn push_body(&self, bodies: &mut Bodies, payment: &Payment, publish_micros: i64) {
        let mut time = [0_u8; 10];
        let time_len = {
            let mut rest = &mut time[..];
            encode_varint((publish_micros - publish_micros.rem_euclid(1_000)) as u64, &mut rest);
            10 - rest.len()
        };
        let time = &time[..time_len];
        let mut count = 0;
        let out = &mut bodies.bytes;
        cells(payment, |column, value| {
            let header = &self.headers[column as usize];
            let set_cell =
                header.len() + time.len() + 1 + encoded_len_varint(value.len() as u64) + value.len();
            out.push(ENTRY_MUTATIONS);
            encode_varint((1 + encoded_len_varint(set_cell as u64) + set_cell) as u64, out);
            out.push(MUTATION_SET_CELL);
            encode_varint(set_cell as u64, out);
            out.extend_from_slice(header);
            out.extend_from_slice(time);
            push_bytes(out, SET_CELL_VALUE, value);
            count += 1;
        });
        bodies.ends.push(bodies.bytes.len());
        bodies.cells.push(count);
    }
}

fn push_bytes(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    encode_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// A payment's id and version.
fn identity(payment: &Payment) -> (&str, u32) {
    payment.payment_header.as_ref().map_or(("", 0), |header| (&header.payment_id, header.version))
}

/// How far back a key's earlier rows are compared, so that a pane of one message over and over stays cheap.
const LOOK_BACK: usize = 8;

/// Rows whose key belongs to an earlier row of another payment, and how many hold a payment that was there before.
///
/// Written, the first would hide that other payment; the same payment again is only a redelivery and may be written twice.
fn shared_keys<'a>(keys: &Keys, identity: impl Fn(usize) -> (&'a str, u32)) -> (Vec<(usize, String)>, u64) {
    let (mut collisions, mut duplicates) = (Vec::new(), 0);
    let mut first = 0;
    for at in 1..keys.len() {
        if keys.key(at) != keys.key(first) {
            first = at;
            continue;
        }
        let (id, version) = identity(keys.row(at));
        if id != identity(keys.row(first)).0 {
            collisions.push((keys.row(at), String::from_utf8_lossy(keys.key(at)).into_owned()));
        } else if (first..at)
            .rev()
            .take(LOOK_BACK)
            .any(|earlier| identity(keys.row(earlier)) == (id, version))
        {
            duplicates += 1;
        }
    }
    (collisions, duplicates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use producer::generator::{Config, Generator};

    fn payments() -> Vec<Payment> {
        let generator = Generator::new(Config::default()).unwrap();
        (0..50).map(|index| generator.payment(index)).collect()
    }

    fn batches(payments: &[Payment], suffix: KeySuffix) -> Batches {
        Encoder::new(suffix).batches(payments.iter().map(|payment| (payment, 1_000_000)))
    }

    #[test]
    fn keys_are_sorted_and_each_points_at_its_row() {
        let payments = payments();
        let batches = batches(&payments, KeySuffix::None);
        for (keys, table) in batches.keys.iter().zip(Table::ALL) {
            assert!((1..keys.len()).all(|at| keys.key(at - 1) < keys.key(at)));
            for at in 0..keys.len() {
                let payment = &payments[keys.row(at)];
                assert_eq!(keys.key(at), schemas::layout::row_key(payment, table, KeySuffix::None));
            }
        }
    }

    #[test]
    fn the_later_of_two_payments_with_one_key_is_turned_away() {
        let mut payments = payments();
        let mut twin = payments[10].clone();
        twin.payment_header.as_mut().unwrap().payment_id = "00000000-0000-8000-8000-000000000000".into();
        payments.push(twin);
        let identity = |row: usize| identity(&payments[row]);
        let (found, duplicates) = shared_keys(&batches(&payments, KeySuffix::None).keys[0], identity);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, 50);
        assert_eq!(duplicates, 0);
        assert!(shared_keys(&batches(&payments, KeySuffix::TransactionId).keys[0], identity).0.is_empty());
    }

    #[test]
    fn the_same_payment_twice_is_a_duplicate_and_no_collision_and_an_update_is_neither() {
        let mut payments = payments();
        payments.push(payments[10].clone());
        let mut update = payments[20].clone();
        update.payment_header.as_mut().unwrap().version += 1;
        payments.push(update);
        let keys = &batches(&payments, KeySuffix::None).keys[0];
        assert_eq!(shared_keys(keys, |row| identity(&payments[row])), (vec![], 1));
    }
}
