//! Hashes that are the same on every machine and in every version: faults and digests rest on them.

/// Weyl increment: 2^64 divided by the golden ratio, odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A keyed hash of one number: the finalizer of `SplitMix64` over both.
pub const fn hash(key: u64, value: u64) -> u64 {
    scramble(key ^ scramble(value.wrapping_add(GOLDEN)))
}

/// Tells texts apart that differ by accident; not for adversaries. Sixteen hexadecimal digits.
pub fn digest(text: &str) -> String {
    let bytes = text.bytes().enumerate();
    let digest = bytes.fold(GOLDEN, |state, (at, byte)| hash(state, at as u64 ^ u64::from(byte) << 56));
    format!("{digest:016x}")
}

/// A fraction in `[0, 1)` of 53 random bits.
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

const fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_every_byte_and_its_place() {
        let digests = ["", "a", "b", "ab", "ba", "aa"].map(digest);
        for (at, one) in digests.iter().enumerate() {
            assert!(digests[at + 1..].iter().all(|other| one != other));
        }
    }
}
