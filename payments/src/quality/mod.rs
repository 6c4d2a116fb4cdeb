//! `payments quality`: checks that the payments in the tables make sense, whoever wrote them.
//!
//! Every row of every table is read back into a payment and validated as the sink validates messages; rows that lost a
//! family are counted; the rails' shares are compared with those declared (`mix`); then the three tables are compared
//! with each other ([`consistency`]).

mod mix;
mod observed;
mod options;
mod report;

pub use mix::Share;
pub use observed::Observed;
pub use options::Args;
pub use report::Quality;

use crate::audit::{Limits, Tables, consistency};
use crate::output::Progress;
use crate::output::write;
use crate::rows::payment;
use anyhow::ensure;
use gcp::bigtable::read::Row;
use schemas::layout::{PerTable, Table};
use std::io::Write;

/// Writes the report to `out`; an error if anything is wrong.
pub async fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    args.check()?;
    let tables = Tables { reader: args.reading.reader(&Table::ALL).await?, parallelism: args.parallelism };
    let suffix = args.reading.suffix(tables.reader.bigtable(), args.row_key_suffix).await?;
    let limits = Limits::listing(args.max_listed);
    let observed = observe(&tables, args.max_listed).await?;
    let quality = Quality {
        // The same payments lie in all three tables; if they do not, the consistency says so.
        shares: args
            .mix
            .as_ref()
            .map(|mix| mix::compare(mix, &observed.by_customer.types))
            .unwrap_or_default(),
        tables: observed,
        consistency: consistency::check(&tables, suffix, limits).await?,
    };
    write(out, args.format, || report::text(&quality, args.digests), || report::json(&quality))?;
    ensure!(quality.is_good(), "the tables hold what no sound pipeline writes: see the report");
    Ok(())
}

async fn observe(tables: &Tables, listed: usize) -> Result<PerTable<Observed>, gcp::bigtable::read::Error> {
    let bar = Progress::new("reading payments", None);
    let mut all = PerTable::from_fn(|table| Observed::new(table, listed));
    let each = |observed: &mut Observed, _: Table, row: Row<'_>| observed.look(row.key(), payment(row));
    let join = |table: Table, part: Observed| all[table].add(part);
    tables.scan(&Table::ALL, &bar, |table| Observed::new(table, listed), each, join).await?;
    bar.finish();
    Ok(all)
}
