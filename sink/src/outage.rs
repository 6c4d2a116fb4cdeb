//! Says that something has stopped answering: once, then once a minute while it lasts, and once when it is over.

use parking_lot::Mutex;
use std::fmt::Display;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Silence, or nothing but failures, for so long is an outage.
const PATIENCE: Duration = Duration::from_secs(10);
/// An answer after nothing but failures for so long is a recovery: whoever paused for longer need not wait for its turn. Answers among
/// failures come sooner, and shorten no pause.
const RECOVERY: Duration = Duration::from_secs(1);
/// Between two lines about one.
const REPEAT: Duration = Duration::from_mins(1);

/// The lines about one peer.
#[derive(Debug)]
pub struct Outage {
    peer: String,
    told: Option<Told>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    since: Instant,
    at: Instant,
}

/// What is to be said now.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Began(Duration),
    Lasts(Duration),
    Over(Duration),
}

impl Outage {
    pub fn new(peer: impl Into<String>) -> Self {
        Self { peer: peer.into(), told: None }
    }

    /// To be called every second or so. `since` is when the peer last answered, if something waits for it; `last` what
    /// it, or the connection to it, said last.
    pub fn observe(
        &mut self,
        now: Instant,
        since: Option<Instant>,
        last: Option<&str>,
        waiting: impl Display,
    ) {
        let (peer, last) = (&self.peer, last.unwrap_or("no answer"));
        match next_line(&mut self.told, now, since) {
            Some(Line::Began(silence)) => {
                tracing::warn!(peer, seconds = silence.as_secs(), last, %waiting, "does not answer");
            }
            Some(Line::Lasts(silence)) => {
                tracing::warn!(peer, seconds = silence.as_secs(), last, %waiting, "still does not answer");
            }
            Some(Line::Over(silence)) => tracing::info!(peer, seconds = silence.as_secs(), "answers again"),
            None => {}
        }
    }
}

fn next_line(told: &mut Option<Told>, now: Instant, since: Option<Instant>) -> Option<Line> {
    let silence = since.map(|since| (since, now.saturating_duration_since(since)));
    match (*told, silence) {
        (None, Some((since, silence))) if silence >= PATIENCE => {
            *told = Some(Told { since, at: now });
            Some(Line::Began(silence))
        }
        (Some(before), Some((_, silence))) if silence >= PATIENCE => {
            let is_due = now.saturating_duration_since(before.at) >= REPEAT;
            is_due.then(|| {
                *told = Some(Told { at: now, ..before });
                Line::Lasts(now.saturating_duration_since(before.since))
            })
        }
        (Some(before), _) => {
            *told = None;
            Some(Line::Over(now.saturating_duration_since(before.since)))
        }
        (None, _) => None,
    }
}

/// Knows since when a peer owes an answer. Shared by all who ask it.
#[derive(Debug, Default)]
pub struct Patience {
    debt: Mutex<Debt>,
    recovered: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Debt {
    /// Requests that wait, the pauses before their next attempts included.
    requests: usize,
    since: Option<Instant>,
    last: Option<String>,
}

/// A request that waits, until it is dropped.
#[derive(Debug)]
pub struct Waiting<'a>(&'a Patience);

impl Patience {
    /// Somebody asks.
    pub fn wait(&self) -> Waiting<'_> {
        let mut debt = self.debt.lock();
        debt.requests += 1;
        debt.since.get_or_insert_with(Instant::now);
        Waiting(self)
    }

    /// An answer that is worth something has come.
    pub fn answered(&self) {
        let now = Instant::now();
        let mut debt = self.debt.lock();
        let since = debt.since.take();
        debt.since = (debt.requests > 0).then_some(now);
        let has_failed = debt.last.take().is_some();
        drop(debt);
        if has_failed && since.is_some_and(|since| now.saturating_duration_since(since) >= RECOVERY) {
            self.recovered.send_replace(());
        }
    }

    /// Changes whenever the peer answers after a silence.
    pub fn recoveries(&self) -> watch::Receiver<()> {
        self.recovered.subscribe()
    }

    /// A failure has come instead.
    pub fn failed(&self, answer: impl Display) {
        self.debt.lock().last = Some(answer.to_string());
    }

    /// Since when the peer owes an answer, if it does, and what it said last.
    pub fn debt(&self) -> (Option<Instant>, Option<String>) {
        let debt = self.debt.lock();
        (debt.since.filter(|_| debt.requests > 0), debt.last.clone())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut debt = self.0.debt.lock();
        debt.requests -= 1;
        if debt.requests == 0 && debt.last.is_none() {
            debt.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_once_then_every_minute_and_once_when_it_is_over() {
        let (mut told, start, mut lines) = (None, Instant::now(), Vec::new());
        for second in 0..200 {
            let since = (second < 150).then_some(start);
            let line = next_line(&mut told, start + Duration::from_secs(second), since);
            lines.extend(line.map(|line| (second, line)));
        }
        let seconds = Duration::from_secs;
        assert_eq!(
            lines,
            [
                (10, Line::Began(seconds(10))),
                (70, Line::Lasts(seconds(70))),
                (130, Line::Lasts(seconds(130))),
                (150, Line::Over(seconds(150))),
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_owes_nothing_while_nobody_waits_or_answers_come() {
        let (patience, start) = (Patience::default(), Instant::now());
        assert_eq!(patience.debt(), (None, None));
        let waiting = patience.wait();
        tokio::time::advance(Duration::from_secs(5)).await;
        patience.failed("Unavailable: down");
        assert_eq!(patience.debt(), (Some(start), Some("Unavailable: down".into())));
        drop(waiting);
        assert_eq!(patience.debt().0, None);
        let _next = patience.wait();
        assert_eq!(patience.debt().0, Some(start), "nothing but failures has come in between");
        patience.answered();
        assert_eq!(patience.debt(), (Some(start + Duration::from_secs(5)), None));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_after_a_silence_is_a_recovery_and_one_among_failures_is_none() {
        let patience = Patience::default();
        let (recoveries, _waiting) = (patience.recoveries(), patience.wait());
        for _ in 0..10 {
            tokio::time::advance(Duration::from_millis(900)).await;
            patience.failed("Unavailable: busy");
            patience.answered();
        }
        assert!(!recoveries.has_changed().unwrap());
        tokio::time::advance(Duration::from_millis(1_100)).await;
        patience.answered();
        assert!(!recoveries.has_changed().unwrap(), "slow is not away");
        tokio::time::advance(Duration::from_millis(1_100)).await;
        patience.failed("Unavailable: down");
        patience.answered();
        assert!(recoveries.has_changed().unwrap());
    }
}
