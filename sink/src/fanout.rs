//! From a pane's rows to three batches, one a table. Pure.
//!
//! The batches share the rows and differ in keys alone.

use crate::collisions::{self, Collisions};
use crate::keys::Keys;
use crate::owners::Owners;
use crate::row::Row;
use schemas::layout::{KeySuffix, PerTable, Table};
use std::collections::HashSet;
use std::sync::Arc;

/// The three tables' shares of one pane.
#[derive(Clone, Debug)]
pub struct Batches {
    pub rows: Arc<Vec<Row>>,
    pub keys: PerTable<Arc<Keys>>,
}

impl Batches {
    /// All rows in each of the three.
    pub fn of(rows: Vec<Row>, suffix: KeySuffix) -> Self {
        let mut keys = PerTable::from_fn(|_| Keys::with_room(rows.len()));
        for (at, row) in rows.iter().enumerate() {
            let parts = row.key_parts();
            for (table, keys) in &mut keys {
                keys.push(at, |out| parts.push_key(table, suffix, out));
            }
        }
        let sorted = |mut keys: Keys| {
            keys.sort();
            Arc::new(keys)
        };
        Self { rows: Arc::new(rows), keys: keys.map(sorted) }
    }

    fn leave_out(&mut self, rows: &HashSet<usize>) {
        if rows.is_empty() {
            return;
        }
        for (_, keys) in &mut self.keys {
            Arc::make_mut(keys).retain_rows(|row| !rows.contains(&row));
        }
    }
}

/// A pane, ready to be written.
#[derive(Debug)]
pub struct FanOut {
    pub batches: Batches,
    /// Rows that share their key with another one; those that must not be written are in no batch.
    pub collisions: Collisions,
}

