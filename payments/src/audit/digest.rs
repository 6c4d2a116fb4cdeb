//! Digests of rows, whatever their order. Pure.
//!
//! A row's digest is a 128-bit hash of its key and of the sum of its cells' hashes, because servers may send families
//! in any order. A set's digest is the sum of its rows' digests (modulo 2^128), so that it can be taken in parts and
//! added up. The times of cells do not count: a payment that is sent again may have another.
//!
//! The hash is XXH3. It guards against accidents, not against somebody who forges rows.

use crate::rows;
use gcp::bigtable::read::Row;
use schemas::Payment;
use schemas::layout::cells;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

/// A row's cells: the sum of their hashes, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content {
    sum: u128,
    cells: u64,
}

impl Content {
    pub fn of_payment(payment: &Payment) -> Self {
        let mut content = Self::default();
        cells(payment, |column, value| content.add(rows::hash(column), value));
        content
    }

    pub fn of_row(row: Row<'_>) -> Self {
        let mut content = Self::default();
        row.cells().for_each(|cell| content.add(cell.column_hash, cell.value));
        content
    }

    fn add(&mut self, seed: u64, value: &[u8]) {
        self.sum = self.sum.wrapping_add(xxh3_128_with_seed(value, seed));
        self.cells += 1;
    }

    /// The digest of a row with this key.
    pub fn with_key(self, key: KeyHash) -> u128 {
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(&key.0.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.sum.to_le_bytes());
        bytes[32..].copy_from_slice(&self.cells.to_le_bytes());
        xxh3_128(&bytes)
    }
}

/// The hash of a row key, by which rows are divided into buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub u128);

impl KeyHash {
    pub fn of(key: &[u8]) -> Self {
        Self(xxh3_128(key))
    }

    /// The first `bits` bits, at most 64.
    pub fn prefix(self, bits: u32) -> u64 {
        let first = (self.0 >> 64) as u64;
        if bits == 0 { 0 } else { first >> (64 - bits) }
    }
}

/// A set of rows: the sum of their digests, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub sum: u128,
    pub rows: u64,
}

impl Digest {
    pub fn add_row(&mut self, digest: u128) {
        self.sum = self.sum.wrapping_add(digest);
        self.rows += 1;
    }

    pub fn add(&mut self, other: Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.rows += other.rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};
    use std::collections::HashSet;

    fn generator() -> Generator {
        Generator::new(Config { num_records: 2_000, ..Config::default() }).unwrap()
    }

    #[test]
    fn every_cell_counts() {
        let generator = generator();
        let mut seen = HashSet::new();
        for index in 0..2_000 {
            assert!(seen.insert(Content::of_payment(&generator.payment(index)).sum), "index {index}");
        }
        let payment = generator.payment(7);
        let whole = Content::of_payment(&payment);
        let mut changed = payment.clone();
        changed.metadata.as_mut().unwrap().description.push('x');
        assert_ne!(Content::of_payment(&changed), whole);
        changed.metadata.as_mut().unwrap().description.clear();
        assert_ne!(Content::of_payment(&changed), whole);
        // The same values, but in each other's columns.
        let mut swapped = payment.clone();
        let parties = swapped.parties.as_mut().unwrap();
        std::mem::swap(&mut parties.originator, &mut parties.counterparty);
        assert_ne!(Content::of_payment(&swapped), whole);
    }

    #[test]
    fn a_sets_digest_does_not_depend_on_order_or_parts() {
        let generator = generator();
        let digest = |index| {
            let payment = generator.payment(index);
            Content::of_payment(&payment).with_key(KeyHash::of(generator.payment_id(index).as_bytes()))
        };
        let (mut forwards, mut backwards, mut parts) =
            (Digest::default(), Digest::default(), Digest::default());
        (0..100).for_each(|index| forwards.add_row(digest(index)));
        (0..100).rev().for_each(|index| backwards.add_row(digest(index)));
        for start in [60, 0, 30] {
            let mut part = Digest::default();
            (start..start + if start == 60 { 40 } else { 30 }).for_each(|index| part.add_row(digest(index)));
            parts.add(part);
        }
        assert_eq!(forwards, backwards);
        assert_eq!(forwards, parts);
        let mut doubled = forwards;
        doubled.add_row(digest(5));
        assert_ne!(doubled, forwards);
    }
}
