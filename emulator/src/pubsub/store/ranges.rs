//! A set of sequences kept as ranges, so that millions of acknowledged messages cost a few bytes.

use std::collections::BTreeMap;
use std::ops::Range;

/// Disjoint, non-adjacent half-open ranges of sequences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    by_start: BTreeMap<u64, u64>,
    len: u64,
}

impl Ranges {
    /// How many sequences are in the set.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// How many separate ranges hold them.
    pub fn count(&self) -> usize {
        self.by_start.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn contains(&self, sequence: u64) -> bool {
        self.by_start.range(..=sequence).next_back().is_some_and(|(_, &end)| sequence < end)
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.by_start.iter().map(|(&start, &end)| start..end)
    }

    /// Adds a range, merging it with those it touches.
    pub fn insert(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        if start >= end {
            return;
        }
        if let Some((&before, &before_end)) = self.by_start.range(..=start).next_back()
            && before_end >= start
        {
            if before_end >= end {
                return;
            }
            start = before;
        }
        while let Some((&next, &next_end)) = self.by_start.range(start..=end).next() {
            self.by_start.remove(&next);
            self.len -= next_end - next;
            end = end.max(next_end);
        }
        self.by_start.insert(start, end);
        self.len += end - start;
    }

    /// Takes a range out, whether or not all of it is in the set.
    pub fn remove(&mut self, range: Range<u64>) {
        let Range { start, end } = range;
        if start >= end {
            return;
        }
        if let Some((&before, &before_end)) = self.by_start.range(..start).next_back()
            && before_end > start
        {
            self.by_start.insert(before, start);
            self.len -= before_end - start;
            if before_end > end {
                self.by_start.insert(end, before_end);
                self.len += before_end - end;
                return;
            }
        }
        while let Some((&next, &next_end)) = self.by_start.range(start..end).next() {
            self.by_start.remove(&next);
            self.len -= next_end - next;
            if next_end > end {
                self.by_start.insert(end, next_end);
                self.len += next_end - end;
            }
        }
    }

    /// Takes out at most `limit` of the lowest sequences.
    pub fn take_first(&mut self, limit: u64) -> Vec<Range<u64>> {
        let mut taken = Vec::new();
        let mut left = limit;
        while left > 0
            && let Some((start, end)) = self.by_start.pop_first()
        {
            let cut = end.min(start.saturating_add(left));
            if cut < end {
                self.by_start.insert(cut, end);
            }
            self.len -= cut - start;
            left -= cut - start;
            taken.push(start..cut);
        }
        taken
    }

    /// If the set reaches from `floor` upwards without a hole, takes that part out and gives its end.
    pub fn advance(&mut self, floor: u64) -> u64 {
        let mut floor = floor;
        while let Some((&start, &end)) = self.by_start.first_key_value() {
            if start > floor {
                break;
            }
            self.by_start.pop_first();
            self.len -= end - start;
            floor = floor.max(end);
        }
        floor
    }

    /// The first sub-range of `within` that is wholly outside the set, or `None`.
    pub fn first_gap(&self, within: Range<u64>) -> Option<Range<u64>> {
        let mut start = within.start;
        if let Some((_, &end)) = self.by_start.range(..=start).next_back() {
            start = start.max(end);
        }
        if start >= within.end {
            return None;
        }
        let end = self.by_start.range(start..).next().map_or(within.end, |(&next, _)| next.min(within.end));
        Some(start..end)
    }
}

/// Sorted sequences as ranges; duplicates count once.
pub fn group(sorted: &[u64]) -> Vec<Range<u64>> {
    let mut groups: Vec<Range<u64>> = Vec::new();
    for &sequence in sorted {
        match groups.last_mut() {
            Some(last) if sequence < last.end => {}
            Some(last) if sequence == last.end => last.end += 1,
            _ => groups.push(sequence..sequence + 1),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A small generator, so that the test repeats exactly.
    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn it_agrees_with_a_plain_set_under_random_edits() {
        let mut state = 88_172_645_463_325_252;
        for _ in 0..200 {
            let mut ranges = Ranges::default();
            let mut plain = BTreeSet::new();
            for _ in 0..200 {
                let start = next(&mut state) % 100;
                let range = start..start + next(&mut state) % 12;
                match next(&mut state) % 4 {
                    0 => {
                        ranges.remove(range.clone());
                        plain.retain(|s| !range.contains(s));
                    }
                    1 => {
                        let limit = next(&mut state) % 5;
                        let taken: Vec<u64> = ranges.take_first(limit).into_iter().flatten().collect();
                        let expected: Vec<u64> = plain.iter().copied().take(limit as usize).collect();
                        assert_eq!(taken, expected);
                        plain.retain(|s| !expected.contains(s));
                    }
                    _ => {
                        ranges.insert(range.clone());
                        plain.extend(range);
                    }
                }
                assert_eq!(
                    ranges.iter().flatten().collect::<Vec<_>>(),
                    plain.iter().copied().collect::<Vec<_>>()
                );
                assert_eq!(ranges.len(), plain.len() as u64);
                let probe = next(&mut state) % 100;
                assert_eq!(ranges.contains(probe), plain.contains(&probe));
                let gap = ranges.first_gap(probe..120).map(|gap| gap.start);
                assert_eq!(gap, (probe..120).find(|s| !plain.contains(s)));
            }
            assert!(ranges.iter().zip(ranges.iter().skip(1)).all(|(a, b)| a.end < b.start), "merged");
        }
    }

    #[test]
    fn advancing_swallows_what_touches_the_floor() {
        let mut ranges = Ranges::default();
        ranges.insert(3..5);
        ranges.insert(7..9);
        assert_eq!(ranges.advance(3), 5);
        assert_eq!(ranges.advance(5), 5);
        assert_eq!(ranges.advance(8), 9);
        assert!(ranges.is_empty());
    }

    #[test]
    fn grouping_joins_neighbours() {
        assert_eq!(group(&[1, 2, 2, 3, 7, 9, 10]), vec![1..4, 7..8, 9..11]);
    }
}
