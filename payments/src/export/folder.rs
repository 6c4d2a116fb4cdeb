//! What an export writes: payments, labels, their schemas, and last the manifest. Unless it comes to that, nothing stays but
//! what was there before.

use super::batch::{Batch, MOST_BYTES};
use super::columns::Columns;
use super::format::{Encoded, Format};
use super::manifest::{self, Origin};
use super::prepare::Ready;
use super::series::Series;
use super::sink::{Sink, partial};
use super::{columns, schema, swap};
use anyhow::Context;
use schemas::layout::flat::{Field, Row, Value};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{fs, iter, mem};

/// Some payments on their way into the files.
pub struct Made {
    pub payments: Rows,
    pub rows: u64,
    /// Those of these payments that were injected.
    pub labels: Batch,
}

/// Rows of payments.
pub enum Rows {
    Encoded(Encoded),
    /// To be dealt out to their rails' files first.
    Plain(Batch),
}

/// What threads do with rows before they come to the folder.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    pub format: Format,
    pub by_rail: bool,
}

impl Making {
    pub fn make(self, payments: Batch, labels: Batch) -> anyhow::Result<Made> {
        let rows = payments.rows as u64;
        let payments =
            if self.by_rail { Rows::Plain(payments) } else { Rows::Encoded(self.format.encode(payments)?) };
        Ok(Made { payments, rows, labels })
    }
}

/// Files whose rows wait until they are many enough to be encoded.
struct Pile {
    series: Series,
    waiting: Batch,
}

impl Pile {
    fn new(series: Series) -> Self {
        let waiting = Batch::new(&series.columns);
        Self { series, waiting }
    }

    fn take(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        self.waiting.push(row)?;
        let is_full = self.waiting.rows as u64 >= self.series.room() || self.waiting.text_bytes >= MOST_BYTES;
        if is_full { self.write() } else { Ok(()) }
    }

    /// Writes the rows that wait.
    fn write(&mut self) -> anyhow::Result<()> {
        let rows = self.waiting.rows as u64;
        if rows == 0 {
            return Ok(());
        }
        let batch = mem::replace(&mut self.waiting, Batch::new(&self.series.columns));
        self.series.append(self.series.format.encode(batch)?, rows)
    }
}

pub struct Folder {
    path: PathBuf,
    making: Making,
    rows_per_file: u64,
    payments: Series,
    /// In its place, by rail; each from its first payment on.
    rails: BTreeMap<&'static str, Pile>,
    labels: Pile,
    /// Other files that were created here.
    others: Vec<&'static str>,
    /// The place, held to the end.
    ready: Ready,
    /// Whether what is there is to stay.
    is_settled: bool,
}

impl Folder {
    pub fn new(path: &Path, ready: Ready, making: Making, rows_per_file: u64) -> Self {
        let series = |kind, columns| Series::new(path, kind, making.format, columns, rows_per_file);
        Self {
            path: path.to_owned(),
            making,
            rows_per_file,
            payments: series(manifest::PAYMENTS, columns::of_payments()),
            rails: BTreeMap::new(),
            labels: Pile::new(series(manifest::LABELS, columns::of_labels())),
            others: Vec::new(),
            ready,
            is_settled: false,
        }
    }

    pub fn making(&self) -> Making {
        self.making
    }

    /// What rows of payments, and of labels, must have.
    pub fn columns(&self) -> (Columns, Columns) {
        (self.payments.columns.clone(), self.labels.series.columns.clone())
    }

