//! Topics, subscriptions and snapshots: what the service accepts, refuses and says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pubsub_support;

use emulator::Fault;
use emulator::proto::pubsub::{
    CreateSnapshotRequest, DeadLetterPolicy, DeleteSnapshotRequest, DeleteSubscriptionRequest,
    DeleteTopicRequest, DetachSubscriptionRequest, GetSnapshotRequest, GetSubscriptionRequest,
    GetTopicRequest, ListSubscriptionsRequest, ListTopicSubscriptionsRequest, ListTopicsRequest,
    ModifyPushConfigRequest, PublishRequest, PubsubMessage, PushConfig, RetryPolicy, SchemaSettings,
    Snapshot, StreamingPullRequest, Subscription, Topic, UpdateSnapshotRequest, UpdateSubscriptionRequest,
    UpdateTopicRequest,
};
use emulator::pubsub::{Error, Options, Server};
use prost_types::{Duration, FieldMask};
use pubsub_support::{Bed, SUBSCRIPTION, TOPIC, message};
use tokio::net::TcpListener;
use tonic::{Code, Status};

fn refused<T: std::fmt::Debug>(result: Result<T, Status>, code: Code) -> String {
    let status = result.unwrap_err();
    assert_eq!(status.code(), code, "{status}");
    status.message().to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "as the requests want it")]
fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

#[expect(clippy::unnecessary_wraps, reason = "as the requests want it")]
fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

