//! The whole sink.

use super::clock::{Clock, Measurement};
use anyhow::ensure;
use gcp::Project;
use gcp::bigtable::{self, Bigtable};
use gcp::pubsub::{self, Pubsub};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const TICK: Duration = Duration::from_millis(5);

/// Consumes `records` messages, then drains.
pub async fn measure(
    records: u64,
    pubsub: SocketAddr,
    bigtable: SocketAddr,
    flags: &[String],
) -> anyhow::Result<Measurement> {
    let options: ::sink::Options = service::cli::flags(flags)?;
    let pubsub = pubsub::Args { pubsub_emulator_host: Some(pubsub.to_string()) };
    let bigtable = bigtable::Args {
        instance: "payments".to_owned(),
        bigtable_emulator_host: Some(bigtable.to_string()),
    };
    let pubsub = Pubsub::connect(&pubsub, &Project::default()).await?;
    let bigtable = Bigtable::connect(&bigtable, &Project::default(), options.connections).await?;
    let progress = Arc::new(::sink::Progress::default());
    let shutdown = CancellationToken::new();
    let clock = Clock::start();
    let run = async {
        let ended = ::sink::run(&options, &pubsub, &bigtable, progress.clone(), shutdown.clone()).await;
        shutdown.cancel();
        ended
    };
    // Once everything has been pulled, a drain writes what is in open panes at once.
    let stop = async {
        while progress.received.get() < records && !shutdown.is_cancelled() {
            tokio::time::sleep(TICK).await;
        }
        shutdown.cancel();
    };
    tokio::join!(run, stop).0?;
    let measurement = clock.stop();
    let acked = progress.acked.get();
    ensure!(acked == records, "{acked} of {records} messages were acked");
    Ok(measurement)
}
