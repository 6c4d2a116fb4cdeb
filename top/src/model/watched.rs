//! One process over time: how fast its counters grow between two answers.

use super::answer::Answer;
use crate::endpoint::Endpoint;
use serde::Serialize;

/// A counter: how much since the process started, and how fast, once there is something to compare with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    pub total: f64,
    pub per_second: Option<f64>,
}

impl Flow {
    /// Both together. What is known of one counts where nothing is known of the other.
    pub fn add(&mut self, other: Self) {
        self.total += other.total;
        self.per_second = match (self.per_second, other.per_second) {
            (Some(one), Some(two)) => Some(one + two),
            (one, two) => one.or(two),
        };
    }

    pub fn is_zero(&self) -> bool {
        self.total <= 0.0
    }
}

/// An answer and when it came, in seconds of any clock that does not go back.
#[derive(Clone, Debug)]
struct Heard {
    at: f64,
    answer: Answer,
}

/// A process that is asked again and again.
#[derive(Clone, Debug)]
pub struct Watched {
    pub endpoint: Endpoint,
    /// Nobody named it: it is shown only once it has answered.
    pub is_guess: bool,
    now: Option<Heard>,
    before: Option<Heard>,
    /// Why the last question has no answer.
    pub failure: Option<String>,
}

impl Watched {
    pub fn new(endpoint: Endpoint, is_guess: bool) -> Self {
        Self { endpoint, is_guess, now: None, before: None, failure: None }
    }

    pub fn note(&mut self, at: f64, answer: Result<Answer, String>) {
        match answer {
            Ok(answer) => {
                // Another process has another beginning: its counters are no continuation.
                let is_same = |heard: &Heard| {
                    let (one, two) = (&heard.answer.status, &answer.status);
                    (one.pid, &one.started, &one.host) == (two.pid, &two.started, &two.host)
                };
                self.before = self.now.take().filter(is_same).filter(|heard| heard.at < at);
                self.now = Some(Heard { at, answer });
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    /// What it said last, unless it has failed to answer since.
    pub fn answer(&self) -> Option<&Answer> {
        self.failure.is_none().then_some(())?;
        self.last()
    }

    /// What it said last, however long ago.
    pub fn last(&self) -> Option<&Answer> {
        self.now.as_ref().map(|heard| &heard.answer)
    }

    pub fn is_shown(&self) -> bool {
        self.now.is_some() || (!self.is_guess && self.failure.is_some())
    }

    /// A counter; `None` where the process has none of this name.
    pub fn flow(&self, name: &str, labels: &[(&str, &str)]) -> Option<Flow> {
        let total = self.answer()?.number(name, labels)?;
        Some(Flow { total, per_second: self.rate(total, name, labels) })
    }

    fn rate(&self, total: f64, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let (now, before) = (self.now.as_ref()?, self.before.as_ref()?);
        // What was not there has not been counted yet.
        let then = before.answer.number(name, labels).unwrap_or(0.0);
        // Below what it was, it has begun again.
        let grown = if total >= then { total - then } else { total };
        Some(grown / (now.at - before.at))
    }

    /// Counts by bucket since the answer before.
    pub fn fresh_buckets(&self, name: &str, labels: &[(&str, &str)]) -> Option<Vec<f64>> {
        let now = self.answer()?.buckets(name, labels);
        let mut before = self.before.as_ref()?.answer.buckets(name, labels);
        before.resize(now.len(), 0.0);
        if now.iter().sum::<f64>() < before.iter().sum() {
            return Some(now);
        }
        Some(now.iter().zip(before).map(|(now, then)| (now - then).max(0.0)).collect())
    }
}
