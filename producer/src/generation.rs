//! The flags that say which payments there are.

use chrono::NaiveDate;
use generator::{Config, Generator, Mix, Profile};
use service::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is generated. Equal values give equal payments, on every machine.
#[derive(Clone, Debug, clap::Args)]
pub struct Generation {
    /// Payments of the whole run, over all shards.
    #[arg(long, env = "NUM_RECORDS", default_value_t = 1_000_000, value_name = "COUNT")]
    pub num_records: u64,
    /// Customers that the payments are spread over.
    #[arg(long, env = "NUM_CUSTOMERS", default_value_t = 1_000, value_name = "COUNT")]
    pub num_customers: u64,
    /// First day of the payments, UTC.
    #[arg(long, env = "START_DATE", default_value = "2024-03-01", value_parser = parse_date, value_name = "YYYY-MM-DD")]
    pub start_date: NaiveDate,
    /// Last day of the payments, UTC; it belongs to the range.
    #[arg(long, env = "END_DATE", default_value = "2024-03-31", value_parser = parse_date, value_name = "YYYY-MM-DD")]
    pub end_date: NaiveDate,
    /// Seed of everything random.
    #[arg(long, env = "SEED", default_value_t = 42)]
    pub seed: u64,
    /// Shares of the rails: seed, us, eu, or a list like ACH=0.4,CARD=0.6.
    #[arg(long, default_value = "seed", value_name = "MIX")]
    pub mix: Mix,
    /// How unevenly customers pay: 0 is evenly, 1 is as Zipf found it.
    #[arg(long, default_value_t = Config::default().customer_skew, value_name = "SKEW", allow_negative_numbers = true)]
    pub customer_skew: f64,
    /// Part of the payments that belong to injected fraud patterns, with the truth in their metadata; 0 to 0.5.
    #[arg(long, default_value_t = 0.0, value_name = "RATE", allow_negative_numbers = true)]
    pub anomaly_rate: f64,
    /// TOML file with amounts, calendars, return rates and the like; `producer profile` prints the built-in one.
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
}

pub(crate) fn parse_date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "not a day of the calendar; write it as 2024-03-31".to_owned())
}

impl Generation {
    /// The run's generator, or which flag, or which line of the profile, is wrong.
    pub fn generator(&self) -> Result<Arc<Generator>, crate::Error> {
        Ok(Arc::new(Generator::new(self.config()?)?))
    }

    /// The flags that are not as they would be without any, for a command line: each with a space before it.
    pub fn flags(&self) -> String {
        #[derive(clap::Parser)]
        struct Usual {
            #[command(flatten)]
            generation: Generation,
        }
        let usual = <Usual as clap::Parser>::try_parse_from(["usual"]).map(|usual| usual.generation.said());
        let usual = usual.unwrap_or_default();
        let differs = |flag: &(&str, String)| !flag.1.is_empty() && !usual.contains(flag);
        self.said()
            .into_iter()
            .filter(differs)
            .map(|(name, value)| [" ", name, " ", &value].concat())
            .collect()
    }

    fn said(&self) -> Vec<(&'static str, String)> {
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
        vec![
            ("--num-records", num_records.to_string()),
            ("--num-customers", num_customers.to_string()),
            ("--start-date", start_date.to_string()),
            ("--end-date", end_date.to_string()),
            ("--seed", seed.to_string()),
            ("--mix", mix.to_string()),
            ("--customer-skew", customer_skew.to_string()),
            ("--anomaly-rate", anomaly_rate.to_string()),
            ("--profile", profile),
        ]
    }

    /// What the flags say of the payments.
    pub fn config(&self) -> Result<Config, Error> {
        Ok(Config {
            seed: self.seed,
            num_records: self.num_records,
            num_customers: self.num_customers,
            start_date: self.start_date,
            end_date: self.end_date,
            mix: self.mix.clone(),
            customer_skew: self.customer_skew,
            anomaly_rate: self.anomaly_rate,
            profile: read_profile(self.profile.as_deref())?,
        })
    }
}

/// The profile of a file, or the built-in one.
pub(crate) fn read_profile(path: Option<&Path>) -> Result<Arc<Profile>, Error> {
    let Some(path) = path else { return Ok(Profile::built_in()) };
    let refuse = |problem: String| {
        let value = path.display().to_string();
        Error::Flag { flag: "--profile", value, problem }
    };
    let text = std::fs::read_to_string(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
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
