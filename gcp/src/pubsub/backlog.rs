//! What a subscription has not seen acked, where the service tells: the embedded server does, beside its answer to
//! GetSubscription.

use super::Pubsub;
use crate::endpoint::Endpoint;
use crate::headers::routed;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::GetSubscriptionRequest;
use std::time::Duration;
use tonic::Status;
use tonic::metadata::MetadataMap;

/// How the embedded server's headers are called.
const MESSAGES: &str = "payments-backlog-messages";
const OLDEST_MILLIS: &str = "payments-backlog-oldest-millis";

/// A subscription's backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that nobody has acked.
    pub messages: u64,
    /// Since the publish of the oldest of them.
    pub oldest: Duration,
    /// How long ago that was so.
    pub lag: Duration,
}

impl Pubsub {
    /// The backlog by the server's word, `None` from servers that say nothing of it; asked once, for `limit` at most.
    pub async fn backlog(&self, subscription: &str, limit: Duration) -> Result<Option<Backlog>, Status> {
        let request = GetSubscriptionRequest { subscription: subscription.to_owned() };
        let mut client = self.subscriptions();
        let answer = client.get_subscription(routed(request, &[("subscription", subscription)]));
        let answer = tokio::time::timeout(limit, answer).await;
        let answer = answer.map_err(|_| Status::deadline_exceeded("no answer in time"))??;
        Ok(read(answer.metadata()))
    }

    /// Whether this is a server on a host of one's own, not Google's.
    pub fn is_emulator(&self) -> bool {
        matches!(self.endpoint, Endpoint::Emulator { .. })
    }
}

fn read(metadata: &MetadataMap) -> Option<Backlog> {
    let number = |name| metadata.get(name)?.to_str().ok()?.parse().ok();
    Some(Backlog {
        messages: number(MESSAGES)?,
        oldest: Duration::from_millis(number(OLDEST_MILLIS)?),
        lag: Duration::ZERO,
    })
}
