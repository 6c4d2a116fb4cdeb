//! Whether a process does its work, as it says itself.

use crate::status::State;
use parking_lot::Mutex;
use std::sync::Arc;

/// Shared by those who know and those who ask.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<(State, Option<String>)>>);

impl Health {
    pub fn starting(&self, reason: &str) {
        self.set(State::Starting, Some(reason.to_owned()));
    }

    pub fn ready(&self) {
        self.set(State::Ready, None);
    }

    pub fn unready(&self, reason: String) {
        self.set(State::Unready, Some(reason));
    }

    pub fn draining(&self) {
        self.set(State::Draining, Some("told to stop".to_owned()));
    }

    fn set(&self, state: State, reason: Option<String>) {
        let mut now = self.0.lock();
        // Who is told to stop does not start again.
        if now.0 != State::Draining {
            *now = (state, reason);
        }
    }

    /// The state, and why it is not ready.
    pub fn get(&self) -> (State, Option<String>) {
        let (state, reason) = self.0.lock().clone();
        let reason = reason.or_else(|| (state == State::Starting).then(|| "starting".to_owned()));
        (state, reason)
    }

    pub fn is_ready(&self) -> bool {
        self.0.lock().0 == State::Ready
    }
}
