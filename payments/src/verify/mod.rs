//! `payments verify`: whether the tables hold exactly what a run must have produced.
//!
//! Nothing is stored to compare with: a payment is a pure function of (seed, flags, index), so the expected rows are
//! recomputed. Both sides are summed into digests that do not depend on an order; memory does not grow with the run.
//!
//! - [`digest`], [`partition`]: rows as numbers that add up, in buckets. Pure.
//! - [`expected`], [`found`]: the two sides, recomputed and scanned in parallel.
//! - [`narrow`]: from sums that differ to the rows that do.
//! - [`sample`]: some of the payments only. [`consistency`]: the tables against each other. [`repair`]: rows written again.

mod compare;
pub mod consistency;
pub mod digest;
pub mod expected;
pub mod findings;
pub mod found;
mod json;
pub mod narrow;
pub mod partition;
pub mod points;
mod progress;
pub mod repair;
mod report;
pub mod sample;

pub(crate) use json::consistency as consistency_json;
pub(crate) use progress::Progress;
pub(crate) use report::consistency as consistency_text;

use crate::output::{Format, write};
use crate::reading::Flags;
use anyhow::{bail, ensure};
use consistency::Consistency;
use expected::Run;
use findings::Findings;
use found::Tables;
use indicatif::HumanCount;
use narrow::{Limits, Verification};
use producer::Generation;
use repair::Repaired;
use service::Error;
use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most expected rows kept at once while naming those that differ: about 30 MiB.
pub(crate) const KEPT_ROWS: u64 = 300_000;
pub(crate) const PARENTS: usize = 512;

/// Compares the newest version of every cell, without its time. A row older than its families' retention has lost cells,
/// which counts as differing.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Compares the newest version of every cell, without its time. A row older than its families' \
                  retention has lost\ncells, which counts as differing.\n\nExamples:\n  payments verify --num-records 1000000 --num-customers 10000\n  \
                  payments verify --num-records 1000000 --sample 0.01\n  \
                  payments verify --consistency\n  \
                  payments verify --num-records 1000000 --repair --yes"
)]
#[group(id = "verify")]
pub struct Args {
    #[command(flatten)]
    pub generation: Generation,
    /// First index that must be in the tables.
    #[arg(long, default_value_t = 0, value_name = "INDEX")]
    pub start_index: u64,
    /// Index to stop before; the run's end if left out.
    #[arg(long, value_name = "INDEX")]
    pub end_index: Option<u64>,
    /// What the sink was told to append to the row keys by customer and by date.
    #[arg(long, value_enum, default_value_t, value_name = "SUFFIX")]
    pub row_key_suffix: sink::Suffix,
    /// Check this share of the payments by reading their rows alone; unexpected rows are not looked for.
    #[arg(long, value_name = "SHARE", conflicts_with = "consistency")]
    pub sample: Option<f64>,
    /// Ledger of the producer's --ledger: payments that were spoilt on purpose must have no rows.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Check that the three tables agree with each other, whatever was generated.
    #[arg(long, conflicts_with = "repair")]
    pub consistency: bool,
    /// Write missing and differing rows again, from recomputed payments. Only says what it would do, unless --yes is given.
    #[arg(long)]
    pub repair: bool,
    /// Do what --repair says.
    #[arg(long, requires = "repair")]
    pub yes: bool,
    /// Most differences listed of each kind and table.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub max_differences: usize,
    /// Ranges of the tables read at once.
    #[arg(long, default_value_t = 4, value_name = "COUNT")]
    pub parallelism: usize,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub reading: Flags,
}

impl Args {
    fn check(&self) -> Result<(), Error> {
        let refuse =
            |flag, value: String, problem: &str| Err(Error::Flag { flag, value, problem: problem.into() });
        if let Some(share) = self.sample
            && !(share > 0.0 && share <= 1.0)
        {
            return refuse("--sample", share.to_string(), "must be above 0 and at most 1");
        }
        if !(1..=10_000).contains(&self.max_differences) {
            return refuse(
                "--max-differences",
                self.max_differences.to_string(),
                "must be between 1 and 10000",
            );
        }
        if !(1..=1_000).contains(&self.parallelism) {
            return refuse("--parallelism", self.parallelism.to_string(), "must be between 1 and 1000");
        }
        Ok(())
    }

