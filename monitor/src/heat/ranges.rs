//! Ranges of keys that took about the same part of a recording's rows each, as Bigtable splits tables by load.

use super::Weighed;
use super::grid::Range;

/// The ranges of keys that are in order, each once, with weights above zero.
///
/// A key that weighs more than a range should gets a range of its own. What lies between two such keys is split by itself,
/// so that there may be more ranges than were asked for, less than twice as many.
pub(super) fn of(keys: &[Weighed], wanted: usize) -> Vec<Range> {
    let all: f64 = keys.iter().map(|(_, weight)| weight).sum();
    let share = all / wanted.max(1) as f64;
    let mut ranges = Vec::new();
    for run in keys.chunk_by(|(_, one), (_, other)| *one <= share && *other <= share) {
        split(run, share, &mut ranges);
    }
    ranges
}

fn split(run: &[Weighed], share: f64, ranges: &mut Vec<Range>) {
    let weight: f64 = run.iter().map(|(_, weight)| weight).sum();
    let parts = (weight / share).round().clamp(1.0, run.len() as f64);
    // A key belongs where its middle is: what is left over by one range does not add up in the last one.
    let (mut before, mut last_part) = (0.0, None);
    for (key, weight_of_key) in run {
        let part = ((before + weight_of_key / 2.0) / weight * parts).floor().min(parts - 1.0) as usize;
        before += weight_of_key;
        match ranges.last_mut() {
            Some(range) if last_part == Some(part) => {
                range.last.clone_from(key);
                range.rows += weight_of_key;
                range.keys += 1;
            }
            _ => ranges.push(Range { first: key.clone(), last: key.clone(), rows: *weight_of_key, keys: 1 }),
        }
        last_part = Some(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(keys: &[(&str, f64)], wanted: usize) -> Vec<String> {
        let keys: Vec<_> = keys.iter().map(|(key, weight)| ((*key).to_owned(), *weight)).collect();
        of(&keys, wanted)
            .into_iter()
            .map(|range| format!("{}-{} {}", range.first, range.last, range.rows))
            .collect()
    }

    #[test]
    fn ranges_take_the_same_share_each_and_a_heavy_key_has_its_own() {
        assert_eq!(spans(&[("a", 1.0), ("b", 1.0), ("c", 1.0), ("d", 1.0)], 2), ["a-b 2", "c-d 2"]);
        let heavy = [("a", 1.0), ("b", 1.0), ("c", 8.0), ("d", 1.0), ("e", 1.0)];
        assert_eq!(spans(&heavy, 4), ["a-b 2", "c-c 8", "d-e 2"]);
        assert_eq!(spans(&[("a", 5.0)], 32), ["a-a 5"]);
        assert!(spans(&[], 32).is_empty());
    }

    proptest! {
        #[test]
        fn every_key_is_in_one_range_and_none_takes_more_than_twice_its_share(
            weights in prop::collection::vec(0.1_f64..5.0, 1..300), wanted in 1_usize..64
        ) {
            let keys: Vec<Weighed> =
                weights.iter().enumerate().map(|(at, weight)| (format!("{at:04}"), *weight)).collect();
            let ranges = of(&keys, wanted);
            let all: f64 = weights.iter().sum();
            prop_assert_eq!(ranges.iter().map(|range| range.keys).sum::<usize>(), keys.len());
            prop_assert!((ranges.iter().map(|range| range.rows).sum::<f64>() - all).abs() < 1e-6);
            prop_assert!(ranges.len() < 2 * wanted.max(1) + 1);
            for pair in ranges.windows(2) {
                prop_assert!(pair[0].last < pair[1].first);
            }
            for range in ranges.iter().filter(|range| range.keys > 1) {
                prop_assert!(range.rows <= 2.5 * all / wanted as f64, "{range:?}");
            }
        }
    }
}
