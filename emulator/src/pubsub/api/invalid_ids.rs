//! How exactly-once delivery reports refused ack ids: a `google.rpc.ErrorInfo` in the status details, whose metadata
//! maps each id to a reason. Source: Google's client libraries, which look for it.

use std::collections::HashMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const MESSAGE: &str = "Some acknowledgement ids in the request were invalid. This could be because the \
                       acknowledgement ids have expired or the acknowledgement ids were malformed.";
const REASON: &str = "PERMANENT_FAILURE_INVALID_ACK_ID";

/// The status for void ack ids; the request's other ids were accepted.
pub fn invalid_ack_ids(ids: Vec<String>) -> Status {
    let reasons: HashMap<String, String> = ids.into_iter().map(|id| (id, REASON.to_owned())).collect();
    let details = ErrorDetails::with_error_info(REASON, "pubsub.googleapis.com", reasons);
    Status::with_error_details(Code::FailedPrecondition, MESSAGE, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refused_id_is_named_in_the_details() {
        let status = invalid_ack_ids(vec!["7-1-1".to_owned(), "nonsense".to_owned()]);
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (REASON, "pubsub.googleapis.com"));
        assert_eq!(info.metadata["7-1-1"], REASON);
        assert_eq!(info.metadata["nonsense"], REASON);
        assert_eq!(status.get_error_details_vec().len(), 1);
    }
}
