//! Any bytes as a message: decode, validate, build rows.
//!
//! From `sink/`, with cargo-fuzz and a nightly compiler:
//! `mkdir -p fuzz/corpus && cargo +nightly fuzz run message_to_rows fuzz/corpus fuzz/seeds -- -max_total_time=600`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = sink::fuzzing::message_to_rows(bytes);
});
