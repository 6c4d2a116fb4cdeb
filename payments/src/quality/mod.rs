//! `payments quality`: whether what is in the tables makes sense, whoever wrote it.
//!
//! Every row of every table is read back into a payment and validated as the sink validates messages; rows that lost a
//! family are counted; the rails' shares are compared with those declared ([`mix`]); then the three layouts are held against
//! each other ([`consistency`]).

pub mod mix;
mod observed;
mod report;

pub use mix::Share;
pub use observed::Observed;

use crate::output::Format;
use crate::reading::Flags;
use crate::rows::payment;
use crate::verify::consistency::{self, Consistency};
use crate::verify::found::Tables;
use crate::verify::narrow::Limits;
use crate::verify::{KEPT_ROWS, PARENTS, Progress};
use anyhow::ensure;
use gcp::bigtable::read::Row;
use generator::Mix;
use schemas::layout::{PerTable, Table};
use service::Error;
use std::io::Write;

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments quality --project my-project --instance my-instance\n  payments quality --mix us"
)]
#[group(id = "quality")]
pub struct Args {
    /// What the sink was told to append to the row keys by customer and by date.
    #[arg(long, value_enum, default_value_t, value_name = "SUFFIX")]
    pub row_key_suffix: sink::Suffix,
    /// Shares of the rails that the payments must have: seed, us, eu, or a list like ACH=0.4,CARD=0.6. Not looked at if
    /// left out, for payments may be of any number of runs.
    #[arg(long, value_name = "MIX")]
    pub mix: Option<Mix>,
    /// Most rows listed of each problem and table.
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    pub max_listed: usize,
    /// Ranges of the tables read at once.
    #[arg(long, default_value_t = 4, value_name = "COUNT")]
    pub parallelism: usize,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub reading: Flags,
}

/// What was found in the three tables.
#[derive(Clone, Debug)]
pub struct Quality {
    pub tables: PerTable<Observed>,
    pub consistency: Consistency,
    /// Where a mix was declared.
    pub shares: Vec<Share>,
}

impl Quality {
    pub fn is_good(&self) -> bool {
        let is_mixed = self.shares.iter().all(Share::is_as_declared);
        is_mixed && self.consistency.is_consistent() && self.tables.values().all(Observed::is_good)
    }
}

/// Writes the report to `out`; an error where anything is wrong.
pub async fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    for (flag, value) in [("--max-listed", args.max_listed), ("--parallelism", args.parallelism)] {
        if !(1..=1_000).contains(&value) {
            let problem = "must be between 1 and 1000".to_owned();
            return Err(Error::Flag { flag, value: value.to_string(), problem }.into());
        }
    }
    let tables = Tables { reader: args.reading.reader().await?, parallelism: args.parallelism };
    let limits = Limits { kept_rows: KEPT_ROWS, parents: PARENTS, listed: args.max_listed };
    let observed = observe(&tables, args.max_listed).await?;
    let quality = Quality {
        // The same payments lie in all three tables; where they do not, that is told already.
        shares: args
            .mix
            .as_ref()
            .map(|mix| mix::compare(mix, &observed.by_customer.types))
            .unwrap_or_default(),
        tables: observed,
        consistency: consistency::check(&tables, args.row_key_suffix.into(), limits).await?,
    };
    match args.format {
        Format::Table => write!(out, "{}", report::text(&quality))?,
        Format::Json => writeln!(out, "{}", report::json(&quality))?,
    }
    out.flush()?;
    ensure!(quality.is_good(), "the tables hold what no sound pipeline writes: see the report");
    Ok(())
}

async fn observe(tables: &Tables, listed: usize) -> Result<PerTable<Observed>, gcp::bigtable::read::Error> {
    let progress = Progress::new("reading payments", 0, 0);
    let mut all = PerTable::from_fn(|table| Observed::new(table, listed));
    let each = |observed: &mut Observed, _: Table, row: Row<'_>| observed.look(row.key(), payment(row));
    let join = |table: Table, part: Observed| all[table].add(part);
    tables.scan(&Table::ALL, &progress, |table| Observed::new(table, listed), each, join).await?;
    progress.finish();
    Ok(all)
}
