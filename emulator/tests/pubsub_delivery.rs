//! Pulling, streaming, acknowledging, replaying.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pubsub_support;

use emulator::proto::pubsub::seek_request::Target;
use emulator::proto::pubsub::{
    CreateSnapshotRequest, DeadLetterPolicy, PubsubMessage, RetryPolicy, SeekRequest, StreamingPullRequest,
    Subscription,
};
use pubsub_support::{Bed, Client, SUBSCRIPTION, message, numbers};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use tonic::Code;

/// Longer than anything here takes, shorter than the shortest lease.
const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.expect("in time")
}

async fn nothing_comes(pull: &mut pubsub_support::Pull) {
    let next = tokio::time::timeout(Duration::from_millis(300), pull.next()).await;
    assert!(next.is_err(), "{next:?}");
}

#[tokio::test]
async fn a_message_arrives_as_it_was_published() {
    let bed = Bed::new().await;
    let sent = PubsubMessage {
        data: vec![0, 159, 146, 150],
        attributes: [("schema".to_owned(), "payment".to_owned())].into(),
        ordering_key: "key".to_owned(),
        ..PubsubMessage::default()
    };
    let ids = bed.client.publish(vec![sent.clone()]).await.unwrap();
    let mut pull = bed.client.stream().await;
    let received = soon(pull.take(1)).await.remove(0);
    let message = received.message.unwrap();
    assert_eq!(message.message_id, ids[0]);
    assert_eq!(
        (message.data, message.attributes, message.ordering_key),
        (sent.data, sent.attributes, sent.ordering_key)
    );
    assert_eq!(received.delivery_attempt, 0);
}

#[tokio::test]
async fn acknowledged_messages_do_not_come_again_and_others_do() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..100).await;
    let mut pull = bed.client.stream().await;
    let received = soon(pull.take(100)).await;
    pull.ack(&received[..30]).await;
    bed.client.ack(&received[30..60]).await.unwrap();
    bed.client.modify(&received[60..], 0).await.unwrap();
    let mut again = numbers(&soon(pull.take(40)).await);
    again.sort_unstable();
    let mut expected = numbers(&received[60..]);
    expected.sort_unstable();
    assert_eq!(again, expected);
    nothing_comes(&mut pull).await;
    assert_eq!((bed.stats().unacked, bed.stats().outstanding), (40, 40));
}

#[tokio::test]
async fn a_closed_streams_messages_can_still_be_acknowledged() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..100).await;
    let mut pull = bed.client.stream().await;
    let received = soon(pull.take(100)).await;
    drop(pull);
    let mut other = bed.client.stream().await;
    nothing_comes(&mut other).await;
    assert_eq!(bed.stats().outstanding, 100, "the leases outlive the stream");
    bed.client.ack(&received).await.unwrap();
    assert_eq!(bed.stats().unacked, 0);
}

#[tokio::test]
async fn a_half_closed_stream_ends_and_its_messages_can_still_be_acknowledged() {
    let bed = Bed::with(Subscription { enable_exactly_once_delivery: true, ..Subscription::default() }).await;
    bed.client.publish_numbers(0..100).await;
    let mut pull = bed.client.stream().await;
    let received = soon(pull.take(100)).await;
    pull.ack(&received[..10]).await;
    let pubsub_support::Pull { requests, mut responses } = pull;
    drop(requests);
    let confirmed = soon(responses.message()).await.unwrap().unwrap().acknowledge_confirmation.unwrap();
    assert_eq!(confirmed.ack_ids.len(), 10, "what was asked before the close is answered");
    assert_eq!(soon(responses.message()).await.unwrap(), None, "the end is an orderly one");
    bed.client.publish_numbers(100..110).await;
    assert_eq!((bed.stats().streams, bed.stats().outstanding), (0, 90), "the leases outlive the stream");
    bed.client.ack(&received[10..]).await.unwrap();
    assert_eq!(bed.stats().unacked, 10);
}

#[tokio::test]
async fn a_broken_connection_gives_its_messages_back_at_once() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..100).await;
    let endpoint = bed.endpoint();
    // A runtime that is dropped takes its sockets with it, as a killed process does.
    let got = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (got, pull) = runtime.block_on(async {
            let mut pull = Client::to(&endpoint).await.stream().await;
            (pull.take(100).await.len(), pull)
        });
        std::mem::forget(pull);
        runtime.shutdown_background();
        got
    });
    assert_eq!(tokio::task::spawn_blocking(move || got.join().unwrap()).await.unwrap(), 100);
    let mut pull = bed.client.stream().await;
    soon(pull.take(100)).await;
}

