//! Creates what the pipeline needs, adds what is missing, verifies the rest; drops and narrows nothing.
//!
//! Running it twice changes nothing. What differs from the wish in a way that set-up may not change is reported and makes
//! it fail: an operator decides.

mod pubsub;
mod schema;
mod tables;

pub(crate) use pubsub::dead_letter_subscription;

use crate::output::Format;
use gcp::{Project, bigtable, pubsub as pubsub_service};
use serde_json::{Value, json};
use std::fmt;

/// What the pipeline's resources are called.
#[derive(Clone, Debug, clap::Args)]
pub struct Names {
    /// Topic that producers publish to.
    #[arg(long, env = "PAYMENTS_TOPIC", default_value = "payments", value_name = "TOPIC")]
    pub topic: String,
    /// Subscription that sinks consume.
    #[arg(long, env = "PAYMENTS_SUBSCRIPTION", default_value = "payments-sink", value_name = "SUBSCRIPTION")]
    pub subscription: String,
    /// Topic, and subscription of the same name, for messages that can never become rows.
    #[arg(
        long,
        env = "PAYMENTS_DEAD_LETTER_TOPIC",
        default_value = "payments-dead-letter",
        value_name = "TOPIC"
    )]
    pub dead_letter_topic: String,
}

/// `payments setup`
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  payments setup --project my-project --instance my-instance --dry-run")]
#[group(id = "setup")]
pub struct Args {
    #[command(flatten)]
    pub names: Names,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub_service::Args,
    #[command(flatten)]
    pub bigtable: bigtable::Args,
    /// Register the payment schema with Pub/Sub, under this id, and let the topic take nothing else. A schema of the
    /// service is kept up to date: where the message has changed, a revision is committed.
    #[arg(long, value_name = "ID", num_args = 0..=1, require_equals = true, default_missing_value = "payments")]
    pub topic_schema: Option<String>,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What set-up found or did about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Present,
    Created,
    /// In a dry run: would be created.
    Absent,
    /// Not as wished, and not for set-up to change.
    Differs(String),
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: &'static str,
    pub name: String,
    pub finding: Finding,
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, finding } = self;
        match finding {
            Finding::Present => write!(out, "ok       {kind} {name}"),
            Finding::Created => write!(out, "created  {kind} {name}"),
            Finding::Absent => write!(out, "missing  {kind} {name} (dry run: not created)"),
            Finding::Differs(how) => write!(out, "differs  {kind} {name}: {how}"),
        }
    }
}

/// The report for people.
pub fn text(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

/// The report for programs.
pub fn json(lines: &[Line]) -> Value {
    let one = |Line { kind, name, finding }: &Line| {
        let (state, problem) = match finding {
            Finding::Present => ("ok", None),
            Finding::Created => ("created", None),
            Finding::Absent => ("missing", None),
            Finding::Differs(how) => ("differs", Some(how)),
        };
        json!({ "kind": kind, "name": name, "state": state, "problem": problem })
    };
    json!({ "setup": lines.iter().map(one).collect::<Vec<_>>() })
}

/// Collects lines, and knows whether this is a dry run.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub dry_run: bool,
    lines: Vec<Line>,
}

impl Ledger {
    fn note(&mut self, kind: &'static str, name: &str, finding: Finding) {
        self.lines.push(Line { kind, name: name.to_owned(), finding });
    }

    /// For something that is not there: made now by `create`, or only noted in a dry run.
    async fn create<E>(
        &mut self,
        kind: &'static str,
        name: &str,
        create: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let finding = if self.dry_run {
            Finding::Absent
        } else {
            create.await?;
            Finding::Created
        };
        self.note(kind, name, finding);
        Ok(())
    }
}

/// Sets everything up and says of each thing what was found or done.
pub async fn run(args: &Args) -> anyhow::Result<Vec<Line>> {
    let mut ledger = Ledger { dry_run: args.dry_run, lines: Vec::new() };
    let service = pubsub_service::Pubsub::connect(&args.pubsub, &args.project).await?;
    let schema = match &args.topic_schema {
        Some(id) => Some(schema::set_up(&service, id, &mut ledger).await?),
        None => None,
    };
    pubsub::set_up(&service, &args.names, schema, &mut ledger).await?;
    let admin = bigtable::TableAdmin::connect(&args.bigtable, &args.project).await?;
    tables::set_up(&admin, &mut ledger).await?;
    Ok(ledger.lines)
}

/// Fails if something differs from what the pipeline needs.
pub fn verdict(lines: &[Line]) -> anyhow::Result<()> {
    let differing = lines.iter().filter(|line| matches!(line.finding, Finding::Differs(_))).count();
    if differing > 0 {
        anyhow::bail!(
            "{differing} resource(s) differ from what the pipeline needs; see the lines marked `differs`"
        );
    }
    Ok(())
}
