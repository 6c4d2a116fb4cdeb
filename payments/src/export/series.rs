//! Files of one kind, `payments-00000.csv` and on, each with at most so many rows.

use super::columns::Columns;
use super::format::{Encoded, Format, Writer};
use super::manifest::Kind;
use super::sink::{Sink, Written, partial};
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

pub struct Series {
    folder: PathBuf,
    pub kind: Kind,
    pub format: Format,
    pub columns: Columns,
    rows_per_file: u64,
    /// The file in the making, with its rows so far.
    open: Option<(Writer, u64)>,
    pub done: Vec<Written>,
    /// How many files were created here: the last may be neither open nor done.
    created: usize,
}

impl Series {
    pub fn new(folder: &Path, kind: Kind, format: Format, columns: Columns, rows_per_file: u64) -> Self {
        let (folder, done) = (folder.to_owned(), Vec::new());
        Self { folder, kind, format, columns, rows_per_file, open: None, done, created: 0 }
    }

    fn name(&self, number: usize) -> String {
        format!("{}-{number:05}.{}", self.kind.stem, self.format.name())
    }

    /// The name of the file that is next to be done.
    fn next_name(&self) -> String {
        self.name(self.done.len())
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

    fn begin(&mut self) -> anyhow::Result<Writer> {
        let path = partial(&self.folder, &self.next_name());
        let sink = Sink::create(&path).with_context(|| self.unwritten())?;
        self.created += 1;
        self.format.writer(&self.columns, sink).with_context(|| self.unwritten())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let Some((writer, rows)) = self.open.take() else { return Ok(()) };
        let sink = writer.finish().with_context(|| self.unwritten())?;
        let written = sink.finish(&self.next_name(), rows).with_context(|| self.unwritten())?;
        self.done.push(written);
        Ok(())
    }

    fn unwritten(&self) -> String {
        let path = self.folder.join(self.next_name());
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

    /// Removes all files that were created here, and no others.
    pub fn discard(&self) {
        for number in 0..self.created {
            let _ = fs::remove_file(partial(&self.folder, &self.name(number)));
        }
    }
}
