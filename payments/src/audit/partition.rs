//! Rows divided into buckets by the hashes of their keys, and some buckets into finer ones. Pure.

use super::digest::{Digest, KeyHash};
use std::collections::HashMap;

/// The first partition has 2^12 buckets: each holds a thousand rows of a table of four million.
const ROOT_BITS: u32 = 12;
/// Most buckets of a finer partition.
const MAX_BITS: u32 = 14;

/// Some of the keys, divided into buckets. A bucket is a prefix of the key's hash.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Length of the parents' prefixes, and their places. At first all keys lie in one parent.
    depth: u32,
    parents: HashMap<u64, usize>,
    /// Each parent has 2^bits buckets.
    bits: u32,
}

impl Partition {
    /// All keys.
    pub fn root() -> Self {
        Self { depth: 0, parents: HashMap::from([(0, 0)]), bits: ROOT_BITS }
    }

    /// How many buckets there are.
    pub fn size(&self) -> usize {
        self.parents.len() << self.bits
    }

    /// The bucket of a key, or `None` if the key is not part of this.
    pub fn bucket(&self, key: KeyHash) -> Option<usize> {
        let parent = if self.depth == 0 { 0 } else { *self.parents.get(&key.prefix(self.depth))? };
        let child = key.prefix(self.depth + self.bits) & ((1 << self.bits) - 1);
        Some((parent << self.bits) | child as usize)
    }

    /// The keys of these buckets, divided further.
    #[must_use]
    pub fn refine(&self, buckets: &[usize]) -> Self {
        let bits = MAX_BITS.saturating_sub(buckets.len().next_power_of_two().ilog2()).clamp(4, ROOT_BITS);
        Self { bits, ..self.select(buckets) }
    }

    /// The keys of these buckets, each a bucket as before.
    #[must_use]
    pub fn select(&self, buckets: &[usize]) -> Self {
        let by_place: HashMap<_, _> = self.parents.iter().map(|(prefix, place)| (*place, *prefix)).collect();
        let prefix = |bucket: usize| {
            let parent = by_place.get(&(bucket >> self.bits)).copied().unwrap_or_default();
            (parent << self.bits) | (bucket as u64 & ((1 << self.bits) - 1))
        };
        let parents = buckets.iter().enumerate().map(|(place, bucket)| (prefix(*bucket), place)).collect();
        Self { depth: self.depth + self.bits, parents, bits: 0 }
    }

    /// Whether too few bits are left to divide the buckets further.
    pub fn is_finest(&self) -> bool {
        self.depth + self.bits + ROOT_BITS > 64
    }
}

/// A digest for each bucket.
#[derive(Clone, Debug)]
pub struct Digests(Vec<Digest>);

impl Digests {
    pub fn new(partition: &Partition) -> Self {
        Self(vec![Digest::default(); partition.size()])
    }

    pub fn add_row(&mut self, bucket: usize, digest: u128) {
        self.0[bucket].add_row(digest);
    }

    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, digest)| sum.add(*digest));
    }

    pub fn get(&self, bucket: usize) -> Digest {
        self.0[bucket]
    }

    /// The buckets whose digests differ.
    pub fn differing(&self, other: &Self) -> Vec<usize> {
        (0..self.0.len()).filter(|&bucket| self.0[bucket] != other.0[bucket]).collect()
    }

    pub fn total(&self) -> Digest {
        let mut total = Digest::default();
        self.0.iter().for_each(|digest| total.add(*digest));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn refined_buckets_hold_the_keys_of_their_parents(
            hash: u128,
            others in prop::collection::vec(0..4_096_usize, 0..40),
        ) {
            let key = KeyHash(hash);
            let root = Partition::root();
            let bucket = root.bucket(key).unwrap();
            let mut chosen = others.clone();
            chosen.push(bucket);
            chosen.sort_unstable();
            chosen.dedup();
            let finer = root.refine(&chosen);
            let child = finer.bucket(key).unwrap();
            prop_assert!(child < finer.size() && finer.size() <= 1 << MAX_BITS);
            prop_assert!(root.select(&[bucket]).bucket(key).is_some());
            prop_assert!(finer.select(&[child]).bucket(key).is_some());
            prop_assert_eq!(finer.refine(&[child]).bucket(key).is_some(), true);
            let without: Vec<_> = others.into_iter().filter(|other| *other != bucket).collect();
            prop_assert!(root.refine(&without).bucket(key).is_none());
            prop_assert!(root.select(&without).bucket(key).is_none());
        }
    }
}
