//! Rows of one pane that have the same key: redeliveries, later states of a payment, and payments that would hide another.

use crate::keys::Keys;
use crate::row::Row;
use std::collections::HashSet;

/// What rows with equal keys are to each other.
#[derive(Debug, Default, PartialEq)]
pub struct Rivals {
    /// Rows that would hide another payment, each with the key in question. They are never written.
    pub collisions: Vec<(usize, String)>,
    /// Rows that give way to a later version of the payment with the same cell times, each with that version's row.
    pub superseded: Vec<(usize, usize)>,
    /// Rows that hold a payment once more in the same version; they are written again, the same.
    pub duplicates: u64,
}

impl Rivals {
    /// Rows that belong in no batch.
    pub fn unwritten(&self) -> HashSet<usize> {
        let collisions = self.collisions.iter().map(|(row, _)| *row);
        collisions.chain(self.superseded.iter().map(|(row, _)| *row)).collect()
    }

    /// Takes in the rows of one key, in the order of the pane.
    ///
    /// The key belongs to the first row's payment. The entries of a request are applied in any order, so of two versions
    /// with the same cell times only the later may be in one: else the earlier could be what stays.
    fn add(&mut self, key: &[u8], group: &[usize], rows: &[Row]) {
        let owner = rows[group[0]].payment_id();
        let (mut own, others): (Vec<_>, Vec<_>) =
            group.iter().copied().partition(|row| rows[*row].payment_id() == owner);
        let text = || String::from_utf8_lossy(key).into_owned();
        self.collisions.extend(others.into_iter().map(|row| (row, text())));
        let state = |row: usize| (rows[row].cell_micros(), rows[row].version);
        own.sort_unstable_by_key(|row| (state(*row), *row));
        let Some(&newest) = own.last() else { return };
        let mut last = newest;
        for &row in own.iter().rev().skip(1) {
            if rows[row].cell_micros() != rows[last].cell_micros() {
                last = row;
            } else if rows[row].version != rows[last].version {
                self.superseded.push((row, last));
            }
        }
        let versions: HashSet<u32> = own.iter().map(|row| rows[*row].version).collect();
        self.duplicates += (own.len() - versions.len()) as u64;
    }
}

/// Finds them. `keys` are in key order, and rows of equal keys in the order of the pane.
pub fn find(keys: &Keys, rows: &[Row]) -> Rivals {
    let mut rivals = Rivals::default();
    let mut start = 0;
    for end in 1..=keys.len() {
        if end < keys.len() && keys.key(end) == keys.key(start) {
            continue;
        }
        if end - start > 1 {
            let group: Vec<_> = (start..end).map(|at| keys.row(at)).collect();
            rivals.add(keys.key(start), &group, rows);
        }
        start = end;
    }
    rivals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fanout::{Batches, FanOut};
    use crate::row::Encoder;
    use generator::{Config, Generator};
    use schemas::layout::KeySuffix;

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

    fn rivals(wanted: &[(u64, u32, i64)]) -> Rivals {
        let mut rivals = FanOut::of(rows(wanted), KeySuffix::None).rivals;
        rivals.superseded.sort_unstable();
        rivals
    }

    #[test]
    fn the_later_of_two_payments_with_one_key_is_turned_away() {
        let wanted = [(10, 1, 0), (11, 1, 0), (110, 1, 0), (10, 2, 5_000)];
        let FanOut { batches, rivals } = FanOut::of(rows(&wanted), KeySuffix::None);
        let key = String::from_utf8(batches.keys[0].key(0).to_vec()).unwrap();
        assert_eq!(rivals.collisions.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2]);
        assert!(rivals.collisions[0].1.contains('#') && key.contains('#'));
        for keys in &batches.keys {
            assert_eq!(keys.len(), 3);
            assert!((0..3).all(|at| keys.row(at) != 2));
        }
        assert_eq!(FanOut::of(rows(&wanted), KeySuffix::TransactionId).rivals, Rivals::default());
    }

    #[test]
    fn the_same_version_twice_is_a_duplicate_and_is_written_again() {
        let found = rivals(&[(10, 1, 6_000), (20, 1, 6_000), (10, 1, 6_000), (10, 1, 9_000)]);
        assert_eq!(found, Rivals { duplicates: 2, ..Rivals::default() });
    }

    #[test]
    fn of_versions_with_the_same_cell_times_only_the_latest_is_written() {
        let wanted = [(1, 2, 5_900), (2, 1, 5_000), (1, 1, 5_000), (1, 3, 5_400)];
        assert_eq!(rivals(&wanted), Rivals { superseded: vec![(0, 3), (2, 3)], ..Rivals::default() });
        let batches = FanOut::of(rows(&wanted), KeySuffix::None).batches;
        assert!(batches.keys.iter().all(|keys| keys.len() == 2));
    }

    #[test]
    fn versions_with_their_own_cell_times_are_all_written_in_any_order() {
        assert_eq!(rivals(&[(1, 2, 6_000), (1, 1, 5_999), (1, 3, 7_000)]), Rivals::default());
    }

    #[test]
    fn a_pane_without_equal_keys_has_none() {
        let all: Vec<_> = (0..50).map(|index| (index, 1, 0)).collect();
        let rows = rows(&all);
        let batches = Batches::of(rows, KeySuffix::None);
        assert_eq!(find(&batches.keys[0], &batches.rows), Rivals::default());
    }
}
