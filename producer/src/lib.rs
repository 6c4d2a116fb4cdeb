//! The first stage: generates payments and publishes them.
//!
//! ```text
//! chunks -> generator -> encode -> publisher -> topic
//! indices    Payment      bytes     bounded
//! ```
//!
//! [`run`] is the whole path of a batch, [`trickle`] that of a run without an end. A payment is a pure function of the configuration and its index ([`generator`]), so what is
//! sent again after a failure is the same, byte for byte.

mod chunks;
mod error;
pub mod generator;
mod options;
mod progress;
mod publisher;
mod shard;
pub mod trickle;

pub use error::Error;
pub use options::{Generation, Publishing};
pub use progress::Progress;
pub use shard::Shard;

use chunks::Chunks;
use generator::Generator;
use publisher::{Shared, lock, work};
use service::pubsub::Pubsub;
use std::{num::NonZero, ops::Range, sync::Arc, sync::Mutex, thread, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The service's limit of messages in one publish request: large batches cost the least.
const BATCH_MESSAGES: u32 = 1_000;
const BATCH_BYTES: u32 = 1_000_000;
const BATCH_DELAY: Duration = Duration::from_millis(10);

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
    pubsub: &Pubsub,
    progress: Arc<Progress>,
    shutdown: CancellationToken,
) -> Result<Outcome, Error> {
    let range = options.range(generator.config().num_records)?;
    let topic = pubsub.topic_name(&options.topic);
    pubsub.require_topic(&topic).await?;
    let publisher = pubsub
        .publisher(options.publish_timeout)
        .await?
        .publisher(&topic)
        .set_message_count_threshold(BATCH_MESSAGES)
        .set_byte_threshold(BATCH_BYTES)
        .set_delay_threshold(BATCH_DELAY)
        .build();
    let attributes =
        [("schema", schemas::SCHEMA), ("run_id", generator.run_id()), ("shard", &options.shard.to_string())];
    let shared = Arc::new(Shared {
        attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        chunks: Mutex::new(Chunks::new(range.clone())),
        generator,
        publisher,
        progress,
        stop: shutdown.child_token(),
        failure: Mutex::new(None),
    });
    publish_all(&shared, options).await?;
    conclude(&shared, range, topic)
}

/// One worker a core, each with its share of what may be in flight.
async fn publish_all(shared: &Arc<Shared>, options: &Publishing) -> Result<(), Error> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(options.max_in_flight);
    let max_messages = options.max_in_flight / workers;
    let max_bytes = options.max_in_flight_bytes as usize / workers;
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        tasks.spawn(work(shared.clone(), max_messages, max_bytes));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| Error::Bug(error.to_string()))?;
    }
    Ok(())
}

fn conclude(shared: &Shared, range: Range<u64>, topic: String) -> Result<Outcome, Error> {
    let confirmed_below = lock(&shared.chunks).floor();
    let Some((index, error)) = lock(&shared.failure).take() else {
        return Ok(Outcome { range, confirmed_below });
    };
    if let Some(setup) = error::explain(&topic, &error) {
        return Err(setup.into());
    }
    let unconfirmed = (range.end - range.start).saturating_sub(shared.progress.published());
    Err(Error::Unconfirmed { topic, unconfirmed, index, reason: error.to_string(), resume: confirmed_below })
}
