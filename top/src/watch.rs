//! Asks all processes again and again, each by itself: one that hangs holds up nobody.

use crate::client::ask;
use crate::endpoint::Endpoint;
use crate::model::{Answer, Model};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Answers that wait to be looked at; who has more waits.
const WAITING: usize = 64;

/// What came of a question.
pub struct Poll {
    pub process: usize,
    /// Seconds since the watching began.
    pub at: f64,
    pub answer: Result<Answer, String>,
}

/// Tasks that ask, each until this is dropped.
pub struct Watch {
    pub polls: mpsc::Receiver<Poll>,
    _tasks: JoinSet<()>,
}

impl Watch {
    pub fn start(endpoints: &[Endpoint], every: Duration) -> Self {
        let (sender, polls) = mpsc::channel(WAITING);
        let (began, mut tasks) = (Instant::now(), JoinSet::new());
        for (process, endpoint) in endpoints.iter().cloned().enumerate() {
            let sender = sender.clone();
            tasks.spawn(async move {
                let mut ticks = interval(every);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
                loop {
                    ticks.tick().await;
                    let (at, answer) = timed(&endpoint, began).await;
                    if sender.send(Poll { process, at, answer }).await.is_err() {
                        return;
                    }
                }
            });
        }
        Self { polls, _tasks: tasks }
    }
}

/// Asks all at once, and waits for what comes of it.
pub async fn ask_all(model: &mut Model, began: Instant) {
    let endpoints: Vec<_> = model.endpoints().cloned().collect();
    let asked = endpoints.iter().map(|endpoint| timed(endpoint, began));
    for (process, (at, answer)) in join_all(asked).await.into_iter().enumerate() {
        model.note(process, at, answer);
    }
    model.tick();
}

/// An answer and its time: half way between question and answer, as one of a busy process may come late.
async fn timed(endpoint: &Endpoint, began: Instant) -> (f64, Result<Answer, String>) {
    let asked = began.elapsed();
    let answer = ask(endpoint).await;
    ((asked + began.elapsed()).as_secs_f64() / 2.0, answer)
}
