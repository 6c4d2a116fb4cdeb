//! A load into the embedded servers, and its verification: how long each takes, and whose CPU it is.

use crate::embedded::Embedded;
use crate::measure::Measurement;
use crate::options::Verify;
use crate::rounds::{measure, start_producer, start_sink};
use std::time::Instant;

pub fn run(args: &Verify) -> anyhow::Result<()> {
    println!("load and verify: {} payments a round", args.records);
    for round in 1..=args.rounds {
        let mut servers = Embedded::start()?;
        let result = run_round(args, &mut servers, round);
        servers.end()?;
        result?;
    }
    Ok(())
}

fn run_round(args: &Verify, servers: &mut Embedded, round: u32) -> anyhow::Result<()> {
    let records = args.records;
    let cpu = |seconds: f64| seconds / records as f64 * 1e6;
    let (idle, started) = (servers.cpu_seconds()?, Instant::now());
    let mut sink = start_sink(&servers.addresses, records, false, &[])?;
    let mut producer = start_producer(servers.addresses.pubsub, records, &[])?;
    let (producer, sink): (Measurement, Measurement) = (producer.read()?, sink.read()?);
    let (load, loaded) = (started.elapsed().as_secs_f64(), servers.cpu_seconds()?);
    println!(
        "round {round}  load    {}  CPU s per million: producer {:.2}, sink {:.2}, servers {:.2}",
        rate(records, load),
        cpu(producer.cpu_seconds),
        cpu(sink.cpu_seconds),
        cpu(loaded - idle),
    );
    let (flag, bigtable) = (records.to_string(), servers.addresses.bigtable.to_string());
    let verify = measure(&["verify", "--records", &flag, "--bigtable", &bigtable], &args.flags)?;
    println!(
        "round {round}  verify  {}  CPU s per million: verify {:.2}, servers {:.2}  peak memory {} MiB",
        rate(records, verify.seconds),
        cpu(verify.cpu_seconds),
        cpu(servers.cpu_seconds()? - loaded),
        verify.peak_memory.unwrap_or_default() >> 20,
    );
    println!("round {round}  verify is {:.1} times as fast as the load", load / verify.seconds);
    Ok(())
}

fn rate(records: u64, seconds: f64) -> String {
    format!("{seconds:6.1} s  {:8.0} payments/s", records as f64 / seconds)
}
