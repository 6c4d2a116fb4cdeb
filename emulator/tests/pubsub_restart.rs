//! Data that outlives the server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pubsub_support;
mod served;

use emulator::proto::pubsub::Subscription;
use pubsub_support::{Bed, Client, SUBSCRIPTION, TOPIC, message, numbers, start};
use served::Served;
use std::collections::HashSet;
use std::time::{Duration, Instant};
use tonic::Code;

/// Not a test: the test below runs it in a child process, until it is killed.
#[tokio::test]
#[ignore = "a program that other tests start"]
async fn serve_when_asked_by_another_test() {
    let Some(dir) = served::data_dir() else { return };
    let server = start(&dir).await;
    served::serve_at(&format!("http://{}", server.addr())).await;
}

#[tokio::test]
async fn unacknowledged_messages_come_again_after_a_restart_and_acknowledged_ones_do_not() {
    let bed = Bed::new().await;
    bed.client.publish_numbers(0..500).await;
    let mut received = Vec::new();
    while received.len() < 500 {
        received.extend(bed.client.pull(500).await.unwrap());
    }
    let (done, open): (Vec<_>, Vec<_>) = received.into_iter().enumerate().partition(|(i, _)| i % 3 == 0);
    let strip = |part: Vec<(usize, _)>| part.into_iter().map(|(_, message)| message).collect::<Vec<_>>();
    let (done, open) = (strip(done), strip(open));
    bed.client.ack(&done).await.unwrap();
    let bed = bed.restart().await;
    assert_eq!(bed.stats().unacked, open.len() as u64);
    bed.client.publish_numbers(500..510).await;
    let again = bed.client.stream().await.take(open.len() + 10).await;
    let mut expected = numbers(&open);
    expected.extend(500..510);
    assert_eq!(HashSet::<u32>::from_iter(numbers(&again)), HashSet::from_iter(expected));
    bed.client.ack(&open).await.unwrap();
    assert_eq!(bed.stats().unacked, 10, "ack ids from before the restart still count");
}

#[tokio::test]
async fn sequences_go_on_after_everything_was_acknowledged() {
    let bed = Bed::new().await;
    let before: Vec<u64> =
        bed.client.publish_numbers(0..10).await.iter().map(|id| id.parse().unwrap()).collect();
    let received = bed.client.pull(10).await.unwrap();
    bed.client.ack(&received).await.unwrap();
    let bed = bed.restart().await;
    let after: Vec<u64> =
        bed.client.publish_numbers(0..10).await.iter().map(|id| id.parse().unwrap()).collect();
    assert!(before.last() < after.first());
    assert_eq!(bed.stats().unacked, 10);
}

#[tokio::test]
async fn a_killed_server_has_every_message_it_answered_for() {
    let dir = tempfile::tempdir().unwrap();
    let process = Served::start(dir.path());
    let client = Client::to(&process.place).await;
    client.create_topic(TOPIC).await.unwrap();
    client.subscribe(Subscription::default()).await.unwrap();
    let mut answered = 0;
    let publishing = async {
        for n in 0.. {
            let batch = (0..100).map(|i| message(&format!("{:0>700}", n * 100 + i))).collect();
            if client.publish(batch).await.is_err() {
                return;
            }
            answered = (n + 1) * 100;
        }
    };
    let killing = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        process.kill();
    };
    tokio::join!(publishing, killing);
    assert!(answered > 0);
    let server = start(dir.path()).await;
    let stats = server.stats(SUBSCRIPTION).unwrap();
    assert!(stats.unacked >= answered, "{} of {answered}", stats.unacked);
    let mut pull = Client::connect(&server).await.stream().await;
    let mut seen = HashSet::new();
    while (seen.len() as u64) < stats.unacked {
        seen.extend(numbers(&pull.next().await.unwrap().received_messages));
    }
    assert!((0..answered as u32).all(|n| seen.contains(&n)));
}

#[tokio::test]
async fn a_stop_is_quick_and_ends_streams_and_waiting_pulls() {
    let bed = Bed::new().await;
    let mut pull = bed.client.stream().await;
    let waiting = tokio::spawn({
        let mut subscriber = bed.client.subscriber.clone();
        async move {
            let subscription = SUBSCRIPTION.to_owned();
            let request =
                emulator::proto::pubsub::PullRequest { subscription, max_messages: 1, ..Default::default() };
            subscriber.pull(request).await
        }
    });
    // The pull is under way once the server counts it among the subscription's users; a publish that follows on the
    // same connection is handled after it.
    bed.client
        .publisher
        .clone()
        .get_topic(emulator::proto::pubsub::GetTopicRequest { topic: TOPIC.to_owned() })
        .await
        .unwrap();
    let started = Instant::now();
    bed.server.shutdown().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(pull.next().await.unwrap_err().code(), Code::Unavailable);
    let status = waiting.await.unwrap().unwrap_err();
    assert!(matches!(status.code(), Code::Unavailable | Code::Unknown), "{status}");
}

#[tokio::test]
async fn a_client_that_does_not_read_cannot_hold_up_the_stop() {
    let bed = Bed::new().await;
    for _ in 0..20 {
        bed.client.publish(vec![message(&"x".repeat(100_000)); 50]).await.unwrap();
    }
    let _pull = Client::connect(&bed.server).await.stream().await;
    let started = Instant::now();
    let Bed { server, dir, .. } = bed;
    server.shutdown().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let server = start(dir.path()).await;
    assert_eq!(server.stats(SUBSCRIPTION).unwrap().unacked, 1000);
}
