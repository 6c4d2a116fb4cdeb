//! Reports for people and programs.
//!
//! - [`table`]: columns that fit the terminal. [`progress`]: how far a long work is. [`words`]: what a report begins with.

pub mod progress;
pub mod table;
pub mod words;

pub use progress::Progress;
pub use table::{Align, Cells, Column, Table};

use std::io::Write;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Table,
    /// One JSON document.
    Json,
}

/// Writes a report in the format asked for; only that one is made.
pub fn write(
    out: &mut impl Write,
    format: Format,
    text: impl FnOnce() -> String,
    json: impl FnOnce() -> serde_json::Value,
) -> anyhow::Result<()> {
    match format {
        Format::Table => write!(out, "{}", text())?,
        Format::Json => writeln!(out, "{}", json())?,
    }
    Ok(out.flush()?)
}
