//! What was found, for people on lines of 80 columns, and for programs.

use super::expected::Foreign;
use super::found::{Found, State};
use super::search::{End, Search};
use super::verdict::{Case, Verdict};
use crate::audit::CellDifference;
use crate::audit::compare::cell_line;
use crate::audit::report::key_text;
use crate::moment::text_of;
use schemas::Payment;
use schemas::layout::{Table, status_name, type_name};
use serde_json::{Value, json};
use service::escape::escape;

const COLUMNS: usize = 80;
/// Labels stand in the first columns, and what goes on below them begins there.
const LABEL: usize = 12;

/// The report on a payment of the run.
pub fn text(case: &Case, verdict: &Verdict, next: Option<&str>, show_values: bool) -> String {
    let (mut out, expected, last) = (String::new(), &case.expected, case.expected.last());
    wrap(&mut out, "", &verdict.line, 2);
    if let Some(next) = next {
        line(&mut out, "next", next);
    }
    line(&mut out, "payment", &case.id);
    line(&mut out, "run", &format!("{}, index {}", expected.run_id, expected.index));
    let (rail, customer) = about(last);
    line(&mut out, "expected", &format!("{rail}, customer {customer}, {}", versions(case)));
    line(&mut out, "published", &case.published.because);
    line(&mut out, "letters", &searched(&case.search));
    for letter in &case.search.letters {
        let version = letter.version.map_or(String::new(), |version| format!(", version {version}"));
        let spoilt = if letter.is_spoilt { ", spoilt on purpose" } else { "" };
        let time = text_of(letter.published_micros);
        line(&mut out, "letter", &format!("{} at {time}{version}{spoilt}", letter.reason));
        line(&mut out, "", &format!("cause: {}", letter.cause));
        line(&mut out, "", &format!("see: payments dead-letter inspect {}", letter.message_id));
    }
    for (table, found) in &case.tables {
        out.push('\n');
        wrap(&mut out, "", &format!("{}: {}", table.id(), state(found, case.wanted())), 2);
        wrap(&mut out, "  ", &key_text(&expected.keys[table]), 4);
        if let Some((first, last)) = found.published {
            let until = if first == last { String::new() } else { format!(" to {}", text_of(last)) };
            wrap(&mut out, "  ", &format!("published {}{until}", text_of(first)), 4);
        }
        if let State::Differs { cells, .. } = &found.row {
            for cell in cells {
                let told = || format!("{}: {}", cell.column, changed(cell));
                let told = if show_values { cell_line(cell) } else { told() };
                wrap(&mut out, "  ", &told, 4);
            }
        }
        for key in &found.strays {
            wrap(&mut out, "  ", &format!("also at {}", key_text(key)), 4);
        }
    }
    out
}

/// The report on an id that is no payment's of the run.
pub fn foreign_text(id: &str, foreign: &Foreign, rows: &[(Vec<u8>, String)]) -> String {
    let mut out = String::new();
    wrap(&mut out, "", &verdict_of(foreign), 2);
    line(&mut out, "payment", id);
    line(&mut out, "hint", &foreign.hint);
    if rows.is_empty() {
        line(&mut out, "tables", "payments_by_transaction has no row with this id");
    }
    for (key, run) in rows {
        line(&mut out, "row", &format!("payments_by_transaction, of run {run}"));
        wrap(&mut out, "  ", &key_text(key), 4);
    }
    out
}

pub fn foreign_json(id: &str, foreign: &Foreign, rows: &[(Vec<u8>, String)]) -> Value {
    let rows = rows.iter().map(|(key, run)| json!({ "key": key_text(key), "runId": run }));
    json!({
        "verdict": verdict_of(foreign), "ok": false, "payment": id, "runId": foreign.run_id,
        "expected": Value::Null, "hint": foreign.hint, "rows": rows.collect::<Vec<_>>(),
    })
}

pub fn verdict_of(foreign: &Foreign) -> String {
    format!("not a payment of the run with these flags (run id {})", foreign.run_id)
}

pub fn json(case: &Case, verdict: &Verdict, next: Option<&str>, show_values: bool) -> Value {
    let expected = &case.expected;
    let (rail, customer) = about(expected.last());
    let states = expected.states.iter().filter_map(|payment| payment.payment_header.as_ref());
    let states = states.map(|header| {
        json!({ "version": header.version, "status": status_name(header.status()), "at": text_of(header.updated_at_micros) })
    });
    let letters = case.search.letters.iter().map(|letter| {
        json!({
            "messageId": letter.message_id, "reason": letter.reason, "cause": letter.cause,
            "published": text_of(letter.published_micros), "version": letter.version, "spoilt": letter.is_spoilt,
        })
    });
    let tables = case.tables.iter().map(|(table, found)| table_json(case, table, found, show_values));
    json!({
        "verdict": verdict.line, "ok": verdict.is_good, "next": next, "payment": case.id, "runId": expected.run_id,
        "expected": {
            "index": expected.index, "rail": rail, "customer": customer, "versions": states.collect::<Vec<_>>(),
            "version": case.wanted(),
        },
        "published": {
            "is": case.published.is_confirmed, "because": case.published.because, "fault": case.published.fault,
        },
        "letters": {
            "lookedAt": case.search.looked_at, "end": end(case.search.end), "found": letters.collect::<Vec<_>>(),
        },
        "tables": tables.collect::<Vec<_>>(),
    })
}

