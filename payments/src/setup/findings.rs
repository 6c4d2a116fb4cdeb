//! The findings of a set-up, a line for each.

use serde_json::{Value, json};
use service::escape::escape;
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

/// The kind of a table's column family, whose name is `TABLE:FAMILY`.
pub const FAMILY: &str = "column family";

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: &'static str,
    pub name: String,
    pub finding: Finding,
}

/// The report for people: where everything is, then a line for each thing with its id. Families that are as they must be
/// are only counted.
pub fn text(lines: &[Line]) -> String {
    let place =
        lines.iter().map(|line| place(&line.name)).max_by_key(|place| place.len()).unwrap_or_default();
    let mut text = format!("{}\n", escape(place));
    for Line { kind, name, finding } in lines {
        if *kind == FAMILY && *finding == Finding::Present {
            continue;
        }
        let mine = self::place(name);
        let is_here = place == mine || place.strip_prefix(mine).is_some_and(|rest| rest.starts_with('/'));
        let id = if is_here { name.rsplit('/').next().unwrap_or(name) } else { name };
        let (state, more) = match finding {
            Finding::Present => ("ok", String::new()),
            Finding::Created => ("created", String::new()),
            Finding::Absent => ("missing", " (dry run: not created)".to_owned()),
            Finding::Differs(how) => ("differs", format!(": {how}")),
        };
        let own = format!("{name}:");
        let is_family = |line: &&Line| line.finding == Finding::Present && line.name.starts_with(&own);
        let families = match lines.iter().filter(is_family).count() {
            0 => String::new(),
            1 => " with 1 family".to_owned(),
            families => format!(" with {families} families"),
        };
        text += &escape(&format!("{state:<8} {kind} {id}{families}{more}"));
        text.push('\n');
    }
    text
}

/// What a resource is in: `projects/P`, or `projects/P/instances/I`.
fn place(name: &str) -> &str {
    let ends = ["/topics/", "/subscriptions/", "/schemas/", "/tables/"];
    ends.iter().find_map(|end| name.split_once(end)).map_or(name, |(place, _)| place)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_elsewhere_has_its_full_name_and_families_are_counted_unless_they_differ() {
        let table = "projects/p/instances/i/tables/payments_by_date";
        let line = |kind, name: &str, finding| Line { kind, name: name.into(), finding };
        let lines = [
            line("topic", "projects/other/topics/payments", Finding::Present),
            line("subscription", "projects/p/subscriptions/payments-sink", Finding::Created),
            line("table", table, Finding::Present),
            line(FAMILY, &format!("{table}:metadata"), Finding::Present),
            line(FAMILY, &format!("{table}:party_info"), Finding::Differs("keeps 2 versions".into())),
        ];
        assert_eq!(
            text(&lines),
            "projects/p/instances/i\nok       topic projects/other/topics/payments\ncreated  subscription \
             payments-sink\nok       table payments_by_date with 1 family\ndiffers  column family \
             payments_by_date:party_info: keeps 2 versions\n"
        );
    }
}
