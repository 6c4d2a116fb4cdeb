//! Keys at which a load's tables are best split before it begins.
//!
//! A new table is one tablet on one node, and Bigtable splits and moves tablets only once they are busy. How a load's keys
//! are spread is known beforehand: its payments are made from flags.

use generator::{Buffer, Generator};
use schemas::layout::{KeySuffix, PerTable, Table, row_key};

/// Tablets of a table for each node: enough to be spread evenly, few enough to stay busy.
const TABLETS_PER_NODE: u64 = 10;
/// Bigtable takes 100 keys for a new table (docs.cloud.google.com/bigtable/docs/managing-tables).
pub const MAX_TABLETS: u32 = 101;
/// Sampled keys for each tablet: its part of the load is right to within a fifth, nine times out of ten.
const KEYS_PER_TABLET: u64 = 100;
const MIN_SAMPLE: u64 = 10_000;

/// Tablets of a table for so many nodes.
pub fn tablets(nodes: u64) -> u32 {
    let tablets = nodes.saturating_mul(TABLETS_PER_NODE).clamp(1, MAX_TABLETS.into());
    u32::try_from(tablets).unwrap_or(MAX_TABLETS)
}

/// For each table the ascending keys that cut it into so many tablets of about the same load; fewer where the load has too
/// few keys.
pub fn split_keys(generator: &Generator, suffix: KeySuffix, tablets: u32) -> PerTable<Vec<String>> {
    let tablets = tablets.clamp(1, MAX_TABLETS);
    let wanted = (u64::from(tablets) * KEYS_PER_TABLET).max(MIN_SAMPLE);
    // Indices are shuffled in time and over customers, so that the first are a random sample.
    let sampled = wanted.min(generator.config().num_records);
    let (mut buffer, mut keys) = (Buffer::default(), PerTable::from_fn(|_| Vec::new()));
    for index in 0..sampled {
        let payment = generator.fill(index, &mut buffer);
        for table in Table::ALL {
            keys[table].push(row_key(payment, table, suffix));
        }
    }
    keys.map(|keys| cut(keys, tablets as usize))
}

/// The quantiles of a sample, each as short as it can be.
fn cut(mut keys: Vec<Vec<u8>>, tablets: usize) -> Vec<String> {
    keys.sort_unstable();
    keys.dedup();
    let at = (1..tablets).map(|tablet| tablet * keys.len() / tablets).filter(|&at| at > 0);
    let mut splits: Vec<_> = at.filter_map(|at| shortest(&keys[at - 1], &keys[at])).collect();
    splits.dedup();
    splits
}

/// The shortest key that is above one key and not above the next.
fn shortest(below: &[u8], key: &[u8]) -> Option<String> {
    let common = below.iter().zip(key).take_while(|(one, other)| one == other).count();
    String::from_utf8(key.get(..=common)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::Config;

    fn generator(config: Config) -> Generator {
        Generator::new(config).unwrap()
    }

    /// The largest part of other payments of the run that one tablet takes, by table.
    fn largest(generator: &Generator, splits: &PerTable<Vec<String>>) -> PerTable<f64> {
        const ROWS: u64 = 20_000;
        let mut counts = PerTable::from_fn(|table| vec![0_u32; splits[table].len() + 1]);
        for index in 500_000..500_000 + ROWS {
            let payment = generator.payment(index);
            for table in Table::ALL {
                let key = row_key(&payment, table, KeySuffix::None);
                counts[table][splits[table].partition_point(|split| split.as_bytes() <= key.as_slice())] += 1;
            }
        }
        counts.map(|counts| f64::from(*counts.iter().max().unwrap()) / ROWS as f64)
    }

    #[test]
    fn each_tablet_takes_about_its_part_of_payments_that_were_not_sampled() {
        for customer_skew in [0.0, 1.2] {
            let generator = generator(Config { num_records: 1_000_000, customer_skew, ..Config::default() });
            let splits = split_keys(&generator, KeySuffix::None, 20);
            for table in Table::ALL {
                assert_eq!(splits[table].len(), 19, "{}", table.id());
                assert!(splits[table].is_sorted_by(|one, other| one < other));
                assert!(splits[table].iter().all(|key| key.len() < 60));
            }
            for (table, part) in Table::ALL.into_iter().zip(largest(&generator, &splits).values()) {
                assert!((0.05..0.075).contains(part), "skew {customer_skew}, {}: {part}", table.id());
            }
        }
    }

    #[test]
    fn a_load_of_few_payments_has_few_tablets_and_one_tablet_needs_no_split() {
        let few = split_keys(
            &generator(Config { num_records: 3, ..Config::default() }),
            KeySuffix::TransactionId,
            50,
        );
        assert!(few.values().all(|splits| splits.len() <= 2), "{few:?}");
        let one = split_keys(&generator(Config::default()), KeySuffix::None, 1);
        assert!(one.values().all(Vec::is_empty));
    }

    #[test]
    fn a_split_is_no_longer_than_it_must_be() {
        let keys = |keys: &[&str]| keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        assert_eq!(cut(keys(&["ab1", "ab2", "c", "ca"]), 4), ["ab2", "c", "ca"]);
        assert_eq!(cut(keys(&["a", "a", "a"]), 3), Vec::<String>::new());
    }
}
