//! Generated payments as the tables have them.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use producer::generator::{Config, Generator};
use schemas::layout::{cells, payment_of, type_name};
use std::collections::HashSet;

#[test]
fn every_generated_payment_is_read_back_from_its_cells() {
    let config = Config { num_records: 3_000, anomaly_rate: 0.05, ..Config::default() };
    let generator = Generator::new(config).unwrap();
    let mut rails = HashSet::new();
    for payment in (0..3_000).map(|index| generator.payment(index)) {
        rails.insert(type_name(payment.payment_header.as_ref().unwrap().payment_type()));
        let mut row = Vec::new();
        cells(&payment, |column, value| row.push((column, value.to_vec())));
        let back = payment_of(row.iter().map(|(column, value)| (*column, value.as_slice())));
        assert_eq!(back, Ok(payment));
    }
    assert_eq!(rails.len(), 7, "{rails:?}");
}
