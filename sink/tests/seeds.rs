//! The fuzz target's seeds, and generated payments, through the same checks.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use generator::{Config, Generator};
use prost::Message;
use sink::fuzzing::message_to_rows;
use std::path::Path;

/// The first word of a seed's name says what becomes of it.
#[test]
fn every_seed_ends_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut ends = Vec::new();
    for seed in std::fs::read_dir(folder).unwrap() {
        let seed = seed.unwrap();
        let name = seed.file_name().into_string().unwrap();
        let end = match message_to_rows(&std::fs::read(seed.path()).unwrap()) {
            Ok(_) => "row",
            Err(reject) => reject.reason(),
        };
        assert_eq!(name.split('-').next(), Some(end), "{name}");
        ends.push(end);
    }
    for end in ["row", "invalid", "undecodable"] {
        assert!(ends.contains(&end), "no seed ends as {end}");
    }
}

#[test]
fn what_the_generator_makes_is_always_a_row_and_survives_cuts_and_flips() {
    let generator = Generator::new(Config::default()).unwrap();
    for index in 0..300 {
        let mut bytes = generator.payment(index).encode_to_vec();
        assert!(message_to_rows(&bytes).unwrap() > 20);
        for step in 0..20 {
            let at = (index as usize * 31 + step * 97) % bytes.len();
            let _ = message_to_rows(&bytes[..at]);
            bytes[at] ^= 1 << (step % 8);
            let _ = message_to_rows(&bytes);
        }
    }
}
