//! Which payment each of the last row keys belongs to, so that another one with the same key is noticed in any pane.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Keys in one generation. Two of them take 36 MiB, and remember the last 0.9 to 1.8 million keys.
const GENERATION: usize = 917_504;

/// The owners of the last keys, by hashes of 64 bits each: among a million keys one is taken for another's once in
/// 10^13 payments.
#[derive(Debug)]
pub struct Owners {
    hasher: RandomState,
    young: HashMap<u64, Owner>,
    /// Forgotten once the young ones are as many.
    old: HashMap<u64, Owner>,
    generation: usize,
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
        Self { hasher: RandomState::new(), young: HashMap::new(), old: HashMap::new(), generation }
    }

    pub fn named(&self, payment_id: &str) -> Owner {
        Owner(self.hasher.hash_one(payment_id))
    }

    /// The payment that the key belongs to: this one, unless another was first.
    pub fn owner(&mut self, key: &[u8], payment_id: &str) -> Owner {
        let (key, claimant) = (self.hasher.hash_one(key), self.named(payment_id));
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
        let first = owners.owner(b"key", "first");
        assert_eq!(first, owners.named("first"));
        assert_eq!(owners.owner(b"key", "second"), first);
        assert_eq!(owners.owner(b"key", "first"), first);
        assert_eq!(owners.owner(b"another", "second"), owners.named("second"));
    }

    #[test]
    fn the_last_keys_are_remembered_and_memory_is_bounded() {
        let mut owners = Owners::remembering(100);
        for number in 0..1_000_u64 {
            owners.owner(&number.to_le_bytes(), "first");
            assert!(owners.young.len() + owners.old.len() <= 200);
            let oldest = number.saturating_sub(99);
            let first = owners.named("first");
            assert_eq!(owners.owner(&oldest.to_le_bytes(), "second"), first, "{oldest} of {number}");
        }
        assert_eq!(owners.owner(&0_u64.to_le_bytes(), "second"), owners.named("second"), "it is forgotten");
    }
}
