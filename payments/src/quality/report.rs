//! The report, for people and programs.

use super::mix::Share;
use super::observed::{Observed, Problem};
use crate::audit::{self, Consistency, Listed};
use crate::output::{Column, Table as Columns, words};
use indicatif::HumanCount;
use schemas::layout::{Family, PerTable};
use serde_json::{Value, json};
use service::escape::escape;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The findings in the three tables.
#[derive(Clone, Debug)]
pub struct Quality {
    pub tables: PerTable<Observed>,
    pub consistency: Consistency,
    /// Where a mix was declared.
    pub shares: Vec<Share>,
}

impl Quality {
    pub fn is_good(&self) -> bool {
        let is_mixed = self.shares.iter().all(Share::is_as_declared);
        is_mixed && self.consistency.is_consistent() && self.tables.values().all(Observed::is_good)
    }
}

pub fn text(quality: &Quality, with_digests: bool) -> String {
    let rows = words::count(quality.tables.by_transaction.rows, "row");
    let mut out = if quality.is_good() {
        words::ok(&format!("3 x {rows} make sense, and the tables agree with each other"))
    } else {
        words::bad("the tables hold what no sound pipeline writes")
    };
    let columns = [
        Column::left("table"),
        Column::right("rows"),
        Column::right("unreadable"),
        Column::right("invalid"),
        Column::left("without a family"),
    ];
    let line = |table: &Observed| {
        let counts = [table.rows, table.unreadable.total, table.invalid.total]
            .map(|rows| HumanCount(rows).to_string());
        [[table.table.id().to_owned()].as_slice(), &counts, &[without_family(table)]].concat()
    };
    out += &Columns::text(&columns, &quality.tables.values().map(line).collect::<Vec<_>>());
    if quality.tables.values().any(|table| table.without_family != [0; 6]) {
        out.push_str(
            "(a family is lost when its cells are older than its retention, or was never written)\n",
        );
    }
    for table in quality.tables.values() {
        for (kind, listed) in [("unreadable", &table.unreadable), ("invalid", &table.invalid)] {
            for (key, reason) in &listed.first {
                let (id, key, reason) = (table.table.id(), key.escape_ascii(), escape(reason));
                let _ = writeln!(out, "\n{kind:<11} {id}: {reason}\n  {key}");
            }
        }
    }
    // The same payments lie in all three tables; as long as they agree, this holds for the others too.
    let first = &quality.tables.by_customer;
    out.push('\n');
    let mut told = |label: &str, what: &str| out += &words::labelled(label, 12, what);
    told("types", &shares(&first.types, first.rows));
    let declared = quality.shares.iter().map(|share| format!("{} {:.4}", share.rail.name(), share.declared));
    let declared: Vec<_> = declared.collect();
    if !declared.is_empty() {
        told("declared", &declared.join(", "));
    }
    for share in quality.shares.iter().filter(|share| !share.is_as_declared()) {
        let (rail, found, declared) = (share.rail.name(), share.found_share(), share.declared);
        told("share", &format!("{rail} is {found:.4}, declared {declared:.4}: more than chance makes"));
    }
    told("statuses", &shares(&first.statuses, first.rows));
    let runs = first.runs.rows.iter().map(|(run, rows)| {
        format!("{} {}", if run.is_empty() { "(no run)".into() } else { escape(run) }, HumanCount(*rows))
    });
    told("runs", &runs.collect::<Vec<_>>().join(", "));
    out.push('\n');
    out + &audit::report::tables(&quality.consistency, with_digests)
}

fn without_family(table: &Observed) -> String {
    let lost = Family::ALL.iter().zip(&table.without_family).filter(|(_, rows)| **rows > 0);
    let lost: Vec<_> = lost.map(|(family, rows)| format!("{} {}", family.id(), HumanCount(*rows))).collect();
    if lost.is_empty() { "none".to_owned() } else { lost.join(", ") }
}

fn shares(counts: &BTreeMap<&'static str, u64>, rows: u64) -> String {
    let share = |(name, count): (&&str, &u64)| format!("{name} {:.4}", *count as f64 / rows.max(1) as f64);
    counts.iter().map(share).collect::<Vec<_>>().join(", ")
}

pub fn json(quality: &Quality) -> Value {
    let tables = quality.tables.values().map(|table| {
        let listed = |listed: &Listed<Problem>| {
            let first = listed
                .first
                .iter()
                .map(|(key, reason)| json!({ "key": key.escape_ascii().to_string(), "reason": reason }));
            json!({ "total": listed.total, "first": first.collect::<Vec<_>>() })
        };
        let families = Family::ALL.iter().zip(&table.without_family);
        json!({
            "table": table.table.id(),
            "rows": table.rows,
            "unreadable": listed(&table.unreadable),
            "invalid": listed(&table.invalid),
            "withoutFamily": families.map(|(family, rows)| (family.id(), *rows)).collect::<BTreeMap<_, _>>(),
            "types": table.types,
            "statuses": table.statuses,
            "runs": table.runs.rows,
        })
    });
    let shares = quality.shares.iter().map(|share| {
        json!({
            "type": share.rail.name(), "declared": share.declared, "found": share.found_share(),
            "isAsDeclared": share.is_as_declared(),
        })
    });
    json!({
        "ok": quality.is_good(),
        "tables": tables.collect::<Vec<_>>(),
        "shares": shares.collect::<Vec<_>>(),
        "consistency": audit::report::json(&quality.consistency),
    })
}
