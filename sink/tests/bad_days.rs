//! The real binary on bad days: connections that die, tables that hang, servers that say no.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use fakes::relay::Relay;
use fakes::scripted::pulls::{Answer, Pulls, Step, Unary};
use fakes::scripted::writes::{Call, Reply, response};
use gcp::pubsub::pull;
use generator::{Config, Generator};
use parking_lot::Mutex;
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{SUBSCRIPTION, Scene, Sink, wait};
use tonic::{Code, Status};

const SECOND: Duration = Duration::from_secs(1);
const QUICK: &str = "--max-pane-age=200ms";

fn is_by_date(call: &Call) -> bool {
    call.request.table_name.ends_with("payments_by_date")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_dies_without_a_word_is_replaced_within_a_minute() {
    let rounds = if std::env::var_os("LONG_TESTS").is_some() { 10 } else { 1 };
    let scene = Scene::new(Reply::ok).await;
    let relay = Relay::start(scene.server.addr()).await.unwrap();
    let mut sink = scene.sink_at(relay.addr(), &[QUICK]);
    scene.publish(0..500).await;
    wait(20 * SECOND, "the first messages are acked", || scene.unacked("payments-sink") == 0).await;
    for round in 0..rounds {
        relay.quieten();
        let begin = Instant::now();
        // What is sent into the dead connections comes again after its lease; what is published later does not wait.
        for published in 1.. {
            scene.publish(published..published + 1).await;
            if scene.unacked("payments-sink") < published {
                break;
            }
            assert!(begin.elapsed() < 60 * SECOND, "nothing is consumed: {}", sink.log());
            tokio::time::sleep(SECOND / 4).await;
        }
        println!("round {round}: resumed after {:.1} s", begin.elapsed().as_secs_f64());
        wait(130 * SECOND, "nothing is left", || scene.unacked("payments-sink") == 0).await;
    }
    let (code, _) = sink.stop(10 * SECOND).await;
    assert_eq!(code, Some(0), "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_unacked_although_the_streams_are_cut_every_few_seconds() {
    let cuts = if std::env::var_os("LONG_TESTS").is_some() { 120 } else { 3 };
    let scene = Scene::new(Reply::ok).await;
    let relay = Relay::start(scene.server.addr()).await.unwrap();
    let mut sink = scene.sink_at(relay.addr(), &[QUICK]);
    let mut published = 0;
    for _ in 0..cuts {
        let begin = Instant::now();
        while begin.elapsed() < 5 * SECOND {
            scene.publish(published..published + 100).await;
            published += 100;
            tokio::time::sleep(SECOND / 5).await;
        }
        relay.cut();
        println!(
            "{published} published, {} unacked, {} leased",
            scene.unacked("payments-sink"),
            scene.outstanding()
        );
    }
    let took = wait(70 * SECOND, "nothing is left", || scene.unacked("payments-sink") == 0).await;
    println!("{published} messages, {cuts} cuts: all acked {took:?} after the last one");
    assert_eq!(sink.stop(10 * SECOND).await.0, Some(0), "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_idle_and_at_full_load_is_an_orderly_one() {
    let scene = Scene::new(Reply::ok).await;
    let mut idle = scene.sink(&[]);
    wait(20 * SECOND, "it consumes", || idle.lines(&["consuming"]) == 1).await;
    tokio::time::sleep(SECOND).await;
    let (code, took) = idle.stop(10 * SECOND).await;
    println!("idle: exit {code:?} after {took:?}");
    assert_eq!(code, Some(0), "{}", idle.log());
    assert!(took < 3 * SECOND, "{took:?}");

    scene.publish(0..30_000).await;
    let mut busy = scene.sink(&["--pane-rows=2000"]);
    wait(60 * SECOND, "it is at work", || scene.unacked("payments-sink") < 28_000).await;
    let (code, took) = busy.stop(30 * SECOND).await;
    let left = scene.unacked("payments-sink");
    println!(
        "at full load: exit {code:?} after {took:?}, {left} messages left, {} of them leased",
        scene.outstanding()
    );
    assert_eq!(code, Some(0), "{}", busy.log());
    assert_eq!(scene.outstanding(), 0, "what was not written can be pulled by others at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_end_are_opened_again_and_the_sink_goes_on() {
    let generator = Generator::new(Config::default()).unwrap();
    let data: Vec<_> = (0..4).map(|index| generator.payment(index).encode_to_vec()).collect();
    let server = Pulls::start(
        move |number| {
            let mut response = fakes::scripted::pulls::messages(["m"]);
            let received = &mut response.received_messages[0];
            received.ack_id = format!("ack-{number}");
            let message = received.message.as_mut().unwrap();
            message.data.clone_from(&data[number.min(3)]);
            message.publish_time = Some(prost_types::Timestamp { seconds: 1_790_000_000, nanos: 0 });
            let mut steps = vec![Step::Send(response)];
            steps.extend(
                [Code::Ok, Code::Cancelled, Code::Unknown]
                    .get(number)
                    .map(|code| Step::End(Status::new(*code, "the end"))),
            );
            steps
        },
        |_| Answer::Ok,
    )
    .await
    .unwrap();
    let scene = Scene::new(Reply::ok).await;
    let mut sink = Sink::start(server.addr(), scene.tables.addr(), &[QUICK, "--streams=1"]);
    wait(20 * SECOND, "the messages of all streams are acked", || server.log().acked().len() == 4).await;
    let (code, _) = sink.stop(10 * SECOND).await;
    assert_eq!(code, Some(0), "{}", sink.log());
    assert_eq!(sink.lines(&["WARN"]), 0, "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_another_sink_has_everything_that_was_held_within_two_seconds() {
    let held = if std::env::var_os("LONG_TESTS").is_some() { 100_000 } else { 10_000 };
    let scene = Scene::new(|_| Reply::Hang).await;
    scene.publish(0..held).await;
    let mut sink = scene.sink(&["--max-memory=2GiB", "--grace-period=1s"]);
    wait(120 * SECOND, "all is held", || scene.outstanding() == held).await;
    let options = pull::Options {
        subscription: SUBSCRIPTION.to_owned(),
        streams: 1,
        lease: 60 * SECOND,
        max_lease: 60 * SECOND,
        max_outstanding_messages: 1_000_000,
        max_outstanding_bytes: 1 << 30,
    };
    sink.signal("-TERM");
    let begin = Instant::now();
    let (streams, mut receivers) = pull::open(&scene.pubsub, &options).await.unwrap();
    let mut other = Vec::new();
    while (other.len() as u64) < held {
        let next = tokio::time::timeout(10 * SECOND, receivers[0].recv()).await.expect("more comes");
        other.extend(next.unwrap().unwrap());
    }
    let elapsed = begin.elapsed();
    println!("{held} messages with another sink {elapsed:?} after SIGTERM at a grace period of 1 s");
    assert!(elapsed < 3 * SECOND, "{elapsed:?}");
    let (code, _) = sink.end(5 * SECOND).await;
    assert_eq!(code, Some(1), "{}", sink.log());
    drop((other, receivers));
    streams.closed(5 * SECOND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_in_a_request_that_is_refused_whole_makes_one_dead_letter() {
    let bad = Generator::new(Config::default()).unwrap().payment(17);
    let id = bad.payment_header.unwrap().payment_id;
    let scene = Scene::new(move |call| {
        let is_bad = |entry: &_| contains(entry, &id);
        if call.request.table_name.ends_with("by_transaction") && call.request.entries.iter().any(is_bad) {
            return Reply::Refuse(Status::invalid_argument("a value is too large"));
        }
        Reply::ok(call)
    })
    .await;
    scene.publish(0..100).await;
    let mut sink = scene.sink(&[QUICK, "--exit-when-idle=2s"]);
    let (code, _) = sink.end(30 * SECOND).await;
    assert_eq!(code, Some(0), "{}", sink.log());
    assert_eq!(scene.unacked("payments-sink"), 0);
    assert_eq!(scene.unacked("letters"), 1, "{}", sink.log());
}

fn contains(entry: &emulator::proto::bigtable::mutate_rows_request::Entry, transaction_id: &str) -> bool {
    entry.row_key.windows(transaction_id.len()).any(|window| window == transaction_id.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_throttled_stops_when_told() {
    let scene = Scene::new(|call| {
        let mut answer = response((0..call.request.entries.len() as i64).map(|index| (index, Code::Ok)));
        let period = Some(prost_types::Duration { seconds: 1, nanos: 0 });
        answer.rate_limit_info = Some(emulator::proto::bigtable::RateLimitInfo { period, factor: 0.7 });
        Reply::Stream(vec![Ok(answer)])
    })
    .await;
    scene.publish(0..20_000).await;
    let mut sink = scene.sink(&[QUICK, "--request-rows=5", "--pane-rows=500", "--grace-period=3s"]);
    wait(30 * SECOND, "it is throttled", || sink.lines(&["rate"]) > 1).await;
    tokio::time::sleep(3 * SECOND).await;
    let (code, took) = sink.stop(30 * SECOND).await;
    println!("throttled: exit {code:?} after {took:?}");
    assert!(took < 5 * SECOND, "{took:?}");
    assert_eq!(code, Some(1), "{}", sink.log());
    assert_eq!(scene.outstanding(), 0, "all that is not written has gone back");
    assert!(scene.unacked("letters") == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_never_answers_holds_the_end_up_for_the_grace_period_only() {
    let scene = Scene::new(|call| if is_by_date(call) { Reply::Hang } else { Reply::ok(call) }).await;
    scene.publish(0..5_000).await;
    let mut sink = scene.sink(&[QUICK, "--grace-period=2s", "--requests-in-flight=2"]);
    wait(30 * SECOND, "all is held", || scene.outstanding() == 5_000).await;
    tokio::time::sleep(SECOND).await;
    let (code, took) = sink.stop(30 * SECOND).await;
    println!("a hanging table: exit {code:?} after {took:?}");
    assert!(took < 4 * SECOND, "{took:?}");
    assert_eq!(code, Some(1));
    assert!(sink.log().contains("5000 message(s)"), "{}", sink.log());
    assert!(sink.log().contains("payments_by_date"), "the cause is named: {}", sink.log());
    assert_eq!((scene.unacked("payments-sink"), scene.outstanding()), (5_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_pubsub_holds_the_end_up_for_the_grace_period_only() {
    let scene = Scene::new(|_| Reply::Hang).await;
    let relay = Relay::start(scene.server.addr()).await.unwrap();
    scene.publish(0..2_000).await;
    let mut sink = scene.sink_at(relay.addr(), &[QUICK, "--grace-period=2s"]);
    wait(30 * SECOND, "all is held", || scene.outstanding() == 2_000).await;
    tokio::time::sleep(SECOND).await;
    relay.freeze();
    let (code, took) = sink.stop(30 * SECOND).await;
    println!("a frozen Pub/Sub with messages held: exit {code:?} after {took:?}");
    assert!(took < 4 * SECOND + SECOND / 2, "{took:?}");
    assert_eq!(code, Some(1), "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_not_idleness() {
    let scene = Scene::new(Reply::ok).await;
    let relay = Relay::start(scene.server.addr()).await.unwrap();
    let mut sink = scene.sink_at(relay.addr(), &["--exit-when-idle=2s", "--grace-period=2s"]);
    wait(20 * SECOND, "it consumes", || sink.lines(&["consuming"]) == 1).await;
    relay.freeze();
    let (code, took) = sink.end(30 * SECOND).await;
    println!("idle, with a frozen Pub/Sub: exit {code:?} after {took:?}");
    assert_eq!(code, Some(1), "{}", sink.log());
    assert!(took < 8 * SECOND, "{took:?}");
    assert!(sink.log().contains("did not say"), "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_sink_whose_tables_are_dead_ends_soon_and_says_what_is_left() {
    let scene = Scene::new(|_| Reply::Refuse(Status::unavailable("nobody is there"))).await;
    scene.publish(0..1_000).await;
    let mut sink = scene.sink(&[QUICK, "--exit-when-idle=2s", "--grace-period=2s"]);
    let (code, took) = sink.end(30 * SECOND).await;
    println!("idle, with dead tables: exit {code:?} after {took:?}");
    assert_eq!(code, Some(1), "{}", sink.log());
    assert!(took < 9 * SECOND, "{took:?}");
    assert!(
        sink.log().contains("1000 message(s)") && sink.log().contains("nobody is there"),
        "{}",
        sink.log()
    );
    assert_eq!((scene.unacked("payments-sink"), scene.outstanding()), (1_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once_with_its_table_and_once_when_it_is_over() {
    let (down, calls) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (state, count) = (down.clone(), calls.clone());
    let scene = Scene::new(move |call| {
        count.fetch_add(1, Ordering::Relaxed);
        if is_by_date(call) && state.load(Ordering::Relaxed) {
            return Reply::Refuse(Status::unavailable("down for a while"));
        }
        Reply::ok(call)
    })
    .await;
    scene.publish(0..1_000).await;
    let mut sink = scene.sink(&[QUICK, "--window=1s"]);
    let began =
        ["WARN", "does not answer", "table payments_by_date", "down for a while", "1000 messages held"];
    wait(30 * SECOND, "the outage is told", || sink.lines(&began) == 1).await;
    tokio::time::sleep(3 * SECOND).await;
    down.store(false, Ordering::Relaxed);
    let over = ["INFO", "answers again", "table payments_by_date"];
    wait(70 * SECOND, "its end is told", || sink.lines(&over) == 1).await;
    wait(20 * SECOND, "all is acked", || scene.unacked("payments-sink") == 0).await;
    let (code, _) = sink.stop(20 * SECOND).await;
    assert_eq!(code, Some(0));
    assert_eq!(sink.lines(&["WARN"]), 1, "{}", sink.log());
    assert!(calls.load(Ordering::Relaxed) > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bad_messages_is_no_flood_of_lines() {
    use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{PublishRequest, PubsubMessage};
    let scene = Scene::new(Reply::ok).await;
    let bad = PubsubMessage { data: b"no payment".to_vec(), ..PubsubMessage::default() };
    let request = PublishRequest { topic: scene.pubsub.topic_name("payments"), messages: vec![bad; 1_000] };
    scene.pubsub.topics().publish(request).await.unwrap();
    let mut sink = scene.sink(&["--exit-when-idle=1s"]);
    let (code, _) = sink.end(30 * SECOND).await;
    assert_eq!((code, scene.unacked("letters")), (Some(0), 1_000), "{}", sink.log());
    assert_eq!(sink.lines(&["WARN", "message goes to the dead-letter topic"]), 5, "{}", sink.log());
    assert_eq!(sink.lines(&["WARN", "messages=995", "undecodable"]), 1, "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_line_counts_payments_once_although_they_came_again() {
    let refused = Arc::new(Mutex::new(false));
    let scene = Scene::new(move |call| {
        // Not known to be written, and no reason to try again at once.
        let mut refused = refused.lock();
        if is_by_date(call) && !std::mem::replace(&mut *refused, true) {
            return Reply::entries(
                (0..call.request.entries.len() as i64).map(|index| (index, Code::DataLoss)),
            );
        }
        Reply::ok(call)
    })
    .await;
    scene.publish(0..100).await;
    let mut sink = scene.sink(&[QUICK, "--exit-when-idle=3s"]);
    let (code, _) = sink.end(30 * SECOND).await;
    assert_eq!(code, Some(0), "{}", sink.log());
    let words = ["window done", "payments=100", "returned=100", "redelivered=100"];
    assert_eq!(sink.lines(&words), 1, "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_hangs_ends_at_once_when_told() {
    let scene = Scene::new(Reply::ok).await;
    let relay = Relay::start(scene.tables.addr()).await.unwrap();
    relay.freeze();
    let mut sink = Sink::start(scene.server.addr(), relay.addr(), &["--connect-timeout=1m"]);
    tokio::time::sleep(2 * SECOND).await;
    let (code, took) = sink.stop(10 * SECOND).await;
    println!("a hanging start: exit {code:?} after {took:?}");
    assert_eq!(code, Some(0), "{}", sink.log());
    assert!(took < SECOND, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_at_the_start_is_waited_for_and_then_called_away() {
    let scene = Scene::new(Reply::ok).await;
    let begin = Instant::now();
    let away = move |call: &Unary| match call {
        Unary::GetSubscription if begin.elapsed() < 3 * SECOND => {
            Answer::Refuse(Status::unavailable("not yet"))
        }
        _ => Answer::Ok,
    };
    let server = Pulls::start(|_| vec![], away).await.unwrap();
    let mut impatient = Sink::start(server.addr(), scene.tables.addr(), &["--connect-timeout=500ms"]);
    let mut patient = Sink::start(server.addr(), scene.tables.addr(), &["--exit-when-idle=500ms"]);
    let (code, _) = impatient.end(3 * SECOND).await;
    assert_eq!(code, Some(1), "{}", impatient.log());
    assert!(impatient.log().contains("not yet"), "{}", impatient.log());
    let (code, _) = patient.end(20 * SECOND).await;
    assert_eq!(code, Some(0), "{}", patient.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_the_greatest_size_do_not_take_more_memory_than_was_promised() {
    use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{PublishRequest, PubsubMessage};
    let scene = Scene::new(Reply::ok).await;
    for index in 0..30 {
        let mut payment = scene.generator.payment(index);
        payment.metadata.get_or_insert_default().description = "x".repeat(9_500_000);
        let message = PubsubMessage { data: payment.encode_to_vec(), ..PubsubMessage::default() };
        let request = PublishRequest { topic: scene.pubsub.topic_name("payments"), messages: vec![message] };
        scene.pubsub.topics().publish(request).await.unwrap();
    }
    let mut sink = scene.sink(&[QUICK, "--max-memory=16MiB"]);
    wait(120 * SECOND, "all is written", || scene.unacked("payments-sink") == 0).await;
    let peak = sink.peak_memory_mib();
    println!("30 messages of 9.5 MB with --max-memory=16MiB: at most {peak} MiB");
    assert!(peak <= 16 + 150, "{peak} MiB");
    assert_eq!(sink.stop(10 * SECOND).await.0, Some(0), "{}", sink.log());
    assert_eq!(scene.unacked("letters"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_message_that_leaves_no_room_for_a_reason_becomes_a_dead_letter_without_one() {
    use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{PublishRequest, PubsubMessage};
    let scene = Scene::new(Reply::ok).await;
    let data = vec![0xff; 9_999_850];
    let message = PubsubMessage { data, ..PubsubMessage::default() };
    let request = PublishRequest { topic: scene.pubsub.topic_name("payments"), messages: vec![message] };
    scene.pubsub.topics().publish(request).await.unwrap();
    let mut sink = scene.sink(&["--exit-when-idle=2s"]);
    let (code, _) = sink.end(60 * SECOND).await;
    assert_eq!(
        (code, scene.unacked("letters"), scene.unacked("payments-sink")),
        (Some(0), 1, 0),
        "{}",
        sink.log()
    );
}
