//! The rest of a shard's work: its range, how far it has come, and where to note what is done.

use crate::faults::Faults;
use crate::load::checkpoint::{Checkpoint, Floors};
use crate::load::identity::Identity;
use crate::load::ledger;
use crate::load::options::{Batch, Publishing};
use generator::Generator;
use service::Error;
use std::ops::Range;
use tokio_util::sync::CancellationToken;

/// A shard's work, ready to begin: how much of it is left, and where to note what is done.
#[derive(Debug)]
pub struct Work {
    pub range: Range<u64>,
    pub faults: Faults,
    pub floors: Floors,
    pub checkpoint: Option<Checkpoint>,
}

impl Work {
    /// Takes the checkpoint up and writes the ledger; refuses files that are another run's.
    ///
    /// `topic` is none for payments that are written to a file.
    pub fn prepare(
        batch: &Batch,
        generator: &Generator,
        options: &Publishing,
        topic: Option<&str>,
        stop: &CancellationToken,
    ) -> Result<Self, Error> {
        let config = generator.config();
        let range = options.range(config.num_records)?;
        let faults = Faults::new(batch.faults, config.seed)?;
        let identity = Identity::new(generator, options, &faults, topic);
        let has_late = faults.has_late();
        let (checkpoint, floors) = match &batch.checkpoint {
            None => (None, Floors::start(&range, has_late)),
            Some(path) => {
                let opened = Checkpoint::open(path, generator.run_id(), &identity, &range, has_late);
                opened.map(|(checkpoint, floors)| (Some(checkpoint), floors))?
            }
        };
        if let Some(path) = &batch.ledger {
            ledger::write(path, generator, &faults, &identity, range.clone(), stop)?;
        }
        Ok(Self { range, faults, floors, checkpoint })
    }

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