    /// All kinds of files, in the order that they are told in.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        let payments = (!self.making.by_rail).then_some(&self.payments);
        let labels = iter::once(&self.labels.series);
        payments.into_iter().chain(self.rails.values().map(|pile| &pile.series)).chain(labels)
    }

    pub fn take(&mut self, made: Made) -> anyhow::Result<()> {
        match made.payments {
            Rows::Encoded(encoded) => self.payments.append(encoded, made.rows)?,
            Rows::Plain(batch) => each_row(&batch, |row| self.rail(row)?.take(row))?,
        }
        each_row(&made.labels, |row| self.labels.take(row))
    }

    /// The files of a row's rail.
    fn rail(&mut self, row: &Row<'_>) -> anyhow::Result<&mut Pile> {
        let rail = rail_of(row).context("a payment has no rail, so that it has no file")?;
        let (path, format, rows) = (&self.path, self.making.format, self.rows_per_file);
        let begin = || Pile::new(Series::new(path, rail, format, columns::of_rail(rail.part), rows));
        Ok(self.rails.entry(rail.part).or_insert_with(begin))
    }

    /// Ends the files, tells what they are, and puts them in the place of an earlier export. Gives the manifest's path.
    pub fn finish(&mut self, origin: &Origin) -> anyhow::Result<PathBuf> {
        for pile in self.rails.values_mut().chain([&mut self.labels]) {
            pile.write()?;
            pile.series.finish()?;
        }
        if !self.making.by_rail {
            self.payments.finish()?;
        }
        let schemas: Vec<_> =
            self.series().map(|series| (series.kind.schema, schema::of(&series.columns))).collect();
        for (name, schema) in schemas {
            self.write(name, &schema)?;
        }
        let told = manifest::json(self.making.format, origin, self.series());
        self.write(manifest::NAME, &told)?;
        self.settle()?;
        Ok(self.path.join(manifest::NAME))
    }

    fn write(&mut self, name: &'static str, content: &serde_json::Value) -> anyhow::Result<()> {
        let path = partial(&self.path, name);
        let unwritten = || {
            format!(
                "{} cannot be written; mend that and start again, nothing of this export is kept",
                path.display()
            )
        };
        let mut sink = Sink::create(&path).with_context(unwritten)?;
        self.others.push(name);
        let written = sink.write_all(format!("{content:#}\n").as_bytes());
        written.and_then(|()| sink.finish(name, 0)).with_context(unwritten)?;
        Ok(())
    }

    /// Gives the files their names, in the place of the earlier export's.
    fn settle(&mut self) -> anyhow::Result<()> {
        let rows = self.series().flat_map(|series| &series.done).map(|file| &*file.name);
        let new: Vec<_> = rows.chain(self.series().map(|series| series.kind.schema)).collect();
        if let Err(error) = swap::replace(&self.path, &self.ready.earlier, &new) {
            let path = self.path.display();
            let Err(undone) = swap::undo(&self.path) else {
                return Err(error.context(format!(
                    "the files in {path} cannot get their names; mend that and start again, nothing of this export \
                     is kept"
                )));
            };
            // The remains say whose they are, and the next export with --overwrite has to know.
            self.is_settled = true;
            return Err(error.context(format!(
                "{path} holds no whole export now: the new files cannot get their names, and what was there before cannot \
                 get them back ({undone:#}); mend that, the next export with --overwrite tries it again"
            )));
        }
        self.is_settled = true;
        swap::sync(&self.path)?;
        swap::clear(&self.path, &self.ready.earlier)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_settled {
            self.series().for_each(Series::discard);
            for name in &self.others {
                let _ = fs::remove_file(partial(&self.path, name));
            }
        }
    }
}

/// Hands on each row, up to the first that fails.
fn each_row(batch: &Batch, mut take: impl FnMut(&Row<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut taken = Ok(());
    batch.each_row(|row| {
        if taken.is_ok() {
            taken = take(row);
        }
    });
    taken
}

/// The kind of files that a row's rail has.
fn rail_of(row: &Row<'_>) -> Option<manifest::Kind> {
    static AT: LazyLock<Option<usize>> =
        LazyLock::new(|| Field::ALL.iter().position(|field| field.field == "payment_type"));
    let Some(Value::Text(rail)) = row[(*AT)?] else { return None };
    manifest::RAILS.into_iter().find(|kind| kind.part.eq_ignore_ascii_case(rail))
}
