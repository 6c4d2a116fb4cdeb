//! Whether anybody will get what is published: a topic without a subscription keeps nothing.

use gcp::pubsub::Pubsub;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Longest wait for an answer that nothing depends on.
const LIMIT: Duration = Duration::from_secs(3);

/// Says so where nobody will, beside the work: it neither waits for the answer nor fails without one.
///
/// Await what is returned at the end of a run, so that also a short one says it; it takes some seconds at most.
pub fn warn_without(pubsub: &Pubsub, topic: &str) -> JoinHandle<()> {
    let (pubsub, topic) = (pubsub.clone(), topic.to_owned());
    tokio::spawn(async move {
        match pubsub.has_subscription(&topic, LIMIT).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(
                topic,
                "the topic has no subscription: what is published before it has one reaches nobody; \
                 `payments setup` creates it"
            ),
            Err(status) => {
                tracing::debug!(topic, %status, "whether the topic has a subscription is not known");
            }
        }
    })
}
