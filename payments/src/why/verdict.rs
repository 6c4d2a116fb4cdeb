//! All that was found, in one line. Pure.

use super::expected::{Expected, Published};
use super::found::{Found, State};
use super::search::{End, Search};
use crate::audit::report::COLLISION_CURE;
use producer::Fault;
use schemas::layout::{PerTable, Table};

/// Fields that are named in the line.
const MOST_NAMED: usize = 3;

/// A payment of the run, and what became of it.
#[derive(Clone, Debug)]
pub struct Case {
    pub id: String,
    pub is_trickles: bool,
    pub expected: Expected,
    pub published: Published,
    pub search: Search,
    pub tables: PerTable<Found>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub line: String,
    pub is_good: bool,
}

impl Case {
    /// The state that all three tables must be in: the latest that any of them has, or that is published.
    pub fn wanted(&self) -> u32 {
        let published = self.expected.states.get(self.published.states.saturating_sub(1));
        let published = published.map_or(0, super::expected::version);
        self.tables.values().filter_map(Found::version).fold(published, u32::max)
    }

    pub fn verdict(&self) -> Verdict {
        let spoilt = self.published.fault.filter(|fault| matches!(fault, Fault::Corrupt | Fault::Invalid));
        let rows =
            self.tables.values().filter(|found| !matches!(found.row, State::Missing | State::Taken(_)));
        let rows = rows.count();
        let problems = self.problems();
        let good = |line: String| Verdict { line: format!("OK: {line}"), is_good: true };
        let bad = |line: String| Verdict { line, is_good: false };
        // A letter of a state that the tables have is a matter of the past.
        let is_news = |version: Option<u32>| version.is_none_or(|version| version > self.wanted());
        let mut letters = self.search.letters.iter();
        if let Some(letter) = letters.find(|letter| !problems.is_empty() || is_news(letter.version)) {
            if spoilt.is_some() && letter.is_spoilt && rows == 0 {
                return good(format!("dead-lettered as {}: spoilt on purpose, without rows", letter.reason));
            }
            let cause = if letter.cause.is_empty() { "no cause is given" } else { letter.cause.as_str() };
            return bad(format!("dead-lettered as {}: {cause}", letter.reason));
        }
        if spoilt.is_some() && rows > 0 {
            return bad(format!("in {rows} of three tables, although it was spoilt on purpose"));
        }
        if spoilt.is_some() {
            let end = match self.search.end {
                End::All => "and no letter tells of it",
                End::Limit | End::Time | End::NotLooked => {
                    "its letter was not found, see how far that looked"
                }
            };
            return bad(format!("spoilt on purpose: no rows, {end}"));
        }
        if problems.is_empty() {
            return good("in all three tables as expected".to_owned());
        }
        match self.published.is_confirmed {
            Some(false) if rows == 0 => bad(format!("not published yet: {}", self.published.because)),
            None if rows == 0 && self.tables.values().all(|found| found.stray_run.is_none()) => {
                bad(format!("{problems}; it may not be published yet: see --checkpoint"))
            }
            _ => bad(problems),
        }
    }

    /// What to do about it, where anything helps. `flags` are those of the run.
    pub fn next(&self, flags: &str) -> Option<String> {
        let is_any = |is: &dyn Fn(&Found) -> bool| self.tables.values().any(is);
        let is_all = |is: &dyn Fn(&Found) -> bool| self.tables.values().all(is);
        if self.verdict().is_good {
            return None;
        }
        if let Some(letter) = self.search.letters.first() {
            return Some(format!("payments dead-letter inspect {}", letter.message_id));
        }
        if is_any(&|found| matches!(found.row, State::Taken(_))) {
            return Some(COLLISION_CURE.to_owned());
        }
        if is_all(&|found| found.row == State::Missing)
            && let Some(run) = self.tables.values().find_map(|found| found.stray_run.as_deref())
        {
            return Some(format!("give the flags of the producer of run {run}, which it is of"));
        }
        if is_all(&|found| found.row == State::Missing) {
            return Some("see that its producer has confirmed it, and that sinks are running".to_owned());
        }
        // A trickle's rows are written again by a replay alone.
        let index = self.expected.index;
        Some(if self.is_trickles {
            "payments replay, if the topic still has its messages".to_owned()
        } else {
            let range = format!("--start-index {index} --end-index {}", index + 1);
            format!("payments verify{flags} {range} --repair")
        })
    }

    /// What is wrong with the rows, table by table; nothing if nothing is.
    fn problems(&self) -> String {
        let wanted = self.wanted();
        let named = |is: &dyn Fn(&Found) -> bool| -> String {
            let tables = self.tables.iter().filter(|(_, found)| is(found));
            tables.map(|(table, _)| table.id()).collect::<Vec<_>>().join(", ")
        };
        let mut problems = Vec::new();
        let missing = named(&|found| found.row == State::Missing);
        if !missing.is_empty() {
            problems.push(format!("missing in {missing}"));
        }
        for (table, found) in &self.tables {
            match &found.row {
                State::Taken(other) => {
                    problems.push(format!("in {} its key is that of payment {other}", table.id()));
                }
                State::Right(version) if *version < wanted => {
                    problems.push(format!("in {} at version {version}, not {wanted}", table.id()));
                }
                State::Differs { .. } => problems.push(self.difference(table, found)),
                State::Missing | State::Right(_) => {}
            }
            match &found.stray_run {
                Some(run) => problems.push(format!("in {} as a payment of run {run}", table.id())),
                None if !found.strays.is_empty() => {
                    problems.push(format!("in {} under another key", table.id()));
                }
                None => {}
            }
        }
        problems.join("; ")
    }

    fn difference(&self, table: Table, found: &Found) -> String {
        if let Some(run) = found.run_id.as_ref().filter(|run| **run != self.expected.run_id) {
            return format!("in {} of run {run}, which these flags do not mean", table.id());
        }
        let State::Differs { cells, .. } = &found.row else { return String::new() };
        let mut names: Vec<_> = cells.iter().take(MOST_NAMED).map(|cell| cell.column.clone()).collect();
        if cells.len() > MOST_NAMED {
            names.push(format!("{} more", cells.len() - MOST_NAMED));
        }
        format!("differs in {}: {}", table.id(), names.join(", "))
    }
}
