//! The whole producer.

use super::clock::{Clock, Measurement};
use anyhow::ensure;
use gcp::Project;
use gcp::pubsub::{self, Pubsub};
use producer::{Batch, Generation, Progress, Publishing};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The producer's flags.
#[derive(Debug, clap::Args)]
struct Flags {
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    publishing: Publishing,
    #[command(flatten)]
    batch: Batch,
}

/// Publishes `records` payments.
pub async fn measure(records: u64, pubsub: SocketAddr, flags: &[String]) -> anyhow::Result<Measurement> {
    let records_flag = format!("--num-records={records}");
    let flags: Flags = service::cli::flags(std::iter::once(&records_flag).chain(flags))?;
    let pubsub = pubsub::Args { pubsub_emulator_host: Some(pubsub.to_string()) };
    let pubsub = Pubsub::connect(&pubsub, &Project::default()).await?;
    let progress = Arc::new(Progress::default());
    let clock = Clock::start();
    let generator = flags.generation.generator()?;
    let shutdown = CancellationToken::new();
    let Flags { publishing, batch, .. } = flags;
    producer::run(generator, &publishing, &batch, &pubsub, progress.clone(), shutdown).await?;
    let measurement = clock.stop();
    let published = progress.published();
    ensure!(published == records, "{published} of {records} payments were published");
    Ok(measurement)
}
