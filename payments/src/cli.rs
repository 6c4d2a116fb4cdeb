//! The command line of `payments`.

use crate::{
    cleanup, dead_letter, emulators, export, heatmap, inspect, local, plan, quality, query, read_load,
    replay, setup, snapshot, tap, verify, why,
};
use clap::{CommandFactory, Parser, Subcommand};
use service::telemetry;

/// Runs and looks after the payments pipeline: generated payments through Pub/Sub into three Bigtable tables.
///
/// Exit codes: 0 done; 1 work was left undone, a service was away, or a check found a difference; 2 a flag, resource,
/// permission or an address's form is wrong.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Example:\n  payments local --num-records 200000\n\nEach subcommand's --help has examples of its own."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub telemetry: telemetry::Args,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole pipeline in this process on embedded servers, and count what is in the tables.
    Local(Box<local::Args>),
    /// Keep the embedded servers up for a producer and a sink started separately.
    Emulators(Box<emulators::Args>),
    /// Show one generated payment, by its index or its id, without any server.
    Show(Box<inspect::ShowArgs>),
    /// Write the first generated payments, or compare a million with what is declared, without any server.
    Sample(Box<inspect::SampleArgs>),
    /// Write payments as CSV, NDJSON or Parquet files for databases and data frames, labels of fraud beside them.
    Export(Box<export::Args>),
    /// Create topics, subscriptions and tables, add what is missing, verify the rest; drop nothing.
    Setup(Box<setup::Args>),
    /// Show payments from the tables: a customer's, a day's, or one by its id.
    Query(Box<query::Args>),
    /// Prove that the tables hold exactly what a run must have produced, and name every row that differs.
    Verify(Box<verify::Args>),
    Why(Box<why::Args>),
    Tap(Box<tap::Args>),
    /// Check that the payments in the tables make sense, whoever wrote them.
    Quality(Box<quality::Args>),
    ReadLoad(Box<read_load::Args>),
    // The help of the others stands with their flags: it is longer than a line.
    Snapshot(Box<snapshot::Args>),
    Replay(Box<replay::Args>),
    DeadLetter(Box<dead_letter::Args>),
    Cleanup(Box<cleanup::Args>),
    Plan(Box<plan::Args>),
    /// Show what producers, sinks and servers do, live in the terminal.
    Top(Box<top::Args>),
    Heatmap(Box<heatmap::Args>),
}

/// The command line, with the defaults that stages have where they share a process.
pub fn command_line() -> clap::Command {
    Cli::command().mut_subcommand("local", local::with_defaults)
}
