//! The flags of `producer trickle`.

use super::checkpoint::MOST_UPDATES;
use super::clock::Source;
use super::lives::{Lives, RateCurve};
use super::rate::{Burst, Rate};
use crate::generation::{parse_date, read_profile};
use crate::placement::place;
use crate::shard::Shard;
use chrono::NaiveDate;
use generator::{Config, Mix, midnight_micros};
use service::Error;
use service::units::{parse_count, parse_duration};
use std::path::PathBuf;
use std::time::Duration;

/// Publishes payments at a steady rate, with event times of now, until it is stopped.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct Options {
    /// Messages a second of real time, updates among them, of this producer alone: COUNT/s (COUNT alone is the same), COUNT/min or COUNT/h. What
    /// a pause makes it miss is skipped and reported, never made up for.
    #[arg(long, default_value_t = Self::default().rate, value_name = "RATE")]
    pub rate: Rate,
    #[command(flatten)]
    pub lives: Lives,
    /// FACTORx/LENGTH@EVERY: five times the rate for 30 s once every 10 minutes is 5x/30s@10m. May be given more than
    /// once; where bursts meet, the greatest counts.
    #[arg(long, value_name = "BURST")]
    pub burst: Vec<Burst>,
    /// Speed of a simulated clock, 60 for a day in 24 minutes: event times, calendars and updates follow it; rate,
    /// bursts and duration stay real.
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub time_scale: Option<f64>,
    /// Day on which a simulated clock starts, at midnight UTC; without it, now.
    #[arg(long, value_parser = parse_date, value_name = "YYYY-MM-DD")]
    pub start_date: Option<NaiveDate>,
    /// Stop after this time.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub duration: Option<Duration>,
    /// Stop after this many new payments.
    #[arg(long, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub num_records: Option<u64>,
    /// Most updates kept for later, 24 bytes each; payments beyond it stay PENDING, and are counted.
    #[arg(long, default_value_t = Self::default().max_pending_updates, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub max_pending_updates: usize,
    /// File that keeps the event clock and the updates to come, for the next run with the same flags; one for each
    /// producer.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Number of this producer, I of N, counted from 0: of N producers that run at once each uses other microseconds.
    /// Each has the whole --rate. Without it what the job that started it says, or 0/1.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Producers that run at once, where a Kubernetes indexed job says which one this is but not of how many.
    #[arg(long, env = "PAYMENTS_SHARDS", value_name = "N", value_parser = parse_count::<u64>)]
    pub shards: Option<u64>,
    /// Where the shard comes from, for the log.
    #[arg(skip)]
    pub shard_source: &'static str,
    /// Customers that the payments are spread over.
    #[arg(long, env = "NUM_CUSTOMERS", default_value_t = Self::default().num_customers, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub num_customers: u64,
    /// Seed of everything random.
    #[arg(long, env = "SEED", default_value_t = Self::default().seed)]
    pub seed: u64,
    /// Shares of the rails: seed, us, eu, or a list like ACH=0.4,CARD=0.6.
    #[arg(long, default_value = "seed", value_name = "MIX")]
    pub mix: Mix,
    /// How unevenly customers pay: 0 is evenly, 1 is as Zipf found it.
    #[arg(long, default_value_t = Self::default().customer_skew, value_name = "SKEW", allow_negative_numbers = true)]
    pub customer_skew: f64,
    /// Taken here to be refused with the reason.
    #[arg(long, hide = true, value_name = "RATE", allow_negative_numbers = true)]
    pub anomaly_rate: Option<f64>,
    /// TOML file with amounts, calendars, return rates and the like; `producer profile` prints the built-in one.
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Topic to publish to: an id, or projects/PROJECT/topics/ID.
    #[arg(long, env = "PAYMENTS_TOPIC", default_value_t = Self::default().topic, value_name = "TOPIC")]
    pub topic: String,
    /// Most messages published and not yet confirmed; while there are as many, slots are skipped.
    #[arg(long, default_value_t = Self::default().max_in_flight, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub max_in_flight: usize,
    /// Of so many messages one carries a trace (W3C traceparent), which the sink logs when it is written; 0 for none.
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub trace_every: u64,
    /// How long a message is tried before it counts as failed.
    #[arg(long, default_value = "2m", value_parser = parse_duration, value_name = "DURATION")]
    pub publish_timeout: Duration,
    /// How often a line of progress is logged.
    #[arg(long, default_value = "10s", value_parser = parse_duration, value_name = "DURATION")]
    pub progress_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let Config { seed, num_customers, mix, customer_skew, .. } = Config::default();
        Self {
            rate: Rate { per_second: 50.0 },
            lives: Lives::default(),
            burst: Vec::new(),
            time_scale: None,
            start_date: None,
            duration: None,
            num_records: None,
            max_pending_updates: 1_000_000,
            checkpoint: None,
            shard: None,
            shards: None,
            shard_source: "",
            num_customers,
            seed,
            mix,
            customer_skew,
            anomaly_rate: None,
            profile: None,
            topic: "payments".to_owned(),
            max_in_flight: 20_000,
            trace_every: 0,
            publish_timeout: Duration::from_mins(2),
            progress_every: Duration::from_secs(10),
        }
    }
}

