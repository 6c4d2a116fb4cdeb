//! Which failures pass by themselves, and how long to wait for that.

use crate::call::code;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use prost::Message;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{RetryInfo, pb};

/// A service that asks for less than this asks for no pause at all.
const LEAST_ASKED: Duration = Duration::from_millis(1);

/// Whether Bigtable may fare better at another attempt after this answer to a call or to one of its rows.
pub fn is_transient(code: Code, message: &str) -> bool {
    match code {
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::ResourceExhausted => true,
        // The service's front ends report a connection they dropped like this.
        Code::Internal => {
            let message = message.to_ascii_lowercase();
            ["rst_stream", "rst stream", "received unexpected eos"].iter().any(|sign| message.contains(sign))
        }
        _ => false,
    }
}

/// As [`is_transient`], for a call's status: what the service asks to be tried again is transient too.
pub fn may_pass(status: &Status) -> bool {
    is_transient(code(status), status.message()) || asked_delay(status).is_some()
}

/// Whatever a service asks for, no pause is longer: sums with one cannot overflow, and nobody waits for it.
const LONGEST: Duration = Duration::from_hours(24);

/// The pause that the service asks for (`google.rpc.RetryInfo`), of a day at most.
pub fn asked_delay(status: &Status) -> Option<Duration> {
    asked_delay_in(&pb::Status::decode(status.details()).ok()?.details)
}

/// As [`asked_delay`], for a status inside an answer.
pub fn asked_delay_in(details: &[prost_types::Any]) -> Option<Duration> {
    let info = details.iter().find(|detail| detail.type_url == RetryInfo::TYPE_URL)?;
    let delay = pb::RetryInfo::decode(info.value.as_slice()).ok()?.retry_delay?;
    // By hand, because the conversions of prost and tonic negate, which no program survives for the least number.
    let (secs, nanos) = (u64::try_from(delay.seconds), u32::try_from(delay.nanos));
    Some(Duration::new(secs.unwrap_or(0), nanos.unwrap_or(0).min(999_999_999)).min(LONGEST))
}

/// Pauses between attempts: each about twice the one before, with jitter.
#[derive(Debug)]
pub struct Delays {
    backoff: ExponentialBackoff,
    max: Duration,
}

impl Delays {
    pub fn new(min: Duration, max: Duration) -> Self {
        let builder = ExponentialBuilder::default().with_min_delay(min).with_max_delay(max);
        Self { backoff: builder.with_jitter().without_max_times().build(), max }
    }

    /// The next pause; the one that the service asks for, if it does.
    ///
    /// Where it asks for none the pause is our own: a call that fails at once would be made a thousand times a second.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let asked = asked.filter(|asked| *asked >= LEAST_ASKED);
        asked.unwrap_or_else(|| self.backoff.next().unwrap_or(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::{ErrorDetails, StatusExt};

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        for code in [Code::Unavailable, Code::DeadlineExceeded, Code::Aborted, Code::ResourceExhausted] {
            assert!(may_pass(&Status::new(code, "")));
        }
        assert!(may_pass(&Status::internal("Received RST_STREAM with error code 2")));
        for code in
            [Code::Internal, Code::NotFound, Code::InvalidArgument, Code::PermissionDenied, Code::DataLoss]
        {
            assert!(!may_pass(&Status::new(code, "")));
        }
    }

    #[test]
    fn pauses_grow_unless_the_service_says_how_long() {
        let (min, max) = (Duration::from_millis(10), Duration::from_secs(30));
        let mut delays = Delays::new(min, max);
        let pauses: Vec<_> = (0..20).map(|_| delays.next(None)).collect();
        assert!(pauses[0] <= 2 * min && pauses[19] >= max);
        let asked = Duration::from_millis(7);
        let status =
            Status::with_error_details(Code::Internal, "", ErrorDetails::with_retry_info(Some(asked)));
        assert!(may_pass(&status));
        assert_eq!(delays.next(asked_delay(&status)), asked);
        let details = pb::Status::decode(status.details()).unwrap().details;
        assert_eq!(asked_delay_in(&details), Some(asked));
    }

    #[test]
    fn a_service_that_asks_for_no_pause_is_not_asked_without_one() {
        let min = Duration::from_millis(10);
        let mut delays = Delays::new(min, Duration::from_secs(30));
        let pauses: Vec<_> = (0..5).map(|_| delays.next(Some(Duration::ZERO))).collect();
        assert!(pauses[0] >= min && pauses[4] >= 16 * min, "{pauses:?}");
    }

    #[test]
    fn any_pause_can_be_asked_for() {
        let asked = |seconds, nanos| {
            let info = pb::RetryInfo { retry_delay: Some(prost_types::Duration { seconds, nanos }) };
            let detail =
                prost_types::Any { type_url: RetryInfo::TYPE_URL.to_owned(), value: info.encode_to_vec() };
            let status = pb::Status { details: vec![detail], ..Default::default() };
            asked_delay(&Status::with_details(Code::Aborted, "", status.encode_to_vec().into()))
        };
        assert_eq!(asked(2, 5), Some(Duration::new(2, 5)));
        assert_eq!(asked(i64::MAX, i32::MAX), Some(LONGEST));
        assert_eq!(asked(i64::MIN, i32::MIN), Some(Duration::ZERO));
        assert_eq!(asked(-1, 0), Some(Duration::ZERO));
    }
}
