//! The rows of a trickle, each against its recomputed payment.
//!
//! A trickle's payments follow from its pace, so nobody can say which must be there. But each row says which payment it
//! is, in which state, and the payment follows from that: a row is right if it has exactly that state's cells and key,
//! and the tables are if all three hold the same payments in the same states.

use crate::audit::report::{digest_line, entry, more, other_runs, see, wrong_run};
use crate::audit::{
    Content, Differing, Digest, KeyHash, Listed, Runs, Tables, Unexpected, compare, other_run,
};
use crate::output::{Column as Heading, Progress, Table as Columns, words};
use crate::rows;
use gcp::bigtable::read::{Error, Row};
use generator::{Generator, Live};
use indicatif::HumanCount;
use parking_lot::Mutex;
use schemas::Payment;
use schemas::layout::{Column, KeySuffix, PerTable, Table, row_key};
use serde_json::{Value, json};
use service::escape::escape;
use std::fmt::Write;
use std::sync::Arc;

/// One table's rows of the trickle.
#[derive(Clone, Debug)]
pub struct TableRows {
    /// By payment, of the rows that are right.
    pub digest: Digest,
    /// Payments that have reached their last state.
    pub ended: u64,
    /// Rows with other cells, or another key, than their payment's state.
    pub differing: Listed<Differing>,
    /// Rows that are no payment's of the trickle, although they say so or say nothing.
    pub unexpected: Listed<Unexpected>,
    pub others: Runs,
}

/// All three tables' rows.
#[derive(Clone, Debug)]
pub struct Trickle {
    pub run_id: String,
    pub tables: PerTable<TableRows>,
}

/// Recomputes a row's payment.
struct Recomputer {
    generator: Arc<Generator>,
    live: Mutex<Live>,
    suffix: KeySuffix,
}

impl TableRows {
    fn new(most: usize) -> Self {
        Self {
            digest: Digest::default(),
            ended: 0,
            differing: Listed::new(most),
            unexpected: Listed::new(most),
            others: Runs::default(),
        }
    }

    fn add(&mut self, other: Self) {
        self.digest.add(other.digest);
        self.ended += other.ended;
        self.differing.add(other.differing, |row| row.key.clone());
        self.unexpected.add(other.unexpected, |row| row.key.clone());
        self.others.add(&other.others);
    }
}

impl Trickle {
    /// Reads the tables once.
    pub async fn verify(
        tables: &Tables,
        generator: Arc<Generator>,
        live: Live,
        suffix: KeySuffix,
        listed: usize,
    ) -> Result<Self, Error> {
        let run_id = live.run_id().to_owned();
        let bar = Progress::new("recomputing rows", None);
        let recomputer = Recomputer { generator, live: Mutex::new(live), suffix };
        let own = run_id.clone();
        let each = move |found: &mut TableRows, table: Table, row: Row<'_>| match other_run(&row, &own) {
            Some(other) => found.others.count(&String::from_utf8_lossy(other), 1),
            None => recomputer.judge(found, table, row),
        };
        let mut all = PerTable::from_fn(|_| TableRows::new(listed));
        let join = |table: Table, part: TableRows| all[table].add(part);
        tables.scan(&Table::ALL, &bar, |_| TableRows::new(listed), each, join).await?;
        bar.finish();
        Ok(Self { run_id, tables: all })
    }

    pub fn is_good(&self) -> bool {
        let are_right = |rows: &TableRows| rows.differing.total == 0 && rows.unexpected.total == 0;
        // Nothing at all is rather the wrong flags than a trickle without payments.
        self.tables.by_transaction.digest.rows > 0 && self.tables.values().all(are_right) && self.are_same()
    }

    /// Whether all three tables hold the same payments in the same states.
    pub fn are_same(&self) -> bool {
        let PerTable { by_customer, by_date, by_transaction } = &self.tables;
        by_customer.digest == by_date.digest && by_date.digest == by_transaction.digest
    }
}

