//! What an attempt leaves of its request: rows that are written, rows that never will be, and rows to be sent again.

use super::Unwritten;
use super::attempt::Attempt;
use super::request::Request;
use super::verdict::{Answer, Verdict, classify};
use std::time::Duration;

/// A request's entries after an attempt.
#[derive(Debug)]
pub struct Sorted {
    pub written: u64,
    /// Rows that no other attempt is made for.
    pub unwritten: Unwritten,
    pub again: Option<Again>,
}

/// What must be sent again, and how.
#[derive(Debug)]
pub struct Again {
    /// Places in the request, ascending.
    pub entries: Vec<usize>,
    /// The last answer to one of them.
    pub last: Answer,
    /// The longest pause that the service asked for.
    pub asked: Option<Duration>,
    /// Whether one of them was refused because the service has too much to do.
    pub is_overload: bool,
    /// Whether one of them has an answer that is met with patience.
    pub is_odd: bool,
    /// The service has refused the request for what is in it: only one of a single row says which row is wrong.
    pub in_halves: bool,
}

/// Judges each entry by its own answer, or by the call's where it has none.
pub fn sort(request: &Request, attempt: Attempt, patient: bool) -> Sorted {
    let end = attempt.end.unwrap_or_else(Answer::missing);
    let in_halves = request.len() > 1 && end.is_about_content();
    let mut sorted = Sorted { written: 0, unwritten: Vec::new(), again: None };
    let (mut entries, mut last, mut asked) = (Vec::new(), None, None);
    let (mut is_overload, mut is_odd) = (false, false);
    for (at, own) in attempt.entries.into_iter().enumerate() {
        let answer = own.as_ref().unwrap_or(&end);
        let verdict = if own.is_none() && in_halves { Verdict::Again } else { classify(answer, patient) };
        match verdict {
            Verdict::Written => sorted.written += 1,
            Verdict::Again => {
                entries.push(at);
                asked = asked.max(answer.retry_delay);
                is_overload |= answer.is_overload();
                is_odd |= answer.is_odd();
                last = own.or(last);
            }
            Verdict::Poison | Verdict::Configuration | Verdict::Unconfirmed => {
                let answer = own.unwrap_or_else(|| end.clone());
                sorted.unwritten.push((request.row(at), verdict, answer));
            }
        }
    }
    if !entries.is_empty() {
        let last = last.unwrap_or(end);
        sorted.again = Some(Again { entries, last, asked, is_overload, is_odd, in_halves });
    }
    sorted
}
