//! `payments export`: payments as files for databases and data frames, with the truth about injected ones beside them.
//!
//! - `generated`, `stored`: the payments, from the generator or from the tables.
//! - `columns`, `batch`: what a file has, and rows of it, column by column; `dictionary`: what each column is. Pure.
//! - `format`: rows as bytes: `csv`, `ndjson`, `parquet`; `schema`: the columns for BigQuery. Pure but for Parquet's files.
//! - `lanes`: threads whose results come in order, so that the files do not depend on how many there are.
//! - `prepare`, `folder`, `series`, `sink`, `manifest`: files that are whole or not there, and what tells of them; `swap`: a new
//!   export in the place of an earlier one.

mod batch;
mod columns;
mod csv;
mod dictionary;
mod folder;
mod format;
mod generated;
mod lanes;
mod manifest;
mod ndjson;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod prepare;
mod schema;
mod series;
mod sink;
mod stored;
mod swap;

pub use format::Format;
pub use options::{Args, From};

use anyhow::bail;
use folder::{Folder, Making};
use indicatif::{HumanBytes, HumanCount};
use manifest::Origin;
use service::escape::escape;
use service::{Error, blocking};
use std::io::Write;
use std::path::Path;
use tokio_util::sync::CancellationToken;

const STOPPED: &str = "stopped before the end, and nothing of this export is kept";

/// Writes the files; what they are to `out`, and to `notes` rows that are no payments and what an earlier export had left. On
/// `stop`, and on any error, nothing of them stays, and what was to be replaced is as it was. Or, if that is asked for, only
/// the dictionary of their columns to `out`.
pub async fn run(
    args: &Args,
    out: &mut impl Write,
    notes: &mut impl Write,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    if args.columns {
        return dictionary::write(args.dictionary()?, out);
    }
    let (threads, rows, place) = (args.threads()?, args.rows_per_file, args.place()?);
    match args.from {
        From::Generator => {
            let generator = args.generation.generator()?;
            let records = generator.config().num_records;
            let count = args.count.map_or(records, |count| count.min(records));
            let mut folder = folder(args, place, notes)?;
            blocking::busy(|| generated::export(&generator, count, rows, threads, &mut folder, &stop))?;
            let (run_id, flags) = (generator.run_id().to_owned(), flags(args));
            tell(&mut folder, &Origin::Generator { run_id, flags }, out)
        }
        From::Tables => {
            if let Some(count) = args.count {
                let problem = "is for payments from the generator: the tables' are all written".to_owned();
                return Err(Error::Flag { flag: "--count", value: count.to_string(), problem }.into());
            }
            let reader = tokio::select! {
                reader = args.reading.reader(&[stored::TABLE]) => reader?,
                () = stop.cancelled() => bail!(STOPPED),
            };
            let folder = folder(args, place, notes)?;
            let (mut folder, found) = stored::export(&reader, rows, threads, folder, &stop).await?;
            let (runs, left_out) = (found.runs.rows, found.left_out.total);
            tell(&mut folder, &Origin::Tables { runs, left_out }, out)?;
            for (key, reason) in &found.left_out.first {
                writeln!(notes, "left out     row {}: {}", key.escape_ascii(), escape(reason))?;
            }
            if left_out > 0 {
                bail!("{left_out} row(s) of {} are no payments and were left out", stored::TABLE.id());
            }
            Ok(())
        }
    }
}

/// Where the files go, once it is ready; what was mended there is told.
fn folder(args: &Args, place: (Format, &Path), notes: &mut impl Write) -> anyhow::Result<Folder> {
    let (format, path) = place;
    let ready = prepare::prepare(path, args.overwrite)?;
    for mended in &ready.mended {
        writeln!(notes, "mended       {mended}")?;
    }
    Ok(Folder::new(path, ready, Making { format, by_rail: args.by_rail }, args.rows_per_file))
}

/// The flags that the payments depend on.
fn flags(args: &Args) -> String {
    let count = args.count.map_or(String::new(), |count| format!(" --count {count}"));
    (args.generation.flags() + &count).trim_start().to_owned()
}

fn tell(folder: &mut Folder, origin: &Origin, out: &mut impl Write) -> anyhow::Result<()> {
    let manifest = blocking::busy(|| folder.finish(origin))?;
    for series in folder.series() {
        let what = if series.kind.part.is_empty() { series.kind.stem } else { series.kind.part };
        let (rows, files, bytes) = (HumanCount(series.rows()), series.done.len(), HumanBytes(series.bytes()));
        writeln!(out, "{what:<12} {rows} in {files} file(s), {bytes}")?;
    }
    writeln!(out, "manifest     {}", escape(&manifest.display().to_string()))?;
    Ok(())
}
