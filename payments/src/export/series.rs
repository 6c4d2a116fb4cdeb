//! Files of one kind, `payments-00000.csv` and on, each with at most so many rows.

use super::columns::Columns;
use super::format::{Encoded, Format, Writer};
use super::sink::{Sink, Written, partial};
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

pub struct Series {
    folder: PathBuf,
    stem: &'static str,
    format: Format,
    pub columns: Columns,
    rows_per_file: u64,
    /// The file in the making, with its rows so far.
    open: Option<(Writer, u64)>,
    pub done: Vec<Written>,
}

impl Series {
    pub fn new(
        folder: &Path,
        stem: &'static str,
        format: Format,
        columns: Columns,
        rows_per_file: u64,
    ) -> Self {
        let (folder, done) = (folder.to_owned(), Vec::new());
        Self { folder, stem, format, columns, rows_per_file, open: None, done }
    }

    fn name(&self) -> String {
        format!("{}-{:05}.{}", self.stem, self.done.len(), self.format.name())
    }

    /// How many rows the next encoded ones may have, so that they lie in one file.
    pub fn room(&self) -> u64 {
        let filled = self.open.as_ref().map_or(0, |(_, rows)| *rows);
        (self.rows_per_file - filled).min(self.format.most_rows())
    }

    /// Writes rows that there is room for.
    pub fn append(&mut self, encoded: Encoded, rows: u64) -> anyhow::Result<()> {
        let (mut writer, filled) = match self.open.take() {
            Some(open) => open,
            None => (self.begin()?, 0),
        };
        writer.write(encoded).with_context(|| self.unwritten())?;
        self.open = Some((writer, filled + rows));
        if filled + rows >= self.rows_per_file { self.end() } else { Ok(()) }
    }

    /// Ends the last file; one without rows is written if there is none.
    pub fn finish(&mut self) -> anyhow::Result<()> {
        if self.open.is_none() && self.done.is_empty() {
            self.open = Some((self.begin()?, 0));
        }
        self.end()
    }

    fn begin(&self) -> anyhow::Result<Writer> {
        let sink = Sink::create(&partial(&self.folder, &self.name())).with_context(|| self.unwritten())?;
        self.format.writer(&self.columns, sink).with_context(|| self.unwritten())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let Some((writer, rows)) = self.open.take() else { return Ok(()) };
        let name = self.name();
        let sink = writer.finish().with_context(|| self.unwritten())?;
        let written = sink.finish(&self.folder, &name, rows).with_context(|| self.unwritten())?;
        self.done.push(written);
        Ok(())
    }

    fn unwritten(&self) -> String {
        let path = self.folder.join(self.name());
        format!(
            "{} cannot be written; mend that and start again, nothing of this export is kept",
            path.display()
        )
    }

    pub fn rows(&self) -> u64 {
        self.done.iter().map(|file| file.rows).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.done.iter().map(|file| file.bytes).sum()
    }

    /// Removes all that was written.
    pub fn discard(&mut self) {
        let _ = fs::remove_file(partial(&self.folder, &self.name()));
        for file in self.done.drain(..) {
            let _ = fs::remove_file(self.folder.join(file.name));
        }
    }
}
