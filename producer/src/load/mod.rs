//! A load that has an end: a shard of a run, each of its payments confirmed by the service.

mod checkpoint;
mod chunks;
mod confirmed;
mod identity;
mod ledger;
mod options;
mod output;
mod saver;
mod work;
mod workers;

pub use confirmed::Confirmed;
pub use ledger::spoilt_indices;
pub use options::{Batch, Output, Publishing};
pub use output::{Tally, write};

use crate::audience;
use crate::error::{Error, explain};
use crate::progress::Progress;
use chunks::Pass;
use gcp::pubsub::Pubsub;
use generator::Generator;
use saver::Saver;
use service::blocking::busy;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use work::Work;
use workers::Workers;

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
    let audience = audience::warn_without(pubsub, &topic);
    batch.require_possible(&topic, found.schema_settings.as_ref().map_or("", |settings| &settings.schema))?;
    let mut work = busy(|| Work::prepare(batch, &generator, options, Some(&topic), &shutdown))?;
    if work.is_done() {
        tracing::info!("nothing left to do: the checkpoint says that everything is confirmed");
        return Ok(Outcome { confirmed_below: work.range.end, range: work.range });
    }
    let connections = pubsub.connections(thread::available_parallelism().map_or(1, NonZero::get)).await?;
    log_start(&topic, generator.run_id(), options, work.resume(work.floors));
    let stop = shutdown.child_token();
    let own = work.range.end.saturating_sub(work.range.start);
    progress.planned.set(i64::try_from(own).unwrap_or(i64::MAX));
    progress.health.ready();
    let workers = Workers::new(generator, options, &work, &topic, connections, progress.clone(), stop);
    let workers = Arc::new(workers);
    let saver = Saver::start(work.checkpoint.take(), batch.checkpoint_interval, workers.clone());
    for pass in [Pass::OnTime, Pass::Late] {
        workers.publish(pass).await?;
    }
    progress.health.draining();
    let unsaved = saver.finish().await?;
    let _ = audience.await;
    let resume = work.resume(workers.floors());
    match (workers.failure(), unsaved) {
        (Some((index, status)), _) => Err(failed(topic, index, &status, work.range.start, resume)),
        (None, Some(problem)) => Err(Error::Unsaved { problem, resume }),
        (None, None) => Ok(Outcome { range: work.range, confirmed_below: resume }),
    }
}

fn log_start(topic: &str, run_id: &str, options: &Publishing, index: u64) {
    let (shard, from) = (options.shard.unwrap_or_default(), options.shard_source);
    tracing::info!(topic, run_id, %shard, shard_from = from, index, "publishing");
}

/// The error for the first request that failed, which begins at `index`; everything below `resume` is confirmed.
fn failed(topic: String, index: u64, status: &Status, start: u64, resume: u64) -> Error {
    match explain(&topic, status) {
        Some(source) if resume > start => Error::Refused { source, resume },
        Some(source) => source.into(),
        None => {
            let reason = format!("{:?}: {}", status.code(), status.message());
            Error::Unconfirmed { topic, index, reason, resume }
        }
    }
}
