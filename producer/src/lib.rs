//! The first stage: generates payments and publishes them.
//!
//! ```text
//! chunks -> generator -> encode -> publisher -> topic
//! indices    Payment      bytes     bounded
//! ```
//!
//! [`run`] is the whole path of a batch, [`trickle`] that of a run without an end. A payment is a pure function of the configuration and its index ([`generator`]), so what is
//! sent again after a failure is the same, byte for byte.

mod batch;
mod checkpoint;
mod chunks;
mod digest;
mod error;
mod faults;
mod files;
pub mod generator;
mod identity;
mod keeper;
mod ledger;
mod options;
mod output;
mod placement;
mod progress;
mod publisher;
mod shard;
pub mod trickle;

pub use batch::Batch;
pub use error::Error;
pub use faults::{Fault, Faults, Rates};
pub use ledger::spoilt_indices;
pub use options::{Generation, Publishing};
pub use output::{Output, Tally, write};
pub use progress::Progress;
pub use shard::Shard;

use generator::Generator;
use keeper::{Keeper, Kept};
use publisher::{Pass, Shared, lock};
use service::{blocking::busy, pubsub::Pubsub};
use std::{num::NonZero, ops::Range, sync::Arc, thread};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How a run ended without failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The indices that were this producer's to publish.
    pub range: Range<u64>,
    /// Everything below is confirmed. At the range's end unless the run was stopped.
    pub confirmed_below: u64,
}

impl Outcome {
    pub fn is_complete(&self) -> bool {
        self.confirmed_below == self.range.end
    }
}

/// Publishes this shard's payments, each confirmed by the service, until done or until `shutdown`.
///
/// # Errors
/// When a flag is wrong, the topic is missing, or a payment could not be confirmed; the error names the index and the
/// place to go on from.
pub async fn run(
    generator: Arc<Generator>,
    options: &Publishing,
    batch: &Batch,
    pubsub: &Pubsub,
    progress: Arc<Progress>,
    shutdown: CancellationToken,
) -> Result<Outcome, Error> {
    let topic = pubsub.topic_name(&options.topic);
    let found = pubsub.require_topic(&topic).await?;
    batch.require_possible(&topic, found.schema_settings.as_ref().map_or("", |settings| &settings.schema))?;
    let work = busy(|| batch.prepare(&generator, options, Some(&topic)))?;
    if work.is_done() {
        tracing::info!("nothing left to do: the checkpoint says that everything is confirmed");
        return Ok(Outcome { confirmed_below: work.range.end, range: work.range });
    }
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let connections = pubsub.connections(workers).await?;
    let stop = shutdown.child_token();
    let shared = Arc::new(Shared::new(generator, options, &work, &topic, connections, progress, stop));
    log_start(&topic, &shared, options, work.resume(work.floors));
    let keeper = Keeper::start(work, batch.checkpoint_interval, shared.clone());
    for pass in [Pass::OnTime, Pass::Late] {
        publish_all(&shared, pass, workers).await?;
    }
    conclude(&shared, keeper.finish().await?, topic)
}

fn log_start(topic: &str, work: &Shared, options: &Publishing, index: u64) {
    let (shard, from) = (options.shard.unwrap_or_default(), options.shard_source);
    tracing::info!(topic, run_id = work.generator.run_id(), %shard, shard_from = from, index, "publishing");
}

/// One worker a core, each with a connection of its own.
async fn publish_all(shared: &Arc<Shared>, pass: Pass, workers: usize) -> Result<(), Error> {
    let mut tasks: JoinSet<()> =
        (0..workers).map(|worker| publisher::work(shared.clone(), pass, worker)).collect();
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| Error::Bug(error.to_string()))?;
    }
    Ok(())
}

fn conclude(shared: &Shared, kept: Kept, topic: String) -> Result<Outcome, Error> {
    let Kept { work, unsaved } = kept;
    let resume = work.resume(shared.floors());
    let Some((index, status)) = lock(&shared.failure).take() else {
        return match unsaved {
            None => Ok(Outcome { range: work.range, confirmed_below: resume }),
            Some(problem) => Err(Error::Unsaved { problem, resume }),
        };
    };
    if let Some(source) = error::explain(&topic, &status) {
        return Err(if resume > work.range.start {
            Error::Refused { source, resume }
        } else {
            source.into()
        });
    }
    let reason = format!("{:?}: {}", status.code(), status.message());
    Err(Error::Unconfirmed { topic, index, reason, resume })
}
