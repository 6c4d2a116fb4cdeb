//! `payments why`: traces one payment, from what it must be to what is in the tables.
//!
//! - `expected`: the payment as the run has it, and how much of it is published by its producer's checkpoint.
//! - `search`: letters about it, looked at and given back.
//! - `found`: its rows, compared with what is expected.
//! - `verdict`: all of that in one line. Pure. `report` writes it for people and programs.

mod expected;
mod found;
mod options;
mod report;
mod search;
mod verdict;

pub use options::Args;

use crate::origin::parse_id;
use crate::output::write;
use expected::{Expected, Foreign};
use gcp::bigtable::read::Reader;
use schemas::layout::Table;
use search::Wanted;
use service::Error;
use std::io::Write;
use verdict::Case;

/// Writes the report to `out`, and where it looks to `notes`; an error unless all is as expected.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let id = parse_id(&args.id)?;
    let reader = args.reading.reader(&Table::ALL).await?;
    let suffix = args.reading.suffix(reader.bigtable(), args.row_key_suffix).await?;
    let expected = match Expected::of(&id, args, suffix)? {
        Ok(expected) => expected,
        Err(foreign) => return tell_foreign(&id, &foreign, args, &reader, out).await,
    };
    let published = expected.published(args)?;
    let tables = found::read(&reader, &id, &expected).await?;
    if !args.no_letters {
        let (topic, time) = (&args.dead_letter_topic, args.time);
        writeln!(notes, "looking through the letters of {topic} for {time:?} at most; none is acked")?;
    }
    let wanted = Wanted { id: &id, run_id: &expected.run_id, index: expected.index };
    let search = search::search(args, wanted).await?;
    let case = Case { id, is_trickles: args.trickle, expected, published, search, tables };
    let verdict = case.verdict();
    let (next, values) = (case.next(&args.generation.flags()), args.show_values);
    let text = || report::text(&case, &verdict, next.as_deref(), values);
    let json = || report::json(&case, &verdict, next.as_deref(), values);
    write(out, args.format, text, json)?;
    anyhow::ensure!(verdict.is_good, "the payment is not as expected: the report says how");
    Ok(())
}

async fn tell_foreign(
    id: &str,
    foreign: &Foreign,
    args: &Args,
    reader: &Reader,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let rows = found::by_id(reader, id).await?;
    let text = || report::foreign_text(id, foreign, &rows);
    write(out, args.format, text, || report::foreign_json(id, foreign, &rows))?;
    Err(Error::Config(format!("{}: {}", report::verdict_of(foreign), foreign.hint)).into())
}
