//! Flags of `payments local`.

use crate::emulators::Durability;
use crate::output::Format;
use producer::{Generation, Publishing};
use std::path::PathBuf;

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  payments local --num-records 1000000 --num-customers 10000")]
#[group(id = "local")]
pub struct Args {
    #[command(flatten)]
    pub generation: Generation,
    /// Keep the servers' data here; without it the data is temporary.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What everything that the servers have confirmed survives. Temporary data goes at the end either way.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub durability: Durability,
    #[command(flatten)]
    pub publishing: Publishing,
    #[command(flatten)]
    pub sink: sink::Options,
    #[command(flatten)]
    pub monitor: monitor::Args,
    /// Also show the run's first row in each table, with all its cells.
    #[arg(long)]
    pub show_rows: bool,
    /// How the summary is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Show what happens as `payments top` does, instead of bars; q stops the run.
    #[arg(long)]
    pub top: bool,
}

/// The stages' defaults are for a process each. Here they share one with the servers.
pub fn with_defaults(command: clap::Command) -> clap::Command {
    command
        .mut_arg("max_memory", |arg| arg.default_value("96MiB"))
        .mut_arg("requests_in_flight", |arg| arg.default_value("8"))
        .mut_arg("max_in_flight", |arg| arg.default_value("10000"))
}
