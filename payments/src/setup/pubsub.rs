//! Topics and subscriptions.

use super::findings::{Finding, Findings, made};
use super::schema;
use crate::names::{Names, dead_letter_subscription};
use gcp::Resource;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    DeadLetterPolicy, ExpirationPolicy, GetSubscriptionRequest, GetTopicRequest, RetryPolicy, SchemaSettings,
    Subscription, Topic,
};
use prost_types::Duration;
use service::Error;

/// What Pub/Sub names as the topic of a subscription whose topic is gone, also once there is another one of its name.
const DELETED_TOPIC: &str = "_deleted-topic_";
const ROLE: &str = "roles/pubsub.editor";
/// How long acked messages can be replayed and unacked ones wait: tables are reloaded from a topic.
const RETENTION: Duration = Duration { seconds: 7 * 24 * 3_600, nanos: 0 };
/// The subscription's own deadline; sinks extend their leases themselves.
const ACK_DEADLINE_SECS: i32 = 60;
/// The most that the service allows: its forwarding is only the last resort after the sink's own dead letters.
const MAX_DELIVERY_ATTEMPTS: i32 = 100;
/// Pause before a nacked message comes again.
const MIN_BACKOFF: Duration = Duration { seconds: 1, nanos: 0 };
const MAX_BACKOFF: Duration = Duration { seconds: 60, nanos: 0 };

pub async fn set_up(
    service: &Pubsub,
    names: &Names,
    settings: Option<SchemaSettings>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let topic = service.topic_name(&names.topic);
    let dead_letters = service.topic_name(&names.dead_letter_topic);
    require_topic(service, &topic, settings, findings).await?;
    require_topic(service, &dead_letters, None, findings).await?;
    let sink = Subscription {
        name: service.subscription_name(&names.subscription),
        topic,
        ack_deadline_seconds: ACK_DEADLINE_SECS,
        retain_acked_messages: true,
        message_retention_duration: Some(RETENTION),
        dead_letter_policy: Some(DeadLetterPolicy {
            dead_letter_topic: dead_letters.clone(),
            max_delivery_attempts: MAX_DELIVERY_ATTEMPTS,
        }),
        retry_policy: Some(RetryPolicy {
            minimum_backoff: Some(MIN_BACKOFF),
            maximum_backoff: Some(MAX_BACKOFF),
        }),
        // Without a policy the service deletes a subscription after 31 days without use; an empty one means never.
        expiration_policy: Some(ExpirationPolicy::default()),
        ..Default::default()
    };
    require_subscription(service, sink, findings).await?;
    let letters = Subscription {
        name: service.subscription_name(&dead_letter_subscription(&names.dead_letter_topic)),
        topic: dead_letters,
        ack_deadline_seconds: ACK_DEADLINE_SECS,
        message_retention_duration: Some(RETENTION),
        expiration_policy: Some(ExpirationPolicy::default()),
        ..Default::default()
    };
    require_subscription(service, letters, findings).await
}

async fn require_topic(
    service: &Pubsub,
    name: &str,
    settings: Option<SchemaSettings>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let resource = Resource { kind: "topic", name, role: ROLE };
    let request = GetTopicRequest { topic: name.to_owned() };
    match service.answer(resource, || async { service.topics().get_topic(request.clone()).await }).await {
        Ok(found) => {
            findings.note("topic", name, Finding::Present);
            match settings {
                Some(wanted) => schema::attach(service, found, wanted, findings).await,
                None => Ok(()),
            }
        }
        Err(Error::Missing { .. }) => {
            let topic = Topic { name: name.to_owned(), schema_settings: settings, ..Default::default() };
            let create = || async { made(service.topics().create_topic(topic.clone()).await) };
            findings.create("topic", name, service.answer(resource, create)).await
        }
        Err(error) => Err(error),
    }
}

async fn require_subscription(
    service: &Pubsub,
    wanted: Subscription,
    findings: &mut Findings,
) -> Result<(), Error> {
    let name = wanted.name.clone();
    let resource = Resource { kind: "subscription", name: &name, role: ROLE };
    let request = GetSubscriptionRequest { subscription: name.clone() };
    let get = || async { service.subscriptions().get_subscription(request.clone()).await };
    match service.answer(resource, get).await {
        Ok(found) => {
            let differences = differences(&wanted, &found);
            let finding = if differences.is_empty() {
                Finding::Present
            } else {
                Finding::Differs(differences.join("; "))
            };
            findings.note("subscription", &name, finding);
            Ok(())
        }
        Err(Error::Missing { .. }) => {
            let create = || async { made(service.subscriptions().create_subscription(wanted.clone()).await) };
            findings.create("subscription", &name, service.answer(resource, create)).await
        }
        Err(error) => Err(error),
    }
}

/// The faults that make a subscription unfit; retention and deadline beyond these are the operator's choice.
fn differences(wanted: &Subscription, found: &Subscription) -> Vec<String> {
    let mut differences = Vec::new();
    if found.topic == DELETED_TOPIC {
        differences.push(format!(
            "its topic was deleted, so that it gets no more messages; consume what it still holds, delete it \
             (gcloud pubsub subscriptions delete {}), and run setup again",
            found.name
        ));
    } else if found.topic != wanted.topic {
        differences.push(format!("is of topic {}, not {}", found.topic, wanted.topic));
    }
    if found.push_config.as_ref().is_some_and(|push| !push.push_endpoint.is_empty()) {
        differences.push("pushes, but sinks pull".to_owned());
    }
    if !found.filter.is_empty() {
        differences.push(format!("has the filter {:?}, which hides payments", found.filter));
    }
    if wanted.retain_acked_messages
        && !found.retain_acked_messages
        && found.topic_message_retention_duration.is_none()
    {
        differences.push("keeps no acked messages, so that it cannot be replayed".to_owned());
    }
    differences
}
