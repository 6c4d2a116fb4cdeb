//! A row a process.

use super::parts::{Row, long_endpoint, ruled};
use super::theme;
use super::{Look, Theme, WIDE};
use crate::format::{bytes_or_none, columns, count_or_none, fit, percent, seconds_or_none};
use crate::model::{Flow, Process, state_word};
use monitor::status::State;
use ratatui::style::Style;
use ratatui::text::Line;

/// Of the endpoint at 80 columns, and where there is room.
const ENDPOINT: [usize; 2] = [19, 28];

/// Of what is said of a process below its line.
const INDENT: &str = "           ";

fn style(state: Option<State>, theme: Theme) -> Style {
    match state {
        Some(State::Ready) => theme.good(),
        Some(State::Unready) | None => theme.bad(),
        Some(State::Starting | State::Draining) => theme.warn(),
    }
}

pub fn head(width: u16) -> Line<'static> {
    let is_wide = width >= WIDE;
    let endpoint = ENDPOINT[usize::from(is_wide)] + 1;
    let words = format!(" {:10}{:endpoint$}{:8}", "process", "address", "state");
    let figures = format!("{:>9}{:>8}{:>9}{:>7}{:>7}", "up", "CPU", "RSS", "msgs/s", "rows/s");
    let more = format!("{:>11}{:>7}{:>7}{:>11}", "msgs held", "busy", "files", "pid");
    let head = words + &figures + if is_wide { &more } else { "" };
    ruled(&head)
}

/// A process in one line, and its reason in others, as many as may be.
pub fn rows(process: &Process, look: &Look<'_>, width: u16, most: usize) -> Vec<Line<'static>> {
    let (theme, is_wide) = (look.theme, width >= WIDE);
    let endpoint = ENDPOINT[usize::from(is_wide)];
    let row = Row::new()
        .word(&format!(" {}", process.binary.as_deref().unwrap_or("?")), 11, theme::strong())
        .word(&long_endpoint(&process.endpoint, endpoint), endpoint + 1, theme::plain());
    if let Some(failure) = &process.no_answer {
        let room = usize::from(width) - endpoint - 12;
        return vec![row.span(fit(&format!("no answer: {failure}"), room), theme.bad()).line()];
    }
    let rate = |flow: Option<Flow>| count_or_none(flow.and_then(|flow| flow.per_second));
    let mut row = row
        .word(process.state.map_or("?", state_word), 8, style(process.state, theme))
        .figure(&seconds_or_none(process.uptime_seconds), 9)
        .figure(&percent(process.cpus), 8)
        .figure(&bytes_or_none(process.resident_bytes), 9)
        .figure(&rate(process.messages), 7)
        .figure(&rate(process.rows), 7);
    if is_wide {
        row = row
            .figure(&count_or_none(process.held_messages), 11)
            .figure(&percent(process.busy_ratio), 7)
            .figure(&count_or_none(process.open_fds), 7)
            .figure(&process.pid.map_or_else(String::new, |pid| pid.to_string()), 11);
    }
    let mut lines = vec![row.line()];
    if let Some(reason) = &process.reason {
        let wrapped = wrap(reason, usize::from(width) - INDENT.len(), most).into_iter();
        lines
            .extend(wrapped.map(|line| Line::styled(format!("{INDENT}{line}"), style(process.state, theme))));
    }
    lines
}

pub fn view(look: &Look<'_>, width: u16) -> Vec<Line<'static>> {
    let mut lines = vec![head(width)];
    for process in &look.snapshot.processes {
        lines.extend(rows(process, look, width, 4));
        if process.no_answer.is_none() {
            lines.push(Line::styled(fit(&details(process, width), usize::from(width)), theme::quiet()));
        }
    }
    lines
}

/// A text in lines between words, at most so many; the last one says so if there is more.
fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let is_full = columns(&lines[last]) + 1 + columns(word) > width && !lines[last].is_empty();
        if is_full && lines.len() < most {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines.iter().map(|line| fit(line, width)).collect()
}

/// What has no column.
fn details(process: &Process, width: u16) -> String {
    let version = process.version.as_deref().unwrap_or("?");
    let host = process.host.as_deref().unwrap_or("?");
    if width >= WIDE {
        let settings = process.settings.iter().map(|(name, value)| format!(", {name} {value}"));
        return format!("{INDENT}version {version} on {host}{}", settings.collect::<String>());
    }
    let pid = process.pid.map_or_else(|| "?".into(), |pid| pid.to_string());
    format!(
        "{INDENT}pid {pid}, {} msgs held, {} busy, {} files, {version} on {host}",
        count_or_none(process.held_messages),
        percent(process.busy_ratio),
        count_or_none(process.open_fds)
    )
}
