//! A run's configuration, and why one is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use crate::mix::{Mix, Rail};
use crate::profile::{Profile, Side};
use crate::random::{hash, mix};

/// Changes whenever any payment of any configuration changes by a byte; travels in `metadata.generator_version`.
pub const GENERATOR_VERSION: &str = "2";

/// Most days that a range may have.
pub const MAX_DAYS: i64 = 3_660;

/// Most customers: their ids stay short and their permutation fits.
const MAX_CUSTOMERS: u64 = 1_000_000_000_000;

/// A run: equal configurations give equal payments, byte for byte.
#[derive(Clone, Debug)]
pub struct Config {
    pub seed: u64,
    pub num_records: u64,
    pub num_customers: u64,
    /// First day, in UTC.
    pub start_date: NaiveDate,
    /// Last day, in UTC, inclusive.
    pub end_date: NaiveDate,
    pub mix: Mix,
    /// Exponent of the customers' activity: 0 makes all as active, 1 is Zipf's law.
    pub customer_skew: f64,
    /// Part of the payments that belong to injected patterns; 0 for none.
    pub anomaly_rate: f64,
    pub profile: Arc<Profile>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 42,
            num_records: 1_000_000,
            num_customers: 1_000,
            start_date: NaiveDate::from_ymd_opt(2024, 3, 1).expect("a date of the calendar"),
            end_date: NaiveDate::from_ymd_opt(2024, 3, 31).expect("a date of the calendar"),
            mix: Mix::seed(),
            customer_skew: 0.8,
            anomaly_rate: 0.0,
            profile: Profile::built_in(),
        }
    }
}

/// Why a configuration was refused: one line that names the flag and says what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    #[error("--num-records is 0: ask for at least one payment")]
    NoRecords,
    #[error("--num-customers {0} is out of range: use 1 to 1000000000000")]
    Customers(u64),
    #[error("--end-date {end} is before --start-date {start}: the range must have at least one day")]
    Backwards { start: NaiveDate, end: NaiveDate },
    #[error("--end-date {end} makes the range {days} days long: at most {MAX_DAYS} are possible")]
    TooLong { end: NaiveDate, days: i64 },
    #[error("--{flag} {date} is out of range: use dates from 1971-01-01 to 2199-12-31")]
    Year { flag: &'static str, date: NaiveDate },
    #[error("--customer-skew {0} is out of range: use 0 (all as active) to 5")]
    Skew(String),
    #[error("--update-share {0} is out of range: use 0 (no updates) to 1 (every payment)")]
    UpdateShare(String),
    #[error("--anomaly-rate {0} is out of range: use 0 (none) to 0.5")]
    AnomalyRate(String),
    #[error(
        "--num-records {records} does not fit --end-date {end}: every payment has its own microsecond, so this range \
         and mix hold at most {limit}; use fewer records or a later end date"
    )]
    TooManyRecords { records: u64, end: NaiveDate, limit: u64 },
    #[error(
        "--mix gives {rail} {share} of the payments, but from {start} to --end-date {end} there is no time at which it \
         works (weekends, holidays, cut-offs): use a longer range or a mix without {rail}"
    )]
    NoBusinessTime { rail: &'static str, share: f64, start: NaiveDate, end: NaiveDate },
    #[error(
        "--mix uses {rail}, for which the profile has no flow: add rails.{rail} or use a mix without {rail}"
    )]
    NoFlow { rail: &'static str },
}

/// How many payments a person makes in a month: 48 in October 2024 (Federal Reserve Banks, Survey and Diary of Consumer
/// Payment Choice).
pub const MONTHLY_PAYMENTS: f64 = 48.0;

impl Config {
    /// How many payments each person among the customers makes in a month of 30.4 days, on average.
    pub fn monthly_payments(&self) -> f64 {
        let people = self.num_customers as f64 * (1.0 - self.profile.customers.businesses);
        self.by_people() / people.max(1.0)
    }

    /// The number of customers with which people make as many payments a month as people do.
    pub fn fitting_customers(&self) -> u64 {
        let people = self.by_people() / MONTHLY_PAYMENTS;
        let all = people / (1.0 - self.profile.customers.businesses).max(0.01);
        (all.ceil() as u64).clamp(1, MAX_CUSTOMERS)
    }

    /// The payments that people make in a month of the run.
    fn by_people(&self) -> f64 {
        let of_rail = |rail: Rail| {
            let flows = self.profile.rails.get(&rail).into_iter().flat_map(BTreeMap::values);
            let (mut people, mut all) = (0.0, 0.0);
            for flow in flows {
                all += flow.share;
                people += if flow.from == Side::Person { flow.share } else { 0.0 };
            }
            self.mix.share(rail) * people / f64::max(all, f64::MIN_POSITIVE)
        };
        let part: f64 = Rail::ALL.into_iter().map(of_rail).sum();
        let days = ((self.end_date - self.start_date).num_days() + 1).max(1) as f64;
        self.num_records as f64 * part / (days / (365.25 / 12.0))
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let (start, end) = (self.start_date, self.end_date);
        if self.num_records == 0 {
            return Err(ConfigError::NoRecords);
        }
        if !(1..=MAX_CUSTOMERS).contains(&self.num_customers) {
            return Err(ConfigError::Customers(self.num_customers));
        }
        for (flag, date) in [("start-date", start), ("end-date", end)] {
            if !(1971..=2199).contains(&date.year()) {
                return Err(ConfigError::Year { flag, date });
            }
        }
        if end < start {
            return Err(ConfigError::Backwards { start, end });
        }
        let days = (end - start).num_days() + 1;
        if days > MAX_DAYS {
            return Err(ConfigError::TooLong { end, days });
        }
        if !(0.0..=5.0).contains(&self.customer_skew) {
            return Err(ConfigError::Skew(self.customer_skew.to_string()));
        }
        if !(0.0..=0.5).contains(&self.anomaly_rate) {
            return Err(ConfigError::AnomalyRate(self.anomaly_rate.to_string()));
        }
        Ok(())
    }

    /// Why there is no payment of a rail in the range.
    pub(crate) fn no_time(&self, rail: Rail) -> ConfigError {
        if self.profile.rails.get(&rail).is_none_or(BTreeMap::is_empty) {
            return ConfigError::NoFlow { rail: rail.name() };
        }
        let (start, end) = (self.start_date, self.end_date);
        ConfigError::NoBusinessTime { rail: rail.name(), share: self.mix.share(rail), start, end }
    }

    /// First and last day, counted from 1970-01-01.
    pub(crate) fn days(&self) -> (i32, i32) {
        let day = |date: NaiveDate| (date - NaiveDate::default()).num_days() as i32;
        (day(self.start_date), day(self.end_date))
    }

    /// A digest of everything that ordinary payments depend on.
    ///
    /// The anomaly rate is left out, so that injecting patterns changes no byte of the other payments.
    pub(crate) fn digest(&self) -> u64 {
        let text = format!(
            "{GENERATOR_VERSION}|{}|{}|{}|{}|{}|{}|{}|{:?}",
            self.seed,
            self.num_records,
            self.num_customers,
            self.start_date,
            self.end_date,
            self.mix,
            self.customer_skew,
            self.profile
        );
        digest(&text)
    }
}

/// A number that stands for a text.
pub(crate) fn digest(text: &str) -> u64 {
    let (mut high, mut low) = (mix(1), mix(2));
    for chunk in text.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        high = hash(high, u64::from_le_bytes(word));
        low = hash(low ^ high, u64::from_le_bytes(word).rotate_left(32) ^ chunk.len() as u64);
    }
    high ^ low
}
