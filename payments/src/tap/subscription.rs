//! The tap's own subscription: made, and removed whatever happens; and those that killed taps have left.

use gcp::Resource;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use prost_types::Duration;
use proto::{DeleteSubscriptionRequest, ExpirationPolicy, ListTopicSubscriptionsRequest, Subscription};
use service::Error;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Response};

const ROLE: &str = "roles/pubsub.editor";
const PREFIX: &str = "tap-";
/// Who has made it, and until when it is meant to be used, in seconds since 1970.
const MADE_BY: (&str, &str) = ("made-by", "payments-tap");
const ENDS_AT: &str = "ends-at";
/// The shortest that the service allows.
const RETENTION: Duration = Duration { seconds: 10 * 60, nanos: 0 };
const EXPIRATION: Duration = Duration { seconds: 24 * 3_600, nanos: 0 };
pub const ACK_DEADLINE_SECS: i32 = 10;
/// A tap that should have ended so long ago is no more: clocks do not differ by as much.
const FORGOTTEN_SECS: i64 = 3_600;
/// Pages of a topic's subscriptions looked through for forgotten taps, and taps removed at once.
const MOST_PAGES: usize = 10;
const MOST_REMOVED: usize = 20;

/// A subscription that is there as long as the value lives, and no longer than until a moment or a signal.
#[derive(Debug)]
pub struct Tap {
    pub name: String,
    /// Cancelled once the tap must go.
    pub over: CancellationToken,
    _over_on_drop: DropGuard,
    keeper: JoinHandle<Result<(), Error>>,
}

impl Tap {
    /// Makes the subscription. Whatever becomes of the caller, and if it waits for an output that nobody takes, it is
    /// removed at `end` or when `stop` is cancelled.
    pub async fn open(
        pubsub: &Pubsub,
        topic: &str,
        end: Instant,
        stop: &CancellationToken,
    ) -> Result<Self, Error> {
        let random = RandomState::new().build_hasher().finish();
        let name = pubsub.subscription_name(&format!("{PREFIX}{random:016x}"));
        let left = end.saturating_duration_since(Instant::now()).as_secs() as i64;
        let ends_at = now_secs() + left;
        let labels = [(MADE_BY.0, MADE_BY.1.to_owned()), (ENDS_AT, ends_at.to_string())];
        let wanted = Subscription {
            name: name.clone(),
            topic: topic.to_owned(),
            ack_deadline_seconds: ACK_DEADLINE_SECS,
            message_retention_duration: Some(RETENTION),
            expiration_policy: Some(ExpirationPolicy { ttl: Some(EXPIRATION) }),
            labels: labels.map(|(name, value)| (name.to_owned(), value)).into(),
            ..Default::default()
        };
        let create = || async {
            match pubsub.subscriptions().create_subscription(wanted.clone()).await {
                // By an attempt whose answer was lost: nobody else has this name.
                Err(status) if status.code() == Code::AlreadyExists => Ok(Response::new(wanted.clone())),
                answer => answer,
            }
        };
        let resource = Resource { kind: "subscription", name: &name, role: ROLE };
        if let Err(error) = pubsub.answer(resource, create).await {
            // It may be there all the same, if only the answer was lost.
            if error.may_pass() {
                let _ = remove(pubsub, &name).await;
            }
            return Err(error);
        }
        let over = stop.child_token();
        let keeper = tokio::spawn(keep(pubsub.clone(), name.clone(), end, over.clone()));
        Ok(Self { name, _over_on_drop: over.clone().drop_guard(), over, keeper })
    }

    /// Removes it, or says why it is still there.
    pub async fn close(self) -> Result<(), Error> {
        self.over.cancel();
        self.keeper.await.unwrap_or_else(|error| Err(Error::Config(error.to_string())))
    }
}

/// Waits for the end, and removes the subscription.
async fn keep(pubsub: Pubsub, name: String, end: Instant, over: CancellationToken) -> Result<(), Error> {
    let _ = tokio::time::timeout_at(end, over.cancelled()).await;
    over.cancel();
    remove(&pubsub, &name).await
}

/// Removes a subscription; what is gone already is as good.
async fn remove(pubsub: &Pubsub, name: &str) -> Result<(), Error> {
    let request = DeleteSubscriptionRequest { subscription: name.to_owned() };
    let delete = || async {
        match pubsub.subscriptions().delete_subscription(request.clone()).await {
            Err(status) if status.code() == Code::NotFound => Ok(Response::new(())),
            answer => answer,
        }
    };
    pubsub.answer(Resource { kind: "subscription", name, role: ROLE }, delete).await
}

/// Removes what killed taps have left on the topic; their names.
pub async fn remove_forgotten(pubsub: &Pubsub, topic: &str) -> Result<Vec<String>, Error> {
    let mut removed = Vec::new();
    for name in taps(pubsub, topic).await? {
        let found = match pubsub.require_subscription(&name).await {
            Ok(found) => found,
            Err(Error::Missing { .. }) => continue,
            Err(error) => return Err(error),
        };
        if is_forgotten(&found.labels, now_secs()) {
            remove(pubsub, &name).await?;
            removed.push(name);
        }
        if removed.len() == MOST_REMOVED {
            break;
        }
    }
    Ok(removed)
}

/// The topic's subscriptions that have a tap's name.
async fn taps(pubsub: &Pubsub, topic: &str) -> Result<Vec<String>, Error> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    let is_tap = |name: &String| name.rsplit('/').next().is_some_and(|id| id.starts_with(PREFIX));
    for _ in 0..MOST_PAGES {
        let request = ListTopicSubscriptionsRequest { topic: topic.to_owned(), page_size: 1_000, page_token };
        let list = || async { pubsub.topics().list_topic_subscriptions(request.clone()).await };
        let page = pubsub.answer(Resource { kind: "topic", name: topic, role: ROLE }, list).await?;
        names.extend(page.subscriptions.into_iter().filter(is_tap));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(names)
}

/// Whether a tap has made it, and should have ended long ago. What does not say both is left alone.
fn is_forgotten(labels: &HashMap<String, String>, now_secs: i64) -> bool {
    let ends_at = labels.get(ENDS_AT).and_then(|end| end.parse::<i64>().ok());
    let is_taps = labels.get(MADE_BY.0).is_some_and(|maker| maker == MADE_BY.1);
    is_taps && ends_at.is_some_and(|end| end.saturating_add(FORGOTTEN_SECS) < now_secs)
}

fn now_secs() -> i64 {
    crate::moment::now_micros() / crate::moment::SECOND_MICROS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_a_tap_made_it_and_should_be_gone_is_forgotten() {
        let forgotten = |labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            is_forgotten(&labels.collect(), 10_000)
        };
        assert!(forgotten(&[MADE_BY, (ENDS_AT, "6399")]));
        assert!(!forgotten(&[MADE_BY, (ENDS_AT, "6400")]));
        assert!(!forgotten(&[MADE_BY, (ENDS_AT, "soon")]));
        assert!(!forgotten(&[MADE_BY]));
        assert!(!forgotten(&[(ENDS_AT, "1")]));
        assert!(!forgotten(&[("made-by", "somebody"), (ENDS_AT, "1")]));
    }
}
