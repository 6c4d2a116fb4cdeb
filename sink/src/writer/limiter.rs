//! The rate of calls that the service asks for.
//!
//! The rules of Google's Java client (`RateLimitingServerStreamingCallable`; the others have none): no limit until a
//! response carries `RateLimitInfo`; from then on a rate that each period's factor moves, by at most 0.7 to 1.3, and
//! that overload moves by 0.7; no limit again once a response comes without it after the period. The rate is kept for
//! the next time. Other than there, overload moves nothing while no limit is in force: an outage before the first
//! `RateLimitInfo` is no reason to start at a call in ten seconds.

use super::attempt::Attempt;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::RateLimitInfo;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tonic::Code;

const START_PER_SEC: f64 = 10.0;
const MIN_PER_SEC: f64 = 0.1;
const MAX_PER_SEC: f64 = 100_000.0;
const MIN_FACTOR: f64 = 0.7;
const MAX_FACTOR: f64 = 1.3;
const DEFAULT_PERIOD: Duration = Duration::from_secs(10);
/// A limit must be able to end, whatever period it comes with.
const MAX_PERIOD: Duration = Duration::from_mins(10);
/// How late a call may be without those after it being late too; timers are only so exact.
const SLACK: Duration = Duration::from_millis(2);

/// Spaces calls out. Shared by all of a writer's calls.
#[derive(Debug)]
pub struct Limiter {
    rate: Mutex<Rate>,
    /// Held by the first of those who wait, so that whoever gives up waiting has taken nothing from the others.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct Rate {
    in_force: bool,
    per_sec: f64,
    next_call: Instant,
    next_change: Instant,
}

impl Limiter {
    pub fn new() -> Self {
        let now = Instant::now();
        let rate = Rate { in_force: false, per_sec: START_PER_SEC, next_call: now, next_change: now };
        Self { rate: Mutex::new(rate), turn: tokio::sync::Mutex::default(), changed: Notify::new() }
    }

