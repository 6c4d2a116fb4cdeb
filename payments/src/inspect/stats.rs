//! The scorecard for people and programs.

use crate::output::{Column, Table, words};
use generator::{Line, Scorecard};
use serde_json::{Value, json};

const COLUMNS: [Column; 7] = [
    Column::left("rail"),
    Column::left("what").to(12, 1),
    Column::right("declared"),
    Column::right("observed"),
    Column::right("tolerance"),
    Column::left("verdict"),
    Column::left("source").to(12, 1),
];

/// The verdict, and a line for each rail with its figure nearest to its bounds; or, with `all`, for each figure.
pub fn text(card: &Scorecard, all: bool) -> String {
    let payments = words::count(card.payments, "payment");
    let judged = card.lines.iter().filter(|line| line.is_applicable()).count();
    let off = card.lines.iter().filter(|line| !line.is_ok()).count();
    let mut text = match off {
        0 => words::ok(&format!("{payments}, all {judged} figures as declared")),
        _ => words::bad(&format!("{payments}, {off} of {judged} figures not as declared")),
    };
    let shown: Vec<&Line> = if all {
        card.lines.iter().collect()
    } else {
        text += &summary(card);
        card.lines.iter().filter(|line| !line.is_ok()).collect()
    };
    if !shown.is_empty() {
        text += &Table::text(&COLUMNS, &shown.into_iter().map(cells).collect::<Vec<_>>());
    }
    if !all {
        text += "--all shows each figure\n";
    }
    text
}

fn summary(card: &Scorecard) -> String {
    let columns = [
        Column::left("rail"),
        Column::right("figures"),
        Column::left("nearest to its bounds").to(12, 1),
        Column::right("declared"),
        Column::right("observed"),
        Column::right("tolerance"),
    ];
    let mut scopes: Vec<&str> = card.lines.iter().map(|line| line.scope).collect();
    scopes.dedup();
    let lines = scopes.into_iter().filter_map(|scope| {
        let own = || card.lines.iter().filter(move |line| line.scope == scope);
        let nearest = own().max_by(|a, b| strain(a).total_cmp(&strain(b)))?;
        let cells = cells(nearest);
        let mut line = vec![scope.to_owned(), own().count().to_string()];
        line.extend(cells.into_iter().skip(1).take(4));
        Some(line)
    });
    Table::text(&columns, &lines.collect::<Vec<_>>())
}

/// How much of the tolerance is used up; above 1 the figure is off.
fn strain(line: &Line) -> f64 {
    let apart = (line.observed - line.declared).abs();
    if line.tolerance > 0.0 { apart / line.tolerance } else { apart * f64::MAX }
}

fn cells(line: &Line) -> Vec<String> {
    let verdict = match line.is_ok() {
        _ if !line.is_applicable() => "-",
        true => "ok",
        false => "OFF",
    };
    let [declared, observed, tolerance] = [line.declared, line.observed, line.tolerance].map(number);
    let texts = [verdict, line.source].map(str::to_owned);
    [vec![line.scope.to_owned(), line.what.clone(), declared, observed, tolerance], texts.into()].concat()
}

fn number(value: f64) -> String {
    match value {
        endless if endless.is_infinite() => "-".to_owned(),
        whole if whole.fract() == 0.0 => format!("{whole:.0}"),
        small if small.abs() < 10.0 => format!("{small:.4}"),
        middle if middle.abs() < 100_000.0 => format!("{middle:.2}"),
        large => format!("{large:.0}"),
    }
}

/// For programs.
pub fn json(card: &Scorecard) -> Value {
    let line = |line: &Line| {
        json!({
            "rail": line.scope, "what": line.what, "declared": line.declared, "observed": line.observed,
            "tolerance": line.tolerance, "ok": line.is_ok(), "source": line.source,
        })
    };
    let lines: Vec<_> = card.lines.iter().map(line).collect();
    json!({ "ok": card.is_ok(), "payments": card.payments, "figures": lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_shown_and_all_else_only_on_demand() {
        let line = |scope, what: &str, observed| Line {
            scope,
            what: what.into(),
            source: "the configuration",
            declared: 1.0,
            observed,
            tolerance: 0.5,
        };
        let lines = vec![line("ACH", "share", 1.1), line("ACH", "mean", 1.2), line("RTP", "share", 2.0)];
        let card = Scorecard { payments: 2_000, lines };
        let short = text(&card, false);
        assert!(short.starts_with("NOT OK: 2,000 payments, 1 of 3 figures"), "{short}");
        assert!(short.contains("ACH         2  mean") && short.contains("OFF"), "{short}");
        assert_eq!(text(&card, true).lines().filter(|line| line.contains(" ok ")).count(), 2);
        assert_eq!(json(&card)["figures"][2]["ok"], false);
    }
}
