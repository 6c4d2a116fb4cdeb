//! The command line of `producer`.

use crate::trickle;
use crate::{Batch, Generation, Output, Publishing};
use clap::{Parser, Subcommand};
use gcp::{Project, pubsub};
use service::telemetry;

/// Generates synthetic payments and publishes them to a Pub/Sub topic.
///
/// The same seed and flags give the same payments, byte for byte; shards of a run need no coordination. SIGTERM or
/// SIGINT stops it after confirming what is in flight, and prints where to go on; before anything is published, at
/// once. Exit codes: 0 everything asked for is confirmed, or it was stopped cleanly; 1 a payment could not be
/// confirmed, the checkpoint not be written, Pub/Sub was away, or a task of a job was stopped before its shard was done;
/// 2 a flag, resource, permission or an address's form is wrong.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  producer --project my-project --num-records 10000000 --shard 0/4"
)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub generation: Generation,
    #[command(flatten)]
    pub publishing: Publishing,
    #[command(flatten)]
    pub batch: Batch,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
    #[command(flatten)]
    pub monitor: monitor::Args,
    #[command(flatten)]
    pub telemetry: telemetry::Args,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the built-in profile: every figure that the generator draws from, as TOML for --profile.
    Profile,
    Trickle(Box<TrickleCli>),
}

/// Publishes payments at a steady rate, with event times of now, until it is stopped.
///
/// Some payments begin as PENDING and are updated later under the same id and the same row keys. Ids and row keys never
/// repeat, not even after a restart. SIGTERM or SIGINT stops it after confirming what is in flight. Exit codes: 0 it
/// was stopped cleanly, or reached --duration or --num-records; 1 a message could not be confirmed, the checkpoint not
/// be written, or Pub/Sub was away; 2 a flag, resource, permission or an address's form is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  producer trickle --project my-project --rate 50/s --rate-curve calendar --checkpoint trickle.state
  producer trickle --rate 200/s --burst 5x/30s@10m --duration 1h
  producer trickle --rate 100/s --rate-curve calendar --time-scale 60 --start-date 2026-03-02")]
pub struct TrickleCli {
    #[command(flatten)]
    pub options: trickle::Options,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
    #[command(flatten)]
    pub monitor: monitor::Args,
    #[command(flatten)]
    pub telemetry: telemetry::Args,
}
