//! What went wrong, or was done again.

use super::Look;
use super::parts::{Row, ruled};
use super::theme;
use crate::format::{count, count_or_none, table};
use crate::model::{Errors, Flow};
use ratatui::text::Line;
use std::collections::BTreeMap;

/// One kind of trouble: what, where, why, how much.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub what: &'static str,
    pub place: String,
    pub cause: String,
    pub unit: &'static str,
    pub flow: Flow,
    /// Something is lost to its tables until somebody does something.
    pub is_bad: bool,
}

/// All kinds that there have been.
pub fn lines(errors: &Errors) -> Vec<Trouble> {
    let mut all = Vec::new();
    let mut rows = |what, tables: &BTreeMap<String, BTreeMap<String, Flow>>, is_bad| {
        for (name, codes) in tables {
            for (code, flow) in codes {
                let (place, cause) = (table(name).to_owned(), code.clone());
                all.push(Trouble { what, place, cause, unit: "rows", flow: *flow, is_bad });
            }
        }
    };
    rows("given up", &errors.rows_unwritten, true);
    rows("written again", &errors.rows_retried, false);
    let mut messages = |what, place: &str, causes: &BTreeMap<String, Flow>, is_bad| {
        for (cause, flow) in causes {
            let (place, cause) =
                (place.to_owned(), cause.replace('_', if place == "sink" { " " } else { "_" }));
            all.push(Trouble { what, place, cause, unit: "msgs", flow: *flow, is_bad });
        }
    };
    messages("not published", "topic", &errors.publishes_failed, true);
    messages("published again", "topic", &errors.publishes_retried, false);
    messages("rejected", "sink", &errors.rejected, true);
    let single = [
        ("dead-lettered", "sink", "", errors.dead_lettered, true),
        ("returned", "sink", "nacked", errors.returned, false),
        ("leases expired", "subscription", "", errors.leases_expired, false),
        ("redelivered", "subscription", "", errors.redelivered, false),
        ("late", "sink", "", errors.late, false),
        ("twice in a pane", "sink", "", errors.duplicates_in_panes, false),
    ];
    for (what, place, cause, flow, is_bad) in single {
        all.push(Trouble { what, place: place.into(), cause: cause.into(), unit: "msgs", flow, is_bad });
    }
    all.retain(|trouble| !trouble.flow.is_zero());
    all
}

pub fn view(look: &Look<'_>, _: u16) -> Vec<Line<'static>> {
    let theme = look.theme;
    let head = format!(" {:16}{:15}{:21}{:>13} {:>11}", "what", "where", "why", "now", "since start");
    let mut shown = vec![ruled(&head)];
    let all = lines(&look.snapshot.errors);
    for trouble in &all {
        let is_now = trouble.flow.per_second.is_some_and(|rate| rate > 0.0);
        let style = match (is_now, trouble.is_bad) {
            (true, true) => theme.bad(),
            (true, false) => theme.warn(),
            _ => theme::plain(),
        };
        let line = Row::new()
            .word(&format!(" {}", trouble.what), 17, style)
            .word(&trouble.place, 15, theme::plain())
            .word(&trouble.cause, 21, theme::plain())
            .figure(&count_or_none(trouble.flow.per_second), 6)
            .word(&format!(" {}/s", trouble.unit), 8, theme::plain())
            .figure(&count(trouble.flow.total), 6)
            .span(format!(" {}", trouble.unit), theme::plain());
        shown.push(line.line());
    }
    if all.is_empty() {
        shown.push(Line::styled(" nothing since the start", theme.good()));
    }
    let opened = look.snapshot.errors.streams_opened;
    if !opened.is_zero() {
        shown.push(Line::default());
        let text = format!(
            " {} streaming pulls opened since the start, the first ones included",
            count(opened.total)
        );
        shown.push(Line::styled(text, theme::quiet()));
    }
    shown
}
