//! A report's tables, each nothing where it would be empty.

use super::{Figures, Report};
use crate::page::markup;
use crate::page::numbers::{count, seconds};
use crate::spread::Quantiles;
use std::fmt::Write;

/// Rows of cells under heads; those of the heads in `numbers` are set right.
pub(super) fn table(heads: &[&str], numbers: &[usize], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let class = |at| if numbers.contains(&at) { " class=\"n\"" } else { "" };
    let mut out = "<div class=\"scroll\"><table>\n<thead><tr>".to_owned();
    for (at, head) in heads.iter().enumerate() {
        let _ = write!(out, "<th{}>{}</th>", class(at), markup(head));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let _ = write!(out, "<td{}>{}</td>", class(at), markup(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// Histograms that have a place of their own: metric, title, and the labels that tell its rows apart.
const LATENCIES: [(&str, &str); 7] = [
    ("payments_sink_publish_to_written_seconds", "Published to written in all tables"),
    ("payments_sink_stage_seconds", "Stage"),
    ("payments_sink_request_seconds", "MutateRows"),
    ("payments_producer_publish_seconds", "Publish"),
    ("payments_read_load_latency_seconds", "Reads, from when they were due"),
    ("payments_read_load_table_latency_seconds", "Reads, from when they were due"),
    ("payments_read_load_table_service_seconds", "Answered reads, from when they were sent"),
];

pub(super) fn latencies(report: &Report, figures: &Figures<'_>) -> String {
    const STAGES: [&str; 4] = ["publish_to_pulled", "pane_wait", "write", "ack"];
    let mut rows = Vec::new();
    for (name, title) in LATENCIES {
        let mut found = figures.latencies(name);
        found.sort_by_key(|(labels, _)| {
            let stage = labels.get("stage").and_then(|stage| STAGES.iter().position(|known| known == stage));
            let outcome = labels.get("outcome").map(|outcome| (outcome != "OK", outcome.clone()));
            (stage, labels.get("table").cloned(), outcome)
        });
        for (labels, found) in found {
            let of = labels.get("stage").or_else(|| labels.get("table")).cloned().unwrap_or_default();
            rows.push(row(title, of, labels.get("outcome").cloned().unwrap_or_default(), found));
        }
    }
    for (key, found) in &report.status.latency {
        let is_known = LATENCIES.iter().any(|(name, _)| key.split('{').next() == Some(name));
        if !is_known && found.count > 0 {
            rows.push(row(key, String::new(), String::new(), *found));
        }
    }
    table(
        &["What", "Table or stage", "Outcome", "Count", "p50", "p90", "p99", "Longest"],
        &[3, 4, 5, 6, 7],
        &rows,
    )
}

fn row(what: &str, of: String, outcome: String, found: Quantiles) -> Vec<String> {
    let Quantiles { count: counted, p50, p90, p99, max } = found;
    let mut row = vec![what.to_owned(), of, outcome, count(counted as f64)];
    row.extend([p50, p90, p99, max].map(seconds));
    row
}

/// What went wrong, by cause: a title, a hint and a table each.
pub(super) fn troubles(figures: &Figures<'_>) -> String {
    // Labels come in the order of their names: code before table.
    const TROUBLES: [(&str, &str, &[&str]); 7] = [
        ("payments_sink_rows_retried_total", "Rows written again", &["Code", "Table", "Rows"]),
        ("payments_sink_rows_unwritten_total", "Rows given up", &["Code", "Table", "Rows"]),
        ("payments_sink_messages_rejected_total", "Messages rejected", &["Reason", "Messages"]),
        ("payments_producer_publish_retries_total", "Publishing tried again", &["Code", "Calls"]),
        (
            "payments_producer_messages_failed_total",
            "Messages that were not published",
            &["Code", "Messages"],
        ),
        ("payments_read_load_failures_total", "Reads that failed", &["Code", "Table", "Reads"]),
        ("payments_sink_panes_total", "Panes", &["Trigger", "Panes"]),
    ];
    let mut out = String::new();
    for (name, title, heads) in TROUBLES {
        let rows: Vec<_> = figures
            .by_labels(name)
            .into_iter()
            .filter(|(labels, _)| labels.len() + 1 == heads.len())
            .map(|(mut labels, value)| {
                labels.push(count(value));
                labels
            })
            .collect();
        if !rows.is_empty() {
            let _ = write!(out, "<h3>{title}</h3>\n{}", table(heads, &[heads.len() - 1], &rows));
        }
    }
    out
}

/// Names with what they have.
pub(super) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !value.is_empty() {
            let _ = writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", markup(name), markup(&value));
        }
    }
    if out.is_empty() { out } else { format!("<table class=\"pairs\"><tbody>\n{out}</tbody></table>\n") }
}
