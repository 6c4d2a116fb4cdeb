//! What an export writes: payments, labels, their schemas, and last the manifest. Unless it comes to that, nothing stays.

use super::batch::Batch;
use super::format::{Encoded, Format};
use super::manifest::{self, Origin};
use super::series::Series;
use super::sink::{Sink, partial};
use super::{columns, schema};
use anyhow::Context;
use serde_json::Value;
use std::fs::{self, File};
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
    /// Schemas that are written.
    schemas: Vec<&'static str>,
    is_whole: bool,
}

impl Folder {
    /// In a folder that is ready for it.
    pub fn new(path: &Path, format: Format, rows_per_file: u64) -> Self {
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
            schemas: Vec::new(),
            is_whole: false,
        }
    }

    pub fn take(&mut self, made: Made) -> anyhow::Result<()> {
        self.payments.append(made.payments, made.rows)?;
        let mut failed = Ok(());
        made.labels.each_row(|row| {
            if failed.is_ok() {
                self.waiting.push(row);
                failed = self.write_labels(self.labels.room());
            }
        });
        failed
    }

    /// Writes the labels that wait, if they are at least so many.
    fn write_labels(&mut self, least: u64) -> anyhow::Result<()> {
        let rows = self.waiting.rows as u64;
        if rows < least {
            return Ok(());
        }
        let batch = mem::replace(&mut self.waiting, Batch::new(&self.labels.columns));
        self.labels.append(self.format.encode(batch)?, rows)
    }

    /// Ends the files and tells what they are. Gives the manifest's path.
    pub fn finish(&mut self, origin: &Origin) -> anyhow::Result<PathBuf> {
        self.write_labels(1)?;
        self.payments.finish()?;
        self.labels.finish()?;
        let schemas = [
            (manifest::SCHEMA, schema::of(&self.payments.columns)),
            (manifest::LABELS_SCHEMA, schema::of(&self.labels.columns)),
        ];
        for (name, schema) in schemas {
            self.schemas.push(name);
            self.write(name, &schema)?;
        }
        // The names of all files before that of the manifest.
        self.sync()?;
        self.write(manifest::NAME, &manifest::json(self.format, origin, &self.payments, &self.labels))?;
        self.is_whole = true;
        self.sync()?;
        Ok(self.path.join(manifest::NAME))
    }

    fn write(&self, name: &str, content: &Value) -> anyhow::Result<()> {
        let text = format!("{content:#}\n");
        let write = || {
            let mut sink = Sink::create(&partial(&self.path, name))?;
            sink.write_all(text.as_bytes())?;
            sink.finish(&self.path, name, 0)
        };
        let written = write();
        if written.is_err() {
            let _ = fs::remove_file(partial(&self.path, name));
        }
        let path = self.path.join(name);
        written
            .with_context(|| {
                format!(
                    "{} cannot be written; mend that and start again, nothing of this export is kept",
                    path.display()
                )
            })
            .map(drop)
    }

    fn sync(&self) -> anyhow::Result<()> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.with_context(|| format!("{} cannot be synced", self.path.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_whole {
            self.payments.discard();
            self.labels.discard();
            for name in &self.schemas {
                let _ = fs::remove_file(self.path.join(name));
            }
        }
    }
}
