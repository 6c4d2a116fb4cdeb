//! Flags of `payments verify`.

use crate::audit::Limits;
use crate::output::Format;
use crate::reading;
use producer::Generation;
use producer::trickle::Lives;
use service::Error;
use service::units::parse_count;
use std::ops::Range;
use std::path::PathBuf;

/// Compares the newest version of every cell, without its time. A row older than its families' retention has lost
/// cells, which counts as differing.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Compares the newest version of every cell, without its time. A row older than its families' \
                  retention has lost\ncells, which counts as differing.\n\nExamples:\n  \
                  payments verify --num-records 1000000 --num-customers 10000\n  \
                  payments verify --num-records 1000000 --sample 0.01\n  \
                  payments verify --trickle --update-share 0.3\n  \
                  payments verify --consistency\n  \
                  payments verify --num-records 1000000 --repair --yes"
)]
#[group(id = "verify")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct Args {
    #[command(flatten)]
    pub generation: Generation,
    /// First index that must be in the tables.
    #[arg(long, default_value_t = 0, value_name = "INDEX", value_parser = parse_count::<u64>)]
    pub start_index: u64,
    /// Index to stop before; the run's end if left out.
    #[arg(long, value_name = "INDEX", value_parser = parse_count::<u64>)]
    pub end_index: Option<u64>,
    /// What the row keys by customer and by date end in: as `payments setup` has recorded it, if left out.
    #[arg(long, value_enum, value_name = "SUFFIX")]
    pub row_key_suffix: Option<sink::Suffix>,
    /// Write the verdict here at the end: a page for people (.html) or data (.json). Give it twice for both.
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
    /// Check only this share of the payments, by reading their rows; unexpected rows are not looked for.
    #[arg(long, value_name = "SHARE", conflicts_with = "consistency")]
    pub sample: Option<f64>,
    /// File of the producer's --ledger: payments that were spoilt on purpose must have no rows.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Check a trickle's rows: each must be exactly the payment and state that it says, the same in all three tables. Give
    /// the flags of `producer trickle`. Payments that no table has cannot be missed: they follow from the trickle's pace.
    #[arg(long, conflicts_with_all = ["sample", "ledger", "consistency", "repair", "start_index", "end_index"])]
    pub trickle: bool,
    #[command(flatten)]
    pub lives: Lives,
    /// Check that the three tables agree with each other, whichever payments were generated.
    #[arg(long, conflicts_with = "repair")]
    pub consistency: bool,
    /// Write missing and differing rows again, from recomputed payments. Without --yes it only says what it would do.
    #[arg(long)]
    pub repair: bool,
    /// Do the repair.
    #[arg(long, requires = "repair")]
    pub yes: bool,
    /// Show each table's digest: equal tables have equal ones, on any machine.
    #[arg(long)]
    pub digests: bool,
    /// Most differences listed of each kind and table.
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub max_differences: usize,
    /// Ranges of the tables read at once.
    #[arg(long, default_value_t = 4, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub parallelism: usize,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub reading: reading::Flags,
}

impl Args {
    /// Refuses values that cannot work, naming the flag.
    pub fn check(&self) -> Result<(), Error> {
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

    /// The payments to verify, of a run of this many.
    pub fn range(&self, records: u64) -> Result<Range<u64>, Error> {
        reading::part_of_run(self.start_index, self.end_index, records, "verify")
    }

    pub fn limits(&self) -> Limits {
        Limits::listing(self.max_differences)
    }
}
