//! A report as a page.

use super::chart::{Line, Unit, chart};
use super::tables::{latencies, pairs, table, troubles};
use super::{Figures, Report};
use crate::heat::{self, View};
use crate::page::numbers::{bytes, count, percent, seconds};
use crate::page::{document, markup, plain};
use std::fmt::Write;

/// One page that asks nobody for anything, and that is read without a script too; for screens of any width, dark or
/// light, and for paper.
pub fn html(report: &Report) -> String {
    let figures = Figures::of(report);
    let (class, verdict) = verdict(report);
    let title = format!("{verdict}: {}", headline(report, &figures));
    let mut body = format!(
        "<h1><span class=\"{class}\">{}</span>: {}</h1>\n",
        markup(&verdict),
        markup(&headline(report, &figures))
    );
    what(&mut body, report);
    section(&mut body, "Key figures", &tiles(&figures));
    section(&mut body, "Thresholds", &thresholds(report));
    section(&mut body, "Verify", &verified(report));
    section(&mut body, "Rates over time", &charts(&rates(report)));
    section(&mut body, "Latency over time", &charts(&latency_charts(report)));
    section(&mut body, "Latency of the whole run", &latencies(report, &figures));
    section(&mut body, "Retries, rejects and panes", &troubles(&figures));
    if !report.heat.is_empty() {
        section(&mut body, "Writes by key range and time", &heat::figures(&report.heat, &View::default()));
    }
    let settings = report.status.settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
    section(&mut body, "Settings", &pairs(settings));
    document(&plain(&title), &heat::styles(), &body)
}

fn section(out: &mut String, title: &str, content: &str) {
    if !content.is_empty() {
        let _ = write!(out, "<section>\n<h2>{title}</h2>\n{content}</section>\n");
    }
}

/// What the checks say, if there were any.
fn verdict(report: &Report) -> (&'static str, String) {
    let failed = report.thresholds.iter().filter(|outcome| !outcome.holds).count();
    let mut failures = Vec::new();
    if failed > 0 {
        let of = report.thresholds.len();
        failures.push(format!("{failed} of {of} threshold{}", if of == 1 { "" } else { "s" }));
    }
    if report.verdict.as_ref().is_some_and(|verdict| !verdict.is_ok) {
        failures.push("verify".into());
    }
    if !failures.is_empty() {
        ("bad", format!("Failed ({})", failures.join(", ")))
    } else if report.thresholds.is_empty() && report.verdict.is_none() {
        ("muted", "Nothing checked".into())
    } else {
        ("good", "OK".into())
    }
}

fn headline(report: &Report, figures: &Figures<'_>) -> String {
    let binary = &report.status.binary;
    let did = if figures.is_sink() { "acked" } else { "published" };
    let payments = figures.payments().map(|payments| format!(" {did} {} payments", count(payments)));
    let done = payments.or_else(|| figures.reads().map(|reads| format!(" did {} reads", count(reads))));
    format!("{binary}{} in {}", done.unwrap_or_else(|| " ran".into()), seconds(report.seconds))
}

