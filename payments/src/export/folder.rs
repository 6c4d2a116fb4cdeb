//! What an export writes: payments, labels, their schemas, and last the manifest. Unless it comes to that, nothing stays but
//! what was there before.

use super::batch::{Batch, MOST_BYTES};
use super::format::{Encoded, Format};
use super::manifest::{self, Origin};
use super::prepare::Ready;
use super::series::Series;
use super::sink::{Sink, partial};
use super::{columns, schema, swap};
use anyhow::Context;
use schemas::layout::flat::Row;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::mem;
use std::path::{Path, PathBuf};

/// Rows that are ready for their file.
pub struct Made {
    pub payments: Encoded,
    pub rows: u64,
    /// Those of these payments that were injected.
    pub labels: Batch,
}

pub struct Folder {
    path: PathBuf,
    format: Format,
    pub payments: Series,
    pub labels: Series,
    /// Labels that wait until they are many enough.
    waiting: Batch,
    /// Other files that were created here.
    others: Vec<&'static str>,
    /// The place, held to the end.
    ready: Ready,
    /// Whether what is there is to stay.
    is_settled: bool,
}

impl Folder {
    pub fn new(path: &Path, ready: Ready, format: Format, rows_per_file: u64) -> Self {
        let series = |stem, columns| Series::new(path, stem, format, columns, rows_per_file);
        let [payments, labels] = manifest::STEMS;
        let (payments, labels) =
            (series(payments, columns::of_payments()), series(labels, columns::of_labels()));
        let waiting = Batch::new(&labels.columns);
        Self {
            path: path.to_owned(),
            format,
            payments,
            labels,
            waiting,
            others: Vec::new(),
            ready,
            is_settled: false,
        }
    }

    pub fn take(&mut self, made: Made) -> anyhow::Result<()> {
        self.payments.append(made.payments, made.rows)?;
        let mut failed = Ok(());
        made.labels.each_row(|row| {
            if failed.is_ok() {
                failed = self.take_label(row);
            }
        });
        failed
    }

    fn take_label(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        self.waiting.push(row)?;
        let is_full = self.waiting.rows as u64 >= self.labels.room() || self.waiting.text_bytes >= MOST_BYTES;
        if is_full { self.write_labels() } else { Ok(()) }
    }

    /// Writes the labels that wait.
    fn write_labels(&mut self) -> anyhow::Result<()> {
        let rows = self.waiting.rows as u64;
        if rows == 0 {
            return Ok(());
        }
        let batch = mem::replace(&mut self.waiting, Batch::new(&self.labels.columns));
        self.labels.append(self.format.encode(batch)?, rows)
    }

    /// Ends the files, tells what they are, and puts them in the place of an earlier export. Gives the manifest's path.
    pub fn finish(&mut self, origin: &Origin) -> anyhow::Result<PathBuf> {
        self.write_labels()?;
        self.payments.finish()?;
        self.labels.finish()?;
        let schemas = [
            (manifest::SCHEMA, schema::of(&self.payments.columns)),
            (manifest::LABELS_SCHEMA, schema::of(&self.labels.columns)),
        ];
        for (name, schema) in schemas {
            self.write(name, &schema)?;
        }
        let told = manifest::json(self.format, origin, &self.payments, &self.labels);
        self.write(manifest::NAME, &told)?;
        self.settle()?;
        Ok(self.path.join(manifest::NAME))
    }

    fn write(&mut self, name: &'static str, content: &Value) -> anyhow::Result<()> {
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
        let rows = self.payments.done.iter().chain(&self.labels.done).map(|file| &*file.name);
        let new: Vec<_> = rows.chain([manifest::SCHEMA, manifest::LABELS_SCHEMA]).collect();
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
            self.payments.discard();
            self.labels.discard();
            for name in &self.others {
                let _ = fs::remove_file(partial(&self.path, name));
            }
        }
    }
}
