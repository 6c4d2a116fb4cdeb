//! Rules that hold for every payment of every configuration.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use chrono::NaiveDate;
use generator::{Buffer, Config, ConfigError, GENERATOR_VERSION, Generator, Mix, Rail};
use prost::Message;
use schemas::Payment;
use schemas::layout::{KeySuffix, Table, row_key};
use schemas::payment::PaymentType;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn generator(config: Config) -> Generator {
    Generator::new(config).unwrap()
}

fn created(payment: &Payment) -> i64 {
    payment.payment_header.as_ref().unwrap().created_at_micros
}

fn configurations() -> Vec<Config> {
    let base = Config { num_records: 4_000, ..Config::default() };
    let mix = |text: &str| text.parse::<Mix>().unwrap();
    vec![
        base.clone(),
        Config { seed: 7, mix: mix("us"), ..base.clone() },
        Config { seed: u64::MAX, mix: mix("eu"), num_customers: 1_000_000, ..base.clone() },
        Config { num_customers: 1, ..base.clone() },
        Config { num_customers: 3, mix: mix("SEPA=1"), customer_skew: 0.0, ..base.clone() },
        Config { start_date: date("2024-03-13"), end_date: date("2024-03-13"), ..base.clone() },
        Config {
            start_date: date("2023-10-01"),
            end_date: date("2025-03-31"),
            customer_skew: 1.0,
            ..base.clone()
        },
        Config {
            start_date: date("1971-01-01"),
            end_date: date("1971-03-01"),
            mix: mix("CARD=1,P2P=1"),
            ..base.clone()
        },
        Config { num_records: 1, ..base },
    ]
}

#[test]
fn every_payment_is_valid_and_inside_the_range() {
    for config in configurations() {
        let (start, end) = (config.start_date, config.end_date);
        let generator = generator(config);
        for index in 0..generator.config().num_records {
            let payment = generator.payment(index);
            schemas::validate(&payment).unwrap_or_else(|invalid| panic!("{invalid}: {payment:?}"));
            let header = payment.payment_header.as_ref().unwrap();
            let day = chrono::DateTime::from_timestamp_micros(header.created_at_micros).unwrap().date_naive();
            assert!((start..=end).contains(&day), "{day}");
            let seen =
                chrono::DateTime::from_timestamp_micros(header.updated_at_micros).unwrap().date_naive();
            assert!(seen <= end.succ_opt().unwrap());
            let metadata = payment.metadata.as_ref().unwrap();
            assert_eq!(metadata.record_index, index);
            assert_eq!(metadata.generator_version, GENERATOR_VERSION);
            assert_eq!(metadata.run_id, generator.run_id());
        }
    }
}

#[test]
fn a_payment_is_the_same_whoever_makes_it_and_in_whatever_buffer() {
    let one = generator(Config { num_records: 5_000, ..Config::default() });
    let other = generator(Config { num_records: 5_000, ..Config::default() });
    assert_eq!(one.run_id(), other.run_id());
    let mut buffer = Buffer::default();
    for index in (0..5_000).rev() {
        let payment = other.payment(index);
        assert_eq!(one.payment(index).encode_to_vec(), payment.encode_to_vec());
        let reused = one.fill(index, &mut buffer);
        assert_eq!(*reused, payment, "a buffer left something over at {index}");
    }
}

#[test]
fn an_id_leads_back_to_its_index_and_others_lead_nowhere() {
    let generator = generator(Config { num_records: 10_000, ..Config::default() });
    for index in [0, 1, 77, 9_999] {
        let id = generator.payment_id(index);
        assert_eq!(generator.index_of(&id), Some(index));
        assert_eq!(generator.payment(index).payment_header.unwrap().payment_id, id);
    }
    assert_eq!(generator.index_of(&generator.payment_id(10_000)), None);
    assert_eq!(generator.index_of("00000000-0000-4000-8000-000000000000"), None);
    assert_eq!(generator.index_of("no id"), None);
}

