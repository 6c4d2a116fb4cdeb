//! The findings of a set-up, a line for each.

use serde_json::{Value, json};
use service::escape::escape;
use std::fmt;
use tonic::{Code, Response, Status};

/// The state of one thing, or what set-up did about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Present,
    Created,
    /// Would be created, in a dry run.
    Absent,
    /// Not as wished, and not for set-up to change.
    Differs(String),
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: &'static str,
    pub name: String,
    pub finding: Finding,
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, finding } = self;
        match finding {
            Finding::Present => write!(out, "ok       {kind} {name}"),
            Finding::Created => write!(out, "created  {kind} {name}"),
            Finding::Absent => write!(out, "missing  {kind} {name} (dry run: not created)"),
            Finding::Differs(how) => write!(out, "differs  {kind} {name}: {how}"),
        }
    }
}

/// The report for people.
pub fn text(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &escape(&line.to_string()) + "\n")
}

/// The report for programs.
pub fn json(lines: &[Line]) -> Value {
    let one = |Line { kind, name, finding }: &Line| {
        let (state, problem) = match finding {
            Finding::Present => ("ok", None),
            Finding::Created => ("created", None),
            Finding::Absent => ("missing", None),
            Finding::Differs(how) => ("differs", Some(how)),
        };
        json!({ "kind": kind, "name": name, "state": state, "problem": problem })
    };
    json!({ "setup": lines.iter().map(one).collect::<Vec<_>>() })
}

/// What was not there a moment ago and is now has been made, by an attempt whose answer was lost perhaps.
pub fn made<T: Default>(answer: Result<Response<T>, Status>) -> Result<Response<T>, Status> {
    match answer {
        Err(status) if status.code() == Code::AlreadyExists => Ok(Response::new(T::default())),
        answer => answer,
    }
}

/// Collects the lines of a set-up.
#[derive(Debug)]
pub struct Findings {
    pub dry_run: bool,
    pub lines: Vec<Line>,
}

impl Findings {
    pub fn new(dry_run: bool) -> Self {
        Self { dry_run, lines: Vec::new() }
    }

    pub fn note(&mut self, kind: &'static str, name: &str, finding: Finding) {
        self.lines.push(Line { kind, name: name.to_owned(), finding });
    }

    /// For something that is not there: creates it with `create`, or in a dry run only notes it.
    pub async fn create<T, E>(
        &mut self,
        kind: &'static str,
        name: &str,
        create: impl Future<Output = Result<T, E>>,
    ) -> Result<(), E> {
        let finding = if self.dry_run {
            Finding::Absent
        } else {
            create.await?;
            Finding::Created
        };
        self.note(kind, name, finding);
        Ok(())
    }
}
