//! `payments replay`: messages delivered again by seeking the sink's subscription, to reload tables.
//!
//! - [`target`]: where to, and whether that brings anything back. Pure.
//! - [`backlog`]: how far the sinks are with it.
//! - `progress`: showing that.

pub mod backlog;
mod progress;
pub mod target;

pub use target::{Seek, Target};

use crate::clock;
use crate::output::{Format, write};
use crate::snapshot;
use anyhow::bail;
use backlog::{Backlog, Oldest, Patience, Settled};
use gcp::pubsub::Pubsub;
use gcp::{Project, Resource, pubsub};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use progress::Progress;
use serde_json::json;
use service::Error;
use service::units::parse_duration;
use std::io::Write;
use std::time::{Duration, Instant};

/// Deliver messages again, to reload tables: seek the sinks' subscription back and wait for the sinks.
///
/// A replayed message writes the same cells at the same times, so that rows that are there do not change. Without --yes
/// it only says what it would do, with exit code 1.
///
/// It then waits until everything published before the seek is acked, which a sink does once all three tables have the row
/// or the dead-letter topic has the message. Pub/Sub counts no backlog outside Cloud Monitoring; what is watched, on
/// Google's service and on both emulators alike, is the age of the oldest unacked message: a snapshot made and deleted at
/// each look tells it. This needs roles/pubsub.editor and a clock that is right to about a second. Sinks must be running:
/// a replay starts none.
///
/// --to and --snapshot make messages count as acked that were published before the target, written or not. A snapshot of
/// the state before is therefore made first: replaying to that one undoes the seek.
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
    #[arg(long, env = "PAYMENTS_SUBSCRIPTION", default_value = "payments-sink", value_name = "SUBSCRIPTION")]
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
    /// How long no older message may be unacked until the replay counts as done; a seek takes effect within a minute.
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "DURATION")]
    pub settle: Duration,
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

/// What a replay did.
#[derive(Clone, Debug, Default)]
struct Report {
    subscription: String,
    target: String,
    /// Whether messages from before the target then count as acked.
    may_skip: bool,
    sought: bool,
    undo: Option<String>,
    settled: Option<Settled>,
    elapsed: Duration,
}

/// Writes the report to `out`, and how far the sinks are to `notes`.
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
    let sought_micros = clock::now_micros();
    apply(&pubsub, &name, seek).await?;
    report.sought = true;
    if !args.no_wait {
        report.settled = Some(wait(args, &Backlog::of(&pubsub, &name), sought_micros, notes).await?);
    }
    report.elapsed = started.elapsed();
    write(out, args.format, || text(&report), || json(&report))?;
    match &report.settled {
        Some(Settled { is_settled: false, last, .. }) => bail!(
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
    args.target.seek(&subscription, snapshot, clock::now_micros())
}

async fn undo(args: &Args, pubsub: &Pubsub, name: &str, seek: &Seek) -> Result<Option<String>, Error> {
    if args.no_undo || !seek.may_skip {
        return Ok(None);
    }
    let id = name.rsplit('/').next().unwrap_or(name);
    let undo = pubsub.snapshot_name(&format!("before-replay-{id}-{}", clock::now_micros() / 1_000));
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
    pubsub.subscriptions().seek(request).await.map(|_| ()).map_err(|status| resource.explain(&status))
}

async fn wait(
    args: &Args,
    backlog: &Backlog<'_>,
    sought_micros: i64,
    notes: &mut impl Write,
) -> anyhow::Result<Settled> {
    let patience = Patience { interval: args.interval, settle: args.settle, timeout: args.timeout };
    let mut progress = Progress::new(sought_micros);
    let settled =
        backlog::settle(backlog, sought_micros, patience, |oldest| progress.show(oldest, notes)).await;
    progress.finish();
    Ok(settled?)
}

fn age(oldest: Oldest) -> String {
    match oldest {
        Oldest::TooOld => "more than 6 d 23 h old".to_owned(),
        Oldest::Published(micros) => format!("of {}", clock::text_of(micros)),
    }
}

fn text(report: &Report) -> String {
    let Report { subscription, target, .. } = report;
    if !report.sought {
        let skipped = "messages from before it would count as acked, written or not; the state before is kept as a snapshot first, \
                       unless --no-undo is given\n";
        let skipped = if report.may_skip { skipped } else { "" };
        return format!("would seek {subscription} to {target}\n{skipped}");
    }
    let seconds = report.elapsed.as_secs_f64();
    let end = match &report.settled {
        None => "not waited for: running sinks write the messages again".to_owned(),
        Some(Settled { is_settled: true, first: Some(first), .. }) => {
            format!("reloaded all since the message {}, in {seconds:.1} s", age(*first))
        }
        Some(Settled { is_settled: true, first: None, .. }) => {
            format!(
                "settled  after {seconds:.1} s; no old message was seen unacked: nothing may have come back"
            )
        }
        Some(Settled { last, .. }) => {
            let oldest = last.map_or("unknown".to_owned(), age);
            format!("left     after {seconds:.1} s; the oldest unacked message is {oldest}")
        }
    };
    let undo = report.undo.iter().map(|undo| format!("undo     payments replay --snapshot {undo} --yes\n"));
    let undo: String = undo.collect();
    format!("sought   {subscription} to {target}\n{undo}{end}\n")
}

fn json(report: &Report) -> serde_json::Value {
    let oldest = |oldest: Option<Oldest>| match oldest {
        None => serde_json::Value::Null,
        Some(Oldest::TooOld) => "older than 6 d 23 h".into(),
        Some(Oldest::Published(micros)) => clock::text_of(micros).into(),
    };
    json!({
        "subscription": report.subscription,
        "target": report.target,
        "sought": report.sought,
        "earlierCountAsAcked": report.may_skip,
        "undoSnapshot": report.undo,
        "settled": report.settled.as_ref().map(|settled| settled.is_settled),
        "oldestReplayed": report.settled.as_ref().map(|settled| oldest(settled.first)),
        "oldestUnacked": report.settled.as_ref().map(|settled| oldest(settled.last)),
        "seconds": report.elapsed.as_secs_f64(),
    })
}
