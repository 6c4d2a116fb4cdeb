//! The producer's flags.

use crate::generator::{Config, Mix};
use crate::shard::Shard;
use chrono::NaiveDate;
use service::Error;
use service::units::{parse_bytes, parse_duration};
use std::time::Duration;

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
    #[arg(long, default_value_t = Config::default().customer_skew, value_name = "SKEW")]
    pub customer_skew: f64,
}

fn parse_date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "not a day of the calendar; write it as 2024-03-31".to_owned())
}

impl Generation {
    /// As the generator takes it.
    pub fn config(&self) -> Config {
        Config {
            seed: self.seed,
            num_records: self.num_records,
            num_customers: self.num_customers,
            start_date: self.start_date,
            end_date: self.end_date,
            mix: self.mix.clone(),
            customer_skew: self.customer_skew,
            ..Config::default()
        }
    }
}

/// How payments are published.
#[derive(Clone, Debug, clap::Args)]
pub struct Publishing {
    /// Topic to publish to: an id, or projects/PROJECT/topics/ID.
    #[arg(long, env = "PAYMENTS_TOPIC", default_value = "payments", value_name = "TOPIC")]
    pub topic: String,
    /// This producer's share of the run, I of N, counted from 0.
    #[arg(long, default_value = "0/1", value_name = "I/N")]
    pub shard: Shard,
    /// First index to publish; with the resume point of a stopped run, goes on where that stopped.
    #[arg(long, default_value_t = 0, value_name = "INDEX")]
    pub start_index: u64,
    /// Index to stop before.
    #[arg(long, value_name = "INDEX")]
    pub end_index: Option<u64>,
    /// Most messages published and not yet confirmed.
    #[arg(long, default_value_t = 20_000, value_name = "COUNT")]
    pub max_in_flight: usize,
    /// Most bytes published and not yet confirmed.
    #[arg(long, default_value = "64MiB", value_parser = parse_bytes, value_name = "BYTES")]
    pub max_in_flight_bytes: u64,
    /// How long a message is tried before the run stops.
    #[arg(long, default_value = "2m", value_parser = parse_duration, value_name = "DURATION")]
    pub publish_timeout: Duration,
}

impl Publishing {
    /// The indices to publish of a run of `records`; refuses what cannot be, naming the flag.
    pub fn range(&self, records: u64) -> Result<std::ops::Range<u64>, Error> {
        let shard = self.shard.range(records);
        let end = self.end_index.unwrap_or(records);
        if end > records || self.start_index > end {
            let (flag, value) = match self.end_index {
                Some(end) if end > records || self.start_index <= records => ("--end-index", end),
                _ => ("--start-index", self.start_index),
            };
            let problem = format!("is outside the run: indices go from --start-index up to {records}");
            return Err(Error::Flag { flag, value: value.to_string(), problem });
        }
        let start = shard.start.max(self.start_index);
        Ok(start..shard.end.min(end).max(start))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.max_in_flight == 0 {
            let (flag, value) = ("--max-in-flight", "0".to_owned());
            return Err(Error::Flag { flag, value, problem: "must be at least 1".into() });
        }
        Ok(())
    }
}