#[tokio::test]
async fn streams_share_the_messages_evenly() {
    let bed = Bed::new().await;
    let mut pulls = Vec::new();
    for _ in 0..4 {
        let client = Client::connect(&bed.server).await;
        pulls.push(client.stream().await);
    }
    for n in 0..20 {
        bed.client.publish_numbers(n * 100..(n + 1) * 100).await;
    }
    let mut all = HashSet::new();
    let mut counts = Vec::new();
    for pull in &mut pulls {
        let mut count = 0;
        while let Ok(response) = tokio::time::timeout(Duration::from_millis(300), pull.next()).await {
            let received = numbers(&response.unwrap().received_messages);
            count += received.len();
            assert!(received.into_iter().all(|n| all.insert(n)), "a message went to two streams");
        }
        counts.push(count);
    }
    assert_eq!(all.len(), 2000);
    assert!(counts.iter().all(|&count| count >= 200), "{counts:?}");
}

#[tokio::test]
async fn a_stream_gets_no_more_than_it_asked_for() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..100).await;
    let first = StreamingPullRequest { max_outstanding_messages: 10, ..Default::default() };
    let mut pull = bed.client.stream_with(first).await.unwrap();
    let received = soon(pull.take(10)).await;
    nothing_comes(&mut pull).await;
    pull.ack(&received[..3]).await;
    soon(pull.take(3)).await;
    nothing_comes(&mut pull).await;
    let first = StreamingPullRequest { max_outstanding_bytes: 1, ..Default::default() };
    let mut pull = bed.client.stream_with(first).await.unwrap();
    soon(pull.take(1)).await;
    nothing_comes(&mut pull).await;
}

#[tokio::test]
async fn the_first_request_is_checked() {
    let bed = Bed::new().await;
    for (first, code) in [
        (
            StreamingPullRequest { stream_ack_deadline_seconds: 9, ..Default::default() },
            Code::InvalidArgument,
        ),
        (
            StreamingPullRequest { stream_ack_deadline_seconds: 601, ..Default::default() },
            Code::InvalidArgument,
        ),
        (
            StreamingPullRequest {
                subscription: "projects/p/subscriptions/none".to_owned(),
                ..Default::default()
            },
            Code::NotFound,
        ),
    ] {
        assert_eq!(bed.client.stream_with(first).await.map(drop).unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn unknown_ack_ids_are_passed_over() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..2).await;
    let ids = ["", "nonsense", "1-2-3", "ffffffff-ffffffff-ffffffff"].map(str::to_owned).to_vec();
    bed.client.ack_ids(ids).await.unwrap();
    assert_eq!(bed.stats().unacked, 2);
}

#[tokio::test]
async fn a_subscription_gets_what_is_published_after_it() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..10).await;
    let late = Subscription { name: "projects/p/subscriptions/late".to_owned(), ..Subscription::default() };
    bed.client.subscribe(late).await.unwrap();
    bed.client.publish_numbers(10..20).await;
    let first = StreamingPullRequest {
        subscription: "projects/p/subscriptions/late".to_owned(),
        ..Default::default()
    };
    let mut pull = bed.client.stream_with(first).await.unwrap();
    assert_eq!(numbers(&soon(pull.take(10)).await), (10..20).collect::<Vec<_>>());
    assert_eq!(bed.stats().unacked, 20);
}

#[tokio::test]
async fn a_filter_lets_only_matching_messages_through() {
    let filter = r#"attributes.rail = "CARD" AND NOT attributes:test"#.to_owned();
    let bed = Bed::with(Subscription { filter, ..Subscription::default() }).await;
    let with = |data: &str, attributes: &[(&str, &str)]| PubsubMessage {
        attributes: attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..message(data)
    };
    let messages = vec![
        with("1", &[("rail", "CARD")]),
        with("2", &[("rail", "ACH")]),
        with("3", &[("rail", "CARD"), ("test", "")]),
        with("4", &[]),
        with("5", &[("rail", "CARD"), ("x", "y")]),
    ];
    bed.client.publish(messages).await.unwrap();
    let mut pull = bed.client.stream().await;
    let received = soon(pull.take(2)).await;
    assert_eq!(numbers(&received), [1, 5]);
    bed.client.ack(&received).await.unwrap();
    assert_eq!(bed.stats().unacked, 0);
}

