//! How far the tables agree with each other, for people and programs, and the parts that other reports share.

use super::consistency::Consistency;
use super::digest::Digest;
use super::listed::Listed;
use super::runs::Runs;
use crate::output::{Column, Table as Columns, words};
use indicatif::HumanCount;
use schemas::layout::{PerTable, Table};
use serde_json::{Value, json};
use service::escape::escape;
use std::fmt::Write;
use uuid::fmt::Hyphenated;

/// What to do about two payments with one row key.
pub const COLLISION_CURE: &str = "two payments with one row key, of which payments_by_customer and payments_by_date hold one; \
     payments_by_transaction has both. Load them again, by a replay or their producers, into tables made with `payments \
     setup --row-key-suffix transaction_id`.";

/// The end of a report that does not name everything.
pub const INCOMPLETE: &str =
    "\nToo much differs to name it all: a part was looked into, the counts marked + are of that part.\n";

/// The report for people.
pub fn text(found: &Consistency, with_digests: bool) -> String {
    let rows = found.digests.by_transaction.rows;
    let mut out = if found.is_consistent() {
        words::ok(&format!("the three tables agree on {}", words::count(rows, "payment")))
    } else {
        words::bad("the three tables do not agree with each other")
    };
    out.push_str(&tables(found, with_digests));
    out
}

/// The same without the verdict.
pub fn tables(found: &Consistency, with_digests: bool) -> String {
    let mark = if found.is_complete { "" } else { "+" };
    let number = |rows: u64| HumanCount(rows).to_string();
    let columns = ["rows", "missing", "misplaced"].map(Column::right);
    let columns = [[Column::left("table")].as_slice(), &columns].concat();
    let lines: Vec<_> = found
        .digests
        .iter()
        .map(|(table, digest)| {
            let missing = number(found.missing[table]) + mark;
            vec![table.id().into(), number(digest.rows), missing, number(found.misplaced[table].total)]
        })
        .collect();
    let mut out = Columns::text(&columns, &lines);
    if with_digests {
        found.digests.iter().for_each(|(table, digest)| digest_line(&mut out, table, *digest));
    }
    if found.differing > 0 {
        let _ = writeln!(out, "payments with different cells: {}{mark}", HumanCount(found.differing));
    }
    for payment in &found.disagreements.first {
        let id = escape(&payment.payment_id);
        if let Some(other) = &payment.hidden_by {
            let other = escape(other);
            let _ = writeln!(
                out,
                "\ncollision   payment {id}\n  has the row key of {other}, which took its place"
            );
            out.push_str(&see(&payment.payment_id));
            out.push_str(&see(&other));
            continue;
        }
        let _ = writeln!(out, "\ndisagreeing payment {id}\n  {}", disagreement(payment.digests));
        out.push_str(&see(&payment.payment_id));
    }
    if found.disagreements.first.iter().any(|payment| payment.hidden_by.is_some()) {
        let _ = writeln!(out, "\nkey collisions: {COLLISION_CURE}");
    }
    more_of(&mut out, &found.disagreements);
    for (table, rows) in &found.misplaced {
        for row in &rows.first {
            entry(&mut out, "misplaced", table, ": its cells say another key", &row.key);
        }
        more(&mut out, "misplaced", table.id(), rows);
    }
    if !found.is_complete {
        out.push_str(INCOMPLETE);
    }
    out
}

/// The sum over a table's rows, in whatever order they are: equal tables have equal ones.
pub fn digest_line(out: &mut String, table: Table, digest: Digest) {
    let _ = writeln!(out, "digest      {:<24}{:032x}", table.id(), digest.sum);
}

/// A row of a kind, its key on a line of its own: it fills one.
pub fn entry(out: &mut String, kind: &str, table: Table, note: &str, key: &[u8]) {
    let _ = writeln!(out, "\n{kind:<11} {}{note}\n  {}", table.id(), key_text(key));
}

fn more_of<T>(out: &mut String, listed: &Listed<T>) {
    if !listed.is_whole() {
        let left = listed.total - listed.first.len() as u64;
        let _ = writeln!(out, "\ndisagreeing payments: {} more; see --max-differences", HumanCount(left));
    }
}

fn disagreement(digests: PerTable<Option<u128>>) -> String {
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

/// The report for programs.
pub fn json(found: &Consistency) -> Value {
    let tables = found.digests.iter().map(|(table, digest)| {
        json!({
            "table": table.id(), "found": digest_json(*digest), "missing": found.missing[table],
            "misplaced": found.misplaced[table].total,
        })
    });
    let disagreements = found
        .disagreements
        .first
        .iter()
        .map(|payment| {
            json!({
                "paymentId": payment.payment_id, "what": disagreement(payment.digests), "hiddenBy": payment.hidden_by,
            })
        });
    json!({
        "ok": found.is_consistent(),
        "complete": found.is_complete,
        "passes": found.passes,
        "tables": tables.collect::<Vec<_>>(),
        "differing": found.differing,
        "disagreements": { "total": found.disagreements.total, "first": disagreements.collect::<Vec<_>>() },
    })
}

/// What is wrong where the tables hold nothing of `own` but something of another run.
pub fn wrong_run(own: &str, (other, rows): (&str, u64)) -> String {
    let (other, rows) = (escape(other), HumanCount(rows));
    format!(
        "no row is of {own}, which these flags mean\n  {rows} are of run {other}: give its producer's flags"
    )
}

/// A line for the rows that are of other runs.
pub fn other_runs(out: &mut String, table: Table, others: &Runs) {
    let counts =
        others.rows.iter().map(|(run, rows)| format!("{} of run {}", HumanCount(*rows), escape(run)));
    let counts: Vec<_> = counts.collect();
    if !counts.is_empty() {
        let _ = writeln!(out, "not judged  {} rows: {}", table.id(), counts.join(", "));
    }
}

/// A line for the rows of a kind that are not listed.
pub fn more<T>(out: &mut String, what: &str, table: &str, listed: &Listed<T>) {
    if !listed.is_whole() {
        let left = listed.total - listed.first.len() as u64;
        let _ = writeln!(out, "\n{what}     {table}: {} more; see --max-differences", HumanCount(left));
    }
}

pub fn digest_json(digest: Digest) -> Value {
    json!({ "rows": digest.rows, "digest": format!("{:032x}", digest.sum) })
}

/// A line with the command that shows a payment; nothing if the id is none: the command is there to be copied.
pub fn see(payment_id: &str) -> String {
    if payment_id.parse::<Hyphenated>().is_err() {
        return String::new();
    }
    format!("  see: payments query transaction {payment_id}\n")
}

/// A row key as text, whatever its bytes are.
pub fn key_text(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}
