//! What the stages cost: CPU seconds per million, against servers that keep nothing; and what a verification does,
//! beside its load, on the embedded servers.
//!
//! The servers run in a process of their own, and so does each measurement, so that a figure is the measured side's
//! alone. Alternatives take turns, round after round, and their medians are compared.
//!
//! - [`options`], [`rounds`], [`stall`], [`verify`]: the command, and what it prints.
//! - [`scaling`]: no measurement but a simulation: how many sinks autoscalers would run.
//! - [`servers`], [`embedded`]: the servers' processes, seen from both sides. [`child`]: this program started again.
//! - [`measure`]: one measurement's process; [`writers`]: the compared ways to write; [`usage`]: its CPU and memory.
//! - [`payloads`]: the payments that are measured with.

#![allow(clippy::print_stdout, reason = "figures; nothing in them comes from elsewhere")]

mod child;
mod embedded;
mod measure;
mod payloads;
mod rounds;
mod scaling;
mod servers;
mod stall;
mod usage;
mod verify;
mod writers;

use bench::options::{self, Cli, Command};
use std::process::ExitCode;

// As the measured binaries have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli: Cli = match service::cli::parse(<Cli as clap::CommandFactory>::command) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => service::exit::report(&error),
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Write(args) => rounds::write(&args),
        Command::Sink(args) => rounds::sink(&args),
        Command::Watching(args) => rounds::watching(&args),
        Command::Producer(args) => rounds::producer(&args),
        Command::Stall(args) => stall::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Scaling(args) => scaling::run(&args),
        Command::Serve(args) => servers::serve(&args),
        Command::Embedded => embedded::serve(),
        Command::Measure(args) => measure::run(&args),
    }
}
