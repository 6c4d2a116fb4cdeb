//! Everything at a glance: the way, rates, latency, trouble, stages, processes.

use super::latency::{marked, stage_word, stages_in_order};
use super::parts::{Row, heading, put_all};
use super::theme;
use super::{Look, WIDE, path, processes};
use crate::format::{bars, bytes, count, count_or_none, fit, percent, seconds, seconds_or_none, table};
use crate::model::{Flow, POINTS, Times};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Left panels' width at 80 columns, and the gap behind them.
const LEFT: u16 = 43;
const GAP: u16 = 1;
/// Of a label, a figure and its unit in the charts' panel.
const LABEL: usize = 10;
const FIGURE: usize = 13;
/// A duration and its mark.
const TIME: usize = 9;
/// A right panel so wide has all columns of durations.
const ROOMY: usize = 66;

pub fn draw(area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    path::draw(area, buffer, look);
    // What is left over once all processes have their lines goes to lists and charts.
    let wanted = list(look, Rect { height: u16::MAX, ..area }).len().clamp(6, 20) as u16;
    let spare = area.height.saturating_sub(path::HEIGHT + 5 + 6 + wanted);
    let more = if area.height >= 30 { spare.min(4) } else { 0 };
    let chart = 1 + ((spare - more) / 4).min(4);
    let (upper, lower) = (1 + 4 * chart, 6 + more);
    let left_width =
        if area.width >= WIDE { (area.width / 2 - GAP).min(area.width - GAP - ROOMY as u16) } else { LEFT };
    let right_width = area.width - left_width - GAP;
    let mut y = area.y + path::HEIGHT;
    let mut panels = |height: u16, left: &[Line<'_>], right: &[Line<'_>]| {
        let height = height.min(area.bottom().saturating_sub(y));
        put_all(buffer, Rect { y, height, width: left_width, ..area }, left);
        let x = area.x + left_width + GAP;
        put_all(buffer, Rect { x, y, width: right_width, height }, right);
        y += height;
    };
    let (left, right) = (usize::from(left_width), usize::from(right_width));
    panels(upper, &rates(look, left, usize::from(chart)), &latency(look, right, usize::from(upper)));
    panels(lower, &trouble(look, left, usize::from(lower)), &stages(look, right));
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    put_all(buffer, rest, &list(look, rest));
}

/// Charts, newest on the right.
fn rates(look: &Look<'_>, width: usize, height: usize) -> Vec<Line<'static>> {
    let (history, totals, theme) = (look.history, &look.snapshot.totals, look.theme);
    let room = (width - LABEL - FIGURE - 2).min(POINTS);
    let over = seconds(room as f64 * look.every.as_secs_f64());
    let mut lines = vec![heading(&format!("rates, last {over}"), &[], width)];
    let backlog = look.snapshot.backlog.as_ref().map(|backlog| backlog.messages);
    let charts = [
        ("confirmed", "msgs/s", totals.confirmed.per_second, &history.confirmed),
        ("acked", "msgs/s", totals.acked.per_second, &history.acked),
        ("written", "rows/s", totals.rows.per_second, &history.rows),
        ("backlog", "msgs", backlog, &history.backlog),
    ];
    for (name, unit, value, series) in charts {
        // High charts would touch: the greatest bar fills its chart.
        let free = usize::from(height >= 3);
        lines.extend(vec![Line::default(); free]);
        let height = height - free;
        for (at, bar) in bars(&series.values(), room, height).into_iter().enumerate() {
            // The words stand at the foot of their chart.
            let is_foot = at + 1 == height;
            let (name, figure) = if is_foot { (name, count_or_none(value)) } else { ("", String::new()) };
            let row = Row::new()
                .word(&format!(" {name}"), LABEL + 1, theme::plain())
                .span(bar, theme.chart())
                .figure_in(&figure, 6, theme::strong())
                .word(&format!(" {}", if is_foot { unit } else { "" }), 7, theme::plain());
            lines.push(row.line());
        }
    }
    lines
}

/// Columns of durations: two of them, or four where there is room.
fn durations(row: Row, times: &Times, is_wide: bool) -> Row {
    let row = row.figure(&marked(times.p50, times), TIME);
    let row = if is_wide { row.figure(&marked(times.p90, times), TIME + 1) } else { row };
    let row = row.figure(&marked(times.p99, times), if is_wide { TIME + 1 } else { TIME });
    if is_wide { row.figure(&seconds_or_none(times.max), TIME + 1) } else { row }
}

fn heads(text: &str, width: usize) -> Line<'static> {
    let narrow = [("p50 ", TIME), ("p99 ", TIME)];
    let wide = [("per s", 8), ("p50 ", TIME), ("p90 ", TIME + 1), ("p99 ", TIME + 1), ("max ever", TIME + 1)];
    let heads = if width >= ROOMY { &wide[..] } else { &narrow };
    heading(text, heads, width.min(90))
}

/// A name, the rate where there is room, and durations.
fn timed(name: &str, times: &Times, width: usize) -> Line<'static> {
    let is_wide = width >= ROOMY;
    let durations_width = if is_wide { 4 * TIME + 3 + 8 } else { 2 * TIME };
    let mut row = Row::new().word(&format!(" {name}"), width.min(90) - durations_width, theme::plain());
    if is_wide {
        row = row.figure(&count_or_none(times.calls.per_second), 8);
    }
    durations(row, times, is_wide).line()
}

