//! The flags that say which payments there are.

use crate::customers::Customers;
use chrono::NaiveDate;
use generator::{Config, Generator, Mix, Profile};
use service::units::parse_count;
use service::{Error, files};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The built-in profile has 12 KB.
const PROFILE_BYTES: u64 = 1 << 20;

/// Which payments are made. Equal values give equal payments, on every machine.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct Generation {
    /// Payments of the whole run, over all shards.
    #[arg(long, env = "NUM_RECORDS", default_value_t = Self::default().num_records, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub num_records: u64,
    /// Customers that the payments are spread over; auto: as many as make a person's payments in these days.
    #[arg(long, env = "NUM_CUSTOMERS", default_value_t = Self::default().num_customers, value_name = "COUNT")]
    pub num_customers: Customers,
    /// First day of the payments, UTC.
    #[arg(long, env = "START_DATE", default_value_t = Self::default().start_date)]
    #[arg(value_parser = parse_date, value_name = "YYYY-MM-DD")]
    pub start_date: NaiveDate,
    /// Last day of the payments, UTC; it belongs to the range.
    #[arg(long, env = "END_DATE", default_value_t = Self::default().end_date)]
    #[arg(value_parser = parse_date, value_name = "YYYY-MM-DD")]
    pub end_date: NaiveDate,
    /// Seed of everything random.
    #[arg(long, env = "SEED", default_value_t = Self::default().seed)]
    pub seed: u64,
    /// Shares of the rails: seed, us, eu, or a list like ACH=0.4,CARD=0.6.
    #[arg(long, default_value = "seed", value_name = "MIX")]
    pub mix: Mix,
    /// How unevenly customers pay: 0 is evenly, 1 is as Zipf found it.
    #[arg(long, default_value_t = Self::default().customer_skew, value_name = "SKEW", allow_negative_numbers = true)]
    pub customer_skew: f64,
    /// Part of the payments that belong to injected fraud patterns, with the truth in their metadata; 0 to 0.5.
    #[arg(long, default_value_t = Self::default().anomaly_rate, value_name = "RATE", allow_negative_numbers = true)]
    pub anomaly_rate: f64,
    /// TOML file with amounts, calendars, return rates and the like; `producer profile` prints the built-in one.
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
}

/// A flag with its value, and the variable that speaks for it where it is left out; empty for none.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    flag: &'static str,
    value: String,
    variable: &'static str,
}

impl Default for Generation {
    fn default() -> Self {
        let Config {
            seed,
            num_records,
            num_customers,
            start_date,
            end_date,
            mix,
            customer_skew,
            anomaly_rate,
            profile: _,
        } = Config::default();
        Self {
            num_records,
            num_customers: Customers::Count(num_customers),
            start_date,
            end_date,
            seed,
            mix,
            customer_skew,
            anomaly_rate,
            profile: None,
        }
    }
}

pub(crate) fn parse_date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "not a day of the calendar; write it as 2024-03-31".to_owned())
}

impl Generation {
    /// The run's generator, or which flag, or which line of the profile, is wrong.
    pub fn generator(&self) -> Result<Arc<Generator>, crate::error::Error> {
        Ok(Arc::new(Generator::new(self.config()?)?))
    }

    /// The flags that are not as they would be without any, for a command line: each with a space before it.
    pub fn flags(&self) -> String {
        let usual = Self::default().said();
        // Where a variable is set, it would speak for a flag that is left out.
        let is_set = |variable: &str| {
            !variable.is_empty() && std::env::var_os(variable).is_some_and(|value| !value.is_empty())
        };
        let said = self.said().into_iter().zip(usual);
        said.filter(|(Said { value, variable, .. }, usual)| {
            !value.is_empty() && (*value != usual.value || is_set(variable))
        })
        .map(|(Said { flag, value, .. }, _)| [" ", flag, " ", &value].concat())
        .collect()
    }

    fn said(&self) -> [Said; 9] {
        let Self {
            num_records,
            num_customers,
            start_date,
            end_date,
            seed,
            mix,
            customer_skew,
            anomaly_rate,
            profile,
        } = self;
        let profile = profile.as_ref().map_or(String::new(), |path| path.display().to_string());
        [
            ("--num-records", num_records.to_string(), "NUM_RECORDS"),
            ("--num-customers", num_customers.to_string(), "NUM_CUSTOMERS"),
            ("--start-date", start_date.to_string(), "START_DATE"),
            ("--end-date", end_date.to_string(), "END_DATE"),
            ("--seed", seed.to_string(), "SEED"),
            ("--mix", mix.to_string(), ""),
            ("--customer-skew", customer_skew.to_string(), ""),
            ("--anomaly-rate", anomaly_rate.to_string(), ""),
            ("--profile", profile, ""),
        ]
        .map(|(flag, value, variable)| Said { flag, value, variable })
    }

    /// The generator's configuration by these flags.
    pub fn config(&self) -> Result<Config, Error> {
        Ok(self.num_customers.settle(Config {
            seed: self.seed,
            num_records: self.num_records,
            start_date: self.start_date,
            end_date: self.end_date,
            mix: self.mix.clone(),
            customer_skew: self.customer_skew,
            anomaly_rate: self.anomaly_rate,
            profile: read_profile(self.profile.as_deref())?,
            ..Config::default()
        }))
    }
}

/// The profile of a file, or the built-in one.
pub(crate) fn read_profile(path: Option<&Path>) -> Result<Arc<Profile>, Error> {
    let Some(path) = path else { return Ok(Profile::built_in()) };
    let refuse = |problem: String| {
        let value = path.display().to_string();
        Error::Flag { flag: "--profile", value, problem }
    };
    let text =
        files::read_text(path, PROFILE_BYTES).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let profile = Profile::from_toml(&text).map_err(|error| refuse(format!("is refused: {error}")))?;
    Ok(Arc::new(profile))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        generation: Generation,
    }

    #[test]
    fn unusual_flags_can_be_given_again() {
        let given = ["run", "--num-records", "5000", "--mix", "ACH=0.25,WIRE=0.75", "--profile", "my.toml"];
        let parsed = Flags::parse_from(given).generation;
        let said = parsed.flags();
        assert_eq!(said, " --num-records 5000 --mix ACH=0.25,WIRE=0.75 --profile my.toml");
        let again = Flags::parse_from(std::iter::once("run").chain(said.split_whitespace())).generation;
        assert_eq!(again.said(), parsed.said());
        assert_eq!(Flags::parse_from(["run"]).generation.flags(), "");
    }
}
