//! `payments dead-letter`: lists, shows, publishes again or drops messages that could not become rows.
//!
//! - [`letters`](crate::letters): one of them, and the subscription that they are in.
//! - `work`: redriving and purging. `report`: the listing.

mod options;
mod report;
mod work;

pub use crate::letters::{Choice, KEY_COLLISION, Letter, Mailbox, publish};
pub use options::{Action, Args, Change, Common, Redrive};
pub use work::{Done, Work};

use crate::moment;
use crate::names::dead_letter_subscription;
use crate::output::{Format, write};
use anyhow::bail;
use gcp::bigtable::Bigtable;
use gcp::pubsub::Pubsub;
use schemas::layout::KeySuffix;
use service::terminal;
use std::io::Write;
use std::time::Duration;

/// How long without a letter counts as the end.
const AT_GOOGLE: Duration = Duration::from_secs(5);
const ON_EMULATORS: Duration = Duration::from_secs(1);

/// Writes the report to `out`, and remarks to `notes`.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let common = args.action.common();
    let pubsub = Pubsub::connect(&common.pubsub, &common.project).await?;
    let subscription = dead_letter_subscription(&common.names.dead_letter_topic);
    let usual = if pubsub.is_emulator() { ON_EMULATORS } else { AT_GOOGLE };
    let idle = common.idle.unwrap_or(usual);
    let mut mailbox = Mailbox::open(&pubsub, &subscription, idle).await?;
    // The others have a progress of their own.
    if matches!(args.action, Action::List { .. } | Action::Inspect { .. }) {
        terminal::live(format_args!("looking for letters, until none has come for {idle:?}"));
    }
    let result = act(args, &pubsub, &mut mailbox, out, notes).await;
    // Whatever happened, so that nobody has to wait for the leases to end.
    let given_back = mailbox.give_back().await;
    terminal::live("");
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
        Action::Redrive(redrive) => {
            let topic = pubsub.topic_name(&common.names.topic);
            pubsub.require_topic(&topic).await?;
            let leave_collisions = !may_redrive_collisions(redrive).await?;
            let work = Work { leave_collisions, ..redrive.change.work(Some((pubsub, &topic))) };
            finish(work, mailbox, common.format, out, notes).await
        }
        Action::Purge(change) => finish(change.work(None), mailbox, common.format, out, notes).await,
    }
}

/// Whether letters of [`KEY_COLLISION`] may go: if they are asked for, and hide no row or are meant to.
async fn may_redrive_collisions(redrive: &Redrive) -> anyhow::Result<bool> {
    if redrive.overwrite || !redrive.change.choice.names(KEY_COLLISION) {
        return Ok(redrive.overwrite);
    }
    let bigtable = Bigtable::connect(&redrive.bigtable, &redrive.change.common.project, 1).await?;
    match sink::suffix::recorded(&bigtable, &redrive.app_profile).await? {
        Some(KeySuffix::TransactionId) => Ok(true),
        Some(KeySuffix::None) | None => Err(service::Error::Config(format!(
            "--reason {KEY_COLLISION}: each of these payments has the row key of another one, and would take its place in \
             two tables, because their keys do not end in the transaction id; load them into tables made with `payments \
             setup --row-key-suffix transaction_id` (another --instance), or pass --overwrite"
        ))
        .into()),
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
    terminal::live("");
    let now = moment::now_micros();
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
            terminal::live("");
            let now = moment::now_micros();
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
    if done.collisions > 0 {
        let count = done.collisions;
        writeln!(
            notes,
            "{count} letter(s) of {KEY_COLLISION} were left: they go with --reason {KEY_COLLISION}"
        )?;
    }
    result?;
    let chosen = done.chosen();
    if !work.yes && chosen > 0 {
        let what = work.verb();
        bail!("nothing was changed: add --yes to {what} {chosen} letter(s)");
    }
    Ok(())
}
