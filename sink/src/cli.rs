//! The command line of `sink`.

use crate::Options;
use clap::Parser;
use gcp::{Project, bigtable, pubsub};
use service::telemetry;

/// Consumes payments from a Pub/Sub subscription and writes each to three Bigtable tables.
///
/// Runs until SIGTERM or SIGINT, then writes what it holds and exits 0; before anything is pulled, at once. Any number of
/// sinks may share a subscription. Exit codes: 0 everything confirmed; 1 something went back to the subscription, or a
/// service was away, start again; 2 a flag, resource, permission or an address's form is wrong.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  sink --project my-project --instance my-instance --exit-when-idle 30s"
)]
pub struct Cli {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
    #[command(flatten)]
    pub bigtable: bigtable::Args,
    #[command(flatten)]
    pub options: Options,
    #[command(flatten)]
    pub monitor: monitor::Args,
    #[command(flatten)]
    pub telemetry: telemetry::Args,
}