fn what(out: &mut String, report: &Report) {
    let (status, machine) = (&report.status, &report.machine);
    let command: Vec<_> = report.command_line.iter().map(|word| quoted(word)).collect();
    if !command.is_empty() {
        let _ = writeln!(out, "<pre>{}</pre>", markup(&command.join(" ")));
    }
    let mut system = machine.system.clone();
    if machine.cpus > 0 {
        let _ = write!(system, ", {} CPU{}", machine.cpus, if machine.cpus == 1 { "" } else { "s" });
    }
    if machine.memory_bytes > 0 {
        let _ = write!(system, ", {}", bytes(machine.memory_bytes as f64));
    }
    let run = status.settings.iter().find(|(name, _)| name.replace('-', "_") == "run_id");
    let state = status.reason.as_ref().map_or_else(String::new, |reason| format!("not ready: {reason}"));
    out.push_str(&pairs([
        ("Program", format!("{} {}", status.binary, status.version)),
        ("Run", run.map(|(_, id)| id.clone()).unwrap_or_default()),
        ("Machine", system.trim_start_matches(", ").to_owned()),
        ("Host", status.host.clone()),
        ("Started", status.started.clone()),
        ("Took", seconds(report.seconds)),
        ("At its end", state),
    ]));
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn tiles(figures: &Figures<'_>) -> String {
    let quantiles = |title: &'static str, found: Option<crate::spread::Quantiles>| {
        (title, found.map(|found| format!("{} / {}", seconds(found.p50), seconds(found.p99))))
    };
    let retries = figures.retries().map(|retries| match figures.retry_ratio() {
        Some(ratio) if retries > 0.0 => format!("{} ({})", count(retries), percent(ratio)),
        _ => count(retries),
    });
    let per_second = figures.rate().map(|rate| format!("{}/s", count(rate)));
    let tiles = [
        ("payments published", figures.producer("messages_confirmed_total").map(count)),
        ("payments acked", figures.sink("messages_acked_total").map(count)),
        ("reads", figures.reads().map(count)),
        ("mean rate", per_second),
        (if figures.reads().is_some() { "rows read" } else { "rows written" }, figures.rows().map(count)),
        quantiles("published to written, p50 / p99", figures.publish_to_written()),
        quantiles("Publish calls, p50 / p99", figures.publish()),
        quantiles("reads from when due, p50 / p99", figures.read()),
        ("reads that found nothing", figures.empty().filter(|empty| *empty > 0.0).map(count)),
        ("retries", retries),
        ("dead letters", figures.dead_letters().map(count)),
        ("returned to Pub/Sub", figures.returned().filter(|returned| *returned > 0.0).map(count)),
        ("given up", figures.failed().filter(|failed| *failed > 0.0).map(count)),
        ("highest memory seen", figures.memory().map(bytes)),
        (
            "CPU seconds per million",
            figures.cpu_per_million().map(|seconds| crate::page::numbers::digits(seconds, 3)),
        ),
    ];
    let mut out = String::new();
    for (title, value) in tiles {
        if let Some(value) = value {
            let _ = writeln!(out, "<div class=\"tile\"><b>{}</b><span>{title}</span></div>", markup(&value));
        }
    }
    if out.is_empty() { out } else { format!("<div class=\"tiles\">\n{out}</div>\n") }
}

fn thresholds(report: &Report) -> String {
    let rows: Vec<_> = report
        .thresholds
        .iter()
        .map(|outcome| {
            let observed = outcome.observed.clone().unwrap_or_else(|| "no such figure in this run".into());
            let held = if outcome.holds { "✓ held" } else { "✗ failed" };
            vec![held.to_owned(), outcome.threshold.clone(), observed]
        })
        .collect();
    table(&["", "Threshold", "Observed"], &[], &rows)
        .replace("<td>✓ held", "<td class=\"good\">✓ held")
        .replace("<td>✗ failed", "<td class=\"bad\">✗ failed")
}

fn verified(report: &Report) -> String {
    let Some(verdict) = &report.verdict else { return String::new() };
    let class = if verdict.is_ok { "good" } else { "bad" };
    let (first, rest) =
        verdict.lines.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let first = match (first, verdict.is_ok) {
        ("", true) => "OK",
        ("", false) => "Failed",
        (first, _) => first,
    };
    let mut out = format!("<p><strong class=\"{class}\">{}</strong></p>\n", markup(first));
    if !rest.is_empty() {
        let rest: Vec<_> = rest.iter().map(|line| markup(line)).collect();
        let _ = writeln!(out, "<pre>{}</pre>", rest.join("\n"));
    }
    out
}

fn charts(charts: &[String]) -> String {
    let charts = charts.concat();
    if charts.is_empty() { charts } else { format!("<div class=\"charts\">\n{charts}</div>\n") }
}

/// A name without what all tables have in common.
fn named(labels: &str) -> &str {
    if labels.is_empty() { "all" } else { labels }
}

