//! The generator's output is a contract: equal configurations give equal bytes for ever, or the version changes.
#![allow(clippy::unwrap_used)]

use generator::{Buffer, Config, GENERATOR_VERSION, Generator};
use prost::Message;
use sha2::{Digest, Sha256};

/// SHA-256 over the first 100,000 payments of seed 42, each as its length (four bytes, little endian) and its bytes.
///
/// Where this fails the output has changed: raise `GENERATOR_VERSION` and write both down here.
const GOLDEN: (&str, &str) = ("2", "75953a6e05e518c1a57a84bbc55794f1382270a23c13a23cfc93f806a6bb9ebb");

#[test]
fn the_first_hundred_thousand_payments_of_seed_42_are_fixed() {
    let generator = Generator::new(Config::default()).unwrap();
    let mut digest = Sha256::new();
    let mut buffer = Buffer::default();
    for index in 0..100_000 {
        let bytes = generator.fill(index, &mut buffer).encode_to_vec();
        digest.update((bytes.len() as u32).to_le_bytes());
        digest.update(&bytes);
    }
    let digest = digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!((GENERATOR_VERSION, digest.as_str()), GOLDEN, "run {}", generator.run_id());
}