#[test]
fn ids_and_row_keys_are_unique_with_ten_customers_in_a_day() {
    let day = date("2024-03-13");
    let config = Config {
        num_records: 200_000,
        num_customers: 10,
        start_date: day,
        end_date: day,
        ..Config::default()
    };
    let generator = generator(config);
    let mut ids = HashSet::new();
    let mut times = HashSet::new();
    let mut keys = HashSet::new();
    for index in 0..200_000 {
        let payment = generator.payment(index);
        assert!(times.insert(created(&payment)));
        assert!(keys.insert(row_key(&payment, Table::ByCustomer, KeySuffix::None)));
        assert!(keys.insert(row_key(&payment, Table::ByDate, KeySuffix::None)));
        assert!(keys.insert(row_key(&payment, Table::ByTransaction, KeySuffix::None)));
        assert!(ids.insert(payment.payment_header.unwrap().payment_id));
    }
}

#[test]
fn the_mix_is_exact() {
    let generator = generator(Config { num_records: 20_000, ..Config::default() });
    let mut counts = [0_u64; 8];
    for index in 0..20_000 {
        counts[generator.payment(index).payment_header.unwrap().payment_type as usize] += 1;
    }
    for rail in Rail::ALL {
        let expected = Mix::seed().share(rail) * 20_000.0;
        assert!((counts[rail.payment_type() as usize] as f64 - expected).abs() <= 1.0, "{}", rail.name());
    }
}

#[test]
fn times_come_shuffled() {
    let generator = generator(Config { num_records: 10_000, ..Config::default() });
    let times: Vec<i64> = (0..10_000).map(|index| created(&generator.payment(index))).collect();
    let rising = times.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((4_700..5_300).contains(&rising), "{rising}");
}

#[test]
fn banks_rest_on_weekends_and_holidays() {
    use chrono::Datelike;
    let generator = generator(Config { num_records: 60_000, ..Config::default() });
    let mut night_cards = 0;
    for index in 0..60_000 {
        let payment = generator.payment(index);
        let time = chrono::DateTime::from_timestamp_micros(created(&payment)).unwrap();
        let rail = payment.payment_header.as_ref().unwrap().payment_type();
        // Nine in the morning in the west is late on the same day in UTC: local Saturdays reach into UTC Sundays and
        // back.
        let is_sunday_noon = time.weekday() == chrono::Weekday::Sun && time.to_string().contains(" 17:");
        if matches!(rail, PaymentType::Ach | PaymentType::Wire | PaymentType::Check) {
            assert!(!is_sunday_noon, "{time} {rail:?}");
        }
        if rail == PaymentType::Card && time.to_string().contains(" 07:") {
            night_cards += 1;
        }
    }
    assert!(night_cards > 50);
}

#[test]
fn a_wrong_configuration_is_refused_with_its_flag_and_the_way_out() {
    let message = |config: Config| {
        let message = Generator::new(config).unwrap_err().to_string();
        assert!(!message.contains('\n'));
        message
    };
    let base = Config::default();
    assert!(message(Config { num_records: 0, ..base.clone() }).contains("--num-records"));
    assert!(message(Config { num_customers: 0, ..base.clone() }).contains("--num-customers 0"));
    assert!(
        message(Config { end_date: date("2024-02-01"), ..base.clone() }).contains("--end-date 2024-02-01")
    );
    assert!(message(Config { end_date: date("2054-02-01"), ..base.clone() }).contains("at most 3660"));
    assert!(message(Config { start_date: date("1969-02-01"), ..base.clone() }).contains("--start-date"));
    assert!(message(Config { customer_skew: f64::NAN, ..base.clone() }).contains("--customer-skew NaN"));
    assert!(message(Config { customer_skew: -1.0, ..base.clone() }).contains("--customer-skew -1"));
    assert!(message(Config { anomaly_rate: 1.0, ..base.clone() }).contains("--anomaly-rate 1"));
    let sunday = date("2024-03-10");
    let weekend = message(Config { start_date: sunday, end_date: sunday, ..base });
    assert!(weekend.contains("--mix gives ACH 0.3") && weekend.contains("longer range"), "{weekend}");
}

#[test]
fn more_records_than_microseconds_are_refused_with_the_limit_and_the_limit_works() {
    let config = |num_records| Config { num_records, ..Config::default() };
    let Err(ConfigError::TooManyRecords { limit, .. }) = Generator::new(config(u64::MAX)) else {
        panic!("not refused")
    };
    assert!(limit > 200_000_000_000, "{limit}");
    let error = Generator::new(config(limit + limit / 1_000)).unwrap_err().to_string();
    assert!(error.contains("--num-records") && error.contains("at most"), "{error}");
    let generator = generator(config(limit));
    schemas::validate(&generator.payment(limit - 1)).unwrap();
}