#[tokio::test]
async fn ordered_messages_of_a_key_come_in_order() {
    let bed = Bed::with(Subscription { enable_message_ordering: true, ..Subscription::default() }).await;
    for n in 0..20 {
        let messages = (0..10).map(|i| PubsubMessage {
            ordering_key: format!("key-{}", i % 3),
            ..message(&(n * 10 + i).to_string())
        });
        bed.client.publish(messages.collect()).await.unwrap();
    }
    let mut pulls = [bed.client.stream().await, Client::connect(&bed.server).await.stream().await];
    let mut last = std::collections::HashMap::new();
    let mut seen = 0;
    // All that one stream got comes again, and in order.
    let mut returned = Vec::new();
    while let Ok(response) = tokio::time::timeout(Duration::from_millis(300), pulls[0].next()).await {
        returned.extend(response.unwrap().received_messages);
    }
    assert!(returned.len() > 20);
    bed.client.modify(&returned, 0).await.unwrap();
    while seen < 200 {
        for pull in &mut pulls {
            let Ok(response) = tokio::time::timeout(Duration::from_millis(100), pull.next()).await else {
                continue;
            };
            let response = response.unwrap();
            assert!(response.subscription_properties.unwrap().message_ordering_enabled);
            let received = response.received_messages;
            for (n, one) in numbers(&received).into_iter().zip(&received) {
                let key = one.message.as_ref().unwrap().ordering_key.clone();
                let before = last.insert(key.clone(), n);
                assert!(before.is_none_or(|before| before < n), "{n} after {before:?} of {key}");
            }
            seen += received.len();
            pull.ack(&received).await;
        }
    }
}

#[tokio::test]
async fn exactly_once_confirms_and_refuses_by_ack_id() {
    let bed = Bed::with(Subscription { enable_exactly_once_delivery: true, ..Subscription::default() }).await;
    bed.client.publish_numbers(0..10).await;
    let mut pull = bed.client.stream().await;
    let received = soon(pull.take(10)).await;
    pull.ack(&received[..2]).await;
    let answer = soon(pull.next()).await.unwrap();
    assert!(answer.acknowledge_confirmation.as_ref().unwrap().invalid_ack_ids.is_empty());
    let expected: Vec<_> = received[..2].iter().map(|m| m.ack_id.clone()).collect();
    assert_eq!(answer.acknowledge_confirmation.unwrap().ack_ids, expected);

    bed.client.modify(&received[2..3], 0).await.unwrap();
    let second = soon(pull.take(1)).await;
    assert_ne!(second[0].ack_id, received[2].ack_id);
    let status = bed.client.ack(&received[2..5]).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let details = String::from_utf8_lossy(status.details()).into_owned();
    assert!(details.contains("PERMANENT_FAILURE_INVALID_ACK_ID") && details.contains(&received[2].ack_id));
    assert!(!details.contains(&received[3].ack_id), "the others were acknowledged");
    let status = bed.client.modify(&received[2..3], 30).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    bed.client.ack(&second).await.unwrap();
    assert_eq!(bed.stats().unacked, 5);
}

#[tokio::test]
async fn a_confirmed_acknowledgement_is_on_disk() {
    let bed = Bed::with(Subscription { enable_exactly_once_delivery: true, ..Subscription::default() }).await;
    bed.client.publish_numbers(0..10).await;
    let received = bed.client.pull(10).await.unwrap();
    bed.client.ack(&received).await.unwrap();
    // A copy of the directory is what a killed server would leave.
    let copy = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp")
        .args(["-r", &format!("{}/.", bed.dir.path().display()), &copy.path().display().to_string()])
        .status();
    assert!(status.unwrap().success());
    let server = pubsub_support::start(copy.path()).await;
    assert_eq!(server.stats(SUBSCRIPTION).unwrap().unacked, 0);
}

