//! `payments dead-letter`: messages that could not become rows: listed, looked at, published again, or dropped.
//!
//! - [`letter`]: what a letter says. Pure.
//! - [`mailbox`]: pulled, given back, acked, published again.
//! - [`work`]: redriving and purging. `report`: the listing.

pub mod letter;
pub mod mailbox;
mod report;
pub mod work;

use crate::output::{Format, write};
use crate::{clock, setup};
use anyhow::bail;
use gcp::pubsub::Pubsub;
use gcp::{Project, pubsub};
use letter::Letter;
use mailbox::Mailbox;
use service::Error;
use service::units::parse_duration;
use std::io::Write;
use std::time::Duration;
use work::{Done, Work};

/// List, inspect, publish again or drop messages that could not become rows.
///
/// Letters are pulled from the dead-letter subscription and held while this runs; those that stay are given back at the
/// end at once. If it is killed they come back when their leases end, within a minute.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments dead-letter list\n  payments dead-letter inspect 1234567890\n  \
                  payments dead-letter redrive --reason key_collision --yes\n  payments dead-letter purge --reason undecodable"
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
        #[arg(long, default_value_t = 100, value_name = "COUNT")]
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
    /// Publish letters' original messages to the topic again, for after a fix.
    ///
    /// A letter goes only once its copy is confirmed; a kill in between leaves both, which writes the same row twice. Without
    /// --yes it only counts, with exit code 1 if there is anything to do. Letters that come while it runs are left.
    #[command(after_help = "Example:\n  payments dead-letter redrive --reason key_collision --yes")]
    Redrive(Change),
    /// Drop letters for good. Without --yes it only counts, with exit code 1 if there is anything to do.
    #[command(after_help = "Example:\n  payments dead-letter purge --reason undecodable --yes")]
    Purge(Change),
}

/// Flags of the commands that make letters go.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "dead_letter_change")]
pub struct Change {
    /// Do it. Without it nothing is changed.
    #[arg(long)]
    pub yes: bool,
    /// Most letters that go; 0 is all.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    pub limit: usize,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub common: Common,
}

impl Change {
    fn work<'a>(&'a self, redrive_to: Option<(&'a Pubsub, &'a str)>) -> Work<'a> {
        Work { choice: &self.choice, limit: self.limit, yes: self.yes, redrive_to }
    }
}

/// Which letters.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "choice")]
pub struct Choice {
    /// Only letters of this reason (key_collision, undecodable, invalid, ...); may be given several times. All if left out.
    #[arg(long = "reason", value_name = "REASON")]
    pub reasons: Vec<String>,
}

impl Choice {
    pub fn takes(&self, letter: &Letter) -> bool {
        self.reasons.is_empty() || self.reasons.iter().any(|reason| reason == letter.reason())
    }
}

/// Flags of every command on dead letters.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "dead_letter_common")]
pub struct Common {
    /// How long without a letter counts as the end.
    #[arg(long, default_value = "5s", value_parser = parse_duration, value_name = "DURATION")]
    pub idle: Duration,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub names: setup::Names,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
}

impl Action {
    fn common(&self) -> &Common {
        match self {
            Self::List { common, .. } | Self::Inspect { common, .. } => common,
            Self::Redrive(change) | Self::Purge(change) => &change.common,
        }
    }
}

/// Writes the report to `out` and what came besides to `notes`.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let common = args.action.common();
    let pubsub = Pubsub::connect(&common.pubsub, &common.project).await?;
    let subscription = setup::dead_letter_subscription(&common.names.dead_letter_topic);
    let mut mailbox = Mailbox::open(&pubsub, &subscription, common.idle).await?;
    let result = act(args, &pubsub, &mut mailbox, out, notes).await;
    // Whatever happened: nobody waits for leases to end.
    let given_back = mailbox.give_back().await;
    result?;
    Ok(given_back?)
}

async fn act(
    args: &Args,
    pubsub: &Pubsub,
    mailbox: &mut Mailbox<'_>,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> anyhow::Result<()> {
    let common = args.action.common();
    match &args.action {
        Action::List { limit, choice, .. } => list(mailbox, *limit, choice, common.format, out, notes).await,
        Action::Inspect { message_id, .. } => inspect(mailbox, message_id, common.format, out).await,
        Action::Redrive(change) => {
            let topic = pubsub.topic_name(&common.names.topic);
            pubsub.require_topic(&topic).await?;
            finish(change.work(Some((pubsub, &topic))), mailbox, common.format, out, notes).await
        }
        Action::Purge(change) => finish(change.work(None), mailbox, common.format, out, notes).await,
    }
}

async fn list(
    mailbox: &mut Mailbox<'_>,
    limit: usize,
    choice: &Choice,
    format: Format,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> anyhow::Result<()> {
    let mut letters = Vec::new();
    loop {
        let next = mailbox.next().await?;
        let ended = next.is_empty();
        letters.extend(next.into_iter().filter(|letter| choice.takes(letter)));
        if ended || limit > 0 && letters.len() > limit {
            break;
        }
    }
    let more = limit > 0 && letters.len() > limit;
    if more {
        letters.truncate(limit);
    }
    letters.sort_by_key(Letter::published_micros);
    let now = clock::now_micros();
    write(out, format, || report::table(&letters, now), || report::json(&letters, more, now))?;
    writeln!(notes, "{}", report::counts(&letters))?;
    if more {
        writeln!(notes, "there are more: pass --limit 0 for all")?;
    }
    Ok(())
}

async fn inspect(
    mailbox: &mut Mailbox<'_>,
    message_id: &str,
    format: Format,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    loop {
        let letters = mailbox.next().await?;
        if let Some(letter) = letters.iter().find(|letter| letter.id() == message_id) {
            let now = clock::now_micros();
            let (text, json) = (report::whole(letter, now)?, report::whole_json(letter, now)?);
            return write(out, format, || text, || json);
        }
        if letters.is_empty() {
            bail!(
                "no letter {message_id} came: it is not there, or leased to another reader for up to a minute"
            );
        }
    }
}

async fn finish(
    work: Work<'_>,
    mailbox: &mut Mailbox<'_>,
    format: Format,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> anyhow::Result<()> {
    let mut done = Done::default();
    let result = work.run(mailbox, &mut done).await;
    write(out, format, || report::done(&work, &done), || report::done_json(&work, &done))?;
    if done.newer > 0 {
        writeln!(notes, "{} letter(s) came after the start and were left", done.newer)?;
    }
    result?;
    let chosen = done.chosen();
    if !work.yes && chosen > 0 {
        let what = work.verb();
        bail!("nothing was changed: add --yes to {what} {chosen} letter(s)");
    }
    Ok(())
}

/// What a broken-off redrive may have left, told with the error.
pub(crate) fn twice(error: Error, letters: usize) -> anyhow::Error {
    let told = format!(
        "{letters} letter(s) may have been published and are still letters; redriving them again writes the same rows"
    );
    match error {
        // No flag or resource is wrong: exit code 1.
        Error::Refused { .. } => anyhow::anyhow!("{told}: {error}"),
        error => anyhow::Error::new(error).context(told),
    }
}
