//! The findings for people.

use super::findings::{Findings, TableFindings};
use super::repair::{Repaired, is_repaired};
use crate::audit::compare::cell_line;
use crate::audit::report::{
    COLLISION_CURE, INCOMPLETE, digest_line, entry, key_text, more, other_runs, see, wrong_run,
};
use crate::output::{Column, Table as Columns, words};
use indicatif::HumanCount;
use service::escape::escape;
use std::fmt::Write;

/// The verdict, the tables and their differences from the run. `flags` are those with which `payments show` finds its
/// payments.
pub fn findings(
    findings: &Findings,
    repairs: Option<&[Repaired]>,
    run_id: &str,
    flags: &str,
    with_digests: bool,
) -> String {
    let mut out = verdict(findings, run_id, is_repaired(findings, repairs));
    if findings.is_elsewhere {
        return out;
    }
    if !findings.are_equal() {
        out.push_str(&counts(findings));
    }
    if with_digests {
        findings.tables.values().for_each(|table| digests(&mut out, table));
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

fn verdict(findings: &Findings, run_id: &str, is_repaired: bool) -> String {
    if let Some(other) = findings.other_run().filter(|_| findings.is_elsewhere) {
        return words::bad(&wrong_run(&format!("run {run_id}"), other));
    }
    let expected = findings.tables.by_transaction.expected.rows;
    if findings.are_equal() && findings.is_sample {
        let rows = words::count(expected, "sampled row");
        return words::ok(&format!("3 x {rows} exact (run {run_id}); unexpected rows were not looked for"));
    }
    if findings.are_equal() {
        return words::ok(&format!("3 x {} exact (run {run_id})", words::count(expected, "row")));
    }
    let total = |of: fn(&TableFindings) -> u64| findings.tables.values().map(of).sum::<u64>();
    let more = if findings.is_complete { "" } else { "at least " };
    let (missing, unexpected, differing) = (
        total(|table| table.missing.total),
        total(|table| table.unexpected.total),
        total(|table| table.differing.total),
    );
    let parts = [(missing, "missing"), (unexpected, "unexpected"), (differing, "differing")];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, what)| format!("{more}{} {what}", HumanCount(*rows)))
        .collect();
    let parts = if parts.is_empty() {
        "the tables changed while they were read".to_owned()
    } else {
        parts.join(", ")
    };
    let what = format!("{parts}, of 3 x {}", words::count(expected, "row"));
    if is_repaired { words::mended(&what) } else { words::bad(&what) }
}

fn counts(findings: &Findings) -> String {
    let titles = ["rows expected", "found", "missing", "unexpected", "differing"].map(Column::right);
    let columns = [[Column::left("table")].as_slice(), &titles].concat();
    let more = if findings.is_complete { "" } else { "+" };
    let count = |rows: u64| HumanCount(rows).to_string();
    let line = |table: &TableFindings| {
        let found = [table.missing.total, table.unexpected.total, table.differing.total];
        let mut cells =
            vec![table.table.id().to_owned(), count(table.expected.rows), count(table.found.rows)];
        cells.extend(found.map(|rows| count(rows) + more));
        cells
    };
    Columns::text(&columns, &findings.tables.values().map(line).collect::<Vec<_>>())
}

fn digests(out: &mut String, table: &TableFindings) {
    digest_line(out, table.table, table.found);
    if table.expected != table.found {
        let _ = writeln!(out, "{:>36}{:032x}", "expected ", table.expected.sum);
    }
}

fn list(out: &mut String, table: &TableFindings, flags: &str) {
    let (of, id) = (table.table, table.table.id());
    let index = |index: u64| format!(", index {index}");
    for row in &table.missing.first {
        entry(out, "missing", of, &index(row.index), &row.key);
        let _ = writeln!(out, "  see: payments show --index {}{flags} --format cells", row.index);
    }
    more(out, "missing", id, &table.missing);
    for row in &table.differing.first {
        if let Some(other) = row.hidden_by() {
            let own = escape(&row.payment_id);
            entry(out, "collision", of, &index(row.index), &row.key);
            let _ = writeln!(out, "  payment {other} is there,\n  not     {own}");
            out.push_str(&see(&own));
            out.push_str(&see(other));
            continue;
        }
        entry(out, "differing", of, &index(row.index), &row.key);
        for cell in &row.cells {
            let _ = writeln!(out, "  {}", cell_line(cell));
        }
        let _ = writeln!(out, "  see: payments show --index {}{flags} --format cells", row.index);
        out.push_str(&see(&row.payment_id));
    }
    more(out, "differing", id, &table.differing);
    for row in &table.unexpected.first {
        let run = row.run_id.as_deref().map_or("no run".into(), |run| format!("run {}", escape(run)));
        entry(out, "unexpected", of, &format!(", of {run}"), &row.key);
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
        if repair.missing + repair.differing > 0 {
            let _ =
                writeln!(out, "repaired    {id}: {missing} missing and {differing} differing row(s) written");
        }
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
