//! The sink's memory while Bigtable takes writes and does not answer.

use crate::measure::Measurement;
use crate::options::{Payload, Stall};
use crate::rounds::{check_consumed, start_sink};
use crate::servers::Servers;
use service::usage::Usage;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_secs(1);

/// Prints the sink's memory second by second, then lets Bigtable answer and sees everything written and acked.
pub fn run(args: &Stall) -> anyhow::Result<()> {
    let mut servers = Servers::start(Payload::Full, args.records, true)?;
    let mut sink = start_sink(&servers.addresses, args.records, false, &args.flags)?;
    let started = Instant::now();
    println!("{} messages; Bigtable does not answer for {:?}", args.records, args.hang);
    while started.elapsed() < args.hang {
        std::thread::sleep(TICK.min(args.hang.saturating_sub(started.elapsed())));
        let held = servers.counts()?.delivered;
        let memory = Usage::of(sink.id()).map_or(0, |usage| usage.memory_bytes) >> 20;
        println!("{:3.0} s  {held} messages delivered, memory {memory} MiB", started.elapsed().as_secs_f64());
    }
    servers.answer()?;
    let Measurement { peak_memory, .. } = sink.read()?;
    check_consumed(servers.counts()?, args.records)?;
    let peak = peak_memory.unwrap_or_default() >> 20;
    println!("Bigtable answers: everything written and acked, peak memory of the whole run {peak} MiB");
    Ok(())
}