impl FanOut {
    /// A pane's batches, without the rows that would hide another payment: of this pane, or of those whose keys are
    /// remembered.
    pub fn of(rows: Vec<Row>, suffix: KeySuffix, owners: &mut Owners) -> Self {
        let mut batches = Batches::of(rows, suffix);
        // The keys by date hold the same components as those by customer, and those by transaction hold the id.
        let collisions = match suffix {
            KeySuffix::None => collisions::find(&batches.keys[Table::ByCustomer], &batches.rows, owners),
            KeySuffix::TransactionId => Collisions::default(),
        };
        batches.leave_out(&collisions.left_out());
        Self { batches, collisions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Encoder;
    use generator::{Config, Generator};
    use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::mutate_rows_request::Entry;
    use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::mutation::Mutation as Kind;
    use proptest::prelude::*;
    use prost::Message;
    use schemas::Payment;
    use std::collections::{BTreeMap, HashMap};

    #[test]
    fn keys_are_sorted_and_each_points_at_its_row() {
        let generator = Generator::new(Config::default()).unwrap();
        let payments: Vec<_> = (0..50).map(|index| generator.payment(index)).collect();
        let mut encoder = Encoder::default();
        for suffix in [KeySuffix::None, KeySuffix::TransactionId] {
            let rows = payments.iter().map(|payment| encoder.row(payment, 1_000_000)).collect();
            let batches = Batches::of(rows, suffix);
            for (table, keys) in &batches.keys {
                assert!((1..keys.len()).all(|at| keys.key(at - 1) < keys.key(at)));
                for at in 0..keys.len() {
                    let payment = &payments[keys.row(at)];
                    assert_eq!(keys.key(at), schemas::layout::row_key(payment, table, suffix));
                }
            }
        }
    }

    /// A table: by row key and column the newest cell's time and value.
    type Rows = HashMap<Vec<u8>, HashMap<Vec<u8>, (i64, Vec<u8>)>>;

    /// What Bigtable makes of a request, whose entries it may apply in any order; of two cells with one time the one
    /// that is written last stays.
    fn apply(rows: &mut Rows, batches: &Batches, table: Table, backwards: bool) {
        let keys = &batches.keys[table];
        let mut order: Vec<_> = (0..keys.len()).collect();
        if backwards {
            order.reverse();
        }
        for at in order {
            let row = rows.entry(keys.key(at).to_vec()).or_default();
            let body = batches.rows[keys.row(at)].body();
            for mutation in Entry::decode(body).unwrap().mutations {
                let Some(Kind::SetCell(cell)) = mutation.mutation else { panic!("no SetCell") };
                let (time, value) = (cell.timestamp_micros, cell.value);
                let slot = row.entry(cell.column_qualifier).or_insert((i64::MIN, Vec::new()));
                if time >= slot.0 {
                    *slot = (time, value);
                }
            }
        }
    }

    /// A payment's state: each has another text, and every second one leaves fields empty that the others have.
    fn state(generator: &Generator, index: u64, version: u32) -> Payment {
        let mut payment = generator.payment(index);
        payment.payment_header.as_mut().unwrap().version = version;
        if version.is_multiple_of(2) {
            payment.metadata = None;
            payment.parties.as_mut().unwrap().counterparty.as_mut().unwrap().name.clear();
        } else if let Some(info) = &mut payment.processing_info {
            info.reason_code = format!("R{version}");
        }
        payment
    }

    proptest! {
        /// Messages are (payment, version, publish time in milliseconds); a pane may end behind any of them, and its
        /// requests may be applied backwards.
        #[test]
        fn the_latest_state_stays_whatever_order_messages_panes_and_sinks_have(
            messages in prop::collection::vec(
                (0..3_u64, 1..5_u32, prop_oneof![Just(0), 0..3_i64, -1_790_000..1_790_000_i64], any::<[bool; 2]>()),
                1..40,
            )
        ) {
            const PUBLISHED: i64 = 1_790_000_000_123_456;
            let generator = Generator::new(Config::default()).unwrap();
            let (mut encoder, mut tables, mut latest) =
                (Encoder::default(), PerTable::<Rows>::default(), HashMap::new());
            let (mut pane, mut owners) = (Vec::new(), Owners::default());
            for (at, (index, version, millis, [ends, backwards])) in messages.iter().enumerate() {
                let payment = state(&generator, *index, *version);
                pane.push(encoder.row(&payment, PUBLISHED + millis * 1_000));
                let known: &mut u32 = latest.entry(*index).or_default();
                *known = (*known).max(*version);
                if *ends || at + 1 == messages.len() {
                    let FanOut { batches, .. } = FanOut::of(std::mem::take(&mut pane), KeySuffix::None, &mut owners);
                    for (table, rows) in &mut tables {
                        apply(rows, &batches, table, *backwards);
                    }
                }
            }
            for (table, rows) in &tables {
                prop_assert_eq!(rows.len(), latest.len());
                for (index, version) in &latest {
                    let payment = state(&generator, *index, *version);
                    let row = &rows[&schemas::layout::row_key(&payment, table, KeySuffix::None)];
                    let found: BTreeMap<_, _> = row
                        .iter()
                        .filter(|(_, (_, value))| !value.is_empty())
                        .map(|(column, (_, value))| (column.clone(), value.clone()))
                        .collect();
                    let mut expected = BTreeMap::new();
                    schemas::layout::cells(&payment, |column, value| {
                        if !value.is_empty() {
                            expected.insert(column.qualifier().as_bytes().to_vec(), value.to_vec());
                        }
                    });
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }

    #[test]
    fn what_must_not_be_written_is_in_no_batch() {
        let generator = Generator::new(Config::default()).unwrap();
        let (mut hidden, mut later) = (generator.payment(10), generator.payment(11));
        hidden.payment_header.as_mut().unwrap().payment_id = "00000000-0000-4000-8000-000000000110".into();
        later.payment_header.as_mut().unwrap().version = 2;
        let payments = [generator.payment(10), generator.payment(11), hidden, later, generator.payment(12)];
        let mut encoder = Encoder::default();
        let rows: Vec<_> = payments.iter().map(|payment| encoder.row(payment, 5_000)).collect();
        let FanOut { batches, collisions } = FanOut::of(rows, KeySuffix::None, &mut Owners::default());
        assert_eq!(collisions.left_out(), HashSet::from([2]));
        for keys in batches.keys.values() {
            let mut written: Vec<_> = (0..keys.len()).map(|at| keys.row(at)).collect();
            written.sort_unstable();
            assert_eq!(written, [0, 1, 3, 4]);
        }
    }
}
