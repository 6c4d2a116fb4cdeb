//! Reports for people and for programs.

use std::io::Write;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Table,
    /// One JSON object.
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
