//! No two payments of a run share an id, a microsecond, or a row key in any table.
//!
//! Every payment of the run is made and its id, time and keys are compared by sorting 64-bit digests of them (the times
//! and ids whole). A million payments; `PAYMENTS_UNIQUE=10000000` for ten million (about 600 MB).
#![allow(clippy::unwrap_used)]

use generator::{Buffer, Config, Generator};
use schemas::layout::{KeySuffix, PerTable, row_key};

fn payments() -> u64 {
    let wanted = std::env::var("PAYMENTS_UNIQUE").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(if cfg!(debug_assertions) { 200_000 } else { 1_000_000 })
}

/// FNV-1a, then a final mix: 64 bits, of which ten million differ with a probability of 0.999997.
fn digest(bytes: &[u8]) -> u64 {
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (sum ^ (sum >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn repeated<T: Ord + Copy>(mut values: Vec<T>) -> usize {
    values.sort_unstable();
    values.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

#[test]
fn ids_times_and_row_keys_never_repeat() {
    let payments = payments();
    let day = "2024-03-13".parse().unwrap();
    // Ten customers in one day: where equal keys were most likely.
    let dense = Config {
        num_records: payments,
        num_customers: 10,
        start_date: day,
        end_date: day,
        ..Config::default()
    };
    for config in [Config { num_records: payments, ..Config::default() }, dense] {
        let generator = Generator::new(config).unwrap();
        let room = || Vec::<u64>::with_capacity(payments as usize);
        let (mut ids, mut times, mut keys) = (Vec::new(), room(), PerTable::from_fn(|_| room()));
        let mut buffer = Buffer::default();
        for index in 0..payments {
            let payment = generator.fill(index, &mut buffer);
            let header = payment.payment_header.as_ref().unwrap();
            ids.push(uuid::Uuid::parse_str(&header.payment_id).unwrap().as_u128());
            times.push(header.created_at_micros as u64);
            for (table, keys) in &mut keys {
                keys.push(digest(&row_key(payment, table, KeySuffix::None)));
            }
        }
        assert_eq!(repeated(ids), 0, "ids");
        assert_eq!(repeated(times), 0, "times");
        for (table, keys) in keys {
            assert_eq!(repeated(keys), 0, "{}", table.id());
        }
    }
}
