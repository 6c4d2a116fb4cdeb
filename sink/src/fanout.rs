//! From a pane to three batches, one a table. Pure.
//!
//! A row's cells are the same in all three tables, so they are encoded once, as the bytes that MutateRows carries; the
//! batches share them and differ in keys alone.

use crate::envelope::{Envelope, Received};
use prost::encoding::{encode_varint, encoded_len_varint};
use schemas::Payment;
use schemas::layout::{Column, KeyParts, KeySuffix, Table, cells};
use std::collections::HashSet;
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

impl Batches {
    fn leave_out(&mut self, rows: &HashSet<usize>) {
        if rows.is_empty() {
            return;
        }
        for keys in &mut self.keys {
            Arc::make_mut(keys).entries.retain(|entry| !rows.contains(&(entry.row as usize)));
        }
    }
}

/// What becomes of a pane.
#[derive(Debug)]
pub struct FanOut {
    pub batches: Batches,
    /// Rows that would hide another payment of the pane, and so are in no batch, each with the key in question.
    pub collisions: Vec<(usize, String)>,
    /// Rows that are in no batch because a later version of the payment has the same cell times, each with that version's row.
    pub superseded: Vec<(usize, usize)>,
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
        let collisions = collisions(&batches.keys[0], |row| payment_id(&elements[row].value.payment));
        batches.leave_out(&collisions.iter().map(|(row, _)| *row).collect());
        let superseded = superseded(&batches.keys[0], |row| {
            Version::of(&elements[row].value.payment, elements[row].value.publish_micros)
        });
        batches.leave_out(&superseded.iter().map(|(row, _)| *row).collect());
        FanOut { batches, collisions, superseded }
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

fn payment_id(payment: &Payment) -> &str {
    payment.payment_header.as_ref().map_or("", |header| &header.payment_id)
}

/// Rows whose key belongs to an earlier row of another payment.
///
/// Written, they would hide that payment; the same payment again is only a redelivery and may be written twice.
fn collisions<'a>(keys: &Keys, id: impl Fn(usize) -> &'a str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut first = 0;
    for at in 1..keys.len() {
        if keys.key(at) != keys.key(first) {
            first = at;
        } else if id(keys.row(at)) != id(keys.row(first)) {
            found.push((keys.row(at), String::from_utf8_lossy(keys.key(at)).into_owned()));
        }
    }
    found
}

/// Which state of which payment a row holds, in the order in which one takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version<'a> {
    id: &'a str,
    cell_millis: i64,
    number: u32,
}

impl<'a> Version<'a> {
    fn of(payment: &'a Payment, publish_micros: i64) -> Self {
        let number = payment.payment_header.as_ref().map_or(0, |header| header.version);
        Self { id: payment_id(payment), cell_millis: publish_micros.div_euclid(1_000), number }
    }

    fn has_cells_of(&self, other: &Self) -> bool {
        (self.id, self.cell_millis) == (other.id, other.cell_millis)
    }
}

/// Rows whose cells a later version of the same payment has with the same times.
///
/// The entries of a request are applied in any order, so both must not be in one: the earlier version could be what stays.
fn superseded<'a>(keys: &Keys, version: impl Fn(usize) -> Version<'a>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < keys.len() {
        let mut end = start + 1;
        while end < keys.len() && keys.key(end) == keys.key(start) {
            end += 1;
        }
        if end - start > 1 {
            let mut rows: Vec<_> = (start..end).map(|at| (version(keys.row(at)), keys.row(at))).collect();
            rows.sort_unstable();
            let mut last = rows[rows.len() - 1];
            for (version, row) in rows.into_iter().rev() {
                if !version.has_cells_of(&last.0) {
                    last = (version, row);
                } else if version < last.0 {
                    found.push((row, last.1));
                }
            }
        }
        start = end;
    }
    found
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
        let id = |row: usize| payment_id(&payments[row]);
        let found = collisions(&batches(&payments, KeySuffix::None).keys[0], id);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, 50);
        assert!(collisions(&batches(&payments, KeySuffix::TransactionId).keys[0], id).is_empty());
    }

    #[test]
    fn the_same_payment_twice_is_no_collision() {
        let mut payments = payments();
        payments.push(payments[10].clone());
        let keys = &batches(&payments, KeySuffix::None).keys[0];
        assert!(collisions(keys, |row| payment_id(&payments[row])).is_empty());
    }

    /// Rows that give way, for (payment, version, publish time) of each row.
    fn giving_way(rows: &[(usize, u32, i64)]) -> Vec<(usize, usize)> {
        let originals = payments();
        let mut payments = Vec::new();
        for (payment, version, _) in rows {
            let mut payment = originals[*payment].clone();
            payment.payment_header.as_mut().unwrap().version = *version;
            payments.push(payment);
        }
        let keys = &batches(&payments, KeySuffix::None).keys[0];
        let mut found = superseded(keys, |row| Version::of(&payments[row], rows[row].2));
        found.sort_unstable();
        found
    }

    #[test]
    fn of_versions_with_the_same_cell_times_only_the_latest_is_written() {
        assert_eq!(
            giving_way(&[(1, 2, 5_900), (2, 1, 5_000), (1, 1, 5_000), (1, 3, 5_400)]),
            [(0, 3), (2, 3)]
        );
    }

    #[test]
    fn versions_with_their_own_cell_times_are_all_written_in_any_order() {
        assert_eq!(giving_way(&[(1, 2, 6_000), (1, 1, 5_999), (1, 3, 7_000)]), []);
        // The same version twice is a redelivery, or a message that was published again: the same cells.
        assert_eq!(giving_way(&[(1, 2, 6_000), (1, 2, 6_000)]), []);
    }
}