    /// Waits for this call's turn.
    pub async fn acquire(&self) {
        let _turn = self.turn.lock().await;
        while let Some(due) = self.take_turn(Instant::now()) {
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Takes the turn if it has come; otherwise tells when it will.
    fn take_turn(&self, now: Instant) -> Option<Instant> {
        let mut rate = self.rate.lock();
        if !rate.in_force {
            return None;
        }
        if now < rate.next_call {
            return Some(rate.next_call);
        }
        let due = rate.next_call.max(now.checked_sub(SLACK).unwrap_or(now));
        rate.next_call = due + Duration::from_secs_f64(1.0 / rate.per_sec);
        None
    }

    /// Learns from a call's answers; returns the calls a second that are allowed now, `None` for any number.
    pub fn observe(&self, attempt: &Attempt) -> Option<f64> {
        let mut rate = self.rate.lock();
        let before = rate.limit();
        rate.observe(attempt, Instant::now());
        if rate.limit() != before {
            self.changed.notify_one();
        }
        rate.limit()
    }
}

impl Rate {
    fn limit(&self) -> Option<f64> {
        self.in_force.then_some(self.per_sec)
    }

    fn observe(&mut self, attempt: &Attempt, now: Instant) {
        if let Some((factor, period)) = attempt.rate_limit.as_ref().and_then(asked) {
            self.in_force = true;
            self.change(factor, period, now);
        } else if attempt.has_responses && now > self.next_change && self.in_force {
            self.in_force = false;
            tracing::info!("Bigtable no longer asks for a rate");
        }
        // A call that was cut says nothing about the service.
        let end = attempt.end.as_ref().filter(|_| !attempt.is_cut).map(|answer| answer.code);
        if let Some(Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted) = end
            && self.in_force
        {
            self.change(MIN_FACTOR, DEFAULT_PERIOD, now);
        }
    }

    /// At most one change a period.
    fn change(&mut self, factor: f64, period: Duration, now: Instant) {
        if now < self.next_change {
            return;
        }
        self.next_change = now + period;
        self.per_sec = (self.per_sec * factor.clamp(MIN_FACTOR, MAX_FACTOR)).clamp(MIN_PER_SEC, MAX_PER_SEC);
        tracing::info!(calls_per_sec = self.per_sec, factor, "Bigtable asks for another rate");
    }
}

/// What the service asks for, if it is valid: a factor, and a period of whole seconds.
fn asked(info: &RateLimitInfo) -> Option<(f64, Duration)> {
    let secs = u64::try_from(info.period?.seconds).ok().filter(|secs| *secs > 0)?;
    (info.factor > 0.0).then(|| (info.factor, Duration::from_secs(secs).min(MAX_PERIOD)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::Answer;

    fn info(factor: f64, seconds: i64) -> RateLimitInfo {
        RateLimitInfo { factor, period: Some(prost_types::Duration { seconds, nanos: 0 }) }
    }

    fn answered(rate_limit: Option<RateLimitInfo>) -> Attempt {
        Attempt { has_responses: true, rate_limit, ..Attempt::default() }
    }

    fn ended(code: Code) -> Attempt {
        let end = Some(Answer { code, message: String::new(), retry_delay: None });
        Attempt { end, ..Attempt::default() }
    }

    fn rate(limiter: &Limiter) -> f64 {
        (limiter.rate.lock().per_sec * 1e6).round() / 1e6
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_limited_until_the_service_says_so() {
        let limiter = Limiter::new();
        for attempt in [ended(Code::Unavailable), answered(None), answered(Some(info(0.0, 1)))] {
            assert_eq!(limiter.observe(&attempt), None);
        }
        assert_eq!(limiter.take_turn(Instant::now()), None);
        assert_eq!(limiter.take_turn(Instant::now()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_spaced_at_the_rate_that_was_asked_for() {
        let limiter = Limiter::new();
        let start = Instant::now();
        limiter.observe(&answered(Some(info(0.1, 1))));
        for call in 0..5_u32 {
            limiter.acquire().await;
            let due = start + Duration::from_secs_f64(1.0 / 7.0) * call;
            assert!(Instant::now() >= due && Instant::now() < due + Duration::from_millis(5));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_changes_at_most_once_a_period() {
        let limiter = Limiter::new();
        for _ in 0..3 {
            limiter.observe(&answered(Some(info(1.2, 1))));
        }
        assert!((rate(&limiter) - 12.0).abs() < 1e-9);
        tokio::time::advance(Duration::from_secs(1)).await;
        limiter.observe(&answered(Some(info(1.2, 1))));
        assert!((rate(&limiter) - 14.4).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_ends_when_a_response_comes_without_one_after_the_period() {
        let limiter = Limiter::new();
        assert!(limiter.observe(&answered(Some(info(0.7, 1)))).is_some());
        assert!(limiter.observe(&answered(None)).is_some(), "the period is not over");
        tokio::time::advance(Duration::from_millis(1_001)).await;
        assert!(limiter.observe(&ended(Code::Aborted)).is_some(), "a call without a response says nothing");
        assert_eq!(limiter.observe(&answered(None)), None);
        // The rate is kept for the next time.
        assert!((limiter.observe(&answered(Some(info(1.0, 1)))).unwrap() - 7.0).abs() < 1e-6);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_on_when_the_limit_ends() {
        let limiter = Limiter::new();
        limiter.observe(&answered(Some(info(0.7, 1))));
        limiter.rate.lock().per_sec = MIN_PER_SEC;
        limiter.acquire().await;
        let start = Instant::now();
        let lift = async {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            limiter.observe(&answered(None));
        };
        tokio::join!(limiter.acquire(), limiter.acquire(), lift);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_is_not_waited_for_is_left_to_the_next() {
        let limiter = Limiter::new();
        limiter.observe(&answered(Some(info(1.0, 1))));
        limiter.acquire().await;
        let start = Instant::now();
        for _ in 0..10 {
            let given_up = tokio::time::timeout(Duration::from_millis(5), limiter.acquire()).await;
            assert!(given_up.is_err());
        }
        limiter.acquire().await;
        assert!(start.elapsed() <= Duration::from_millis(105), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn overload_lowers_the_rate_and_a_call_that_was_cut_does_not() {
        let limiter = Limiter::new();
        limiter.observe(&answered(Some(info(1.0, 1))));
        tokio::time::advance(Duration::from_secs(1)).await;
        limiter.observe(&Attempt { is_cut: true, ..ended(Code::DeadlineExceeded) });
        assert!((rate(&limiter) - 10.0).abs() < 1e-9);
        limiter.observe(&ended(Code::DeadlineExceeded));
        assert!((rate(&limiter) - 7.0).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn any_period_can_be_asked_for_and_passes() {
        for seconds in [i64::MIN, -1, 0] {
            assert_eq!(asked(&info(1.0, seconds)), None);
        }
        let limiter = Limiter::new();
        limiter.observe(&answered(Some(info(f64::INFINITY, i64::MAX))));
        tokio::time::advance(MAX_PERIOD + Duration::from_millis(1)).await;
        assert_eq!(limiter.observe(&answered(None)), None);
        assert_eq!(asked(&info(f64::NAN, 1)), None);
    }
}
