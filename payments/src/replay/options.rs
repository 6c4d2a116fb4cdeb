//! Flags of `payments replay`.

use super::target::Target;
use crate::names;
use crate::output::Format;
use gcp::{Project, pubsub};
use service::units::parse_duration;
use std::time::Duration;

/// Deliver messages again, to reload tables: seek the sinks' subscription back and wait for the sinks.
///
/// A replayed message writes the same cells at the same times, so that existing rows do not change. Without --yes it
/// only says what it would do, with exit code 1.
///
/// It then waits until everything published before the seek is acked, which a sink does once all three tables have the
/// row or the dead-letter topic has the message. Pub/Sub counts no backlog outside Cloud Monitoring; the replay watches
/// the age of the oldest unacked message instead, on Google's service and on both emulators alike: a snapshot made and
/// deleted at each look shows it. This needs roles/pubsub.editor and a clock that is right to about a second. Sinks
/// must be running: a replay starts none.
///
/// With --to and --snapshot, messages published before the target count as acked, written or not. Therefore a snapshot
/// of the state before is made first: replaying to it undoes the seek.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments replay --begin\n  payments replay --begin --yes --timeout 2h\n  \
                  payments replay --to 2024-03-14T09:00 --yes\n  payments replay --snapshot before-load --yes --no-wait"
)]
#[group(id = "replay")]
pub struct Args {
    #[command(flatten)]
    pub target: Target,
    /// Subscription to seek: an id, or projects/PROJECT/subscriptions/ID.
    #[arg(long, env = "PAYMENTS_SUBSCRIPTION", default_value = names::SUBSCRIPTION, value_name = "SUBSCRIPTION")]
    pub subscription: String,
    /// Seek. Without it nothing is changed.
    #[arg(long)]
    pub yes: bool,
    /// Do not wait until the sinks have written everything again.
    #[arg(long)]
    pub no_wait: bool,
    /// Longest wait; exit code 1 when it is over.
    #[arg(long, default_value = "1h", value_parser = parse_duration, value_name = "DURATION")]
    pub timeout: Duration,
    /// How long no older message must be unacked before the replay counts as done: 60s if left out, as a seek takes effect
    /// within a minute, or 5s on an emulator.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub settle: Option<Duration>,
    /// Time between two looks at the backlog.
    #[arg(long, default_value = "5s", value_parser = parse_duration, value_name = "DURATION")]
    pub interval: Duration,
    /// Make no snapshot of the state before.
    #[arg(long)]
    pub no_undo: bool,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            target: Target::default(),
            subscription: names::SUBSCRIPTION.to_owned(),
            yes: false,
            no_wait: false,
            timeout: Duration::from_hours(1),
            settle: None,
            interval: Duration::from_secs(5),
            no_undo: false,
            format: Format::default(),
            project: Project::default(),
            pubsub: pubsub::Args::default(),
        }
    }
}
