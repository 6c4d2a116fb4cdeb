//! How far the tables agree with each other, for people and programs, and the parts that other reports share.

use super::consistency::Consistency;
use super::digest::Digest;
use super::listed::Listed;
use super::runs::Runs;
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
pub fn text(found: &Consistency) -> String {
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
        let id = escape(&payment.payment_id);
        if let Some(other) = &payment.hidden_by {
            let other = escape(other);
            let _ =
                writeln!(out, "\ncollision   payment {id} has the row key of {other}, which took its place");
            out.push_str(&see(&payment.payment_id));
            out.push_str(&see(&other));
            continue;
        }
        let _ = writeln!(out, "\ndisagreeing payment {id}: {}", disagreement(payment.digests));
        out.push_str(&see(&payment.payment_id));
    }
    if found.disagreements.first.iter().any(|payment| payment.hidden_by.is_some()) {
        let _ = writeln!(out, "\nkey collisions: {COLLISION_CURE}");
    }
    more_of(&mut out, &found.disagreements);
    for (table, rows) in &found.misplaced {
        for row in &rows.first {
            let _ = writeln!(
                out,
                "\nmisplaced   {} row {}: its cells say another key",
                table.id(),
                key_text(&row.key)
            );
        }
        more(&mut out, "misplaced", table.id(), rows);
    }
    if !found.is_complete {
        out.push_str(INCOMPLETE);
    }
    out
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
        "complete": found.is_complete,
        "passes": found.passes,
        "tables": tables.collect::<Vec<_>>(),
        "differing": found.differing,
        "disagreements": { "total": found.disagreements.total, "first": disagreements.collect::<Vec<_>>() },
    })
}

/// The first line of a report on tables that hold nothing of `own` but something of another run.
pub fn wrong_run(out: &mut String, own: &str, (other, rows): (&str, u64)) {
    let (other, rows) = (escape(other), HumanCount(rows));
    let _ = writeln!(
        out,
        "no row is of {own}, which these flags mean, but {rows} are of run {other}: give its producer's flags\n"
    );
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
    format!("            see: payments query transaction {payment_id}\n")
}

/// A row key as text, whatever its bytes are.
pub fn key_text(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}
