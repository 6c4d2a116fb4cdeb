//! What was found, for people.

use super::consistency::Consistency;
use super::findings::{CellDifference, Findings, Listed, TableFindings};
use super::repair::Repaired;
use indicatif::HumanCount;
use schemas::layout::{PerTable, Table};
use std::fmt::Write;

/// The tables of a comparison with the run, and its differences. `flags` are those by which others find the run's payments.
pub fn findings(findings: &Findings, flags: &str) -> String {
    let mut out = format!(
        "{:<25}{:>14}{:>14}{:>12}{:>12}{:>12}  {}\n",
        "table", "rows expected", "found", "missing", "unexpected", "differing", "digest"
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
    findings.tables.values().for_each(|table| list(&mut out, table, flags));
    if !findings.is_complete {
        out.push_str("\nToo much differs to name it all: a part was looked into, the counts marked + are of that part.\n");
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
        let _ = writeln!(out, "\nmissing     {id} row {} (index {})", text(&row.key), row.index);
        let _ = writeln!(out, "            see: payments show --index {}{flags} --format cells", row.index);
    }
    more(out, "missing", id, &table.missing);
    for row in &table.differing.first {
        let _ = writeln!(out, "\ndiffering   {id} row {} (index {})", text(&row.key), row.index);
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
        let _ = write!(out, "\nunexpected  {id} row {}", text(&row.key));
        let _ = match &row.run_id {
            Some(run) => writeln!(out, " (of run {run})"),
            None => writeln!(out, " (of no run)"),
        };
        // Only what has a payment's id can be asked for by it.
        if let Some(payment_id) = row.payment_id.as_ref().filter(|id| id.len() == 36) {
            let _ = writeln!(out, "            see: payments query transaction {payment_id}");
        }
    }
    more(out, "unexpected", id, &table.unexpected);
}

fn more<T>(out: &mut String, what: &str, table: &str, listed: &Listed<T>) {
    if !listed.is_whole() {
        let left = listed.total - listed.first.len() as u64;
        let _ = writeln!(out, "\n{what}     {table}: {} more; see --max-differences", HumanCount(left));
    }
}

fn cell_line(cell: &CellDifference) -> String {
    match (&cell.expected, &cell.found) {
        (Some(expected), Some(found)) => format!("{}: expected {expected:?}, found {found:?}", cell.column),
        (Some(expected), None) => format!("{}: expected {expected:?}, not there", cell.column),
        (None, found) => {
            format!("{}: expected nothing, found {:?}", cell.column, found.as_deref().unwrap_or(""))
        }
    }
}

/// What a repair did, and what it left.
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
        for row in &repair.left {
            let columns: Vec<_> = row.cells.iter().map(|cell| cell.column.as_str()).collect();
            let (key, columns) = (text(&row.key), columns.join(", "));
            let _ = writeln!(out, "left        {id} row {key}: {columns}; a repair deletes no cells");
        }
    }
    out.push_str(
        "the cells written have the present as their time, so their families' retention starts anew\n",
    );
    out
}

/// How the tables agree with each other.
pub fn consistency(found: &Consistency) -> String {
    let mut out =
        format!("{:<25}{:>14}{:>12}{:>12}  {}\n", "table", "rows", "missing", "misplaced", "digest by id");
    let mark = if found.is_complete { "" } else { "+" };
    for (table, digest) in &found.digests {
        let _ = writeln!(
            out,
            "{:<25}{:>14}{:>12}{:>12}  {:032x}",
            table.id(),
            HumanCount(digest.rows).to_string(),
            format!("{}{mark}", HumanCount(found.missing[table])),
            HumanCount(found.misplaced[table].total).to_string(),
            digest.sum,
        );
    }
    let _ = writeln!(out, "payments with different cells: {}{mark}", HumanCount(found.differing));
    for payment in &found.disagreements.first {
        let _ =
            writeln!(out, "\ndisagreeing payment {}: {}", payment.payment_id, disagreement(payment.digests));
        let _ = writeln!(out, "            see: payments query transaction {}", payment.payment_id);
    }
    more_of(&mut out, &found.disagreements);
    for (table, rows) in &found.misplaced {
        for row in &rows.first {
            let _ = writeln!(
                out,
                "\nmisplaced   {} row {}: its cells say another key",
                table.id(),
                text(&row.key)
            );
        }
        more(&mut out, "misplaced", table.id(), rows);
    }
    if !found.is_complete {
        out.push_str("\nToo much differs to name it all: a part was looked into, the counts marked + are of that part.\n");
    }
    out
}

fn more_of<T>(out: &mut String, listed: &Listed<T>) {
    if !listed.is_whole() {
        let left = listed.total - listed.first.len() as u64;
        let _ = writeln!(out, "\ndisagreeing payments: {} more; see --max-differences", HumanCount(left));
    }
}

pub fn disagreement(digests: PerTable<Option<u128>>) -> String {
    let named = |wanted: fn(&Option<u128>) -> bool| -> Vec<&str> {
        digests.iter().filter(|(_, digest)| wanted(digest)).map(|(table, _)| table.id()).collect()
    };
    let absent = named(Option::is_none);
    let mut present = digests.values().flatten();
    let first = present.next();
    let differ = present.any(|digest| Some(digest) != first);
    match (absent.is_empty(), differ) {
        (true, _) => format!("its cells differ{}", odd_one_out(digests)),
        (false, false) => format!("not in {}", absent.join(" and ")),
        (false, true) => format!("not in {}, and its cells differ in the others", absent.join(" and ")),
    }
}

fn odd_one_out(digests: PerTable<Option<u128>>) -> String {
    let PerTable { by_customer, by_date, by_transaction } = digests;
    let odd = match (by_customer == by_date, by_date == by_transaction, by_customer == by_transaction) {
        (true, ..) => Table::ByTransaction,
        (_, true, _) => Table::ByCustomer,
        (_, _, true) => Table::ByDate,
        _ => return " in all three tables".to_owned(),
    };
    format!(" in {} from the other two", odd.id())
}

pub fn text(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}
