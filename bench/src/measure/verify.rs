//! Verification of a run that is in the tables.

use super::clock::{Clock, Measurement};
use std::net::SocketAddr;

/// Fails unless the tables hold the first `records` payments exactly.
pub async fn measure(records: u64, bigtable: SocketAddr, flags: &[String]) -> anyhow::Result<Measurement> {
    let usual = [format!("--num-records={records}"), format!("--bigtable-emulator-host={bigtable}")];
    let args = service::cli::flags(usual.iter().chain(flags))?;
    let clock = Clock::start();
    payments::verify::run(&args, &mut std::io::sink(), &mut std::io::sink()).await?;
    Ok(clock.stop())
}
