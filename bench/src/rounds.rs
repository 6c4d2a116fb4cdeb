//! Alternatives measured in turns, round after round: every figure, and the medians.

use crate::child::Process;
use crate::measure::Measurement;
use crate::options::{Payload, Producer, Sink, Write, Writer};
use crate::payloads;
use crate::servers::{Addresses, Counts, Servers};
use anyhow::ensure;
use std::net::SocketAddr;

/// Tables that a payment is a row of.
pub const TABLES: u64 = schemas::layout::Table::ALL.len() as u64;

/// Compares the ways to write rows.
pub fn write(args: &Write) -> anyhow::Result<()> {
    let rows = args.records * TABLES;
    say_sizes(&[args.payload], args.records)?;
    println!("write path: {rows} rows a round, 500 in a request");
    let names = Writer::ALL.map(Writer::name);
    let medians = take_turns(args.rounds, rows, "rows", &names, |at| {
        let mut servers = Servers::start(args.payload, 0, false)?;
        let (records, bigtable) = (args.records.to_string(), servers.addresses.bigtable.to_string());
        let payload = args.payload.name();
        let subject =
            ["write", names[at], "--payload", payload, "--records", &records, "--bigtable", &bigtable];
        let measurement = measure(&subject, &[])?;
        let written = servers.counts()?.rows;
        ensure!(written == rows, "the server has confirmed {written} rows, not {rows}");
        Ok(measurement)
    })?;
    for (name, median) in names.iter().zip(&medians).skip(1) {
        println!("{name} takes {:.1} times the CPU of {}", median / medians[0], names[0]);
    }
    Ok(())
}

/// Measures the whole sink, with both payloads.
pub fn sink(args: &Sink) -> anyhow::Result<()> {
    let payloads = [Payload::Full, Payload::Lean];
    say_sizes(&payloads, args.records)?;
    println!("whole sink: {} payments a round", args.records);
    let names = payloads.map(Payload::name);
    take_turns(args.rounds, args.records, "payments", &names, |at| {
        let mut servers = Servers::start(payloads[at], args.records, false)?;
        let measurement = start_sink(&servers.addresses, args.records, false, &args.flags)?.read()?;
        check_consumed(servers.counts()?, args.records)?;
        Ok(measurement)
    })?;
    Ok(())
}

/// Measures what it costs to be watched.
pub fn watching(args: &Sink) -> anyhow::Result<()> {
    println!("whole sink: {} payments a round", args.records);
    let medians = take_turns(args.rounds, args.records, "payments", &["alone", "watched"], |at| {
        let mut servers = Servers::start(Payload::Full, args.records, false)?;
        let measurement = start_sink(&servers.addresses, args.records, at == 1, &args.flags)?.read()?;
        check_consumed(servers.counts()?, args.records)?;
        Ok(measurement)
    })?;
    println!("being watched takes {:+.1} % of CPU", (medians[1] / medians[0] - 1.0) * 100.0);
    Ok(())
}

/// Measures the whole producer.
pub fn producer(args: &Producer) -> anyhow::Result<()> {
    println!("whole producer: {} payments a round", args.records);
    take_turns(args.rounds, args.records, "payments", &["producer"], |_| {
        let mut servers = Servers::start(Payload::Full, 0, false)?;
        let (records, pubsub) = (args.records, servers.addresses.pubsub);
        let measurement = start_producer(pubsub, records, &args.flags)?.read()?;
        let published = servers.counts()?.published;
        ensure!(published == records, "the server has {published} messages, not {records}");
        Ok(measurement)
    })?;
    Ok(())
}

/// Starts a sink that consumes everything the servers have.
pub fn start_sink(
    servers: &Addresses,
    records: u64,
    is_watched: bool,
    flags: &[String],
) -> anyhow::Result<Process> {
    let (pubsub, bigtable) = (servers.pubsub.to_string(), servers.bigtable.to_string());
    let records = records.to_string();
    let subject = ["sink", "--records", &records, "--pubsub", &pubsub, "--bigtable", &bigtable];
    start(&[&subject[..], if is_watched { &["--watched"] } else { &[] }].concat(), flags)
}

/// Starts a producer of so many payments.
pub fn start_producer(pubsub: SocketAddr, records: u64, flags: &[String]) -> anyhow::Result<Process> {
    start(&["producer", "--records", &records.to_string(), "--pubsub", &pubsub.to_string()], flags)
}

/// Fails unless every message was acked and every row confirmed, exactly once.
pub fn check_consumed(counts: Counts, records: u64) -> anyhow::Result<()> {
    let (acked, rows) = (counts.acked, counts.rows);
    ensure!(acked == records && counts.nacked == 0, "{acked} of {records} acked, {} nacked", counts.nacked);
    ensure!(rows == records * TABLES, "the server has confirmed {rows} rows, not {}", records * TABLES);
    Ok(())
}

pub fn measure(subject: &[&str], flags: &[String]) -> anyhow::Result<Measurement> {
    start(subject, flags)?.read()
}

fn start(subject: &[&str], flags: &[String]) -> anyhow::Result<Process> {
    let mut args: Vec<String> = ["measure"].iter().chain(subject).map(|&arg| arg.to_owned()).collect();
    if !flags.is_empty() {
        args.push("--".to_owned());
        args.extend_from_slice(flags);
    }
    Process::start(&args)
}

fn say_sizes(payloads: &[Payload], records: u64) -> anyhow::Result<()> {
    for payload in payloads {
        let (cells, bytes) = payloads::sizes(*payload, payloads::distinct(records))?;
        println!("{} payments: {cells:.1} cells a row, {bytes:.0} bytes a message", payload.name());
    }
    Ok(())
}

/// Measures each alternative once a round; returns the median CPU seconds per million units of each.
fn take_turns(
    rounds: u32,
    units: u64,
    unit: &str,
    names: &[&str],
    mut measure: impl FnMut(usize) -> anyhow::Result<Measurement>,
) -> anyhow::Result<Vec<f64>> {
    let mut all: Vec<Vec<Measurement>> = vec![Vec::new(); names.len()];
    for round in 1..=rounds {
        for (at, name) in names.iter().enumerate() {
            let measurement = measure(at)?;
            println!("round {round}  {name:<12} {}", line(&measurement, units, unit));
            all[at].push(measurement);
        }
    }
    let mut medians = Vec::new();
    for (name, measurements) in names.iter().zip(&all) {
        let of = |figure: &dyn Fn(&Measurement) -> f64| median(measurements.iter().map(figure).collect());
        let middle = Measurement {
            cpu_seconds: of(&|measurement| measurement.cpu_seconds),
            seconds: of(&|measurement| measurement.seconds),
            peak_memory: measurements[0]
                .peak_memory
                .map(|_| of(&|measurement| measurement.peak_memory.unwrap_or_default() as f64) as u64),
        };
        println!("median   {name:<12} {}", line(&middle, units, unit));
        medians.push(middle.cpu_seconds / units as f64 * 1e6);
    }
    Ok(medians)
}

fn line(measurement: &Measurement, units: u64, unit: &str) -> String {
    let cpu = measurement.cpu_seconds / units as f64 * 1e6;
    let rate = units as f64 / measurement.seconds;
    let memory = measurement.peak_memory.map_or("unknown".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
    format!("{cpu:6.2} CPU s per million {unit}  {rate:8.0} {unit}/s  peak memory {memory}")
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) }
}
