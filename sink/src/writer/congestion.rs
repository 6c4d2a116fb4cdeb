//! How many rows may be unanswered at once, as the service's refusals teach it.
//!
//! As TCP finds out what a network takes: half of what was open when a call is refused for load, and little by little
//! more while calls succeed. Pauses between attempts alone do not help: with thousands of rows waiting, those whose
//! pauses are over are always too many.

use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::Notify;

/// What a refusal leaves of the rows that were open.
const DECREASE: f64 = 0.5;
/// What a round trip adds, as a part of the bound: all of it is back after 100.
const INCREASE: f64 = 1.0 / 100.0;

/// Lets rows out as long as they fit into a window that is never larger than its bound. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Congestion(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bound: f64,
    state: Mutex<State>,
    /// Held by the first of those who wait.
    turn: tokio::sync::Mutex<()>,
    /// Told whenever rows are answered.
    answered: Notify,
}

#[derive(Debug)]
struct State {
    window: f64,
    open: usize,
    /// How often the window has shrunk.
    round: u64,
}

/// Rows on their way; they are answered when it is dropped.
#[derive(Debug)]
pub struct Open {
    shared: Arc<Shared>,
    rows: usize,
    /// All that was open when these went out, themselves included.
    rows_then: usize,
    round: u64,
}

impl Congestion {
    pub fn new(bound: usize) -> Self {
        let bound = bound as f64;
        let state = Mutex::new(State { window: bound, open: 0, round: 0 });
        Self(Arc::new(Shared { bound, state, turn: tokio::sync::Mutex::default(), answered: Notify::new() }))
    }

    /// Waits for room, first come, first served. What exceeds the whole window goes alone rather than never.
    pub async fn enter(&self, rows: usize) -> Open {
        let _turn = self.0.turn.lock().await;
        loop {
            if let Some(open) = self.try_enter(rows) {
                return open;
            }
            self.0.answered.notified().await;
        }
    }

    fn try_enter(&self, rows: usize) -> Option<Open> {
        let mut state = self.0.state.lock();
        if state.open > 0 && (state.open + rows) as f64 > state.window {
            return None;
        }
        state.open += rows;
        Some(Open { shared: self.0.clone(), rows, rows_then: state.open, round: state.round })
    }
}

impl Open {
    /// The service has answered the call as it should.
    pub fn succeeded(&self) {
        let mut state = self.shared.state.lock();
        let round_trips = (self.rows as f64 / state.window).min(1.0);
        state.window = self.shared.bound.min(state.window + self.shared.bound * INCREASE * round_trips);
    }

    /// The service has refused the call, or part of it, for its load.
    ///
    /// Calls that went out before the window shrank last say nothing about its present size.
    pub fn refused(&self) {
        let mut state = self.shared.state.lock();
        if self.round == state.round {
            state.round += 1;
            let open = self.rows_then.max(state.open) as f64;
            state.window = (state.window.min(open) * DECREASE).max(1.0);
            tracing::debug!(rows = state.window, "Bigtable is overloaded, fewer rows are sent at once");
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.state.lock().open -= self.rows;
        self.shared.answered.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn window(congestion: &Congestion) -> usize {
        congestion.0.state.lock().window as usize
    }

    #[test]
    fn a_refusal_halves_what_is_open_once_a_round_trip() {
        let congestion = Congestion::new(20_000);
        let open: Vec<_> = (0..24).map(|_| congestion.try_enter(500).unwrap()).collect();
        open.iter().for_each(Open::refused);
        assert_eq!(window(&congestion), 6_000);
        drop(open);
        let next: Vec<_> = std::iter::from_fn(|| congestion.try_enter(500)).collect();
        assert_eq!(next.len(), 12);
        next.iter().for_each(Open::refused);
        assert_eq!(window(&congestion), 3_000);
    }

    #[test]
    fn at_least_one_request_is_let_out_however_small_the_window() {
        let congestion = Congestion::new(20_000);
        for _ in 0..100 {
            congestion.try_enter(500).unwrap().refused();
        }
        assert_eq!(window(&congestion), 1);
        let alone = congestion.try_enter(500).unwrap();
        assert!(congestion.try_enter(1).is_none());
        drop(alone);
        assert!(congestion.try_enter(1).is_some());
    }

    #[test]
    fn success_brings_the_whole_bound_back_and_no_more() {
        let congestion = Congestion::new(20_000);
        congestion.try_enter(500).unwrap().refused();
        let mut round_trips = 0;
        while window(&congestion) < 20_000 {
            let open: Vec<_> = std::iter::from_fn(|| congestion.try_enter(500)).collect();
            open.iter().for_each(Open::succeeded);
            round_trips += 1;
            assert!(round_trips <= 125);
        }
        assert!(round_trips >= 75, "{round_trips}");
        congestion.try_enter(500).unwrap().succeeded();
        assert_eq!(window(&congestion), 20_000);
    }

    #[test]
    fn who_gives_up_waiting_leaves_the_turn_to_the_next() {
        let congestion = Congestion::new(10);
        let open = congestion.try_enter(10).unwrap();
        let mut first = Box::pin(congestion.enter(10));
        let mut second = Box::pin(congestion.enter(1));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        drop(open);
        assert!(second.as_mut().now_or_never().is_none(), "the first is first");
        drop(first);
        assert!(second.now_or_never().is_some());
    }
}
