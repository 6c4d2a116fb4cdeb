//! Flags of `payments dead-letter`.

use super::work::Work;
use crate::letters::Choice;
use crate::names::Names;
use crate::output::Format;
use gcp::pubsub::Pubsub;
use gcp::{Project, bigtable, pubsub};
use service::units::{parse_count, parse_duration};
use std::time::Duration;

/// List, inspect, publish again or drop messages that could not become rows.
///
/// Letters are pulled from the dead-letter subscription and held while this runs; those that stay are given back at its
/// end. If it is killed they come back when their leases end, within a minute.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments dead-letter list\n  payments dead-letter inspect 1234567890\n  \
                  payments dead-letter redrive --reason refused_by_table --yes\n  \
                  payments dead-letter purge --reason undecodable"
)]
#[group(id = "dead_letter")]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// List letters: reason, age, delivery attempt and payment. Changes nothing.
    #[command(after_help = "Example:\n  payments dead-letter list --limit 20 --format json")]
    List {
        /// Most letters listed; 0 is all.
        #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = parse_count::<usize>)]
        limit: usize,
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        common: Common,
    },
    /// Show one letter with all its attributes and its payment; exit code 1 if it is not there.
    #[command(after_help = "Example:\n  payments dead-letter inspect 1234567890")]
    Inspect {
        /// The letter's message id, as the list shows it.
        #[arg(value_name = "MESSAGE_ID")]
        message_id: String,
        #[command(flatten)]
        common: Common,
    },
    /// Publish letters' original messages to the topic again, once the cause is fixed.
    ///
    /// A letter goes only once its copy is confirmed; a kill in between leaves both, which writes the same row twice.
    /// Without --yes it only counts, with exit code 1 if there is anything to do. Letters that come while it runs stay.
    ///
    /// Letters of key_collision stay unless they are asked for by name: written again, such a payment would hide the one
    /// that has its row key. They go to tables whose keys end in the transaction id (`payments setup --row-key-suffix`).
    #[command(after_help = "Example:\n  payments dead-letter redrive --reason refused_by_table --yes")]
    Redrive(Redrive),
    /// Drop letters for good. Without --yes it only counts, with exit code 1 if there is anything to do.
    #[command(after_help = "Example:\n  payments dead-letter purge --reason undecodable --yes")]
    Purge(Change),
}

impl Action {
    pub fn common(&self) -> &Common {
        match self {
            Self::List { common, .. } | Self::Inspect { common, .. } => common,
            Self::Redrive(redrive) => &redrive.change.common,
            Self::Purge(change) => &change.common,
        }
    }
}

/// Flags of `payments dead-letter redrive`.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "dead_letter_redrive")]
pub struct Redrive {
    /// Redrive letters of key_collision although their rows will hide those of other payments.
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub change: Change,
    #[command(flatten)]
    pub bigtable: bigtable::Args,
    /// Bigtable app profile; empty is the instance's default.
    #[arg(long, env = "BIGTABLE_APP_PROFILE", default_value = "", value_name = "PROFILE")]
    pub app_profile: String,
}

/// Flags of the commands that remove letters.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "dead_letter_change")]
pub struct Change {
    /// Do it. Without it nothing is changed.
    #[arg(long)]
    pub yes: bool,
    /// Most letters removed; 0 is all.
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub limit: usize,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub common: Common,
}

impl Change {
    pub fn work<'a>(&'a self, redrive_to: Option<(&'a Pubsub, &'a str)>) -> Work<'a> {
        Work { choice: &self.choice, limit: self.limit, yes: self.yes, redrive_to, leave_collisions: false }
    }
}

/// Flags of every command on dead letters.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "dead_letter_common")]
pub struct Common {
    /// How long without a letter counts as the end: 5s if left out, 1s on an emulator, which has only this machine to ask.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub idle: Option<Duration>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub names: Names,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
}
