//! What becomes of calls whose connection has died without a word.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use fakes::relay::Relay;
use fakes::scripted::publishes::{self, Reply};
use fakes::scripted::reads;
use gcp::Project;
use gcp::bigtable::read::{Patience, Reader, Scan};
use gcp::bigtable::{self, Bigtable, WRITER};
use gcp::publishing::SteadyPublisher;
use gcp::pubsub::{self, Pubsub};
use google_cloud_pubsub::model::Message;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tonic::{Code, Status};

/// Two connections at least are open by now, one of them to be lost.
async fn publisher(relay: &Relay, patience: Duration) -> SteadyPublisher {
    let args = pubsub::Args { pubsub_emulator_host: Some(relay.addr().to_string()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
    SteadyPublisher::new(pubsub, "projects/p/topics/t".into(), patience, None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_whose_connections_have_died_publishes_by_others_within_its_time() {
    let server = publishes::start(|_, request| Reply::Confirm(request.messages.len())).await.unwrap();
    let relay = Relay::start(server.addr()).await.unwrap();
    let publisher = publisher(&relay, Duration::from_secs(6)).await;
    publisher.publish(Message::new().set_data("before")).await.unwrap();
    let before = relay.accepted();
    relay.quieten();
    let started = Instant::now();
    let publish = |data: &'static str| publisher.publish(Message::new().set_data(data));
    let (one, other) = tokio::join!(publish("one"), publish("other"));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert!(started.elapsed() < Duration::from_secs(5) && relay.accepted() > before);
    let started = Instant::now();
    publish("after").await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "the new client stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_that_fails_tells_the_services_own_last_word() {
    for code in [Code::ResourceExhausted, Code::NotFound] {
        let refuse = move |_, _: &_| Reply::Refuse(Status::new(code, "scripted"));
        let server = publishes::start(refuse).await.unwrap();
        let relay = Relay::start(server.addr()).await.unwrap();
        let publisher = publisher(&relay, Duration::from_secs(1)).await;
        let status = publisher.publish(Message::new().set_data("refused")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, "scripted"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_that_is_never_answered_comes_to_its_end() {
    let server = publishes::start(|_, _| Reply::Hang).await.unwrap();
    let relay = Relay::start(server.addr()).await.unwrap();
    let publisher = publisher(&relay, Duration::from_secs(2)).await;
    let started = Instant::now();
    publisher.publish(Message::new().set_data("lost")).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

/// Takes 40 s, as pings are rare: LONG_TESTS=1 asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_scan_whose_connection_has_died_goes_on_by_another_within_a_minute() {
    if !std::env::var("LONG_TESTS").is_ok_and(|value| value == "1") {
        eprintln!("skipped: LONG_TESTS=1 asks for it");
        return;
    }
    let server = reads::start(|_, _| Vec::new()).await.unwrap();
    let relay = Relay::start(server.addr()).await.unwrap();
    let args =
        bigtable::Args { instance: "i".into(), bigtable_emulator_host: Some(relay.addr().to_string()) };
    let bigtable = Bigtable::connect(&args, &Project::default(), 1).await.unwrap();
    bigtable.require_table(WRITER, "", "t").await.unwrap();
    relay.quieten();
    let patience = Patience { silence: Duration::from_mins(10), give_up: Duration::from_mins(10) };
    let scan = Reader::new(bigtable, "", patience);
    let scan = scan.scan(Scan::of("t"), |_| ControlFlow::Continue(()));
    let scanned = tokio::time::timeout(Duration::from_mins(1), scan).await.expect("in time").unwrap();
    assert_eq!((scanned.calls, relay.accepted()), (2, 2));
}