    fn range(&self, records: u64) -> Result<Range<u64>, Error> {
        let end = self.end_index.unwrap_or(records);
        let refuse =
            |flag, value: u64, problem: String| Err(Error::Flag { flag, value: value.to_string(), problem });
        if end > records {
            return refuse("--end-index", end, format!("is outside the run: it has {records} payments"));
        }
        if self.start_index >= end {
            return refuse(
                "--start-index",
                self.start_index,
                format!("leaves nothing to verify: the end is {end}"),
            );
        }
        Ok(self.start_index..end)
    }

    fn limits(&self) -> Limits {
        Limits { kept_rows: KEPT_ROWS, parents: PARENTS, listed: self.max_differences }
    }
}

/// Writes the report to `out` and what it took to `notes`; an error where anything differs.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    args.check()?;
    let generator = args.generation.generator()?;
    let range = args.range(generator.config().num_records)?;
    let spoilt = Arc::new(match &args.ledger {
        Some(path) => producer::spoilt_indices(path, generator.run_id())?,
        None => HashSet::new(),
    });
    let tables = Tables { reader: args.reading.reader().await?, parallelism: args.parallelism };
    let (suffix, limits) = (args.row_key_suffix.into(), args.limits());
    let started = Instant::now();
    if args.consistency {
        let found = consistency::check(&tables, suffix, limits).await?;
        write(out, args.format, || report::consistency(&found), || json::consistency(&found))?;
        writeln!(notes, "{}", took(found.digests.by_customer.rows, started.elapsed()))?;
        return consistent(&found);
    }
    let payments = range.end - range.start;
    let verification = Verification { run: Run { generator, range, suffix, spoilt }, tables, limits };
    let found = match args.sample {
        Some(share) => verification.sample(share).await?,
        None => verification.run().await?,
    };
    let elapsed = started.elapsed();
    let repairs = if args.repair && args.yes { Some(verification.repair(&found).await?) } else { None };
    let text = || {
        let mut text = report::findings(&found, &args.generation.flags());
        text.extend(repairs.iter().map(|repairs| format!("\n{}", report::repairs(repairs))));
        text
    };
    write(out, args.format, text, || json::findings(&found, repairs.as_deref()))?;
    let looked_at = if args.sample.is_some() { found.tables.by_customer.expected.rows } else { payments };
    writeln!(notes, "{}", took(looked_at, elapsed))?;
    writeln!(notes, "compared: the newest version of every cell, without its time")?;
    if args.sample.is_some() {
        writeln!(notes, "a sample of {} payments; unexpected rows are not looked for", HumanCount(payments))?;
    }
    verdict(args, &found, repairs.as_deref(), verification.run.generator.run_id())
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

fn verdict(args: &Args, found: &Findings, repairs: Option<&[Repaired]>, run_id: &str) -> anyhow::Result<()> {
    if found.are_equal() {
        return Ok(());
    }
    let least = if found.is_complete { "" } else { "at least " };
    let differences = format!("{least}{}", HumanCount(found.differences()));
    if found.differences() == 0 {
        bail!("the tables changed while they were read: let the sinks finish, and verify again");
    }
    let Some(repairs) = repairs else {
        if args.repair {
            let rows: usize = found.tables.values().map(|table| table.to_repair.len()).sum();
            bail!("{differences} difference(s); --repair would write {rows} row(s): add --yes to do it");
        }
        let advice = found.other_run(run_id).map_or(String::new(), |other| {
            format!("; they hold run {other} and these flags mean run {run_id}: give those of the producer")
        });
        bail!("the tables are not what the run must have produced: {differences} difference(s){advice}");
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
