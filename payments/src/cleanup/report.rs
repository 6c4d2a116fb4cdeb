//! The findings of a clean-up, or its deeds: a line for each thing.

use super::rows::Counted;
use indicatif::HumanCount;
use serde_json::{Value, json};
use service::escape::escape;
use std::fmt::Write;

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: &'static str,
    pub name: String,
    pub state: State,
    /// For rows.
    pub counted: Option<Counted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There, and would be deleted.
    WouldGo,
    Gone,
    /// Not there.
    Absent,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::WouldGo => "would delete",
            Self::Gone => "deleted",
            Self::Absent => "not there",
        }
    }
}

impl Line {
    /// Whether there is anything to delete.
    pub fn is_open(&self) -> bool {
        self.state == State::WouldGo && self.counted.as_ref().is_none_or(|counted| counted.rows > 0)
    }
}

/// `note` is a caveat about the counts.
pub fn text(lines: &[Line], note: Option<&str>) -> String {
    let mut text = String::new();
    for Line { kind, name, state, counted } in lines {
        let name = escape(name);
        let _ = write!(text, "{:<13}", state.word());
        let Some(counted) = counted else {
            let _ = writeln!(text, "{kind} {name}");
            continue;
        };
        let _ = writeln!(text, "{} {kind} of {name}", HumanCount(counted.rows));
        if let (Some(first), Some(last)) = (&counted.first, &counted.last) {
            let _ = writeln!(text, "  from {}\n  to   {}", first.escape_ascii(), last.escape_ascii());
        }
        if counted.unreadable > 0 {
            let rows = HumanCount(counted.unreadable);
            let _ = writeln!(text, "left         {rows} rows of {name} whose keys are none of a payment");
        }
    }
    if let Some(note) = note {
        let _ = writeln!(text, "note         {note}");
    }
    text
}

pub fn json(lines: &[Line], note: Option<&str>) -> Value {
    let key = |key: &Option<Vec<u8>>| key.as_ref().map(|key| key.escape_ascii().to_string());
    let one = |line: &Line| {
        let mut value = json!({ "kind": line.kind, "name": line.name, "state": line.state.word() });
        if let Some(counted) = &line.counted {
            value["rows"] = counted.rows.into();
            value["left"] = counted.unreadable.into();
            value["first"] = key(&counted.first).into();
            value["last"] = key(&counted.last).into();
        }
        value
    };
    json!({ "cleanup": lines.iter().map(one).collect::<Vec<_>>(), "note": note })
}
