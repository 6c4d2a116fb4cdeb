//! A filter of the keys a table may hold, and a sample of those it does.
//!
//! The filter saves a write the search for a row that is not there. The store has such filters, too, but one for each
//! of its files and none for its memtables. Measured: looking for a new row in the store costs a tenth of writing it.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Keys that the first layer has room for; each further one has four times as much.
const FIRST_ROOM: usize = 1 << 16;

/// Tables of more than 5.6 million rows do without: the filter takes 7 MiB by then.
const MAX_LAYERS: usize = 4;

/// A block is a cache line: a look-up costs one miss a layer.
const BLOCK_BITS: usize = 512;
const BITS_PER_KEY: usize = 10;
const PROBES: usize = 6;

type Block = [u64; BLOCK_BITS / 64];

/// A growing Bloom filter of a table's keys, and a sample of them.
#[derive(Debug)]
pub struct Present {
    layers: Vec<Layer>,
    /// False if there are keys that are not in the layers: then any key may exist.
    complete: bool,
    /// None of a table whose keys are not all known.
    sample: Option<Sample>,
}

/// A sample is halved beyond this many keys.
const SAMPLED_KEYS: usize = 1024;

/// The keys whose hashes are below a limit: any key is as likely as another.
#[derive(Debug)]
struct Sample {
    limit: u64,
    keys: Vec<(u64, Box<[u8]>)>,
}

#[derive(Debug)]
struct Layer {
    blocks: Vec<Block>,
    room: usize,
}

impl Present {
    /// The filter of an empty table, or, not `complete`, of one whose keys are not known.
    pub fn new(complete: bool) -> Self {
        let sample = complete.then(|| Sample { limit: u64::MAX, keys: Vec::new() });
        Present { layers: Vec::new(), complete, sample }
    }

    /// Hundreds of the inserted keys, or all if there are fewer, in order. None if there may be others.
    pub fn sample(&self) -> Option<Vec<Vec<u8>>> {
        let mut keys: Vec<_> = self.sample.as_ref()?.keys.iter().map(|(_, key)| key.to_vec()).collect();
        keys.sort_unstable();
        Some(keys)
    }

    /// False if the key certainly does not exist.
    pub fn may_contain(&self, key: &[u8]) -> bool {
        let hash = hash(key);
        !self.complete || self.layers.iter().any(|layer| layer.contains(hash))
    }

    pub fn insert(&mut self, key: &[u8]) {
        let hash = hash(key);
        if let Some(sample) = &mut self.sample {
            sample.insert(hash, key);
        }
        if !self.complete || self.layers.iter().any(|layer| layer.contains(hash)) {
            return;
        }
        if self.layers.last().is_none_or(|layer| layer.room == 0) {
            if self.layers.len() == MAX_LAYERS {
                (self.layers, self.complete) = (Vec::new(), false);
                return;
            }
            self.layers.push(Layer::new(FIRST_ROOM << (2 * self.layers.len())));
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.insert(hash);
        }
    }
}

impl Sample {
    #[inline]
    fn insert(&mut self, hash: u64, key: &[u8]) {
        if hash >= self.limit || self.keys.iter().any(|(known, _)| *known == hash) {
            return;
        }
        self.keys.push((hash, key.into()));
        if self.keys.len() > SAMPLED_KEYS {
            self.limit /= 2;
            self.keys.retain(|(hash, _)| *hash < self.limit);
        }
    }
}

impl Layer {
    fn new(room: usize) -> Self {
        Layer { blocks: vec![Block::default(); room * BITS_PER_KEY / BLOCK_BITS], room }
    }

    fn contains(&self, hash: u64) -> bool {
        let block = &self.blocks[self.block(hash)];
        probes(hash).all(|bit| block[bit / 64] >> (bit % 64) & 1 == 1)
    }

    fn insert(&mut self, hash: u64) {
        let at = self.block(hash);
        probes(hash).for_each(|bit| self.blocks[at][bit / 64] |= 1 << (bit % 64));
        self.room -= 1;
    }

    /// The block, chosen by the hash's high bits.
    fn block(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.blocks.len() as u128) >> 64) as usize
    }
}

/// Bits of the block, each chosen by nine bits of another mix of the hash.
fn probes(hash: u64) -> impl Iterator<Item = usize> {
    let mixed = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - 9 * PROBES);
    (0..PROBES).map(move |probe| (mixed >> (9 * probe)) as usize % BLOCK_BITS)
}

fn hash(key: &[u8]) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_inserted_may_be_there_and_few_others() {
        let mut present = Present::new(true);
        let keys = 3 * FIRST_ROOM;
        (0..keys).for_each(|key| present.insert(&key.to_be_bytes()));
        assert_eq!(present.layers.len(), 2);
        assert!((0..keys).all(|key| present.may_contain(&key.to_be_bytes())));
        let wrong = (keys..2 * keys).filter(|key| present.may_contain(&key.to_be_bytes())).count();
        assert!(wrong < keys / 25, "{wrong} of {keys}");
    }

    #[test]
    fn the_sample_divides_the_keys_evenly() {
        let mut present = Present::new(true);
        let keys = 50_000_usize;
        for _ in 0..2 {
            (0..keys).for_each(|key| present.insert(&key.to_be_bytes()));
        }
        let sample = present.sample().unwrap();
        assert!((SAMPLED_KEYS / 2 - 99..=SAMPLED_KEYS).contains(&sample.len()), "{}", sample.len());
        assert!(sample.is_sorted_by(|a, b| a < b));
        let below = sample.iter().filter(|key| key[..] < (keys / 4).to_be_bytes()[..]).count();
        assert!((below * 4).abs_diff(sample.len()) < sample.len() / 4, "{below} of {}", sample.len());
    }

    #[test]
    fn a_few_keys_are_all_sampled() {
        let mut present = Present::new(true);
        for key in [b"b", b"a", b"b"] {
            present.insert(key);
        }
        assert_eq!(present.sample(), Some(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(Present::new(false).sample(), None);
    }

    #[test]
    fn any_key_may_be_in_a_table_whose_keys_are_not_known() {
        let mut present = Present::new(false);
        present.insert(b"a");
        assert!(present.may_contain(b"b"));
        assert!(!Present::new(true).may_contain(b"b"));
    }
}
