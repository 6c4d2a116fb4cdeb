//! A payment as its row: the cells as MutateRows carries them, and the few values that the way to the tables needs.
//!
//! A row's cells are the same in all three tables, so they are encoded once. That happens right after the message is
//! decoded: the payment, with its many small strings, lives no longer than that.
//!
//! Encoded by hand, because the sink's CPU would go here: with the requests made around such rows, the write path costs
//! 1.7 CPU seconds per million rows of 48 cells, against 11.2 with the same rows as prost's structs over the same
//! connections, and 11.0 through `bigtable_rs` (`bench -- write`). The plain twin is in the tests.

use schemas::Payment;
use schemas::layout::states::cell_micros;
use schemas::layout::{Column, KeyParts, cells};
use schemas::payment::{PaymentHeader, PaymentType};
use wire::varint;
use wire::writer::{field_len, key, number_key, put_field, put_head};

/// One payment's row, for any of the tables.
#[derive(Clone, Debug)]
pub struct Row {
    /// The `mutations` fields of its `MutateRowsRequest.Entry`.
    body: Box<[u8]>,
    mutations: u32,
    customer_id: Box<str>,
    payment_id: Box<str>,
    pub payment_type: PaymentType,
    pub version: u32,
    /// The business time, UTC microseconds.
    pub created_micros: i64,
    /// When the service took the message, UTC microseconds.
    pub publish_micros: i64,
    pub minor_units: i64,
    /// ISO 4217.
    pub currency: [u8; 3],
}

impl Row {
    /// The encoded mutations.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How many mutations the body has.
    pub fn mutations(&self) -> usize {
        self.mutations as usize
    }

    pub fn payment_id(&self) -> &str {
        &self.payment_id
    }

    pub fn key_parts(&self) -> KeyParts<'_> {
        KeyParts::new(&self.customer_id, self.created_micros, self.payment_type, &self.payment_id)
    }
}

/// Encodes rows; it holds every column's constant bytes.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// By column: `SetCell`'s family, qualifier and the tag of its timestamp.
    headers: Vec<Vec<u8>>,
    /// Reused for each row.
    body: Vec<u8>,
}

/// A body that is larger is given away instead of copied: it would keep its memory for good.
const MAX_SCRATCH_BYTES: usize = 1 << 20;

// Keys of google.bigtable.v2.
const ENTRY_MUTATIONS: u8 = key(2);
const MUTATION_SET_CELL: u8 = key(1);
const SET_CELL_FAMILY_NAME: u8 = key(1);
const SET_CELL_COLUMN_QUALIFIER: u8 = key(2);
const SET_CELL_TIMESTAMP_MICROS: u8 = number_key(3);
const SET_CELL_VALUE: u8 = key(4);

impl Default for Encoder {
    fn default() -> Self {
        let header = |column: &Column| {
            let mut out = Vec::new();
            put_field(&mut out, SET_CELL_FAMILY_NAME, column.family().id().as_bytes());
            put_field(&mut out, SET_CELL_COLUMN_QUALIFIER, column.qualifier().as_bytes());
            out.push(SET_CELL_TIMESTAMP_MICROS);
            out
        };
        Self { headers: Column::ALL.iter().map(header).collect(), body: Vec::new() }
    }
}

