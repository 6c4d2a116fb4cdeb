//! What is known of all processes that are watched, without a network and without a terminal.

mod answer;
mod history;
mod snapshot;
mod summary;
mod watched;

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use history::{History, POINTS};
pub use snapshot::{Backlog, Drain, Errors, Process, Snapshot, Times, state_word};
pub use watched::Flow;

use crate::endpoint::Endpoint;
use watched::Watched;

/// All processes over time.
#[derive(Clone, Debug)]
pub struct Model {
    watched: Vec<Watched>,
    history: History,
}

impl Model {
    /// Guessed endpoints are shown once they have answered.
    pub fn new(endpoints: Vec<Endpoint>, are_guesses: bool) -> Self {
        let watched = endpoints.into_iter().map(|endpoint| Watched::new(endpoint, are_guesses)).collect();
        Self { watched, history: History::default() }
    }

    /// What came of a question to the process with this number, and when: seconds of a clock that does not go back.
    pub fn note(&mut self, process: usize, at: f64, answer: Result<Answer, String>) {
        if let Some(watched) = self.watched.get_mut(process) {
            watched.note(at, answer);
        }
    }

    /// Another point of the history, of what is known now.
    pub fn tick(&mut self) {
        let snapshot = self.snapshot();
        self.history.note(&snapshot);
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.watched.iter().map(|watched| &watched.endpoint)
    }

    /// Why nothing came, of the first that has failed.
    pub fn failure(&self) -> Option<&str> {
        self.watched.iter().find_map(|watched| watched.failure.as_deref())
    }

    pub fn snapshot(&self) -> Snapshot {
        summary::of(&self.watched)
    }
}
