//! Which failures pass by themselves, and how long to wait for that.

use crate::call::code;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use prost::Message;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{RetryInfo, pb};

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
    asked_delay_in(pb::Status::decode(status.details()).ok()?.details)
}

/// As [`asked_delay`], for a status inside an answer.
pub fn asked_delay_in(details: Vec<prost_types::Any>) -> Option<Duration> {
    let told = details.into_iter().find(|detail| detail.type_url == RetryInfo::TYPE_URL)?;
    let delay = pb::RetryInfo::decode(&*told.value).ok()?.retry_delay?;
    // By hand: a conversion of the whole range of seconds and nanoseconds overflows.
    let (seconds, nanos) = (u64::try_from(delay.seconds).ok()?, u32::try_from(delay.nanos).ok()?);
    Some(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos.into())).min(LONGEST))
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
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        asked.unwrap_or_else(|| self.backoff.next().unwrap_or(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::{Any, Duration as Told};
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
        assert_eq!(asked_delay_in(details), Some(asked));
    }

    #[test]
    fn no_pause_that_a_service_asks_for_is_too_long_to_be_reckoned_with() {
        for (seconds, nanos) in
            [(i64::MAX, i32::MAX), (i64::MAX, 0), (i64::MIN, 0), (1, i32::MIN), (0, i32::MAX)]
        {
            let value = pb::RetryInfo { retry_delay: Some(Told { seconds, nanos }) }.encode_to_vec();
            let details = vec![Any { type_url: RetryInfo::TYPE_URL.to_owned(), value }];
            let delay = asked_delay_in(details).unwrap_or_default();
            assert!(delay <= LONGEST && (seconds < 2 || delay == LONGEST), "{seconds} {nanos}: {delay:?}");
        }
    }
}
