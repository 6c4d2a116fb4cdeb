//! A payment's way as boxes, with the rates between them.

use super::Look;
use super::parts::put;
use super::theme;
use crate::format::{columns, count, count_or_none, fit, seconds, seconds_or_none, table};
use crate::model::{Drain, Flow};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Rows that the picture takes.
pub const HEIGHT: u16 = 5;
/// Widths at 80 columns: producer, arrow, subscription, arrow, sink; tables take the rest.
const WIDTHS: [u16; 5] = [13, 7, 20, 7, 13];
/// What each gets of every sixteen columns more.
const SHARES: [u16; 5] = [3, 2, 4, 2, 3];
/// Wider is not more readable.
const MOST_EXTRA: u16 = 96;
const TABLES: [&str; 3] = ["payments_by_customer", "payments_by_date", "payments_by_transaction"];

pub fn draw(area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let extra = area.width.saturating_sub(80).min(MOST_EXTRA);
    let mut x = area.x;
    let parts = [0, 1, 2, 3, 4].map(|at: usize| {
        let part = Rect { x, width: WIDTHS[at] + extra * SHARES[at] / 16, height: HEIGHT, ..area };
        x += part.width;
        part
    });
    let totals = &look.snapshot.totals;
    boxed(buffer, parts[0], &plural(totals.producers, "producer"), &producer(look, parts[0].width));
    arrow(buffer, parts[1], totals.confirmed);
    let title = if parts[2].width >= 24 { "topic, subscription" } else { "subscription" };
    boxed(buffer, parts[2], title, &subscription(look));
    arrow(buffer, parts[3], totals.pulled);
    boxed(buffer, parts[4], &plural(totals.sinks, "sink"), &sink(look, parts[4].width));
    tables(buffer, Rect { x, width: area.right() - x, height: HEIGHT, ..area }, look);
}

fn plural(count: usize, word: &str) -> String {
    match count {
        0 | 1 => word.to_owned(),
        _ => format!("{count} {word}s"),
    }
}

type Entry = (&'static str, String, Style);

fn boxed(buffer: &mut Buffer, area: Rect, title: &str, entries: &[Entry]) {
    let quiet = theme::quiet();
    let inside = usize::from(area.width) - 2;
    let margin = usize::from(inside >= 20);
    let title = fit(title, inside - 2);
    let rest = "─".repeat(inside - 2 - columns(&title));
    let top = [
        Span::styled("┌ ", quiet),
        Span::styled(title, theme::strong()),
        Span::styled(format!(" {rest}┐"), quiet),
    ];
    put(buffer, Rect { height: 1, ..area }, &Line::from(top.to_vec()));
    for (at, row) in (1..area.height - 1).enumerate() {
        let (label, value, style) = entries.get(at).cloned().unwrap_or_default();
        let gap = inside.saturating_sub(columns(label) + columns(&value) + 2 * margin);
        let margin = " ".repeat(margin);
        let spans = vec![
            Span::styled("│", quiet),
            Span::raw(format!("{margin}{label}{}", " ".repeat(gap))),
            Span::styled(value, style),
            Span::styled(format!("{margin}│"), quiet),
        ];
        put(buffer, Rect { y: area.y + row, height: 1, ..area }, &Line::from(spans));
    }
    let bottom = format!("└{}┘", "─".repeat(inside));
    put(buffer, Rect { y: area.bottom() - 1, height: 1, ..area }, &Line::styled(bottom, quiet));
}

fn arrow(buffer: &mut Buffer, area: Rect, flow: Flow) {
    let width = usize::from(area.width);
    let strong = theme::strong();
    let rows = [
        (format!("{:^width$}", count_or_none(flow.per_second)), strong),
        (format!(" {}> ", "─".repeat(width - 3)), theme::quiet()),
        (format!("{:^width$}", "msgs/s"), Style::new()),
    ];
    for (at, (text, style)) in (1..).zip(rows) {
        put(buffer, Rect { y: area.y + at, height: 1, ..area }, &Line::styled(text, style));
    }
}

fn producer(look: &Look<'_>, width: u16) -> Vec<Entry> {
    let (totals, plain) = (&look.snapshot.totals, Style::new());
    if totals.producers == 0 {
        return vec![("not seen", String::new(), plain)];
    }
    let pick = |short, long| if width >= 22 { long } else { short };
    let planned = if totals.planned > 0.0 { count(totals.planned) } else { "no end".into() };
    vec![
        (pick("sent", "confirmed msgs"), count(totals.confirmed.total), plain),
        (pick("of", "planned"), planned, plain),
        (pick("open", "open msgs"), count(totals.publishing), plain),
    ]
}

fn subscription(look: &Look<'_>) -> Vec<Entry> {
    let (theme, plain) = (look.theme, Style::new());
    let Some(backlog) = &look.snapshot.backlog else {
        return vec![("backlog", "not known".into(), theme::quiet())];
    };
    let trend = match backlog.drain {
        Drain::Unknown => ("drain", "-".into(), plain),
        Drain::Empty => ("drain", "empty".into(), theme.good()),
        Drain::Steady => ("drain", "steady".into(), plain),
        Drain::Draining { drain_seconds } => ("drain", seconds(drain_seconds), theme.good()),
        Drain::Growing { messages_per_second } => {
            ("growing", format!("{}/s", count(messages_per_second)), theme.warn())
        }
    };
    let mut entries = vec![
        ("backlog", format!("{} msgs", count(backlog.messages)), plain),
        ("oldest", seconds_or_none(backlog.oldest_seconds), plain),
        trend,
    ];
    entries.extend(backlog.lag_seconds.map(|lag| ("as of", format!("{} ago", seconds(lag)), theme::quiet())));
    entries
}

fn sink(look: &Look<'_>, width: u16) -> Vec<Entry> {
    let (totals, plain) = (&look.snapshot.totals, Style::new());
    if totals.sinks == 0 {
        return vec![("not seen", String::new(), plain)];
    }
    let pick = |short, long| if width >= 22 { long } else { short };
    vec![
        (pick("acked", "acked msgs"), count(totals.acked.total), plain),
        (pick("held", "held msgs"), count(totals.held), plain),
        (pick("calls", "open calls"), count(totals.requests_in_flight), plain),
    ]
}

/// The three tables, each with its rate: `─30.1k─> date`.
fn tables(buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
    let by_table = &look.snapshot.totals.rows_by_table;
    let quiet = theme::quiet();
    // The longest name has eleven columns, the figure five, the arrow's end three.
    let shaft = usize::from(area.width).clamp(20, 40) - 11 - 5 - 3;
    put(buffer, Rect { height: 1, ..area }, &Line::raw(format!("{}{:>5}", " ".repeat(shaft), "rows/s")));
    for (at, name) in (1..).zip(TABLES) {
        let rate = by_table.get(name).and_then(|flow| flow.per_second);
        let rate = count_or_none(rate);
        let line = vec![
            Span::styled("─".repeat(shaft + 5 - rate.len()), quiet),
            Span::styled(rate, theme::strong()),
            Span::styled("─> ", quiet),
            Span::raw(table(name)),
        ];
        put(buffer, Rect { y: area.y + at, height: 1, ..area }, &Line::from(line));
    }
}
