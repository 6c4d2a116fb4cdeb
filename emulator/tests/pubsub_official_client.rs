//! Google's own Rust client against this server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pubsub_support;

use emulator::proto::pubsub::Subscription;
use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::{Publisher, Subscriber};
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use pubsub_support::{Bed, SUBSCRIPTION, TOPIC};
use std::collections::HashSet;
use std::time::Duration;

async fn publish(bed: &Bed, count: u32) {
    let credentials = anonymous::Builder::new().build();
    let builder = Publisher::builder(TOPIC).with_endpoint(bed.endpoint()).with_credentials(credentials);
    let publisher = builder.build().await.unwrap();
    let sent: Vec<_> =
        (0..count).map(|n| publisher.publish(Message::new().set_data(n.to_string()))).collect();
    publisher.flush().await;
    for sent in sent {
        sent.await.unwrap();
    }
}

async fn subscriber(bed: &Bed) -> Subscriber {
    let credentials = anonymous::Builder::new().build();
    Subscriber::builder().with_endpoint(bed.endpoint()).with_credentials(credentials).build().await.unwrap()
}

fn number(message: &Message) -> u32 {
    std::str::from_utf8(&message.data).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_are_acknowledged_and_nothing_comes_again_after_a_drain() {
    let bed = Bed::new().await;
    publish(&bed, 10_000).await;
    assert_eq!(bed.stats().unacked, 10_000);
    let client = subscriber(&bed).await;
    let mut stream = client.subscribe(SUBSCRIPTION).build();
    let token = stream.shutdown_token();
    let mut seen = HashSet::new();
    while seen.len() < 10_000 {
        let (message, handler) = stream.next().await.unwrap().unwrap();
        assert!(seen.insert(number(&message)), "nothing comes twice");
        handler.ack();
    }
    token.shutdown().await;
    assert_eq!((bed.stats().unacked, bed.stats().outstanding), (0, 0), "the drain's acknowledgements count");
    let bed = bed.restart().await;
    let mut again = subscriber(&bed).await.subscribe(SUBSCRIPTION).build();
    assert!(tokio::time::timeout(Duration::from_secs(1), again.next()).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledgements_after_the_stream_was_closed_count() {
    let bed = Bed::new().await;
    publish(&bed, 100).await;
    let client = subscriber(&bed).await;
    let mut stream = client.subscribe(SUBSCRIPTION).build();
    let token = stream.shutdown_token();
    let mut held = Vec::new();
    while held.len() < 100 {
        held.push(stream.next().await.unwrap().unwrap().1);
    }
    let shutdown = tokio::spawn(async move { token.shutdown().await });
    assert!(stream.next().await.is_none());
    held.into_iter().for_each(Handler::ack);
    shutdown.await.unwrap();
    assert_eq!(bed.stats().unacked, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_handle_brings_the_message_back() {
    let bed = Bed::new().await;
    publish(&bed, 1).await;
    let client = subscriber(&bed).await;
    let mut stream = client.subscribe(SUBSCRIPTION).build();
    drop(stream.next().await.unwrap().unwrap());
    let again = tokio::time::timeout(Duration::from_secs(5), stream.next()).await.unwrap();
    again.unwrap().unwrap().1.ack();
    stream.shutdown_token().shutdown().await;
    assert_eq!(bed.stats().unacked, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once_acknowledgements_are_confirmed() {
    let bed = Bed::with(Subscription { enable_exactly_once_delivery: true, ..Subscription::default() }).await;
    publish(&bed, 200).await;
    let client = subscriber(&bed).await;
    let mut stream = client.subscribe(SUBSCRIPTION).build();
    let mut confirmations = Vec::new();
    while confirmations.len() < 200 {
        let (_, handler) = stream.next().await.unwrap().unwrap();
        let Handler::ExactlyOnce(handler) = handler else {
            panic!("the server says that delivery is exactly once")
        };
        confirmations.push(tokio::spawn(handler.confirmed_ack()));
    }
    for confirmation in confirmations {
        confirmation.await.unwrap().unwrap();
    }
    assert_eq!(bed.stats().unacked, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_outlives_a_restart_of_the_server() {
    let bed = Bed::new().await;
    let addr = bed.server.addr();
    let client = subscriber(&bed).await;
    let mut stream = client.subscribe(SUBSCRIPTION).build();
    publish(&bed, 1).await;
    stream.next().await.unwrap().unwrap().1.ack();
    let Bed { server, dir, .. } = bed;
    server.shutdown().await.unwrap();
    let listener = tokio::net::TcpListener::bind(addr).await.unwrap();
    let server =
        emulator::pubsub::Server::start(listener, emulator::pubsub::Options::new(dir.path())).await.unwrap();
    let client = pubsub_support::Client::connect(&server).await;
    let bed = Bed { server, client, dir };
    publish(&bed, 1).await;
    let next = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.unwrap();
    next.unwrap().unwrap().1.ack();
}
