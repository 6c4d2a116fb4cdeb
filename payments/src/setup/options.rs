//! Flags of `payments setup`.

use crate::names::Names;
use crate::output::Format;
use crate::splits::{MAX_TABLETS, tablets};
use gcp::{Project, bigtable, pubsub};
use producer::Generation;
use service::units::parse_count;
use std::str::FromStr;

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments setup --project my-project --instance my-instance --dry-run\n  \
                  payments setup --split auto --num-records 1000000000 --num-customers 1000000 --nodes 30"
)]
#[group(id = "setup")]
pub struct Args {
    #[command(flatten)]
    pub names: Names,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
    #[command(flatten)]
    pub bigtable: bigtable::Args,
    /// Register the payment schema with Pub/Sub under this id, and let the topic take nothing else. An existing schema
    /// is kept up to date: if the message has changed, a revision is committed.
    #[arg(long, value_name = "ID", num_args = 0..=1, require_equals = true, default_missing_value = "payments")]
    pub topic_schema: Option<String>,
    /// What the row keys by customer and by date end in. With transaction_id two payments never share a key, whoever
    /// publishes them. It is recorded beside the tables, where sinks find it, and only for tables without rows or whose
    /// keys are like that already; what is recorded stays.
    #[arg(long, value_enum, value_name = "SUFFIX")]
    pub row_key_suffix: Option<sink::Suffix>,
    /// Create tables cut into tablets of the same load, for the load that the flags below describe: this many a table, or
    /// auto: 10 for each node, and 101 at most, as Bigtable has it. Tables that are there already stay as they are. Load
    /// soon: Bigtable joins tablets that stay empty.
    #[arg(long, value_name = "auto|TABLETS")]
    pub split: Option<Split>,
    /// Nodes that the instance has, or grows to, under the load.
    #[arg(long, requires = "split", default_value_t = 10, value_name = "COUNT", value_parser = parse_count::<u32>)]
    pub nodes: u32,
    #[command(flatten, next_help_heading = "The load that --split is for")]
    pub generation: Generation,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Default for Args {
    fn default() -> Self {
        service::cli::defaults()
    }
}

/// Into how many tablets a table is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Auto,
    Tablets(u32),
}

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let tablets = text.parse().ok().filter(|tablets| (1..=MAX_TABLETS).contains(tablets));
        tablets
            .map(Self::Tablets)
            .ok_or_else(|| format!("not auto, and not a number from 1 to {MAX_TABLETS}"))
    }
}

impl Args {
    pub(super) fn tablets(&self) -> Option<u32> {
        Some(match self.split? {
            Split::Auto => tablets(self.nodes.into()),
            Split::Tablets(tablets) => tablets,
        })
    }
}