/// A microsecond is used once: so many messages a second there are room for on a clock that runs at the real speed.
const MOST_A_SECOND: f64 = 1_000_000.0;
/// The busiest hours of the calendars have about a third of this times the mean.
const CALENDAR_PEAK: f64 = 10.0;
const FASTEST_CLOCK: f64 = 1_000_000.0;

impl Options {
    /// Which flag cannot work, if one cannot.
    pub(super) fn check(&self) -> Result<(), Error> {
        let positive = [
            ("--max-in-flight", self.max_in_flight == 0),
            ("--progress-every", self.progress_every.is_zero()),
        ];
        if let Some((flag, _)) = positive.into_iter().find(|(_, wrong)| *wrong) {
            let (value, least) =
                if flag == "--max-in-flight" { ("0".to_owned(), "1") } else { ("0s".to_owned(), "1ms") };
            return Err(Error::Flag { flag, value, problem: format!("is too small: use at least {least}") });
        }
        if let Some(rate) = self.anomaly_rate.filter(|rate| *rate != 0.0) {
            let problem =
                "is for loads with an end, over whose dates fraud patterns are laid: leave it out".into();
            return Err(Error::Flag { flag: "--anomaly-rate", value: rate.to_string(), problem });
        }
        if self.max_pending_updates > MOST_UPDATES {
            let (flag, value) = ("--max-pending-updates", self.max_pending_updates.to_string());
            let problem = format!("is more than a checkpoint can hold: use {MOST_UPDATES} at most");
            return Err(Error::Flag { flag, value, problem });
        }
        let scale = self.time_scale.unwrap_or(1.0);
        if !(scale > 0.0 && scale <= FASTEST_CLOCK) {
            let problem = format!("is out of range: use a number above 0, and {FASTEST_CLOCK} at most");
            return Err(Error::Flag { flag: "--time-scale", value: scale.to_string(), problem });
        }
        self.check_rate(scale)
    }

    fn check_rate(&self, scale: f64) -> Result<(), Error> {
        let peak = self.burst.iter().map(|burst| burst.factor).fold(1.0, f64::max);
        let peak = if self.lives.rate_curve == RateCurve::Calendar { peak * CALENDAR_PEAK } else { peak };
        let most = MOST_A_SECOND * scale / self.shard().count() as f64 / peak;
        if self.rate.per_second <= most {
            return Ok(());
        }
        let (flag, value) = ("--rate", self.rate.to_string());
        let problem = format!(
            "is too high: every payment has its own microsecond, so with this number of shards, bursts, curve and time \
             scale {most:.0}/s are possible"
        );
        Err(Error::Flag { flag, value, problem })
    }

    /// Settles which shard this is, from the flags and the environment.
    pub fn place(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
        let (shard, source) = place(self.shard, self.shards, variable)?;
        (self.shard, self.shard_source) = (Some(shard), source);
        Ok(())
    }

    pub(super) fn shard(&self) -> Shard {
        self.shard.unwrap_or_default()
    }

    pub(super) fn config(&self) -> Result<Config, Error> {
        Ok(Config {
            seed: self.seed,
            num_customers: self.num_customers,
            start_date: self.start_date.unwrap_or(Config::default().start_date),
            end_date: self.start_date.unwrap_or(Config::default().end_date),
            mix: self.mix.clone(),
            customer_skew: self.customer_skew,
            profile: read_profile(self.profile.as_deref())?,
            ..Config::default()
        })
    }

    /// The event clock's source; a simulated one goes on after `last_micros` where a run before got so far.
    pub(super) fn source(&self, last_micros: Option<i64>, wall_micros: i64) -> Source {
        if !self.is_simulated() {
            return Source::Wall;
        }
        let start = || self.start_date.map_or(wall_micros, midnight_micros);
        let start_micros = last_micros.map_or_else(start, |last| last + 1);
        Source::Simulated { start_micros, scale: self.time_scale.unwrap_or(1.0) }
    }

    pub(super) fn is_simulated(&self) -> bool {
        self.start_date.is_some() || self.time_scale.is_some()
    }
}
