//! The figures of a local run, and whether they add up.

use super::read_back::TableContent;
use indicatif::HumanCount;
use service::escape::escape;
use service::terminal;
use std::fmt;
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
        if !self.complete {
            let (published, expected) = (HumanCount(self.published), HumanCount(self.expected));
            terminal::say(format_args!("stopped after {published} of {expected} payments, as asked"));
            return Ok(());
        }
        let wanted = self.expected - self.dead_letters.min(self.expected);
        for content in &self.tables {
            if content.rows_of_run != wanted {
                let (table, rows) = (content.table.id(), content.rows_of_run);
                anyhow::bail!("table {table} holds {rows} rows of the run, expected {wanted}");
            }
        }
        Ok(())
    }

    /// Payments of this run that all tables hold.
    fn stored(&self) -> u64 {
        let rows = self.tables.iter().map(|content| content.rows_of_run).min().unwrap_or(0);
        // With a folder of its own the data may hold more of the run from before.
        rows.min(self.published)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The counts come last: they are what must still be on the screen.
        self.tables.iter().try_for_each(|content| sample(out, content))?;
        let seconds = self.elapsed.as_secs_f64().max(f64::EPSILON);
        let mut line =
            |label: &str, value: u64| writeln!(out, "  {label:<26}{:>14}", HumanCount(value).to_string());
        line("generated", self.generated)?;
        line("published", self.published)?;
        line("consumed", self.consumed)?;
        line("acked", self.acked)?;
        line("dead letters", self.dead_letters)?;
        line("retried rows", self.retries)?;
        line("returned messages", self.returned)?;
        for content in &self.tables {
            line(content.table.id(), content.rows_of_run)?;
        }
        line("rows in all", self.tables.iter().map(|content| content.rows_of_run).sum())?;
        line("payments/s in all tables", (self.stored() as f64 / seconds) as u64)?;
        writeln!(out, "  {:<26}{:>14}", "elapsed", format!("{seconds:.1} s"))?;
        if let Some(peak) = service::usage::peak_mib() {
            writeln!(out, "  {:<26}{:>14}", "peak memory", format!("{peak} MiB"))?;
        }
        writeln!(out, "  {:<26}{:>14}", "run id", self.run_id)?;
        if let Some(folder) = &self.data_dir {
            writeln!(out, "  data kept in {}", folder.display())?;
        }
        Ok(())
    }
}

fn sample(out: &mut fmt::Formatter<'_>, content: &TableContent) -> fmt::Result {
    let others = content.rows - content.rows_of_run;
    write!(out, "{}", content.table.id())?;
    if others > 0 {
        write!(out, " (and {} rows of other runs)", HumanCount(others))?;
    }
    writeln!(out)?;
    let Some(row) = &content.sample else { return writeln!(out, "  no row\n") };
    writeln!(out, "  {}", escape(&row.key))?;
    let width = row.cells.iter().map(|(column, _)| column.len()).max().unwrap_or(0);
    for (column, value) in &row.cells {
        writeln!(out, "    {:<width$}  {}", escape(column), escape(value))?;
    }
    writeln!(out)
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
        let text = summary.to_string();
        let rate = text.lines().find(|line| line.contains("payments/s")).unwrap();
        assert!(rate.contains("in all tables") && rate.ends_with(" 20"), "{rate}");
        assert!(summary.verdict().is_err());
    }
}
