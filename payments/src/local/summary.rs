//! The figures of a local run, and whether they add up.

use super::read_back::TableContent;
use crate::output::words;
use indicatif::HumanCount;
use serde_json::{Value, json};
use service::escape::escape;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Summary {
    pub run_id: String,
    pub expected: u64,
    pub complete: bool,
    pub generated: u64,
    pub published: u64,
    pub consumed: u64,
    pub acked: u64,
    pub dead_letters: u64,
    pub returned: u64,
    pub retries: u64,
    pub elapsed: Duration,
    pub tables: Vec<TableContent>,
    pub data_dir: Option<PathBuf>,
}

impl Summary {
    /// Fails if a payment is missing anywhere; a run that was told to stop has missed none.
    pub fn verdict(&self) -> anyhow::Result<()> {
        let wanted = self.wanted();
        for content in self.tables.iter().filter(|_| self.complete) {
            if content.rows_of_run != wanted {
                let (table, rows) = (content.table.id(), content.rows_of_run);
                anyhow::bail!("{table} has {rows} rows, expected {wanted}");
            }
        }
        Ok(())
    }

    /// Rows that each table must hold, once all is published.
    fn wanted(&self) -> u64 {
        self.expected - self.dead_letters.min(self.expected)
    }

    fn headline(&self) -> String {
        let (run, of) = (&self.run_id, words::count(self.expected, "payment"));
        match self.verdict() {
            _ if !self.complete => {
                let (published, stored) = (HumanCount(self.published), HumanCount(self.stored()));
                format!(
                    "stopped after {published} of {of}, as asked; {stored} are in all tables (run {run})\n"
                )
            }
            Ok(()) => words::ok(&format!("3 x {} of {of} (run {run})", words::count(self.wanted(), "row"))),
            Err(error) => words::bad(&format!("{error} (run {run})")),
        }
    }

    /// Payments of this run that all tables hold.
    fn stored(&self) -> u64 {
        let rows = self.tables.iter().map(|content| content.rows_of_run).min().unwrap_or(0);
        // With a folder of its own the data may hold more of the run from before.
        rows.min(self.published)
    }
}

impl Summary {
    /// For people: the verdict, then the figures; first a row of each table if wanted.
    pub fn text(&self, with_rows: bool) -> String {
        let mut text = String::new();
        if with_rows {
            self.tables.iter().for_each(|content| sample(&mut text, content));
        }
        text += &self.headline();
        let mut line = |label: &str, value: &str| {
            let _ = writeln!(text, "  {label:<26}{value:>14}");
        };
        for content in &self.tables {
            line(content.table.id(), &HumanCount(content.rows_of_run).to_string());
        }
        for (label, count) in [
            ("published", self.published),
            ("acked", self.acked),
            ("dead letters", self.dead_letters),
            ("retried rows", self.retries),
            ("returned messages", self.returned),
            ("payments/s in all tables", self.per_second()),
        ] {
            line(label, &HumanCount(count).to_string());
        }
        line("elapsed", &format!("{:.1} s", self.elapsed.as_secs_f64()));
        if let Some(peak) = service::usage::peak_mib() {
            line("peak memory", &format!("{peak} MiB"));
        }
        for content in &self.tables {
            let others = content.rows - content.rows_of_run;
            if others > 0 {
                let _ = writeln!(
                    text,
                    "  {} holds {} of other runs, too",
                    content.table.id(),
                    words::count(others, "row")
                );
            }
        }
        if let Some(folder) = &self.data_dir {
            let folder = folder.display();
            let _ = writeln!(text, "  data kept in {folder}: payments emulators --data-dir {folder}");
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let table = |content: &TableContent| {
            let (rows, others) = (content.rows_of_run, content.rows - content.rows_of_run);
            json!({ "table": content.table.id(), "rows": rows, "ofOtherRuns": others })
        };
        json!({
            "ok": self.verdict().is_ok(), "complete": self.complete, "runId": self.run_id, "expected": self.expected,
            "generated": self.generated, "published": self.published, "consumed": self.consumed, "acked": self.acked,
            "deadLetters": self.dead_letters, "retriedRows": self.retries, "returnedMessages": self.returned,
            "seconds": self.elapsed.as_secs_f64(), "paymentsPerSecond": self.per_second(),
            "tables": self.tables.iter().map(table).collect::<Vec<_>>(),
        })
    }

    fn per_second(&self) -> u64 {
        (self.stored() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)) as u64
    }
}

fn sample(text: &mut String, content: &TableContent) {
    *text += content.table.id();
    let Some(row) = &content.sample else {
        *text += "\n  no row\n\n";
        return;
    };
    let _ = writeln!(text, "\n  {}", escape(&row.key));
    let width = row.cells.iter().map(|(column, _)| column.len()).max().unwrap_or(0);
    for (column, value) in &row.cells {
        let _ = writeln!(text, "    {:<width$}  {}", escape(column), escape(value));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::layout::Table;

    #[test]
    fn the_rate_is_that_of_rows_in_the_table_that_has_fewest() {
        let tables = Table::ALL.into_iter().zip([60, 40, 60]);
        let tables = tables
            .map(|(table, rows)| TableContent { table, rows, rows_of_run: rows, sample: None })
            .collect();
        let summary = Summary {
            run_id: "ab".into(),
            expected: 100,
            complete: true,
            generated: 100,
            published: 100,
            consumed: 40,
            acked: 40,
            dead_letters: 0,
            returned: 0,
            retries: 0,
            elapsed: Duration::from_secs(2),
            tables,
            data_dir: None,
        };
        let text = summary.text(false);
        let rate = text.lines().find(|line| line.contains("payments/s")).unwrap();
        assert!(rate.contains("in all tables") && rate.ends_with(" 20"), "{rate}");
        assert!(
            text.starts_with("NOT OK: payments_by_customer has 60 rows, expected 100 (run ab)"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(summary.json()["ok"], false);
        assert!(summary.verdict().is_err());
    }
}
