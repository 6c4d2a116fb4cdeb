//! Flags of `payments why`.

use crate::names;
use crate::output::Format;
use crate::reading;
use gcp::pubsub;
use producer::Generation;
use producer::trickle::Lives;
use service::units::{parse_count, parse_duration};
use std::path::PathBuf;
use std::time::Duration;

/// Trace one payment: what it must be, whether it is published, dead-lettered, and in the three tables.
///
/// The first line is the verdict; exit code 0 if all is as expected, 1 if something is missing or differs, 2 if the
/// payment is not of the run with these flags. It reads rows, and pulls letters from the dead-letter subscription
/// without acking any: those it has seen are given back at its end, or come back when their leases end, within a
/// minute. Meanwhile nobody else gets them.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Of fields that differ only the names are told, unless --show-values is given: values may be \
                        names or account numbers. A\nrow older than its families' retention has lost cells, which counts as differing.\n\nExamples:\n  \
                        payments why cfaac0d6-659f-4825-ac52-146272f48289 --num-records 1000000\n  \
                        payments why cfaac0d6-659f-4825-ac52-146272f48289 --checkpoint shard-0.json --format json\n  \
                        payments why 0f4c2bd1-93a7-4e0b-8d3b-5a2f0c6e7781 --trickle --update-share 0.3"
)]
#[group(id = "why")]
pub struct Args {
    /// The payment's id.
    #[arg(value_name = "UUID")]
    pub id: String,
    #[command(flatten)]
    pub generation: Generation,
    /// The payment is a trickle's. Give the flags of `producer trickle`.
    #[arg(long)]
    pub trickle: bool,
    #[command(flatten)]
    pub lives: Lives,
    /// File of the producer's --checkpoint, which says what is published; it may be in use.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// What the row keys by customer and by date end in: as `payments setup` has recorded it, if left out.
    #[arg(long, value_enum, value_name = "SUFFIX")]
    pub row_key_suffix: Option<sink::Suffix>,
    /// Topic, and subscription of the same name, of the dead letters.
    #[arg(
        long,
        env = "PAYMENTS_DEAD_LETTER_TOPIC",
        default_value = names::DEAD_LETTER_TOPIC,
        value_name = "TOPIC"
    )]
    pub dead_letter_topic: String,
    /// Do not look at the dead letters.
    #[arg(long, conflicts_with_all = ["limit", "time"])]
    pub no_letters: bool,
    /// Most letters looked at; 0 is all.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub limit: usize,
    /// Most time spent on letters.
    #[arg(long, default_value = "15s", value_parser = parse_duration, value_name = "DURATION")]
    pub time: Duration,
    /// Show the values of fields that differ, whatever they are.
    #[arg(long)]
    pub show_values: bool,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
    #[command(flatten)]
    pub reading: reading::Flags,
}
