//! Rows that have the key of another: redeliveries, further states of a payment, and payments that would hide another.

use crate::keys::Keys;
use crate::owners::Owners;
use crate::row::Row;
use std::collections::HashSet;

/// The rows of a pane with equal keys, by what they are to each other.
#[derive(Debug, Default, PartialEq)]
pub struct Collisions {
    /// Rows that would hide another payment, each with the key in question. They are never written.
    pub rejected: Vec<(usize, String)>,
    /// Rows that hold a payment once more in the same state; they are written again, the same.
    pub duplicates: u64,
}

impl Collisions {
    /// Rows that belong in no batch.
    pub fn left_out(&self) -> HashSet<usize> {
        self.rejected.iter().map(|(row, _)| *row).collect()
    }

    /// Takes in the rows of one key, in the order of the pane. The states of the payment that the key belongs to may
    /// all be written, in any order, because each has its own cell time.
    fn add(&mut self, key: &[u8], group: &[usize], rows: &[Row], owners: &mut Owners) {
        let first = owners.named(rows[group[0]].payment_id());
        let owner = owners.owner(key, first);
        let (own, others): (Vec<_>, Vec<_>) =
            group.iter().copied().partition(|row| owners.named(rows[*row].payment_id()) == owner);
        let text = || String::from_utf8_lossy(key).into_owned();
        self.rejected.extend(others.into_iter().map(|row| (row, text())));
        let versions: HashSet<u32> = own.iter().map(|row| rows[*row].version).collect();
        self.duplicates += (own.len() - versions.len()) as u64;
    }

    /// As [`Collisions::add`] for a key that only one row of the pane has.
    fn add_single(&mut self, key: &[u8], row: usize, rows: &[Row], owners: &mut Owners) {
        let own = owners.named(rows[row].payment_id());
        if owners.owner(key, own) != own {
            self.rejected.push((row, String::from_utf8_lossy(key).into_owned()));
        }
    }
}

/// Finds them. `keys` are in key order, and rows of equal keys in the order of the pane.
pub fn find(keys: &Keys, rows: &[Row], owners: &mut Owners) -> Collisions {
    let mut found = Collisions::default();
    let mut start = 0;
    for end in 1..=keys.len() {
        if end < keys.len() && keys.key(end) == keys.key(start) {
            continue;
        }
        if end - start > 1 {
            let group: Vec<_> = (start..end).map(|at| keys.row(at)).collect();
            found.add(keys.key(start), &group, rows, owners);
        } else {
            found.add_single(keys.key(start), keys.row(start), rows, owners);
        }
        start = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fanout::FanOut;
    use crate::row::Encoder;
    use generator::{Config, Generator};
    use schemas::layout::{KeySuffix, Table};

    /// Rows for (payment, version, publish time); from payment 100 on, those of another payment with the same key.
    fn rows(wanted: &[(u64, u32, i64)]) -> Vec<Row> {
        let generator = Generator::new(Config::default()).unwrap();
        let mut encoder = Encoder::default();
        let row = |&(index, version, published): &(u64, u32, i64)| {
            let mut payment = generator.payment(index % 100);
            let header = payment.payment_header.as_mut().unwrap();
            header.version = version;
            if index >= 100 {
                header.payment_id = format!("00000000-0000-4000-8000-{index:012}");
            }
            encoder.row(&payment, published)
        };
        wanted.iter().map(row).collect()
    }

    fn collisions_with(suffix: KeySuffix, wanted: &[(u64, u32, i64)]) -> Collisions {
        let rows = rows(wanted);
        let mut keys = Keys::with_room(rows.len());
        for (at, row) in rows.iter().enumerate() {
            keys.push(at, |out| row.key_parts().push_key(Table::ByCustomer, suffix, out));
        }
        keys.sort();
        find(&keys, &rows, &mut Owners::default())
    }

    fn collisions(wanted: &[(u64, u32, i64)]) -> Collisions {
        collisions_with(KeySuffix::None, wanted)
    }

    #[test]
    fn the_later_of_two_payments_with_one_key_is_turned_away() {
        let wanted = [(10, 1, 0), (11, 1, 0), (110, 1, 0), (10, 2, 5_000)];
        let found = collisions(&wanted);
        assert_eq!(found.rejected.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2]);
        assert!(found.rejected[0].1.contains('#'));
        assert_eq!(found.left_out(), HashSet::from([2]));
        assert_eq!(collisions_with(KeySuffix::TransactionId, &wanted), Collisions::default());
    }

    #[test]
    fn a_payment_is_turned_away_by_one_of_another_pane_but_not_by_its_own_redelivery() {
        let mut owners = Owners::default();
        let mut pane = |wanted: &[(u64, u32, i64)]| {
            let rows = rows(wanted);
            FanOut::of(rows, KeySuffix::None, &mut owners).collisions.left_out()
        };
        assert_eq!(pane(&[(10, 1, 0), (11, 1, 0)]), HashSet::new());
        assert_eq!(pane(&[(12, 1, 0), (110, 1, 0), (10, 1, 0)]), HashSet::from([1]));
        assert_eq!(pane(&[(111, 1, 0), (111, 2, 0), (10, 2, 0)]), HashSet::from([0, 1]));
    }

    #[test]
    fn the_same_version_twice_is_a_duplicate_and_is_written_again() {
        let found = collisions(&[(10, 1, 6_000), (20, 1, 6_000), (10, 1, 6_000), (10, 1, 9_000)]);
        assert_eq!(found, Collisions { duplicates: 2, ..Collisions::default() });
        assert_eq!(found.left_out(), HashSet::new());
    }

    #[test]
    fn a_payments_states_are_all_written() {
        assert_eq!(collisions(&[(1, 2, 6_000), (1, 1, 6_000), (1, 3, 7_000)]), Collisions::default());
    }

    #[test]
    fn a_pane_without_equal_keys_has_none() {
        let all: Vec<_> = (0..50).map(|index| (index, 1, 0)).collect();
        assert_eq!(collisions(&all), Collisions::default());
    }
}