impl Encoder {
    /// Makes room for a row of so many bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.body.clear();
        self.body.reserve_exact(bytes);
    }

    /// The row of a valid payment that was published at `publish_micros` (UTC).
    pub fn row(&mut self, payment: &Payment, publish_micros: i64) -> Row {
        let header = payment.payment_header.as_ref();
        let version = header.map_or(0, |header| header.version);
        let mutations = self.encode_body(payment, cell_micros(publish_micros, version));
        let amount = payment.amount.as_ref();
        let originator = payment.parties.as_ref().and_then(|parties| parties.originator.as_ref());
        let currency = amount.and_then(|amount| amount.currency.as_bytes().try_into().ok());
        Row {
            body: self.take_body(),
            mutations,
            customer_id: originator.map_or("", |party| &party.party_id).into(),
            payment_id: header.map_or("", |header| &header.payment_id).into(),
            payment_type: header.map_or(PaymentType::Unspecified, PaymentHeader::payment_type),
            version,
            created_micros: header.map_or(0, |header| header.created_at_micros),
            publish_micros,
            minor_units: amount.map_or(0, |amount| amount.minor_units),
            currency: currency.unwrap_or(*b"XXX"),
        }
    }

    fn take_body(&mut self) -> Box<[u8]> {
        if self.body.len() > MAX_SCRATCH_BYTES {
            return std::mem::take(&mut self.body).into();
        }
        self.body.as_slice().into()
    }

    /// Writes the row's mutations; returns how many there are.
    fn encode_body(&mut self, payment: &Payment, cell_micros: i64) -> u32 {
        let mut time = [0_u8; varint::MAX_LEN];
        let time_len = varint::write(&mut time, cell_micros as u64);
        let time = &time[..time_len];
        let mut count = 0;
        let out = &mut self.body;
        out.clear();
        cells(payment, |column, value| {
            let header = &self.headers[column as usize];
            // As a default, an empty value is not on the wire.
            let value_len = if value.is_empty() { 0 } else { field_len(value.len()) };
            let set_cell = header.len() + time.len() + value_len;
            put_head(out, ENTRY_MUTATIONS, field_len(set_cell));
            put_head(out, MUTATION_SET_CELL, set_cell);
            out.extend_from_slice(header);
            out.extend_from_slice(time);
            if !value.is_empty() {
                put_field(out, SET_CELL_VALUE, value);
            }
            count += 1;
        });
        count
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use generator::{Config, Generator};
    use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{
        Mutation, mutate_rows_request::Entry, mutation::Mutation as Kind, mutation::SetCell,
    };
    use prost::Message;
    use schemas::layout::states::STATE_MICROS;

    /// The plain twin: a payment's mutations as prost's structs.
    pub fn twin(payment: &Payment, cell_micros: i64) -> Entry {
        let mut mutations = Vec::new();
        cells(payment, |column, value| {
            mutations.push(Mutation {
                mutation: Some(Kind::SetCell(SetCell {
                    family_name: column.family().id().into(),
                    column_qualifier: column.qualifier().into(),
                    timestamp_micros: cell_micros,
                    value: value.into(),
                })),
            });
        });
        Entry { mutations, ..Default::default() }
    }

    #[test]
    fn a_row_has_the_bytes_that_prost_would_write() {
        let generator = Generator::new(Config::default()).unwrap();
        let mut encoder = Encoder::default();
        for index in 0..500 {
            let mut payment = generator.payment(index);
            // States after the first have empty cells.
            payment.payment_header.as_mut().unwrap().version = 1 + u32::from(index % 3 == 0);
            // Times of all lengths on the wire, but not 0: prost leaves a time of 0 out, which means the same.
            let published = 1_790_000_000_123_456 >> (index % 40);
            let version = payment.payment_header.as_ref().unwrap().version;
            let (row, twin) =
                (encoder.row(&payment, published), twin(&payment, cell_micros(published, version)));
            assert_eq!(row.mutations(), twin.mutations.len());
            assert!(row.body() == twin.encode_to_vec(), "{payment:?}");
        }
    }

    #[test]
    fn a_later_states_cells_are_later_though_it_was_published_up_to_an_hour_earlier() {
        const PUBLISHED: i64 = 1_790_000_000_123_456;
        assert_eq!(cell_micros(PUBLISHED, 1), 1_790_000_000_123_000);
        let versions = [1, 2, 3, 100, 101, 102, 200, u32::MAX];
        for pair in versions.windows(2) {
            assert!(cell_micros(PUBLISHED, pair[0]) < cell_micros(PUBLISHED, pair[1]), "{pair:?}");
        }
        assert!(cell_micros(PUBLISHED, 1) < cell_micros(PUBLISHED - STATE_MICROS + 1_000, 2));
        assert_eq!(cell_micros(i64::MAX, u32::MAX), i64::MAX);
    }
}