fn rates(report: &Report) -> Vec<String> {
    let timeline = &report.timeline;
    let all = |name: &str, metric: &str, colour| Line::new(name, timeline.rate_of_all(metric), colour);
    let by = |metric: &str, is_rate: bool| -> Vec<Line> {
        let series = timeline.of_metric(metric).into_iter().enumerate();
        series
            .map(|(at, (labels, key))| {
                let values = if is_rate { timeline.rate(key) } else { timeline.values(key) };
                Line::new(named(&labels), values, at)
            })
            .collect()
    };
    let renamed = |metric: &str, name: &'static str, colour| {
        let lines = by(metric, false).into_iter();
        lines.map(move |line| {
            let name = if line.name == "all" { name.to_owned() } else { format!("{name}: {}", line.name) };
            Line { name, colour: colour + line.colour, ..line }
        })
    };
    let chart = |title, hint, unit, lines| chart(title, hint, unit, &timeline.times, lines);
    let messages = vec![
        all("published", "payments_producer_messages_published_total", 0),
        all("confirmed", "payments_producer_messages_confirmed_total", 1),
        all("pulled", "payments_sink_messages_pulled_total", 3),
        all("acked", "payments_sink_messages_acked_total", 2),
    ];
    let waiting = renamed("payments_sink_backlog_messages", "backlog", 0)
        .chain(renamed("payments_emulator_backlog_messages", "backlog", 0))
        .chain(renamed("payments_sink_messages_outstanding", "held by the sink", 1))
        .chain(renamed("payments_producer_messages_in_flight", "in flight to Pub/Sub", 3));
    let troubles = vec![
        all("rows written again", "payments_sink_rows_retried_total", 1),
        all("publishing tried again", "payments_producer_publish_retries_total", 0),
        all("dead letters", "payments_sink_messages_dead_lettered_total", 5),
        all("returned", "payments_sink_messages_returned_total", 4),
        all("reads failed", "payments_read_load_failures_total", 2),
    ];
    // All of them at zero all the time is no picture.
    let troubles =
        troubles.into_iter().filter(|line| line.values.iter().flatten().any(|rate| *rate > 0.0)).collect();
    vec![
        chart("Messages", "per second", Unit::PerSecond, messages),
        chart("Rows written", "per second", Unit::PerSecond, by("payments_sink_rows_written_total", true)),
        chart(
            "Reads",
            "per second",
            Unit::PerSecond,
            vec![all("reads", "payments_read_load_reads_total", 0)],
        ),
        chart("Rows read", "per second", Unit::PerSecond, by("payments_read_load_rows_total", true)),
        chart("Waiting", "messages", Unit::Number, waiting.collect()),
        chart("Trouble", "per second", Unit::PerSecond, troubles),
        chart("CPU", "cores", Unit::Number, vec![all("busy", "process_cpu_seconds_total", 0)]),
        chart(
            "Memory",
            "resident",
            Unit::Bytes,
            renamed("process_resident_memory_bytes", "memory", 0).collect(),
        ),
    ]
}

fn latency_charts(report: &Report) -> Vec<String> {
    let timeline = &report.timeline;
    let chart = |title: &str, metric: &str, outcome: bool| {
        let mut lines = Vec::new();
        for quantile in ["p99", "p50"] {
            let name = format!("{quantile}:{metric}");
            let series = timeline.of_metric(&name).into_iter();
            // Calls that failed are counted elsewhere; their durations are those of timeouts.
            let series = series.filter(|(_, key)| !outcome || key.contains("outcome=\"OK\""));
            for (at, (labels, key)) in series.enumerate() {
                let of = labels.trim_start_matches("OK").trim_start();
                let line = Line::new(format!("{quantile} {of}").trim_end(), timeline.values(key), at);
                lines.push(if quantile == "p50" { line.thin() } else { line });
            }
        }
        // Too many lines: the longest durations are what matters.
        if lines.len() > 6 {
            lines.retain(|line| !line.thin);
        }
        super::chart::chart(title, "", Unit::Seconds, &timeline.times, lines)
    };
    vec![
        chart("Published to written in all tables", "payments_sink_publish_to_written_seconds", false),
        chart("MutateRows by table", "payments_sink_request_seconds", true),
        chart("Stages of a message", "payments_sink_stage_seconds", false),
        chart("Publish calls", "payments_producer_publish_seconds", true),
        chart("Reads from when due", "payments_read_load_table_latency_seconds", false),
        chart("Answered reads from when sent", "payments_read_load_table_service_seconds", false),
    ]
}
