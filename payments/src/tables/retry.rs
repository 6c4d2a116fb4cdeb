//! Which failures of a read pass by themselves, and how long to wait for that.

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use googleapis_tonic_google_bigtable_v2::google::rpc;
use prost::Message;
use std::time::Duration;
use tonic::{Code, Status};

/// First pause between attempts; it doubles up to [`MAX_DELAY`], with jitter.
const MIN_DELAY: Duration = Duration::from_millis(10);
const MAX_DELAY: Duration = Duration::from_secs(30);

/// Whether another attempt may fare better.
pub fn is_transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::ResourceExhausted => true,
        // The service's front ends report a connection they dropped like this.
        Code::Internal if is_reset(status.message()) => true,
        // A status with a source was made on this side of a broken connection, whatever code it was given.
        Code::Unknown | Code::Internal | Code::Cancelled if std::error::Error::source(status).is_some() => {
            true
        }
        _ => asked_delay(status).is_some(),
    }
}

fn is_reset(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["rst_stream", "rst stream", "received unexpected eos"].iter().any(|sign| message.contains(sign))
}

/// The pause that the service asks for (`google.rpc.RetryInfo`).
pub fn asked_delay(status: &Status) -> Option<Duration> {
    let details = rpc::Status::decode(status.details()).ok()?.details;
    let any = details.iter().find(|any| any.type_url.ends_with("/google.rpc.RetryInfo"))?;
    rpc::RetryInfo::decode(any.value.as_slice()).ok()?.retry_delay?.try_into().ok()
}

/// Pauses between attempts.
#[derive(Debug)]
pub struct Delays(ExponentialBackoff);

impl Delays {
    pub fn new() -> Self {
        let delays = ExponentialBuilder::default().with_min_delay(MIN_DELAY).with_max_delay(MAX_DELAY);
        Self(delays.with_jitter().without_max_times().build())
    }

    pub fn after(&mut self, status: &Status) -> Duration {
        asked_delay(status).unwrap_or_else(|| self.0.next().unwrap_or(MAX_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        for code in [Code::Unavailable, Code::DeadlineExceeded, Code::Aborted, Code::ResourceExhausted] {
            assert!(is_transient(&Status::new(code, "")));
        }
        assert!(is_transient(&Status::internal("Received RST_STREAM with error code 2")));
        for code in
            [Code::Internal, Code::NotFound, Code::InvalidArgument, Code::PermissionDenied, Code::DataLoss]
        {
            assert!(!is_transient(&Status::new(code, "")));
        }
    }

    #[test]
    fn pauses_grow_unless_the_service_says_how_long() {
        let mut delays = Delays::new();
        let status = Status::unavailable("");
        let pauses: Vec<_> = (0..20).map(|_| delays.after(&status)).collect();
        assert!(pauses[0] <= 2 * MIN_DELAY && pauses[19] >= MAX_DELAY);
        let info =
            rpc::RetryInfo { retry_delay: Some(prost_types::Duration { seconds: 0, nanos: 7_000_000 }) };
        let any = prost_types::Any {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".into(),
            value: info.encode_to_vec(),
        };
        let details = rpc::Status { details: vec![any], ..Default::default() }.encode_to_vec();
        let status = Status::with_details(Code::Internal, "", details.into());
        assert!(is_transient(&status));
        assert_eq!(delays.after(&status), Duration::from_millis(7));
    }
}
