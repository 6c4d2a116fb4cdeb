//! Why a sink can end with work undone.

use crate::writer::Answer;

/// Why a sink ended with work undone. Whatever was not written is on its way back to the subscription.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Setup(#[from] service::Error),
    #[error("subscription {subscription}: pulling ended: {reason}")]
    Pull { subscription: String, reason: String },
    #[error(
        "{nacked} message(s) were not confirmed by all three tables and went back to subscription {subscription}; \
         start the sink again to write them"
    )]
    Unwritten { subscription: String, nacked: u64 },
    #[error(
        "subscription {subscription}: not all acks could be sent in time; some messages will come again, \
         which is harmless"
    )]
    Unacked { subscription: String },
    #[error("a task of the sink ended by itself, which is a bug: {0}")]
    Bug(String),
}

impl Error {
    /// A stream that ended for good.
    pub(crate) fn pull(subscription: &str, error: &google_cloud_pubsub::Error) -> Self {
        let Some(status) = error.status() else {
            return Self::Pull { subscription: subscription.to_owned(), reason: error.to_string() };
        };
        let status = tonic::Status::new(tonic::Code::from_i32(status.code as i32), status.message.clone());
        Self::Setup(
            gcp::Resource { kind: "subscription", name: subscription, role: "roles/pubsub.subscriber" }
                .explain(&status),
        )
    }

    /// A table that cannot be written as things are.
    pub(crate) fn table(name: &str, answer: &Answer) -> Self {
        let status = tonic::Status::new(answer.code, answer.message.clone());
        Self::Setup(gcp::Resource { kind: "table", name, role: "roles/bigtable.user" }.explain(&status))
    }
}
