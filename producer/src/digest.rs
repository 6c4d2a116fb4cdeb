//! Digests of texts that are the same on every machine and in every version.

use generator::random::hash;

/// Any odd number will do.
const START: u64 = 0x9e37_79b9_7f4a_7c15;

/// Tells texts apart that differ by accident; not for adversaries. Sixteen hexadecimal digits.
pub fn digest(text: &str) -> String {
    let bytes = text.bytes().enumerate();
    let digest = bytes.fold(START, |state, (at, byte)| hash(state, at as u64 ^ u64::from(byte) << 56));
    format!("{digest:016x}")
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
