//! `payments replay`: has messages delivered again by seeking the sinks' subscription, to reload tables.
//!
//! - `target`: where to seek to, and whether that brings anything back. Pure.
//! - `backlog`: the progress of the sinks; `display` shows it.
//! - `report`: the outcome.

mod backlog;
mod display;
mod options;
mod report;
mod target;

pub use backlog::{Backlog, Oldest};
pub use options::Args;
pub use target::{Seek, Target};

use crate::output::write;
use crate::{moment, snapshot};
use anyhow::bail;
use backlog::{Patience, Settled};
use display::Display;
use gcp::Resource;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use report::{Report, age, json, text};
use service::Error;
use std::io::Write;
use std::time::{Duration, Instant};

/// How long no older message must be unacked.
const AT_GOOGLE: Duration = Duration::from_mins(1);
const ON_EMULATORS: Duration = Duration::from_secs(5);

/// Writes the report to `out`, and the progress of the sinks to `notes`.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let pubsub = Pubsub::connect(&args.pubsub, &args.project).await?;
    let name = pubsub.subscription_name(&args.subscription);
    let seek = checked(args, &pubsub, &name).await?;
    let (target, may_skip) = (seek.describe(), seek.may_skip);
    let mut report = Report { subscription: name.clone(), target, may_skip, ..Default::default() };
    if !args.yes {
        write(out, args.format, || text(&report), || json(&report))?;
        bail!("nothing was changed: add --yes to seek subscription {name}");
    }
    report.undo = undo(args, &pubsub, &name, &seek).await?;
    if let Some(undo) = &report.undo {
        writeln!(notes, "the state before is kept as snapshot {undo}")?;
    }
    let started = Instant::now();
    let sought_micros = moment::now_micros();
    apply(&pubsub, &name, seek).await?;
    report.sought = true;
    if !args.no_wait {
        let usual = if pubsub.is_emulator() { ON_EMULATORS } else { AT_GOOGLE };
        let settle = args.settle.unwrap_or(usual);
        report.settled = Some(wait(args, settle, &Backlog::of(&pubsub, &name), sought_micros, notes).await?);
    }
    report.elapsed = started.elapsed();
    write(out, args.format, || text(&report), || json(&report))?;
    match &report.settled {
        Some(Settled { is_done: false, last, .. }) => bail!(
            "not done within {:?}: the oldest unacked message is {}; the seek stands, so running sinks go on with it",
            args.timeout,
            last.map_or("unknown".to_owned(), age),
        ),
        _ => Ok(()),
    }
}

/// The seek, if it makes sense for this subscription.
async fn checked(args: &Args, pubsub: &Pubsub, name: &str) -> Result<Seek, Error> {
    let subscription = pubsub.require_subscription(name).await?;
    let snapshot = match &args.target.snapshot {
        None => None,
        Some(id) => {
            let found = snapshot::get(pubsub, &pubsub.snapshot_name(id)).await?;
            if found.topic != subscription.topic {
                let problem =
                    format!("is of topic {}, the subscription of {}", found.topic, subscription.topic);
                return Err(Error::Flag { flag: "--snapshot", value: id.clone(), problem });
            }
            Some(found.name)
        }
    };
    args.target.seek(&subscription, snapshot, moment::now_micros())
}

async fn undo(args: &Args, pubsub: &Pubsub, name: &str, seek: &Seek) -> Result<Option<String>, Error> {
    if args.no_undo || !seek.may_skip {
        return Ok(None);
    }
    let id = name.rsplit('/').next().unwrap_or(name);
    let undo = pubsub.snapshot_name(&format!("before-replay-{id}-{}", moment::now_micros() / 1_000));
    match snapshot::create(pubsub, &undo, name).await {
        Ok(_) => Ok(Some(undo)),
        Err(error) => Err(Error::Config(format!(
            "{error}; without it the seek cannot be undone: pass --no-undo to seek nevertheless"
        ))),
    }
}

async fn apply(pubsub: &Pubsub, name: &str, seek: Seek) -> Result<(), Error> {
    let request = proto::SeekRequest { subscription: name.to_owned(), target: Some(seek.target) };
    let resource = Resource { kind: "subscription", name, role: "roles/pubsub.editor" };
    let seek = || async { pubsub.subscriptions().seek(request.clone()).await };
    pubsub.answer(resource, seek).await.map(|_| ())
}

async fn wait(
    args: &Args,
    settle: Duration,
    backlog: &Backlog<'_>,
    sought_micros: i64,
    notes: &mut impl Write,
) -> anyhow::Result<Settled> {
    let patience = Patience { interval: args.interval, settle, timeout: args.timeout };
    let mut display = Display::new(sought_micros);
    let settled =
        backlog::settle(backlog, sought_micros, patience, |oldest| display.show(oldest, notes)).await;
    display.finish();
    Ok(settled?)
}