fn table_json(case: &Case, table: Table, found: &Found, show_values: bool) -> Value {
    let (state, taken_by) = match &found.row {
        State::Missing => ("missing", None),
        State::Right(version) if *version < case.wanted() => ("behind", None),
        State::Right(_) => ("asExpected", None),
        State::Differs { .. } => ("differs", None),
        State::Taken(other) => ("taken", Some(other)),
    };
    let cells = if let State::Differs { cells, .. } = &found.row { cells.as_slice() } else { &[] };
    let fields = cells.iter().map(|cell| {
        let mut field = json!({ "field": cell.column, "what": changed(cell) });
        if show_values {
            field["expected"] = json!(cell.expected);
            field["found"] = json!(cell.found);
        }
        field
    });
    json!({
        "table": table.id(), "key": key_text(&case.expected.keys[table]), "state": state, "takenBy": taken_by,
        "version": found.version(), "runId": found.run_id,
        "published": found.published.map(|(first, last)| json!({ "first": text_of(first), "last": text_of(last) })),
        "fields": fields.collect::<Vec<_>>(),
        "strays": found.strays.iter().map(|key| key_text(key)).collect::<Vec<_>>(),
    })
}

/// Rail and customer.
fn about(payment: &Payment) -> (&'static str, String) {
    let rail = payment.payment_header.as_ref().map_or("", |header| type_name(header.payment_type()));
    (rail, crate::rows::customer(payment).to_owned())
}

fn versions(case: &Case) -> String {
    let (wanted, all) = (case.wanted(), case.expected.states.len());
    let payment = case.expected.state(wanted).unwrap_or(case.expected.last());
    let status = payment.payment_header.as_ref().map_or("", |header| status_name(header.status()));
    match all {
        1 => format!("version {wanted}, {status}"),
        _ => format!("version {wanted} of {all}, {status}"),
    }
}

fn state(found: &Found, wanted: u32) -> String {
    match &found.row {
        State::Missing => "missing".to_owned(),
        State::Right(version) if *version < wanted => format!("at version {version}, not {wanted}"),
        State::Right(version) => format!("as expected, version {version}"),
        State::Differs { version: Some(version), cells } => {
            format!("differs from version {version} in {} field(s)", cells.len())
        }
        State::Differs { version: None, cells } => format!("differs in {} field(s)", cells.len()),
        State::Taken(other) => match &found.run_id {
            Some(run) => format!("its key is that of payment {other} of run {run}"),
            None => format!("its key is that of payment {other}"),
        },
    }
}

fn searched(search: &Search) -> String {
    let (found, looked_at) = (search.letters.len(), search.looked_at);
    match search.end {
        End::NotLooked => "not looked at (--no-letters)".to_owned(),
        End::All => format!("{found} of {looked_at} looked at, which are all"),
        End::Limit => format!("{found} of {looked_at} looked at, as far as --limit allows"),
        End::Time => format!("{found} of {looked_at} looked at, as far as --time allows"),
    }
}

fn end(end: End) -> &'static str {
    match end {
        End::All => "all",
        End::Limit => "limit",
        End::Time => "time",
        End::NotLooked => "notLooked",
    }
}

/// How a cell differs, without its values.
fn changed(cell: &CellDifference) -> &'static str {
    match (&cell.expected, &cell.found) {
        (Some(_), Some(_)) => "has another value",
        (Some(_), None) => "is not there",
        (None, _) => "should not be there",
    }
}

fn line(out: &mut String, label: &str, text: &str) {
    wrap(out, &format!("{label:<LABEL$}"), text, LABEL);
}

/// Writes a text behind its label, on as many lines as it takes; the further ones are indented by so much. What others
/// wrote cannot begin a line of its own.
fn wrap(out: &mut String, label: &str, text: &str, indent: usize) {
    let text = escape(text);
    let (mut at, begin) = (label.chars().count(), out.len());
    out.push_str(label);
    let break_line = |out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
        indent
    };
    for (place, word) in text.split(' ').enumerate() {
        let long = word.chars().count();
        if place > 0 && at + 1 + long > COLUMNS {
            at = break_line(out);
        } else if place > 0 {
            out.push(' ');
            at += 1;
        }
        for character in word.chars() {
            if at == COLUMNS {
                at = break_line(out);
            }
            out.push(character);
            at += 1;
        }
    }
    let trimmed = out.trim_end().len().max(begin);
    out.truncate(trimmed);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_80_columns_and_no_text_begins_one_of_its_own() {
        let mut out = String::new();
        line(&mut out, "cause", &format!("two words and\nan end {} of it", "x".repeat(200)));
        wrap(&mut out, "  ", &"k".repeat(80), 4);
        assert!(out.lines().all(|line| line.chars().count() <= COLUMNS), "{out}");
        assert!(out.lines().skip(1).all(|line| line.starts_with("  ")), "{out}");
        assert_eq!(out.matches('x').count(), 201 - 1);
        assert!(out.contains("and\\nan"), "{out}");
    }
}
