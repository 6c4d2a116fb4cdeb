//! How exactly-once delivery reports refused ack ids: a `google.rpc.ErrorInfo` in the status details, whose metadata
//! maps each id to a reason. Source: Google's client libraries, which look for it.

use bytes::Bytes;
use prost::Message;
use std::collections::HashMap;
use tonic::{Code, Status};

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(map = "string, string", tag = "3")]
    metadata: HashMap<String, String>,
}

/// The status for void ack ids; the request's other ids were accepted.
pub fn invalid_ack_ids(ids: Vec<String>) -> Status {
    let message = "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids \
                   have expired or the acknowledgement ids were malformed.";
    let reason = "PERMANENT_FAILURE_INVALID_ACK_ID";
    let info = ErrorInfo {
        reason: reason.to_owned(),
        domain: "pubsub.googleapis.com".to_owned(),
        metadata: ids.into_iter().map(|id| (id, reason.to_owned())).collect(),
    };
    let code = Code::FailedPrecondition;
    let any = prost_types::Any { type_url: ERROR_INFO.to_owned(), value: info.encode_to_vec() };
    let status = RpcStatus { code: code as i32, message: message.to_owned(), details: vec![any] };
    Status::with_details(code, message, Bytes::from(status.encode_to_vec()))
}
