//! `payments verify`: compares the tables with the payments that a run must have produced, and repairs them.
//!
//! Nothing is stored to compare with: a payment is a pure function of (seed, flags, index), so the expected rows are
//! recomputed. Both sides are summed into digests that do not depend on an order; memory does not grow with the run.
//!
//! - `expected`: one side, recomputed in parallel. [`audit`] scans the other, and compares the tables with each other.
//! - `narrow`: from sums that differ to the rows that do; [`audit`] compares their cells.
//! - `points`: rows of chosen payments, for `sample`, which checks only some, and `repair`, which writes rows again.
//! - `trickle`: the rows of a trickle, each against its own recomputed payment.
//! - `findings`: the differences; `report` and `json` write them for people and programs.

mod expected;
mod findings;
mod json;
mod narrow;
mod options;
mod points;
mod repair;
mod report;
mod sample;
mod trickle;

pub use crate::audit::{CellDifference, Differing};
pub use expected::Run;
pub use findings::{Findings, Missing, TableFindings};
pub use narrow::Verification;
pub use options::Args;
pub use repair::Repaired;
pub use trickle::Trickle;

use crate::audit::{self, Consistency, Tables, consistency};
use crate::output::write;
use anyhow::{bail, ensure};
use indicatif::HumanCount;
use monitor::Monitor;
use monitor::health::Health;
use monitor::report::Verdict;
use monitor::watched::{SharedHeat, Subject};
use prometheus_client::registry::Registry;
use schemas::layout::Table;
use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Writes the report to `out`, and the time that it took to `notes`; an error if anything differs. With `--report` the
/// verdict goes into a file, too, without the rows: those hold what payments hold.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let report = monitor::Args { report: args.report.clone(), ..monitor::Args::default() };
    let health = Health::default();
    health.ready();
    let subject = Subject {
        binary: "verify",
        version: env!("CARGO_PKG_VERSION"),
        health,
        settings: BTreeMap::new(),
        heat: SharedHeat::default(),
    };
    let monitor = Monitor::start(&report, subject, Registry::default()).await?;
    let ended = compare(args, out, notes).await;
    let line = match &ended {
        Ok(()) => "the tables hold exactly what they must".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    let reported = monitor.finish(Some(Verdict { is_ok: ended.is_ok(), lines: vec![line] })).await;
    ended?;
    reported
}

async fn compare(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    args.check()?;
    let generator = args.generation.generator()?;
    let range = args.range(generator.config().num_records)?;
    let spoilt = Arc::new(match &args.ledger {
        Some(path) => producer::spoilt_indices(path, generator.run_id()).await?,
        None => HashSet::new(),
    });
    let tables = Tables { reader: args.reading.reader(&Table::ALL).await?, parallelism: args.parallelism };
    let suffix = args.reading.suffix(tables.reader.bigtable(), args.row_key_suffix).await?;
    let limits = args.limits();
    let started = Instant::now();
    if args.consistency {
        let found = consistency::check(&tables, suffix, limits).await?;
        write(
            out,
            args.format,
            || audit::report::text(&found, args.digests),
            || audit::report::json(&found),
        )?;
        writeln!(notes, "{}", took(found.digests.by_customer.rows, started.elapsed()))?;
        return consistent(&found);
    }
    if args.trickle {
        let live = args.lives.live(args.generation.config()?)?;
        let found = Trickle::verify(&tables, generator, live, suffix, args.max_differences).await?;
        let flags = args.generation.flags() + &args.lives.flags();
        write(out, args.format, || trickle::text(&found, &flags, args.digests), || trickle::json(&found))?;
        writeln!(notes, "{}", took(found.tables.by_transaction.digest.rows, started.elapsed()))?;
        ensure!(found.is_good(), "the tables do not hold the trickle's payments as they must be");
        return Ok(());
    }
    let payments = range.end - range.start;
    let verification = Verification {
        run: Run { generator, range, suffix, spoilt },
        tables,
        limits,
        is_repair: args.repair,
    };
    let found = if let Some(share) = args.sample {
        verification.sample(share).await?
    } else {
        if verification.is_elsewhere().await? {
            writeln!(
                notes,
                "of the payments looked up first none is there: are these its producer's flags?"
            )?;
        }
        verification.run().await?
    };
    let elapsed = started.elapsed();
    let repairs = if args.repair && args.yes { Some(verification.repair(&found).await?) } else { None };
    let text = || {
        let run_id = verification.run.generator.run_id();
        let mut text =
            report::findings(&found, repairs.as_deref(), run_id, &args.generation.flags(), args.digests);
        text.extend(repairs.iter().map(|repairs| format!("\n{}", report::repairs(repairs))));
        text
    };
    write(out, args.format, text, || json::findings(&found, repairs.as_deref()))?;
    let looked_at = if args.sample.is_some() { found.tables.by_customer.expected.rows } else { payments };
    writeln!(notes, "{}", took(looked_at, elapsed))?;
    verdict(args, &found, repairs.as_deref())
}

fn took(payments: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(1e-3);
    let rate = HumanCount((payments as f64 / seconds) as u64);
    let peak = service::usage::peak_mib().map_or(String::new(), |peak| format!(", peak memory {peak} MiB"));
    format!("{} payments in {seconds:.1} s, {rate} payments/s{peak}", HumanCount(payments))
}

fn consistent(found: &Consistency) -> anyhow::Result<()> {
    ensure!(found.is_consistent(), "the three tables do not agree with each other");
    Ok(())
}

fn verdict(args: &Args, found: &Findings, repairs: Option<&[Repaired]>) -> anyhow::Result<()> {
    if found.are_equal() {
        return Ok(());
    }
    let least = if found.is_complete { "" } else { "at least " };
    let differences = format!("{least}{}", HumanCount(found.differences()));
    if found.differences() == 0 {
        bail!("the tables changed while they were read: let the sinks finish, and verify again");
    }
    if found.is_elsewhere {
        bail!("these are not the flags of the run that is in the tables: nothing else was looked at");
    }
    let Some(repairs) = repairs else {
        if args.repair {
            let rows: usize = found.tables.values().map(|table| table.to_repair.len()).sum();
            bail!("{differences} difference(s); --repair would write {rows} row(s): add --yes to do it");
        }
        bail!("the tables are not what the run must have produced: {differences} difference(s)");
    };
    if !found.is_complete {
        bail!("a part of what differs was repaired: verify again for the rest");
    }
    ensure!(
        repairs.iter().all(Repaired::is_whole),
        "not all differences could be repaired: see the lines marked `left`"
    );
    Ok(())
}
