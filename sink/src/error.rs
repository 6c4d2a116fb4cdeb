//! Why a sink can end with work undone.

use crate::writer::Answer;

/// Why a sink ended with work undone. Whatever was not written is on its way back to the subscription.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Setup(#[from] service::Error),
    #[error(
        "{nacked} message(s) were not confirmed by all three tables and went back to subscription {subscription} \
         ({cause}); start the sink again to write them"
    )]
    Unwritten { subscription: String, nacked: u64, cause: String },
    #[error(
        "subscription {subscription}: nothing came, but the service did not say within {waited:?} that nothing is \
         left ({last}); start the sink again"
    )]
    Silent { subscription: String, waited: std::time::Duration, last: String },
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
    pub(crate) fn pull(subscription: &str, status: &tonic::Status) -> Self {
        Self::Setup(
            gcp::Resource { kind: "subscription", name: subscription, role: "roles/pubsub.subscriber" }
                .explain(status),
        )
    }

    /// A table that cannot be written as things are.
    pub(crate) fn table(name: &str, answer: &Answer) -> Self {
        let status = tonic::Status::new(answer.code, answer.message.clone());
        Self::Setup(gcp::Resource { kind: "table", name, role: "roles/bigtable.user" }.explain(&status))
    }
}
