//! The rate of calls that the service asks for.
//!
//! The rules of Google's Java client: without limit until a response carries `RateLimitInfo`; from then on a rate that
//! each period's factor moves, by at most 0.7 to 1.3, and that overload moves by 0.7.

use super::attempt::Attempt;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::RateLimitInfo;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;

const START_PER_SEC: f64 = 10.0;
const MIN_PER_SEC: f64 = 0.1;
const MAX_PER_SEC: f64 = 100_000.0;
const MIN_FACTOR: f64 = 0.7;
const MAX_FACTOR: f64 = 1.3;
const DEFAULT_PERIOD: Duration = Duration::from_secs(10);

/// Spaces calls out. Shared by all of a writer's calls.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<Option<Rate>>);

#[derive(Debug)]
struct Rate {
    per_sec: f64,
    next_call: Instant,
    next_change: Instant,
}

impl Limiter {
    /// Waits for this call's turn.
    pub async fn acquire(&self) {
        let Some(turn) = self.take_turn(Instant::now()) else { return };
        tokio::time::sleep_until(turn).await;
    }

    fn take_turn(&self, now: Instant) -> Option<Instant> {
        let mut rate = self.0.lock();
        let rate = rate.as_mut()?;
        let turn = rate.next_call.max(now);
        rate.next_call = turn + Duration::from_secs_f64(1.0 / rate.per_sec);
        Some(turn)
    }

    /// Learns from a call's answers; returns the calls a second that are allowed now, `None` for any number.
    pub fn observe(&self, attempt: &Attempt) -> Option<f64> {
        self.adjust(attempt.rate_limit.as_ref(), attempt.call, Instant::now())
    }

    fn adjust(&self, info: Option<&RateLimitInfo>, call: Code, now: Instant) -> Option<f64> {
        let mut rate = self.0.lock();
        let asked = info.and_then(|info| Some((info.factor, Duration::try_from(info.period?).ok()?)));
        if let Some((factor, period)) = asked.filter(|(factor, period)| *factor > 0.0 && !period.is_zero()) {
            let rate = rate.get_or_insert(Rate { per_sec: START_PER_SEC, next_call: now, next_change: now });
            rate.change(factor, period, now);
        } else if matches!(call, Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
            && let Some(rate) = rate.as_mut()
        {
            rate.change(MIN_FACTOR, DEFAULT_PERIOD, now);
        }
        rate.as_ref().map(|rate| rate.per_sec)
    }
}

impl Rate {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn info(factor: f64) -> RateLimitInfo {
        RateLimitInfo { factor, period: Some(prost_types::Duration { seconds: 1, nanos: 0 }) }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_limited_until_the_service_says_so() {
        let limiter = Limiter::default();
        limiter.adjust(None, Code::Unavailable, Instant::now());
        assert_eq!(limiter.take_turn(Instant::now()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_spaced_at_the_rate_that_was_asked_for() {
        let limiter = Limiter::default();
        let start = Instant::now();
        limiter.adjust(Some(&info(0.1)), Code::Ok, start);
        for call in 0..5_u32 {
            limiter.acquire().await;
            let due = start + Duration::from_secs_f64(1.0 / 7.0) * call;
            assert!(Instant::now() >= due && Instant::now() < due + Duration::from_millis(5));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_changes_at_most_once_a_period() {
        let limiter = Limiter::default();
        let start = Instant::now();
        for _ in 0..3 {
            limiter.adjust(Some(&info(1.2)), Code::Ok, start);
        }
        let rate = || limiter.0.lock().as_ref().unwrap().per_sec;
        assert!((rate() - 12.0).abs() < 1e-9);
        limiter.adjust(Some(&info(1.2)), Code::Ok, start + Duration::from_secs(1));
        assert!((rate() - 14.4).abs() < 1e-9);
    }
}
