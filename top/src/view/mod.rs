//! Draws what is known. Readable at 80x24 and without colours; a larger screen shows more, not larger.

mod errors;
mod help;
mod latency;
mod overview;
mod parts;
mod path;
mod processes;
mod theme;

#[cfg(test)]
mod tests;

pub use errors::lines as error_lines;
pub use latency::{stage_word, stages_in_order};
pub use parts::long_endpoint;
pub use theme::Theme;

use crate::format::{columns, fit, seconds};
use crate::live::Choice;
use crate::model::{History, Snapshot};
use parts::{put, put_all};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// The least screen that shows all figures of the overview.
const LEAST: (u16, u16) = (80, 20);
/// From here on there are more columns.
const WIDE: u16 = 126;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Overview,
    Latency,
    Processes,
    Errors,
}

impl View {
    pub const ALL: [Self; 4] = [Self::Overview, Self::Latency, Self::Processes, Self::Errors];

    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    fn name(self) -> &'static str {
        ["overview", "latency", "processes", "errors"][self as usize]
    }
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub snapshot: &'a Snapshot,
    pub history: &'a History,
    pub choice: &'a Choice,
    pub every: Duration,
    pub theme: Theme,
    /// All endpoints, also those that nobody has shown.
    pub asked: &'a [String],
    pub failure: Option<&'a str>,
}

pub fn draw(area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return too_small(area, buffer);
    }
    let row = |y| Rect { y, height: 1, ..area };
    put(buffer, row(area.y), &header(look, usize::from(area.width)));
    put(buffer, row(area.bottom() - 1), &footer(look));
    let inside = Rect { y: area.y + 1, height: area.height - 2, ..area };
    if look.choice.is_helping {
        return put_all(buffer, inside, &help::lines());
    }
    if look.snapshot.processes.is_empty() {
        return put_all(buffer, inside, &nobody(look));
    }
    match look.choice.view {
        View::Overview => overview::draw(inside, buffer, look),
        View::Latency => scrolled(inside, buffer, look, &latency::view(look, inside.width)),
        View::Processes => scrolled(inside, buffer, look, &processes::view(look, inside.width)),
        View::Errors => scrolled(inside, buffer, look, &errors::view(look, inside.width)),
    }
}

fn too_small(area: Rect, buffer: &mut Buffer) {
    let lines = [
        format!("{}x{} is too small", area.width, area.height),
        format!("{}x{} is needed", LEAST.0, LEAST.1),
        "q ends; --once prints".to_owned(),
    ];
    put_all(buffer, area, &lines.map(Line::from));
}

/// Lines that may be more than fit: the rest is a key away.
fn scrolled(area: Rect, buffer: &mut Buffer, look: &Look<'_>, lines: &[Line<'static>]) {
    let height = usize::from(area.height);
    if lines.len() <= height {
        return put_all(buffer, area, lines);
    }
    let shown = height - 1;
    let from = look.choice.scroll.min(lines.len() - shown);
    put_all(buffer, area, &lines[from..from + shown]);
    let more = format!(" lines {} to {} of {}: up, down", from + 1, from + shown, lines.len());
    put(buffer, Rect { y: area.bottom() - 1, height: 1, ..area }, &Line::styled(more, theme::quiet()));
}

fn header(look: &Look<'_>, width: usize) -> Line<'static> {
    let (snapshot, theme) = (look.snapshot, look.theme);
    let count = snapshot.processes.len();
    let unready = snapshot.processes.iter().filter(|process| process.is_troubled()).count();
    let silent = snapshot.totals.silent;
    let mut right = vec![Span::raw(format!("{count} process{}", if count == 1 { "" } else { "es" }))];
    for (count, word) in [(unready - silent, "unready"), (silent, "silent")] {
        if count > 0 {
            right.push(Span::raw(", "));
            right.push(Span::styled(format!("{count} {word}"), theme.bad()));
        }
    }
    right.push(Span::raw(format!(", asked every {} ", seconds(look.every.as_secs_f64()))));
    let mut left = vec![
        Span::styled(" payments top", theme::strong()),
        Span::raw(format!("  {}", look.choice.view.name())),
    ];
    if look.choice.paused.is_some() {
        left.push(Span::styled("  PAUSED", theme.warn()));
    }
    let used: usize = left.iter().chain(&right).map(|span| columns(&span.content)).sum();
    left.push(Span::raw(" ".repeat(width.saturating_sub(used))));
    left.extend(right);
    Line::from(left)
}

fn footer(look: &Look<'_>) -> Line<'static> {
    let mut spans = Vec::new();
    for (at, view) in View::ALL.into_iter().enumerate() {
        let style = if view == look.choice.view { theme::chosen() } else { theme::plain() };
        spans.push(Span::raw(" "));
        spans.push(Span::styled(format!("{} {}", at + 1, view.name()), style));
        spans.push(Span::raw(" "));
    }
    let pause = if look.choice.paused.is_some() { "p resume" } else { "p pause" };
    spans.push(Span::raw(format!("  Tab  {pause}  ? help  q quit")));
    Line::from(spans)
}

/// Where there is nothing to show: what was asked, and what to do.
fn nobody(look: &Look<'_>) -> Vec<Line<'static>> {
    let reason = look.failure.map_or_else(|| "waiting for the first answer".to_owned(), |text| fit(text, 76));
    let mut lines = vec![
        Line::default(),
        Line::styled("  No process answers yet.", theme::strong()),
        Line::default(),
        Line::raw("  Asked, and asked again until one answers:"),
    ];
    lines.extend(look.asked.iter().take(8).map(|endpoint| Line::raw(format!("    {}", fit(endpoint, 74)))));
    lines.extend([
        Line::styled(format!("  {reason}"), theme::quiet()),
        Line::default(),
        Line::raw("  Give --http to what you want to watch, each an address of its own:"),
        Line::raw("    sink --http 127.0.0.1:9464"),
        Line::raw("    producer --http 127.0.0.1:9465"),
        Line::raw("  and name other addresses here: payments top HOST:PORT ..."),
    ]);
    lines
}