#[tokio::test]
async fn the_retry_policy_holds_a_message_back() {
    let backoff = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    let retry_policy = Some(RetryPolicy { minimum_backoff: backoff, maximum_backoff: backoff });
    let bed = Bed::with(Subscription { retry_policy, ..Subscription::default() }).await;
    bed.client.publish_numbers(0..1).await;
    let mut pull = bed.client.stream().await;
    let received = soon(pull.take(1)).await;
    bed.client.modify(&received, 0).await.unwrap();
    let returned = Instant::now();
    soon(pull.take(1)).await;
    assert!(returned.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_message_nobody_can_handle_goes_to_the_dead_letter_topic() {
    let dead = "projects/p/topics/dead";
    let policy = DeadLetterPolicy { dead_letter_topic: dead.to_owned(), max_delivery_attempts: 5 };
    let bed = Bed::with(Subscription { dead_letter_policy: Some(policy), ..Subscription::default() }).await;
    bed.client.create_topic(dead).await.unwrap();
    let letters = "projects/p/subscriptions/letters".to_owned();
    let subscription =
        Subscription { name: letters.clone(), topic: dead.to_owned(), ..Subscription::default() };
    bed.client.subscribe(subscription).await.unwrap();
    bed.client.publish_numbers(7..8).await;
    let mut pull = bed.client.stream().await;
    for attempt in 1..=5 {
        let received = soon(pull.take(1)).await;
        assert_eq!(received[0].delivery_attempt, attempt);
        bed.client.modify(&received, 0).await.unwrap();
    }
    let first = StreamingPullRequest { subscription: letters, ..Default::default() };
    let mut pull = bed.client.stream_with(first).await.unwrap();
    let received = soon(pull.take(1)).await;
    assert_eq!(numbers(&received), [7]);
    let attributes = &received[0].message.as_ref().unwrap().attributes;
    assert_eq!(attributes["CloudPubSubDeadLetterSourceDeliveryCount"], "5");
    assert_eq!(attributes["CloudPubSubDeadLetterSourceSubscription"], "sink");
    assert_eq!(attributes["CloudPubSubDeadLetterSourceSubscriptionProject"], "p");
    assert!(attributes["CloudPubSubDeadLetterSourceTopicPublishTime"].ends_with('Z'));
    assert_eq!(bed.stats().unacked, 0);
}

#[tokio::test]
async fn a_seek_back_in_time_replays_what_was_acknowledged() {
    let bed = Bed::with(Subscription { retain_acked_messages: true, ..Subscription::default() }).await;
    let mut pull = bed.client.stream().await;
    bed.client.publish_numbers(0..10).await;
    let first = soon(pull.take(10)).await;
    // Publish times are microseconds, so the second batch is later than the first.
    bed.client.publish_numbers(10..30).await;
    let second = soon(pull.take(20)).await;
    bed.client.ack(&first).await.unwrap();
    bed.client.ack(&second).await.unwrap();
    assert_eq!(bed.stats().unacked, 0);
    let time = second[0].message.as_ref().unwrap().publish_time.unwrap();
    seek(&bed, Target::Time(time)).await;
    assert_eq!(numbers(&soon(pull.take(20)).await), (10..30).collect::<Vec<_>>());
    seek(&bed, Target::Time(prost_types::Timestamp::default())).await;
    assert_eq!(soon(pull.take(30)).await.len(), 30);
    let future = prost_types::Timestamp { seconds: 10_000_000_000, nanos: 0 };
    seek(&bed, Target::Time(future)).await;
    assert_eq!(bed.stats().unacked, 0);
    nothing_comes(&mut pull).await;
}

#[tokio::test]
async fn a_seek_to_a_snapshot_brings_its_state_back() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..100).await;
    let received = bed.client.pull(100).await.unwrap();
    bed.client.ack(&received[..50]).await.unwrap();
    let name = "projects/p/snapshots/half".to_owned();
    let request = CreateSnapshotRequest {
        name: name.clone(),
        subscription: SUBSCRIPTION.to_owned(),
        ..Default::default()
    };
    bed.client.subscriber.clone().create_snapshot(request).await.unwrap();
    bed.client.ack(&received[50..]).await.unwrap();
    bed.client.publish_numbers(100..110).await;
    let bed = bed.restart().await;
    assert_eq!(bed.stats().unacked, 10);
    seek(&bed, Target::Snapshot(name)).await;
    assert_eq!(bed.stats().unacked, 60);
    let mut pull = bed.client.stream().await;
    assert_eq!(soon(pull.take(60)).await.len(), 60);
}

async fn seek(bed: &Bed, target: Target) {
    let request = SeekRequest { subscription: SUBSCRIPTION.to_owned(), target: Some(target) };
    bed.client.subscriber.clone().seek(request).await.unwrap();
}
