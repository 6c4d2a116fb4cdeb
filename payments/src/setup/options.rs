//! Flags of `payments setup`.

use crate::names::Names;
use crate::output::Format;
use gcp::{Project, bigtable, pubsub};

#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "Example:\n  payments setup --project my-project --instance my-instance --dry-run")]
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
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
