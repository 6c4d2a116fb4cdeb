//! The findings for people.

use super::findings::{Findings, TableFindings};
use super::repair::Repaired;
use crate::audit::compare::cell_line;
use crate::audit::report::{COLLISION_CURE, INCOMPLETE, key_text, more, other_runs, see, wrong_run};
use indicatif::HumanCount;
use service::escape::escape;
use std::fmt::Write;

/// The tables and their differences from the run. `flags` are those with which `payments show` finds its payments.
pub fn findings(findings: &Findings, run_id: &str, flags: &str) -> String {
    let mut out = String::new();
    if let Some(other) = findings.wrong_run() {
        wrong_run(&mut out, &format!("run {run_id}"), other);
    }
    let _ = writeln!(
        out,
        "{:<25}{:>14}{:>14}{:>12}{:>12}{:>12}  digest",
        "table", "rows expected", "found", "missing", "unexpected", "differing"
    );
    for table in findings.tables.values() {
        let more = if findings.is_complete { "" } else { "+" };
        let count = |rows: u64| format!("{}{more}", HumanCount(rows));
        let _ = writeln!(
            out,
            "{:<25}{:>14}{:>14}{:>12}{:>12}{:>12}  {}",
            table.table.id(),
            HumanCount(table.expected.rows).to_string(),
            HumanCount(table.found.rows).to_string(),
            count(table.missing.total),
            count(table.unexpected.total),
            count(table.differing.total),
            digests(table),
        );
    }
    findings.tables.values().for_each(|table| other_runs(&mut out, table.table, &table.others));
    findings.tables.values().for_each(|table| list(&mut out, table, flags));
    if findings.tables.values().any(|table| table.collisions > 0) {
        let _ = writeln!(out, "\nkey collisions: {COLLISION_CURE}");
    }
    if !findings.is_complete {
        out.push_str(INCOMPLETE);
    }
    out
}

fn digests(table: &TableFindings) -> String {
    if table.expected == table.found {
        return format!("{:032x}", table.found.sum);
    }
    format!("{:032x}, expected {:032x}", table.found.sum, table.expected.sum)
}

fn list(out: &mut String, table: &TableFindings, flags: &str) {
    let id = table.table.id();
    for row in &table.missing.first {
        let _ = writeln!(out, "\nmissing     {id} row {} (index {})", key_text(&row.key), row.index);
        let _ = writeln!(out, "            see: payments show --index {}{flags} --format cells", row.index);
    }
    more(out, "missing", id, &table.missing);
    for row in &table.differing.first {
        if let Some(other) = row.hidden_by() {
            let (key, own, index) = (key_text(&row.key), escape(&row.payment_id), row.index);
            let _ = writeln!(
                out,
                "\ncollision   {id} row {key} (index {index}): payment {other} is there, not {own}"
            );
            let _ = writeln!(
                out,
                "            see: payments query transaction {own}; payments query transaction {other}"
            );
            continue;
        }
        let _ = writeln!(out, "\ndiffering   {id} row {} (index {})", key_text(&row.key), row.index);
        for cell in &row.cells {
            let _ = writeln!(out, "            {}", cell_line(cell));
        }
        let _ = writeln!(
            out,
            "            see: payments show --index {}{flags} --format cells; payments query transaction {}",
            row.index, row.payment_id
        );
    }
    more(out, "differing", id, &table.differing);
    for row in &table.unexpected.first {
        let _ = write!(out, "\nunexpected  {id} row {}", key_text(&row.key));
        let _ = match &row.run_id {
            Some(run) => writeln!(out, " (of run {})", escape(run)),
            None => writeln!(out, " (of no run)"),
        };
        out.push_str(&see(row.payment_id.as_deref().unwrap_or_default()));
    }
    more(out, "unexpected", id, &table.unexpected);
}

/// The rows that a repair wrote, and those that it left.
pub fn repairs(repairs: &[Repaired]) -> String {
    let mut out = String::new();
    for repair in repairs {
        let (id, missing, differing) =
            (repair.table.id(), HumanCount(repair.missing), HumanCount(repair.differing));
        let _ = writeln!(out, "repaired    {id}: {missing} missing and {differing} differing row(s) written");
        if repair.unexpected > 0 {
            let rows = HumanCount(repair.unexpected);
            let _ = writeln!(out, "left        {id}: {rows} unexpected row(s); a repair deletes nothing");
        }
        if repair.collisions > 0 {
            let rows = HumanCount(repair.collisions);
            let _ = writeln!(out, "left        {id}: {rows} row(s) of other payments with the same keys");
        }
        for row in &repair.left {
            let columns: Vec<_> = row.cells.iter().map(|cell| escape(&cell.column)).collect();
            let (key, columns) = (key_text(&row.key), columns.join(", "));
            let _ = writeln!(out, "left        {id} row {key}: {columns}; a repair deletes no cells");
        }
    }
    out.push_str(
        "the cells written have the present as their time, so their families' retention starts anew\n",
    );
    out
}
