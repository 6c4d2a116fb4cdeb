//! Verification of a run that is in the tables.

use super::{Clock, Measurement};
use clap::Parser;
use std::net::SocketAddr;

/// Verify's flags, of which the last of equals counts.
#[derive(Debug, Parser)]
#[command(args_override_self = true)]
struct Flags {
    #[command(flatten)]
    args: payments::verify::Args,
}

/// Fails unless the tables hold the first `records` payments exactly.
pub async fn measure(records: u64, bigtable: SocketAddr, flags: &[String]) -> anyhow::Result<Measurement> {
    let usual = [format!("--num-records={records}"), format!("--bigtable-emulator-host={bigtable}")];
    let flags = std::iter::once("verify").chain(usual.iter().chain(flags).map(String::as_str));
    let Flags { args } = Flags::try_parse_from(flags)?;
    let clock = Clock::start();
    payments::verify::run(&args, &mut std::io::sink(), &mut std::io::sink()).await?;
    Ok(clock.stop())
}
