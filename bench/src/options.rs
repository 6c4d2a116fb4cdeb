//! The bench's flags.

use clap::{Parser, Subcommand};
use service::units::{parse_duration, parse_positive};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Measures CPU seconds per million, rates and peak memory, against servers that keep nothing or the embedded ones.
///
/// Measure release builds: cargo run --release -p bench -- sink
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The write path alone, beside prost structs over the same connections and the crate bigtable_rs.
    Write(Write),
    /// The whole sink: pull, decode, window, encode, write to three tables, ack.
    Sink(Sink),
    /// The whole sink alone, and with somebody watching: --http asked every second, --report, lines.
    Watching(Sink),
    /// The whole producer: generate, encode, publish.
    Producer(Producer),
    /// The sink's memory while Bigtable takes writes and does not answer.
    Stall(Stall),
    /// A whole load into the embedded servers, and its verification.
    Verify(Verify),
    /// Simulates autoscaling of the sink: policies against scenarios, as markdown tables.
    Scaling(Scaling),
    #[command(hide = true)]
    Serve(Serve),
    #[command(hide = true)]
    Embedded,
    #[command(hide = true)]
    Measure(Measure),
}

#[derive(Debug, clap::Args)]
pub struct Write {
    /// Payments to write; each is a row in three tables.
    #[arg(long, default_value_t = 200_000, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub records: u64,
    /// How often each alternative is measured.
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = parse_positive::<u32>)]
    pub rounds: u32,
    /// Payments as generated, or without most optional fields.
    #[arg(long, value_enum, default_value_t = Payload::Full)]
    pub payload: Payload,
}

#[derive(Debug, clap::Args)]
pub struct Sink {
    /// Payments to consume.
    #[arg(long, default_value_t = 500_000, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub records: u64,
    /// How often each payload is measured.
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = parse_positive::<u32>)]
    pub rounds: u32,
    /// The sink's own flags.
    #[arg(last = true, value_name = "SINK_FLAGS")]
    pub flags: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Producer {
    /// Payments to publish.
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub records: u64,
    /// How often it is measured.
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = parse_positive::<u32>)]
    pub rounds: u32,
    /// The producer's own flags.
    #[arg(last = true, value_name = "PRODUCER_FLAGS")]
    pub flags: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Stall {
    /// Payments on the subscription.
    #[arg(long, default_value_t = 500_000, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub records: u64,
    /// How long Bigtable does not answer.
    #[arg(long, default_value = "20s", value_parser = parse_duration, value_name = "DURATION")]
    pub hang: Duration,
    /// The sink's own flags.
    #[arg(last = true, value_name = "SINK_FLAGS")]
    pub flags: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Payments to load and to verify.
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub records: u64,
    /// How often both are measured, each time in new tables.
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = parse_positive::<u32>)]
    pub rounds: u32,
    /// Verify's own flags.
    #[arg(last = true, value_name = "VERIFY_FLAGS")]
    pub flags: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Scaling {
    /// Runs of each policy in each scenario, with other noise each.
    #[arg(long, default_value_t = 10, value_name = "COUNT", value_parser = parse_positive::<u32>)]
    pub seeds: u32,
    /// Payments a second that one sink was measured to write.
    #[arg(long, default_value_t = 60_000, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub rate: u64,
    /// Draw the first seed's runs into this file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// What the payments are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Payload {
    /// As the generator makes them.
    Full,
    /// Without most optional fields: about 30 cells a row.
    Lean,
}

impl Payload {
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Lean => "lean",
        }
    }
}

/// A way to write rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Writer {
    /// The sink's.
    Sink,
    /// Generated message structs over the same connections.
    Prost,
    /// The crate bigtable_rs.
    BigtableRs,
}

impl Writer {
    pub const ALL: [Self; 3] = [Self::Sink, Self::Prost, Self::BigtableRs];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sink => "sink",
            Self::Prost => "prost",
            Self::BigtableRs => "bigtable-rs",
        }
    }
}

/// The null servers' process.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Messages to deliver.
    #[arg(long)]
    pub deliveries: u64,
    #[arg(long, value_enum)]
    pub payload: Payload,
    /// Leave writes unanswered until told to answer.
    #[arg(long)]
    pub hang: bool,
}

/// One measurement's process.
#[derive(Debug, clap::Args)]
pub struct Measure {
    #[command(subcommand)]
    pub subject: Subject,
}

#[derive(Debug, Subcommand)]
pub enum Subject {
    Write {
        #[arg(value_enum)]
        writer: Writer,
        #[arg(long, value_enum)]
        payload: Payload,
        #[arg(long)]
        records: u64,
        #[arg(long)]
        bigtable: SocketAddr,
    },
    Sink {
        #[arg(long)]
        records: u64,
        #[arg(long)]
        pubsub: SocketAddr,
        #[arg(long)]
        bigtable: SocketAddr,
        #[arg(long)]
        watched: bool,
        #[arg(last = true)]
        flags: Vec<String>,
    },
    Producer {
        #[arg(long)]
        records: u64,
        #[arg(long)]
        pubsub: SocketAddr,
        #[arg(last = true)]
        flags: Vec<String>,
    },
    Verify {
        #[arg(long)]
        records: u64,
        #[arg(long)]
        bigtable: SocketAddr,
        #[arg(last = true)]
        flags: Vec<String>,
    },
}
