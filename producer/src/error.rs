//! Why a producer fails, in words for its operator.

use generator::ConfigError;
use tonic::{Code, Status};

/// Why a producer ended with payments unconfirmed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Setup(#[from] service::Error),
    #[error(
        "not all payments from index {resume} on were confirmed by topic {topic}, the first request \
         that failed begins at index {index}: {reason}; start again with --start-index {resume}, or with the same \
         --checkpoint, rows are written once however often a payment is sent"
    )]
    Unconfirmed { topic: String, index: u64, reason: String, resume: u64 },
    #[error(
        "{source}; when that is mended, go on with --start-index {resume}, or with the same --checkpoint"
    )]
    Refused { source: service::Error, resume: u64 },
    #[error(
        "{problem}; everything below index {resume} is confirmed: go on with --start-index {resume}, or with the \
         checkpoint as it is, rows are written once however often a payment is sent"
    )]
    Unsaved { problem: service::Error, resume: u64 },
    #[error("--output {path}: {source}")]
    Output { path: String, source: std::io::Error },
    #[error("a task of the producer ended by itself, which is a bug: {0}")]
    Bug(String),
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Setup(service::Error::Config(error.to_string()))
    }
}

/// A publish that was given up, and what it means where no retry can mend it.
pub(crate) fn explain(topic: &str, status: &Status) -> Option<service::Error> {
    let permanent = [
        Code::NotFound,
        Code::PermissionDenied,
        Code::Unauthenticated,
        Code::InvalidArgument,
        Code::FailedPrecondition,
        Code::OutOfRange,
        Code::Unimplemented,
    ];
    permanent
        .contains(&status.code())
        .then(|| gcp::Resource { kind: "topic", name: topic, role: "roles/pubsub.publisher" }.explain(status))
}
