//! Rules of ACH, checks, instant payments and apps, on ranges around the days on which they change.
#![allow(clippy::unwrap_used)]

mod ach;
mod checks;
mod instant;
mod people;

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use generator::{Config, Generator, Profile};
use schemas::Payment;
use schemas::payment::{Party, PaymentStatus};

fn run(mix: &str, from: &str, to: &str, num_records: u64, profile: &str) -> impl Iterator<Item = Payment> {
    let config = Config {
        num_records,
        start_date: day(from),
        end_date: day(to),
        mix: mix.parse().unwrap(),
        profile: Arc::new(Profile::from_toml(profile).unwrap()),
        ..Config::default()
    };
    let generator = Generator::new(config).unwrap();
    (0..num_records).map(move |index| generator.payment(index))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no date"))
}

fn utc(micros: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(micros).unwrap().naive_utc()
}

fn created(payment: &Payment) -> NaiveDateTime {
    utc(payment.payment_header.as_ref().unwrap().created_at_micros)
}

fn updated(payment: &Payment) -> NaiveDateTime {
    utc(payment.payment_header.as_ref().unwrap().updated_at_micros)
}

/// Eastern daylight time: for ranges between the changes of the clocks.
fn eastern(utc: NaiveDateTime) -> NaiveDateTime {
    utc - TimeDelta::hours(4)
}

fn status(payment: &Payment) -> PaymentStatus {
    payment.payment_header.as_ref().unwrap().status()
}

fn reason(payment: &Payment) -> &str {
    &payment.processing_info.as_ref().unwrap().reason_code
}

fn settlement(payment: &Payment) -> Option<NaiveDate> {
    let date = &payment.processing_info.as_ref().unwrap().settlement_date;
    (!date.is_empty()).then(|| day(date))
}

fn cents(payment: &Payment) -> i64 {
    payment.amount.as_ref().unwrap().minor_units
}

fn from(payment: &Payment) -> &Party {
    payment.parties.as_ref().unwrap().originator.as_ref().unwrap()
}

fn to(payment: &Payment) -> &Party {
    payment.parties.as_ref().unwrap().counterparty.as_ref().unwrap()
}

/// Banking days of ranges in which the Reserve Banks have no holiday.
fn banking_days_after(mut day: NaiveDate, count: u32) -> NaiveDate {
    for _ in 0..count {
        day = day + Days::new(if day.weekday() == Weekday::Fri { 3 } else { 1 });
    }
    day
}
