//! `payments read-load`: reads from the tables at a steady rate, by keys that must be there.
//!
//! - `mix`, `draws`: which payment's row is read when, and by which layout. Pure: payments are recomputed.
//! - `load`: the open loop: a read is sent when it is due, whatever the earlier ones do. `pace`: when that is, and `unsent`:
//!   what was given up. Pure.
//! - `ask`: one read. `tally`, `progress`: what they have come to, and its metrics; `histogram`: durations, closely.
//! - `teller`: what is said meanwhile; `report`: what it came to in the end, which `text` and `json` write.

mod ask;
mod draws;
mod histogram;
mod json;
mod load;
mod mix;
mod options;
mod pace;
mod progress;
mod report;
mod tally;
mod teller;
mod text;
mod unsent;

pub use options::Args;
pub use progress::Progress;
pub use unsent::{Unsent, Why};

use crate::output::write;
use ask::ask;
use draws::Draws;
use generator::Buffer;
use load::Sent;
use monitor::Monitor;
use monitor::lines::Lines;
use monitor::watched::{SharedHeat, Subject};
use prometheus_client::registry::Registry;
use report::Report;
use std::io::Write;
use std::sync::Arc;
use teller::Told;
use tokio_util::sync::CancellationToken;

/// Reads until the time is over or `stop` ends it, and writes the report to `out`. `is_live` where people look at a
/// terminal meanwhile.
pub async fn run(
    mut args: Args,
    out: &mut impl Write,
    stop: CancellationToken,
    is_live: bool,
) -> anyhow::Result<()> {
    args.check()?;
    args.monitor.check()?;
    args.reading.project.startup.stop = stop.clone();
    let draws = args.draws(args.generation.generator()?)?;
    let progress = Arc::new(Progress::default());
    progress.target_rate.set(args.rate.per_second);
    let mut registry = Registry::default();
    progress.register(&mut registry);
    let subject = Subject {
        binary: "read-load",
        version: env!("CARGO_PKG_VERSION"),
        health: progress.health.clone(),
        settings: args.settings(&draws),
        heat: SharedHeat::default(),
    };
    // Before the service is asked: whoever waits for it can see that.
    progress.health.starting("waiting for Bigtable");
    let mut monitor = Monitor::start(&args.monitor, subject, registry).await?;
    let lines = Lines::start(Told::new(progress.clone()), is_live);
    let ended = read(&args, &draws, &progress, &stop).await;
    lines.finish().await;
    let report = ended.map(|sent| Report::of(&progress, &args.tables(), args.rate, args.max_in_flight, sent));
    if let Ok(report) = &report {
        progress.rate.set(report.answered_per_second());
    }
    monitor.measured(progress.quantiles());
    // First, so that the report begins with what the exit code says.
    let judged = monitor.finish(None).await;
    let report = report?;
    let verdict = report.verdict().and(judged);
    let problem = verdict.as_ref().err().map(|error| format!("{error:#}"));
    let problem = problem.as_deref();
    write(out, args.format, || report.text(problem), || report.json(problem))?;
    verdict
}

async fn read(
    args: &Args,
    draws: &Draws,
    progress: &Arc<Progress>,
    stop: &CancellationToken,
) -> anyhow::Result<Sent> {
    let reader = args.reading.reader(&args.tables()).await?;
    progress.health.ready();
    let patience = args.reading.read_timeout;
    let mut buffer = Buffer::default();
    let reads = load::run(
        args.pace(),
        stop,
        |number| draws.question(number, &mut buffer),
        |question, due| ask(reader.clone(), question, due, patience, progress.clone()),
        // Of very many each part is a table's, which is drawn for its first.
        |unsent| progress.unsent(draws.table(unsent.first), &unsent),
    );
    let draining = async {
        stop.cancelled().await;
        progress.health.draining();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        sent = reads => sent,
        () = draining => anyhow::bail!("the reads ended before their end, which is a bug"),
    }
}
