//! Keyed permutations, which make ids and event times unique without remembering any.

use uuid::Uuid;

use crate::random::{hash, mix};

const ROUNDS: usize = 6;

/// A keyed bijection of `0..size` onto itself.
///
/// An unbalanced Feistel network over the smallest power of two that holds the domain, walked until the value falls
/// inside it: at most two passes on average.
#[derive(Clone, Debug)]
pub struct Permutation {
    size: u64,
    high_bits: u32,
    low_bits: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    pub fn new(size: u64, key: u64) -> Self {
        let bits = (64 - size.saturating_sub(1).leading_zeros()).max(2);
        let low_bits = bits / 2;
        Self { size, high_bits: bits - low_bits, low_bits, keys: round_keys(key) }
    }

    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Where `value` (below the size) goes.
    pub fn apply(&self, value: u64) -> u64 {
        let mut value = self.pass(value);
        while value >= self.size {
            value = self.pass(value);
        }
        value
    }

    /// The value that [`Self::apply`] takes to `value` (below the size).
    pub fn invert(&self, value: u64) -> u64 {
        let mut value = self.pass_back(value);
        while value >= self.size {
            value = self.pass_back(value);
        }
        value
    }

    fn pass(&self, value: u64) -> u64 {
        let (high_mask, low_mask) = (mask(self.high_bits), mask(self.low_bits));
        let (mut high, mut low) = (value >> self.low_bits, value & low_mask);
        for keys in self.keys.chunks_exact(2) {
            high ^= mix(low ^ keys[0]) & high_mask;
            low ^= mix(high ^ keys[1]) & low_mask;
        }
        (high << self.low_bits) | low
    }

    fn pass_back(&self, value: u64) -> u64 {
        let (high_mask, low_mask) = (mask(self.high_bits), mask(self.low_bits));
        let (mut high, mut low) = (value >> self.low_bits, value & low_mask);
        for keys in self.keys.chunks_exact(2).rev() {
            low ^= mix(high ^ keys[1]) & low_mask;
            high ^= mix(low ^ keys[0]) & high_mask;
        }
        (high << self.low_bits) | low
    }
}

/// The bijection between payment indices and payment ids.
///
/// A Feistel network over 122 bits, the free bits of a version 4 UUID (RFC 9562), so ids of one key never collide and an
/// id can be turned back into its index. Ids of different keys meet by chance alone.
#[derive(Clone, Debug)]
pub struct Ids {
    keys: [u64; ROUNDS],
}

const HALF: u32 = 61;

impl Ids {
    fn new(key: u64) -> Self {
        Self { keys: round_keys(key) }
    }

    /// The ids of a run's payments.
    pub fn of_payments(key: u64) -> Self {
        Self::new(hash(key, 0x1d5))
    }

    /// The end-to-end transaction references of a run's wires.
    pub fn of_wires(key: u64) -> Self {
        Self::new(hash(key, 0x0e72))
    }

    /// The 128 bits of the index's UUID.
    pub fn id(&self, index: u64) -> u128 {
        let (mut high, mut low) = (index >> HALF, index & mask(HALF));
        for keys in self.keys.chunks_exact(2) {
            high ^= mix(low ^ keys[0]) & mask(HALF);
            low ^= mix(high ^ keys[1]) & mask(HALF);
        }
        with_version((u128::from(high) << HALF) | u128::from(low))
    }

    /// The index whose UUID this is; `None` where it is no UUID of this key.
    pub fn index(&self, id: u128) -> Option<u64> {
        let free = without_version(id);
        if with_version(free) != id {
            return None;
        }
        let (mut high, mut low) = ((free >> HALF) as u64, free as u64 & mask(HALF));
        for keys in self.keys.chunks_exact(2).rev() {
            low ^= mix(high ^ keys[1]) & mask(HALF);
            high ^= mix(low ^ keys[0]) & mask(HALF);
        }
        (high < 8).then_some((high << HALF) | low)
    }
}

/// Spreads 122 bits around the version (4) and the variant (binary 10) of a UUID.
pub const fn with_version(free: u128) -> u128 {
    let (head, middle, tail) = (free >> 74, (free >> 62) & 0xfff, free & ((1 << 62) - 1));
    (head << 80) | (4 << 76) | (middle << 64) | (2 << 62) | tail
}

const fn without_version(id: u128) -> u128 {
    ((id >> 80) << 74) | (((id >> 64) & 0xfff) << 62) | (id & ((1 << 62) - 1))
}

/// Appends a UUID in lower case with its hyphens.
pub fn push_uuid(id: u128, out: &mut String) {
    out.push_str(Uuid::from_u128(id).hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

/// Reads a UUID of 36 characters, either case.
pub fn parse_uuid(text: &str) -> Option<u128> {
    // The other notations that the crate reads have other lengths.
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36).map(|id| id.as_u128())
}

fn round_keys(key: u64) -> [u64; ROUNDS] {
    std::array::from_fn(|round| hash(key, round as u64))
}

const fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_value_of_a_small_domain_is_taken_once() {
        for size in 1..200 {
            let permutation = Permutation::new(size, 9);
            let mut seen: Vec<u64> = (0..size).map(|value| permutation.apply(value)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..size).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_uuid_is_read_in_either_case_but_in_one_notation() {
        let id = 0xc9a6_4664_8b5f_4b8e_9f3e_0d6f_1a2b_3c4d_u128;
        let text = "c9a64664-8b5f-4b8e-9f3e-0d6f1a2b3c4d";
        assert_eq!(parse_uuid(text), Some(id));
        assert_eq!(parse_uuid(&text.to_uppercase()), Some(id));
        let (simple, braced, urn) =
            (text.replace('-', ""), format!("{{{text}}}"), format!("urn:uuid:{text}"));
        let misplaced = format!("{simple}----");
        for wrong in
            [&simple, &braced, &urn, &misplaced, &text.replace('c', "g"), &text.replace('-', "a"), ""]
        {
            assert_eq!(parse_uuid(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_permutation_is_undone_by_its_inverse(size in 1..u64::MAX, key: u64, value: u64) {
            let permutation = Permutation::new(size, key);
            let value = value % size;
            let image = permutation.apply(value);
            prop_assert!(image < size);
            prop_assert_eq!(permutation.invert(image), value);
        }

        #[test]
        fn an_id_tells_its_index(key: u64, index: u64) {
            let ids = Ids::new(key);
            let mut text = String::new();
            push_uuid(ids.id(index), &mut text);
            prop_assert_eq!(&text[14..15], "4");
            prop_assert!("89ab".contains(&text[19..20]));
            prop_assert_eq!(parse_uuid(&text).and_then(|id| ids.index(id)), Some(index));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = parse_uuid(&text);
        }
    }
}
