//! A load's flags: how payments are published, how a load survives its process, and where else payments may go.

use crate::faults::Rates;
use crate::placement::place;
use crate::shard::Shard;
use service::Error;
use service::units::{parse_bytes, parse_count, parse_duration};
use std::path::PathBuf;
use std::time::Duration;

/// How payments are published.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Publishing {
    /// Topic to publish to: an id, or projects/PROJECT/topics/ID.
    #[arg(long, env = "PAYMENTS_TOPIC", default_value_t = Self::default().topic, value_name = "TOPIC")]
    pub topic: String,
    /// This producer's share of the run, I of N, counted from 0; without it what the job that started it says, or all.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Where the shard comes from, for the log.
    #[arg(skip)]
    pub shard_source: &'static str,
    /// First index to publish; with the resume point of a stopped run, goes on where that stopped.
    #[arg(long, default_value_t = 0, value_name = "INDEX", value_parser = parse_count::<u64>)]
    pub start_index: u64,
    /// Index to stop before.
    #[arg(long, value_name = "INDEX", value_parser = parse_count::<u64>)]
    pub end_index: Option<u64>,
    /// Most messages published and not yet confirmed.
    #[arg(long, default_value_t = Self::default().max_in_flight, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub max_in_flight: usize,
    /// Most bytes published and not yet confirmed.
    #[arg(long, default_value = "64MiB", value_parser = parse_bytes, value_name = "BYTES")]
    pub max_in_flight_bytes: u64,
    /// Of so many payments one carries a trace (W3C traceparent), which the sink logs when it is written; 0 for none.
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub trace_every: u64,
    /// How long a message is tried before the run stops.
    #[arg(long, default_value = "2m", value_parser = parse_duration, value_name = "DURATION")]
    pub publish_timeout: Duration,
}

impl Default for Publishing {
    fn default() -> Self {
        Self {
            topic: "payments".to_owned(),
            shard: None,
            shard_source: "",
            start_index: 0,
            end_index: None,
            max_in_flight: 20_000,
            max_in_flight_bytes: 64 << 20,
            trace_every: 0,
            publish_timeout: Duration::from_mins(2),
        }
    }
}

impl Publishing {
    /// Settles which shard this is, from the flags and the environment.
    pub fn place(
        &mut self,
        shards: Option<u64>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(), Error> {
        let (shard, source) = place(self.shard, shards, variable)?;
        (self.shard, self.shard_source) = (Some(shard), source);
        Ok(())
    }

    /// The indices to publish of a run of `records`; refuses flags that cannot work, naming them.
    pub fn range(&self, records: u64) -> Result<std::ops::Range<u64>, Error> {
        if self.max_in_flight == 0 {
            let (flag, value) = ("--max-in-flight", "0".to_owned());
            return Err(Error::Flag { flag, value, problem: "must be at least 1".into() });
        }
        let shard = self.shard.unwrap_or_default().range(records);
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
}

/// How a load survives its process, and what is wrong with it on purpose.
#[derive(Clone, Debug, PartialEq, clap::Args)]
#[group(id = "batch")]
pub struct Batch {
    /// Shards of the run, where a Kubernetes indexed job says which one this is but not of how many.
    #[arg(long, env = "PAYMENTS_SHARDS", value_name = "N", value_parser = parse_count::<u64>)]
    pub shards: Option<u64>,
    /// File that keeps how far this shard has come; started again with the same flags, the producer goes on from there.
    #[arg(long, env = "PAYMENTS_CHECKPOINT", value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// How often the checkpoint is written; what was confirmed since is published again after a crash.
    #[arg(long, default_value = "1s", value_parser = parse_duration, value_name = "DURATION")]
    pub checkpoint_interval: Duration,
    #[command(flatten)]
    pub faults: Rates,
    /// File to list the payments with a fault in, and what must become of each; JSON lines.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            shards: None,
            checkpoint: None,
            checkpoint_interval: Duration::from_secs(1),
            faults: Rates::default(),
            ledger: None,
        }
    }
}

impl Batch {
    /// Refuses faults that cannot reach the sink: a topic with a schema takes no bytes that do not decode.
    pub fn require_possible(&self, topic: &str, schema: &str) -> Result<(), Error> {
        if schema.is_empty() || self.faults.corrupt_rate == 0.0 {
            return Ok(());
        }
        let problem = format!(
            "is impossible on topic {topic}: its schema {schema} makes Pub/Sub refuse undecodable messages; use a \
             topic without a schema, or --invalid-rate"
        );
        Err(Error::Flag { flag: "--corrupt-rate", value: self.faults.corrupt_rate.to_string(), problem })
    }
}

/// Where payments go instead of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[group(id = "output_target")]
pub struct Output {
    /// Generate and count, publish nothing.
    #[arg(long, conflicts_with_all = ["output", "checkpoint"])]
    pub dry_run: bool,
    /// File to write the payments to instead of publishing them, or - for standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint")]
    pub output: Option<PathBuf>,
    /// How they are written.
    #[arg(long, value_enum, default_value_t, requires = "output")]
    pub output_format: Format,
}

impl Output {
    pub fn is_wanted(&self) -> bool {
        self.dry_run || self.output.is_some()
    }

    pub fn check(&self, batch: &Batch) -> Result<(), Error> {
        if self.output.is_some() && self.output_format == Format::Json && batch.faults.corrupt_rate > 0.0 {
            let problem = "cannot be written as JSON: use --output-format protobuf".to_owned();
            let (flag, value) = ("--corrupt-rate", batch.faults.corrupt_rate.to_string());
            return Err(Error::Flag { flag, value, problem });
        }
        Ok(())
    }
}

/// How payments lie in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Length-delimited: each payment behind its length as a varint, as protobuf's readDelimitedFrom takes it.
    #[default]
    Protobuf,
    /// Protobuf's canonical JSON, a payment a line.
    Json,
}
