//! Rows as payments for people and programs, and the footer.

use super::lookup::Lookup;
use super::options::Format;
use super::page::Outcome;
use crate::inspect::table;
use crate::output::{Table, words};
use crate::rows::payment;
use gcp::bigtable::read::Row;
use schemas::json::Renderer;
use service::escape::{escape, escape_bytes};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Writes rows as they come.
pub struct Printer<'o, W> {
    out: &'o mut W,
    /// For JSON only.
    renderer: Option<Renderer>,
    columns: Table,
    rows: u64,
    unreadable: u64,
    failure: Option<anyhow::Error>,
}

impl<'o, W: Write> Printer<'o, W> {
    pub fn new(out: &'o mut W, format: Format) -> anyhow::Result<Self> {
        let renderer = (format == Format::Json).then(Renderer::new).transpose()?;
        Ok(Self { out, renderer, columns: table::columns(), rows: 0, unreadable: 0, failure: None })
    }

    /// Stops the scan once nobody reads its output any more.
    pub fn print(&mut self, row: Row<'_>) -> ControlFlow<()> {
        match self.try_print(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// The number of rows that could not be read as payments.
    pub fn finish(self) -> anyhow::Result<u64> {
        self.out.flush()?;
        self.failure.map_or(Ok(self.unreadable), Err)
    }

    fn try_print(&mut self, row: Row<'_>) -> anyhow::Result<()> {
        if self.rows == 0 && self.renderer.is_none() {
            write!(self.out, "{}", self.columns.header())?;
        }
        self.rows += 1;
        match payment(row) {
            Ok(payment) => match &self.renderer {
                Some(renderer) => writeln!(self.out, "{}", renderer.json(&payment, false)?)?,
                None => write!(self.out, "{}", table::line(&self.columns, &payment))?,
            },
            Err(reason) => {
                self.unreadable += 1;
                self.print_unreadable(row.key(), &reason)?;
            }
        }
        Ok(())
    }

    fn print_unreadable(&mut self, key: &[u8], reason: &str) -> io::Result<()> {
        if self.renderer.is_none() {
            return writeln!(self.out, "unreadable: row {}: {}", escape_bytes(key), escape(reason));
        }
        let key = String::from_utf8_lossy(key);
        writeln!(self.out, "{}", serde_json::json!({ "unreadable": { "rowKey": key, "reason": reason } }))
    }
}

/// Where the answer came from, what it cost, and how to go on.
pub fn footer(lookup: &Lookup, outcome: &Outcome) -> String {
    let milliseconds = |time: std::time::Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let mut text = if outcome.rows == 0 { "no rows".to_owned() } else { words::count(outcome.rows, "row") };
    if outcome.next.is_some() {
        text += " (there are more)";
    }
    let _ = write!(text, " in {}", milliseconds(outcome.elapsed));
    if let Some(first) = outcome.first_row {
        let _ = write!(text, ", the first after {}", milliseconds(first));
    }
    if outcome.scanned.calls > 1 {
        let _ = write!(text, ", {} calls", outcome.scanned.calls);
    }
    if let Some(stats) = &outcome.scanned.stats {
        let _ =
            write!(text, "; the server scanned {}", words::count(stats.rows_seen_count.max(0) as u64, "row"));
    }
    let _ = write!(text, "\n{lookup}");
    if let Some(token) = &outcome.next {
        let _ = write!(text, "\nthe next page: --page-token {token}");
    }
    text
}

/// The same for programs.
pub fn footer_json(lookup: &Lookup, outcome: &Outcome) -> serde_json::Value {
    let stats = outcome.scanned.stats.as_ref();
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    serde_json::json!({
        "table": lookup.table.id(), "keys": lookup.span.to_string(), "types": lookup.types, "rows": outcome.rows,
        "rowsScanned": stats.map(|stats| stats.rows_seen_count), "rowsReturned": outcome.scanned.rows,
        "milliseconds": milliseconds(outcome.elapsed), "firstRowMilliseconds": outcome.first_row.map(milliseconds),
        "calls": outcome.scanned.calls, "nextPageToken": outcome.next,
    })
}