fn latency(look: &Look<'_>, width: usize, height: usize) -> Vec<Line<'static>> {
    let now = look.snapshot;
    let mut lines = vec![heads("Bigtable calls", width)];
    // Outcomes are shown where all of them have room.
    let outcomes: usize = now.latency.values().map(|times| times.by_outcome.len()).sum();
    let has_room = now.latency.len() + outcomes + 2 <= height;
    for (name, times) in &now.latency {
        lines.push(timed(table(name), &times.all, width));
        if has_room {
            let of = |(outcome, times): (&String, &Times)| timed(&format!("  {outcome}"), times, width);
            lines.extend(times.by_outcome.iter().map(of));
        }
    }
    if now.latency.is_empty() {
        lines.push(Line::styled(" no calls yet", theme::quiet()));
    }
    let all = || now.latency.values().map(|times| &times.all).chain(now.stages.values());
    let legend = if all().any(|times| times.since_start) { "   * since start" } else { "" };
    if let Some(rows) = now.totals.rows_a_request {
        lines.push(Line::raw(format!(" {} rows a call{legend}", count(rows))));
    }
    lines
}

fn stages(look: &Look<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![heads("a message's way", width)];
    let stages = stages_in_order(&look.snapshot.stages);
    lines.extend(stages.iter().map(|(stage, times)| timed(&stage_word(stage), times, width)));
    if stages.is_empty() {
        lines.push(Line::styled(" no message has been through yet", theme::quiet()));
    }
    lines
}

/// What slows down, what goes wrong, and how full memory is. The first lines matter most.
fn trouble(look: &Look<'_>, width: usize, height: usize) -> Vec<Line<'static>> {
    let (now, totals, theme) = (look.snapshot, &look.snapshot.totals, look.theme);
    let label_width = if width >= 60 { 15 } else { 11 };
    let line = |label: &str, figure: &str, rest: &str, style: Style| {
        Row::new()
            .word(&format!(" {label}"), label_width, theme::plain())
            .figure_in(figure, 6, style)
            .span(fit(&format!(" {rest}"), width - label_width - 6), theme::plain())
            .line()
    };
    let pick = |short, long| if width >= 60 { long } else { short };
    let is_now = |flow: &Flow| flow.per_second.is_some_and(|rate| rate > 0.0);
    let style = |flow: &Flow, style| if is_now(flow) { style } else { theme::plain() };
    let mut codes: Vec<_> =
        (now.errors.unwritten_by_code().into_iter().map(|(code, flow)| ("given up", code, flow)))
            .chain(now.errors.retried_by_code().into_iter().map(|(code, flow)| ("retried", code, flow)))
            .collect();
    codes.sort_by(|one, two| {
        let rate = |flow: Flow| flow.per_second.unwrap_or(0.0);
        (one.0.cmp(two.0)).then(rate(two.2).total_cmp(&rate(one.2)))
    });
    let mut lines = vec![heading("trouble", &[], width)];
    let room = height - 4;
    if codes.is_empty() {
        lines.push(line("retried", "0", "rows/s", theme::plain()));
    }
    let shown = if codes.len() > room { room - 1 } else { room };
    for (label, code, flow) in codes.iter().take(shown) {
        let style = style(flow, if *label == "retried" { theme.warn() } else { theme.bad() });
        lines.push(line(label, &count_or_none(flow.per_second), &format!("rows/s {code}"), style));
    }
    if codes.len() > room {
        lines.push(line("", "", &format!("and {} codes more: press 4", codes.len() - shown), theme::plain()));
    }
    let limit =
        totals.call_rate_limit.map_or("no limit".into(), |limit| format!("limit {} calls/s", count(limit)));
    let throttled = style(&totals.throttled, theme.warn());
    lines.push(line(
        "throttled",
        &count_or_none(totals.throttled.per_second),
        &format!("s/s    {limit}"),
        throttled,
    ));
    let dead = totals.dead_lettered;
    let rate = format!("msgs/s {} letters so far", count(dead.total));
    lines.push(line(
        pick("dead", "dead letters"),
        &count_or_none(dead.per_second),
        &rate,
        style(&dead, theme.bad()),
    ));
    let (held, budget) = (totals.memory_reserved_bytes, totals.memory_budget_bytes);
    let part = (budget > 0.0).then(|| held / budget);
    let full = if part.is_some_and(|part| part >= 0.9) { theme.warn() } else { theme::plain() };
    lines.push(line("memory", &percent(part), &format!("{} of {}", bytes(held), bytes(budget)), full));
    // What there is room for.
    let waited = format!("s/s    {} since start", seconds(totals.admission.total));
    lines.push(line("admission", &count_or_none(totals.admission.per_second), &waited, theme::plain()));
    let more = [
        (pick("expired", "leases expired"), now.errors.leases_expired, "msgs/s"),
        (pick("again", "redelivered"), now.errors.redelivered, "msgs/s"),
        ("returned", now.errors.returned, "msgs/s"),
    ];
    for (label, flow, unit) in more {
        let rest = format!("{unit} {} since start", count(flow.total));
        lines.push(line(label, &count_or_none(flow.per_second), &rest, style(&flow, theme.warn())));
    }
    lines.truncate(height);
    lines
}

/// The processes that fit; those in trouble first, where not all do.
fn list(look: &Look<'_>, area: Rect) -> Vec<Line<'static>> {
    let height = usize::from(area.height);
    let all = &look.snapshot.processes;
    let rows = |process| processes::rows(process, look, area.width, 1);
    let mut lines = vec![processes::head(area.width)];
    if all.iter().map(|process| rows(process).len()).sum::<usize>() < height {
        lines.extend(all.iter().flat_map(rows));
        return lines;
    }
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by_key(|process| !process.is_troubled());
    let mut shown = 0;
    for process in &sorted {
        let rows = rows(process);
        if lines.len() + rows.len() + 1 > height {
            break;
        }
        shown += 1;
        lines.extend(rows);
    }
    let more = format!(" and {} more: press 3", sorted.len() - shown);
    lines.push(Line::styled(more, theme::quiet()));
    lines
}
