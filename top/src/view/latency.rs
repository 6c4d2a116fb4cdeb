//! How long things take: tables by outcome, stages of a message's way, publishing.

use super::parts::{Row, heading};
use super::theme;
use super::{Look, WIDE};
use crate::format::{count, count_or_none, seconds_or_none, table};
use crate::model::Times;
use ratatui::text::Line;
use std::collections::BTreeMap;

/// Stages in the order of a message's way, with the words that they are shown by.
const STAGES: [(&str, &str); 5] = [
    ("publish_to_pulled", "publish → pulled"),
    ("pane_wait", "wait in pane"),
    ("write", "write"),
    ("ack", "ack"),
    ("publish_to_written", "publish → written"),
];
/// Of a duration's column: a figure and its mark.
const TIME: usize = 9;
const WIDE_TIME: usize = 12;
/// Of both names.
const NAMES: usize = 37;

/// A stage's words.
pub fn stage_word(stage: &str) -> String {
    let known = STAGES.iter().find(|(name, _)| *name == stage);
    known.map_or_else(|| stage.replace('_', " "), |(_, word)| (*word).to_owned())
}

/// The stages in the order of a message's way, those that are not known last.
pub fn stages_in_order(stages: &BTreeMap<String, Times>) -> Vec<(&str, Times)> {
    let known = STAGES.iter().filter_map(|(name, _)| Some((*name, *stages.get(*name)?)));
    let is_known = |name: &str| STAGES.iter().any(|(known, _)| *known == name);
    let others = stages.iter().filter(|(name, _)| !is_known(name)).map(|(name, times)| (&**name, *times));
    known.chain(others).collect()
}

/// A duration with its mark, where it is of everything since the start.
pub fn marked(seconds: Option<f64>, times: &Times) -> String {
    let mark = if times.since_start && seconds.is_some() { '*' } else { ' ' };
    format!("{}{mark}", seconds_or_none(seconds))
}

/// Name, second name, rate, quantiles; the count where there is room.
fn row(first: &str, second: &str, times: &Times, look: &Look<'_>, is_wide: bool) -> Line<'static> {
    let theme = look.theme;
    let time = if is_wide { WIDE_TIME } else { TIME };
    let mut row = Row::new()
        .word(&format!(" {first}"), 19, theme::plain())
        .word(second, 18, if second == "OK" { theme.good() } else { theme::plain() })
        .figure(&count_or_none(times.calls.per_second), 7);
    if is_wide {
        row = row.figure(&count(times.calls.total), 10);
    }
    for seconds in [times.p50, times.p90, times.p99] {
        row = row.figure(&marked(seconds, times), time);
    }
    row.figure(&seconds_or_none(times.max), time).line()
}

pub fn view(look: &Look<'_>, width: u16) -> Vec<Line<'static>> {
    let (is_wide, now) = (width >= WIDE, look.snapshot);
    let head = |text: &str, unit: &'static str| {
        let time = if is_wide { WIDE_TIME } else { TIME };
        let mut heads = vec![(unit, 8)];
        if is_wide {
            heads.push(("in all", 10));
        }
        heads.extend([("p50 ", time), ("p90 ", time), ("p99 ", time), ("max ever", time)]);
        let figures: usize = heads[1..].iter().map(|(_, width)| width).sum();
        heading(text, &heads, NAMES + 7 + figures)
    };
    let mut lines = vec![head("Bigtable calls by table and outcome", "calls/s")];
    for (name, times) in &now.latency {
        lines.push(row(table(name), "all", &times.all, look, is_wide));
        let outcomes = times.by_outcome.iter();
        lines.extend(outcomes.map(|(outcome, times)| row("", outcome, times, look, is_wide)));
    }
    if now.latency.is_empty() {
        lines.push(Line::styled("   no calls yet", theme::quiet()));
    }
    lines.push(Line::default());
    lines.push(head("a message's way", "msgs/s"));
    for (stage, times) in stages_in_order(&now.stages) {
        lines.push(row(&stage_word(stage), "", &times, look, is_wide));
    }
    if now.stages.is_empty() {
        lines.push(Line::styled("   no message has been through yet", theme::quiet()));
    }
    if !now.publishing.is_empty() {
        lines.push(Line::default());
        lines.push(head("Publish calls by outcome", "calls/s"));
        for (outcome, times) in &now.publishing {
            lines.push(row("publish", outcome, times, look, is_wide));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled(
        " * since the start, as nothing came between the last two answers",
        theme::quiet(),
    ));
    lines
}
