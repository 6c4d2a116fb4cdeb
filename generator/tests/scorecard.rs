//! The scorecard of a million payments is clean for every preset; `PAYMENTS_SCORECARD` sets another number of payments.
#![allow(clippy::unwrap_used)]

use generator::{Config, Generator, Mix, Scorecard};

/// A debug build makes about a tenth of what a release build makes.
fn payments() -> u64 {
    let wanted = std::env::var("PAYMENTS_SCORECARD").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(if cfg!(debug_assertions) { 150_000 } else { 1_000_000 })
}

fn card(config: Config) -> Scorecard {
    Scorecard::of(&Generator::new(config).unwrap(), payments())
}

#[test]
fn the_payments_are_what_the_configuration_says() {
    for (seed, mix) in [(42, Mix::seed()), (1, Mix::us()), (2, Mix::eu())] {
        let card = card(Config { seed, mix, num_records: payments(), ..Config::default() });
        assert!(card.is_ok(), "{card:#?}");
    }
}

#[test]
fn injected_patterns_are_as_many_as_asked_for() {
    let card = card(Config { anomaly_rate: 0.02, num_records: payments(), ..Config::default() });
    assert!(card.is_ok(), "{card:#?}");
}

#[test]
fn a_scorecard_notices_what_is_off() {
    let generator = Generator::new(Config { num_records: payments(), ..Config::default() }).unwrap();
    let mut card = Scorecard::of(&generator, payments());
    let mean = card.lines.iter_mut().find(|line| line.what.starts_with("mean")).unwrap();
    mean.declared *= 1.5;
    assert!(!card.is_ok());
}