#[tokio::test]
async fn only_loopback_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = Server::start(listener, Options::new(dir.path())).await.unwrap_err();
    assert!(matches!(error, Error::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let bed = Bed::empty().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = Server::start(listener, Options::new(bed.dir.path())).await.unwrap_err();
    assert!(matches!(error, Error::Folder(Fault::Locked { .. })), "{error}");
}

#[tokio::test]
async fn topics_are_created_listed_changed_and_deleted() {
    let bed = Bed::empty().await;
    let mut publisher = bed.client.publisher.clone();
    let name = |n: u32| format!("projects/p/topics/topic-{n}");
    for n in 0..5 {
        bed.client.create_topic(&name(n)).await.unwrap();
    }
    bed.client.create_topic("projects/other/topics/topic-0").await.unwrap();
    let message = refused(bed.client.create_topic(&name(0)).await, Code::AlreadyExists);
    assert_eq!(message, "Resource already exists in the project (resource=topic-0).");

    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListTopicsRequest { project: "projects/p".to_owned(), page_size: 2, page_token };
        let page = publisher.list_topics(request).await.unwrap().into_inner();
        assert!(page.topics.len() <= 2);
        seen.extend(page.topics.into_iter().map(|topic| topic.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, (0..5).map(name).collect::<Vec<_>>());

    let topic = Topic {
        name: name(1),
        labels: [("a".to_owned(), "b".to_owned())].into(),
        message_retention_duration: seconds(600),
        ..Topic::default()
    };
    let request = UpdateTopicRequest { topic: Some(topic.clone()), update_mask: mask(&["labels"]) };
    let updated = publisher.update_topic(request).await.unwrap().into_inner();
    assert_eq!((updated.labels["a"].as_str(), updated.message_retention_duration), ("b", None));
    for bad in [mask(&[]), mask(&["name"]), mask(&["nonsense"]), None] {
        let request = UpdateTopicRequest { topic: Some(topic.clone()), update_mask: bad };
        refused(publisher.update_topic(request).await, Code::InvalidArgument);
    }

    publisher.delete_topic(DeleteTopicRequest { topic: name(1) }).await.unwrap();
    let message = refused(publisher.get_topic(GetTopicRequest { topic: name(1) }).await, Code::NotFound);
    assert_eq!(message, "Resource not found (resource=topic-1).");
    refused(publisher.delete_topic(DeleteTopicRequest { topic: name(1) }).await, Code::NotFound);
}

#[tokio::test]
async fn what_a_topic_cannot_have_is_refused() {
    let bed = Bed::empty().await;
    let mut publisher = bed.client.publisher.clone();
    let schema = SchemaSettings { schema: "projects/p/schemas/s".to_owned(), ..Default::default() };
    for topic in [
        Topic { name: "projects/p/topics/x".to_owned(), ..Topic::default() },
        Topic { name: "payments".to_owned(), ..Topic::default() },
        Topic { name: "projects/p/subscriptions/payments".to_owned(), ..Topic::default() },
        Topic { name: TOPIC.to_owned(), message_retention_duration: seconds(599), ..Topic::default() },
        Topic { name: TOPIC.to_owned(), kms_key_name: "key".to_owned(), ..Topic::default() },
    ] {
        refused(publisher.create_topic(topic).await, Code::InvalidArgument);
    }
    let topic = Topic { name: TOPIC.to_owned(), schema_settings: Some(schema), ..Topic::default() };
    let message = refused(publisher.create_topic(topic).await, Code::InvalidArgument);
    assert!(message.contains("encoding"), "{message}");
}

#[tokio::test]
async fn publishing_has_the_services_limits() {
    let bed = Bed::new().await;
    let invalid = |result| refused(result, Code::InvalidArgument);
    invalid(bed.client.publish(vec![]).await);
    invalid(bed.client.publish(vec![PubsubMessage::default()]).await);
    invalid(bed.client.publish(vec![message("x"); 1001]).await);
    invalid(bed.client.publish(vec![message(&"x".repeat(10_000_001))]).await);
    assert_eq!(bed.stats().unacked, 0, "a refused request stores nothing");
    bed.client.publish(vec![message(&"x".repeat(9_000_000))]).await.unwrap();
    bed.client.publish(vec![message("x"); 1000]).await.unwrap();
    let topic = "projects/p/topics/nobody".to_owned();
    let request = PublishRequest { topic, messages: vec![message("x")] };
    refused(bed.client.publisher.clone().publish(request).await, Code::NotFound);
}

#[tokio::test]
async fn message_ids_and_publish_times_increase() {
    let bed = Bed::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.extend(bed.client.publish_numbers(0..10).await);
    }
    let numeric: Vec<u64> = ids.iter().map(|id| id.parse().unwrap()).collect();
    assert!(numeric.is_sorted_by(|a, b| a < b), "{numeric:?}");
    let received = bed.client.pull(100).await.unwrap();
    let mut times: Vec<_> = received.iter().map(|m| m.message.as_ref().unwrap()).collect();
    times.sort_by_key(|message| message.message_id.parse::<u64>().unwrap());
    assert_eq!(times.iter().map(|m| m.message_id.clone()).collect::<Vec<_>>(), ids);
    let times = times.iter().map(|m| m.publish_time.unwrap()).map(|time| (time.seconds, time.nanos));
    assert!(times.clone().is_sorted() && times.clone().all(|(seconds, _)| seconds > 1_600_000_000));
    assert!(times.map(|(_, nanos)| nanos).all(|nanos| nanos % 1000 == 0), "microseconds");
}

#[tokio::test]
async fn subscriptions_get_the_services_defaults() {
    let bed = Bed::new().await;
    let request = GetSubscriptionRequest { subscription: SUBSCRIPTION.to_owned() };
    let subscription = bed.client.subscriber.clone().get_subscription(request).await.unwrap().into_inner();
    assert_eq!(subscription.topic, TOPIC);
    assert_eq!(subscription.ack_deadline_seconds, 10);
    assert_eq!(subscription.message_retention_duration, seconds(604_800));
    assert_eq!(subscription.expiration_policy.unwrap().ttl, seconds(2_678_400));
    assert!(!subscription.retain_acked_messages && !subscription.detached);
    let again = bed.client.subscribe(Subscription::default()).await;
    assert_eq!(
        refused(again, Code::AlreadyExists),
        "Resource already exists in the project (resource=sink)."
    );
}

#[tokio::test]
async fn what_a_subscription_cannot_have_is_refused() {
    let bed = Bed::empty().await;
    bed.client.create_topic(TOPIC).await.unwrap();
    let none = Subscription { topic: "projects/p/topics/none".to_owned(), ..Subscription::default() };
    let message = refused(bed.client.subscribe(none).await, Code::NotFound);
    assert_eq!(message, "Resource not found (resource=none).");
    let push = PushConfig { push_endpoint: "http://127.0.0.1".to_owned(), ..Default::default() };
    let retry = RetryPolicy { minimum_backoff: seconds(20), maximum_backoff: seconds(10) };
    let letters = |max_delivery_attempts| {
        Some(DeadLetterPolicy {
            dead_letter_topic: "projects/p/topics/dead".to_owned(),
            max_delivery_attempts,
        })
    };
    for subscription in [
        Subscription { name: "sink".to_owned(), ..Subscription::default() },
        Subscription { ack_deadline_seconds: 9, ..Subscription::default() },
        Subscription { ack_deadline_seconds: 601, ..Subscription::default() },
        Subscription { message_retention_duration: seconds(1), ..Subscription::default() },
        Subscription { filter: "data = \"x\"".to_owned(), ..Subscription::default() },
        Subscription { push_config: Some(push), ..Subscription::default() },
        Subscription { retry_policy: Some(retry), ..Subscription::default() },
        Subscription { dead_letter_policy: letters(4), ..Subscription::default() },
        Subscription { dead_letter_policy: letters(101), ..Subscription::default() },
    ] {
        refused(bed.client.subscribe(subscription).await, Code::InvalidArgument);
    }
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names_and_nothing_else() {
    let bed = Bed::new().await;
    let mut subscriber = bed.client.subscriber.clone();
    let wanted = Subscription {
        name: SUBSCRIPTION.to_owned(),
        ack_deadline_seconds: 120,
        retain_acked_messages: true,
        labels: [("a".to_owned(), "b".to_owned())].into(),
        filter: "attributes:x".to_owned(),
        ..Subscription::default()
    };
    let request = |paths: &[&str]| UpdateSubscriptionRequest {
        subscription: Some(wanted.clone()),
        update_mask: mask(paths),
    };
    let updated = subscriber.update_subscription(request(&["ack_deadline_seconds", "labels"])).await.unwrap();
    let updated = updated.into_inner();
    assert_eq!((updated.ack_deadline_seconds, updated.labels.len()), (120, 1));
    assert!(!updated.retain_acked_messages);
    for immutable in ["filter", "name", "topic", "enable_message_ordering"] {
        refused(subscriber.update_subscription(request(&[immutable])).await, Code::InvalidArgument);
    }
    let bed = bed.restart().await;
    let request = GetSubscriptionRequest { subscription: SUBSCRIPTION.to_owned() };
    let kept = bed.client.subscriber.clone().get_subscription(request).await.unwrap().into_inner();
    assert_eq!(kept, updated);
}

#[tokio::test]
async fn a_deleted_topic_leaves_its_subscriptions_their_backlog() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..10).await;
    let request = DeleteTopicRequest { topic: TOPIC.to_owned() };
    bed.client.publisher.clone().delete_topic(request).await.unwrap();
    let bed = bed.restart().await;
    let mut subscriber = bed.client.subscriber.clone();
    let request = GetSubscriptionRequest { subscription: SUBSCRIPTION.to_owned() };
    let subscription = subscriber.get_subscription(request).await.unwrap().into_inner();
    assert_eq!(subscription.topic, "_deleted-topic_");
    refused(bed.client.publish(vec![message("x")]).await, Code::NotFound);
    // A new topic of the same name is another one.
    bed.client.create_topic(TOPIC).await.unwrap();
    bed.client.publish_numbers(100..110).await;
    let mut received = Vec::new();
    while received.len() < 10 {
        received.extend(pubsub_support::numbers(&bed.client.pull(100).await.unwrap()));
    }
    received.sort_unstable();
    assert_eq!(received, (0..10).collect::<Vec<_>>());
    let request = DeleteSubscriptionRequest { subscription: SUBSCRIPTION.to_owned() };
    subscriber.delete_subscription(request).await.unwrap();
    let bed = bed.restart().await;
    let request = ListSubscriptionsRequest { project: "projects/p".to_owned(), ..Default::default() };
    let list = bed.client.subscriber.clone().list_subscriptions(request).await.unwrap().into_inner();
    assert!(list.subscriptions.is_empty());
}