impl Recomputer {
    fn judge(&self, found: &mut TableRows, table: Table, row: Row<'_>) {
        let Some((index, payment, is_last)) = self.recomputed(row) else {
            return found.unexpected.push(|| Unexpected::of(row));
        };
        let content = Content::of_payment(&payment);
        if content != Content::of_row(row) || row_key(&payment, table, self.suffix) != row.key() {
            return found.differing.push(|| compare::differing(index, &payment, row));
        }
        let id = KeyHash::of(rows::value(&row, Column::PaymentId).unwrap_or_default());
        found.digest.add_row(content.with_key(id));
        found.ended += u64::from(is_last);
    }

    /// The index, the payment in the row's state, and whether that is its last.
    fn recomputed(&self, row: Row<'_>) -> Option<(u64, Payment, bool)> {
        let text = |column| rows::value(&row, column).and_then(|value| std::str::from_utf8(value).ok());
        let index = self.generator.trickle_index_of(text(Column::PaymentId)?)?;
        let version: u32 = text(Column::Version)?.parse().ok()?;
        let mut live = self.live.lock();
        let (payment, next) = live.version(index, Some(version))?;
        Some((index, payment, next.is_none()))
    }
}

/// The report for people. `flags` are those with which `payments show` finds the trickle's payments.
pub fn text(found: &Trickle, flags: &str, with_digests: bool) -> String {
    if let Some(other) = found.wrong_run() {
        return words::bad(&wrong_run(&format!("trickle {}", found.run_id), other));
    }
    let rows = words::count(found.tables.by_transaction.digest.rows, "row");
    let mut out = if found.is_good() {
        words::ok(&format!("3 x {rows} right (trickle {})", found.run_id))
    } else {
        words::bad("the tables do not hold the trickle's payments as they must be")
    };
    out.push_str(&counts(found));
    if with_digests {
        found.tables.iter().for_each(|(table, rows)| digest_line(&mut out, table, rows.digest));
    }
    for (table, rows) in &found.tables {
        other_runs(&mut out, table, &rows.others);
        for row in &rows.differing.first {
            let id = escape(&row.payment_id);
            entry(&mut out, "differing", table, "", &row.key);
            for cell in &row.cells {
                let _ = writeln!(out, "  {}", compare::cell_line(cell));
            }
            let _ = writeln!(out, "  see: payments show --id {id}{flags}");
            out.push_str(&see(&row.payment_id));
        }
        more(&mut out, "differing", table.id(), &rows.differing);
        for row in &rows.unexpected.first {
            entry(&mut out, "unexpected", table, "", &row.key);
        }
        more(&mut out, "unexpected", table.id(), &rows.unexpected);
    }
    if !found.are_same() {
        out.push_str("\nThe tables do not hold the same payments in the same states: verify --consistency names them.\n");
    }
    out
}

fn counts(found: &Trickle) -> String {
    let titles = ["right", "of them ended", "differing", "unexpected"].map(Heading::right);
    let columns = [[Heading::left("table")].as_slice(), &titles].concat();
    let lines = found.tables.iter().map(|(table, rows)| {
        let counts = [rows.digest.rows, rows.ended, rows.differing.total, rows.unexpected.total];
        let counts = counts.map(|rows| HumanCount(rows).to_string());
        [[table.id().to_owned()].as_slice(), &counts].concat()
    });
    Columns::text(&columns, &lines.collect::<Vec<_>>())
}

impl Trickle {
    /// The run that most rows are of, where none is of this one.
    fn wrong_run(&self) -> Option<(&str, u64)> {
        let is_there = |rows: &TableRows| rows.digest.rows + rows.differing.total > 0;
        let none = !self.tables.values().any(is_there);
        self.tables.by_transaction.others.largest().filter(|_| none)
    }
}

/// The report for programs.
pub fn json(found: &Trickle) -> Value {
    let tables = found.tables.iter().map(|(table, rows)| {
        json!({
            "table": table.id(), "rows": rows.digest.rows, "ended": rows.ended,
            "digest": format!("{:032x}", rows.digest.sum), "differing": rows.differing.total,
            "unexpected": rows.unexpected.total, "otherRuns": { "byRun": rows.others.rows },
        })
    });
    json!({ "ok": found.is_good(), "trickle": found.run_id, "same": found.are_same(), "tables": tables.collect::<Vec<_>>() })
}
