//! A producer's share of a run.

use std::ops::Range;
use std::str::FromStr;

/// Shard `index` of `count`, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// None where there is no such shard.
    pub fn new(index: u64, count: u64) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    pub fn index(self) -> u64 {
        self.index
    }

    pub fn count(self) -> u64 {
        self.count
    }

    /// The indices that are this shard's: contiguous, and over all shards exactly `0..records`.
    pub fn range(self, records: u64) -> Range<u64> {
        let bound = |shard: u64| (u128::from(records) * u128::from(shard) / u128::from(self.count)) as u64;
        bound(self.index)..bound(self.index + 1)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a shard is I/N with I from 0 to N-1, as in 0/4";
        let (index, count) = text.split_once('/').ok_or(form)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| form.to_owned());
        Self::new(number(index)?, number(count)?)
            .ok_or_else(|| format!("there is no shard {index} of {count}; {form}"))
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shard_that_does_not_exist_is_refused() {
        for wrong in ["3/2", "2/2", "0/0", "1", "a/b", "-1/2", "1/2/3", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("1/2".parse(), Ok(Shard { index: 1, count: 2 }));
    }

    proptest! {
        #[test]
        fn shards_share_all_records_without_gap_or_overlap(records: u64, count in 1_u64..100) {
            let mut next = 0;
            for index in 0..count {
                let range = Shard { index, count }.range(records);
                prop_assert_eq!(range.start, next);
                next = range.end;
            }
            prop_assert_eq!(next, records);
        }
    }
}