#[tokio::test]
async fn deleting_and_detaching_end_streams_with_their_reason() {
    for (detach, code) in [(false, Code::NotFound), (true, Code::FailedPrecondition)] {
        let bed = Bed::new().await;
        let mut pull = bed.client.stream().await;
        if detach {
            let request = DetachSubscriptionRequest { subscription: SUBSCRIPTION.to_owned() };
            bed.client.publisher.clone().detach_subscription(request).await.unwrap();
        } else {
            let request = DeleteSubscriptionRequest { subscription: SUBSCRIPTION.to_owned() };
            bed.client.subscriber.clone().delete_subscription(request).await.unwrap();
        }
        refused(pull.next().await, code);
        refused(bed.client.stream_with(StreamingPullRequest::default()).await.map(drop), code);
        refused(bed.client.pull(1).await, code);
        let request = ListTopicSubscriptionsRequest { topic: TOPIC.to_owned(), ..Default::default() };
        let list = bed.client.publisher.clone().list_topic_subscriptions(request).await.unwrap().into_inner();
        assert!(list.subscriptions.is_empty());
        bed.client.publish_numbers(0..10).await;
        let bed = bed.restart().await;
        refused(bed.client.pull(1).await, code);
    }
}

#[tokio::test]
async fn snapshots_are_created_changed_listed_and_deleted() {
    let bed = Bed::new().await;
    let mut subscriber = bed.client.subscriber.clone();
    let name = "projects/p/snapshots/before".to_owned();
    let request = CreateSnapshotRequest {
        name: name.clone(),
        subscription: SUBSCRIPTION.to_owned(),
        ..Default::default()
    };
    let snapshot = subscriber.create_snapshot(request.clone()).await.unwrap().into_inner();
    assert_eq!((snapshot.topic.as_str(), snapshot.expire_time.is_some()), (TOPIC, true));
    refused(subscriber.create_snapshot(request).await, Code::AlreadyExists);
    let labels = [("a".to_owned(), "b".to_owned())].into();
    let wanted = Snapshot { name: name.clone(), labels, ..Snapshot::default() };
    let request = UpdateSnapshotRequest { snapshot: Some(wanted), update_mask: mask(&["labels"]) };
    let updated = subscriber.update_snapshot(request).await.unwrap().into_inner();
    let bed = bed.restart().await;
    let mut subscriber = bed.client.subscriber.clone();
    let request = GetSnapshotRequest { snapshot: name.clone() };
    assert_eq!(subscriber.get_snapshot(request).await.unwrap().into_inner(), updated);
    subscriber.delete_snapshot(DeleteSnapshotRequest { snapshot: name.clone() }).await.unwrap();
    refused(subscriber.get_snapshot(GetSnapshotRequest { snapshot: name }).await, Code::NotFound);
}

#[tokio::test]
async fn push_is_not_there() {
    let bed = Bed::new().await;
    let request = ModifyPushConfigRequest { subscription: SUBSCRIPTION.to_owned(), ..Default::default() };
    refused(bed.client.subscriber.clone().modify_push_config(request).await, Code::Unimplemented);
}
