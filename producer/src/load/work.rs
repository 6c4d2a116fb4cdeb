//! The flags of a load that has an end, and what they set up: checkpoint, ledger, faults.

use crate::faults::{Faults, Rates};
use crate::generation::Publishing;
use crate::load::checkpoint::{Checkpoint, Floors};
use crate::load::identity::Identity;
use crate::load::ledger;
use generator::Generator;
use service::Error;
use service::units::parse_duration;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

/// How a load survives its process, and what is wrong with it on purpose.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "batch")]
pub struct Batch {
    /// Shards of the run, where a Kubernetes indexed job says which one this is but not of how many.
    #[arg(long, env = "PAYMENTS_SHARDS", value_name = "N")]
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

/// A shard's work, ready to begin: what of it is left, and where to note what is done.
#[derive(Debug)]
pub struct Work {
    pub range: Range<u64>,
    pub faults: Faults,
    pub floors: Floors,
    pub checkpoint: Option<Checkpoint>,
}

impl Work {
    pub fn is_done(&self) -> bool {
        self.checkpoint.is_some() && self.floors.is_complete(&self.range)
    }

    /// The lowest index that is not known to be confirmed.
    pub fn resume(&self, floors: Floors) -> u64 {
        let late = floors.late_confirmed_below.unwrap_or(floors.confirmed_below);
        let late = self.faults.first_late(late..floors.confirmed_below);
        late.unwrap_or(floors.confirmed_below)
    }
}

impl Batch {
    /// Refuses faults that cannot reach the sink: a topic with a schema takes no bytes that do not decode.
    pub fn require_possible(&self, topic: &str, schema: &str) -> Result<(), Error> {
        if schema.is_empty() || self.faults.corrupt_rate == 0.0 {
            return Ok(());
        }
        let problem = format!(
            "is impossible on topic {topic}: its schema {schema} makes Pub/Sub refuse undecodable messages; use a topic \
             without a schema, or --invalid-rate"
        );
        Err(Error::Flag { flag: "--corrupt-rate", value: self.faults.corrupt_rate.to_string(), problem })
    }

    /// Takes the checkpoint up and writes the ledger; refuses files that are another run's.
    ///
    /// `topic` is none for payments that are written to a file.
    pub fn prepare(
        &self,
        generator: &Generator,
        options: &Publishing,
        topic: Option<&str>,
    ) -> Result<Work, Error> {
        let config = generator.config();
        let range = options.range(config.num_records)?;
        let faults = Faults::new(self.faults, config.seed)?;
        let identity = Identity::new(generator, options, &faults, topic);
        let has_late = faults.has_late();
        let (checkpoint, floors) = match &self.checkpoint {
            None => (None, Floors::start(&range, has_late)),
            Some(path) => {
                let opened = Checkpoint::open(path, generator.run_id(), &identity, &range, has_late);
                opened.map(|(checkpoint, floors)| (Some(checkpoint), floors))?
            }
        };
        if let Some(path) = &self.ledger {
            ledger::write(path, generator, &faults, &identity, range.clone())?;
        }
        Ok(Work { range, faults, floors, checkpoint })
    }
}
