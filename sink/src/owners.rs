//! Which payment each of the last row keys belongs to, so that another one with the same key is noticed in any pane.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Keys in one generation. Two of them take 36 MiB, and remember the last 0.9 to 1.8 million keys.
const GENERATION: usize = 917_504;

/// The owners of the last keys, by hashes of 64 bits each: among a million keys one is taken for another's once in
/// 10^13 payments.
#[derive(Debug)]
pub struct Owners {
    hasher: RandomState,
    young: Generation,
    /// Forgotten once the young ones are as many.
    old: Generation,
    generation: usize,
}

/// By the hash of the key.
type Generation = HashMap<u64, Owner, BuildHasherDefault<AsItIs>>;

/// The hash of what is a hash already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A payment, by its id's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(u64);

impl Default for Owners {
    fn default() -> Self {
        Self::remembering(GENERATION)
    }
}

impl Owners {
    /// At least so many keys, and twice as many at most.
    fn remembering(generation: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            young: Generation::default(),
            old: Generation::default(),
            generation,
        }
    }

    pub fn named(&self, payment_id: &str) -> Owner {
        Owner(self.hasher.hash_one(payment_id))
    }

    /// The payment that the key belongs to: the claimant, unless another was first.
    pub fn owner(&mut self, key: &[u8], claimant: Owner) -> Owner {
        let key = self.hasher.hash_one(key);
        if let Some(owner) = self.old.get(&key) {
            return *owner;
        }
        let owner = *self.young.entry(key).or_insert(claimant);
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_the_first_that_has_it() {
        let mut owners = Owners::default();
        let (first, second) = (owners.named("first"), owners.named("second"));
        assert_eq!(owners.owner(b"key", first), first);
        assert_eq!(owners.owner(b"key", second), first);
        assert_eq!(owners.owner(b"key", first), first);
        assert_eq!(owners.owner(b"another", second), second);
    }

    #[test]
    fn the_last_keys_are_remembered_and_memory_is_bounded() {
        let mut owners = Owners::remembering(100);
        let (first, second) = (owners.named("first"), owners.named("second"));
        for number in 0..1_000_u64 {
            owners.owner(&number.to_le_bytes(), first);
            assert!(owners.young.len() + owners.old.len() <= 200);
            let oldest = number.saturating_sub(99);
            assert_eq!(owners.owner(&oldest.to_le_bytes(), second), first, "{oldest} of {number}");
        }
        assert_eq!(owners.owner(&0_u64.to_le_bytes(), second), second, "it is forgotten");
    }
}
