//! Streams against scripted servers, and against a relay whose connections die.

use super::*;
use crate::Project;
use crate::pubsub::Args;
use fakes::relay::Relay;
use fakes::scripted::pulls::{Answer, Pulls, Step, Unary, messages};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::StreamingPullResponse;
use std::net::SocketAddr;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::Code;

const LEASE: Duration = Duration::from_mins(1);

/// Moves tokio's clock: a quarter of a second for each two milliseconds, in which sockets have their time.
fn run_the_clock() -> JoinHandle<()> {
    tokio::spawn(async {
        loop {
            let _ = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(2))).await;
            tokio::time::advance(Duration::from_millis(250)).await;
        }
    })
}

struct Puller {
    streams: Streams,
    messages: mpsc::Receiver<Delivery>,
}

async fn puller(addr: SocketAddr, max_lease: Duration) -> Puller {
    let args = Args { pubsub_emulator_host: Some(addr.to_string()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
    let options = Options {
        subscription: pubsub.subscription_name("s"),
        streams: 1,
        lease: LEASE,
        max_lease,
        max_outstanding_messages: 1_000,
        max_outstanding_bytes: 1 << 20,
    };
    let (streams, mut receivers) = open(&pubsub, &options).await.unwrap();
    Puller { streams, messages: receivers.remove(0) }
}

impl Puller {
    /// The next messages.
    async fn next(&mut self) -> Vec<Received> {
        self.messages.recv().await.unwrap().unwrap()
    }
}

fn ids(received: &[Received]) -> Vec<&str> {
    received.iter().map(|received| received.message.message_id.as_str()).collect()
}

fn heartbeat() -> Step {
    Step::Send(StreamingPullResponse::default())
}

fn all_ok(_: &Unary) -> Answer {
    Answer::Ok
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_with_anything_that_may_pass_is_opened_again_within_five_seconds() {
    let clock = run_the_clock();
    let ends = [
        Code::Ok,
        Code::Cancelled,
        Code::Unknown,
        Code::DeadlineExceeded,
        Code::Aborted,
        Code::Internal,
        Code::ResourceExhausted,
        Code::Unavailable,
    ];
    let streams = move |number: usize| match ends.get(number) {
        Some(code) => vec![Step::End(Status::new(*code, "the end"))],
        None => vec![Step::Send(messages(["a"]))],
    };
    let server = Pulls::start(streams, all_ok).await.unwrap();
    let mut puller = puller(server.addr(), LEASE).await;
    assert_eq!(ids(&puller.next().await), ["a"]);
    let opened = server.log().opened.clone();
    assert_eq!(opened.len(), 9);
    for pair in opened.windows(2) {
        assert!(pair[1] - pair[0] < Duration::from_secs(5), "a gap of {:?}", pair[1] - pair[0]);
    }
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_that_is_ended_every_few_seconds_is_never_away_for_long() {
    let clock = run_the_clock();
    let life = Duration::from_secs(3);
    let idle = move |_| vec![Step::Wait(life), Step::End(Status::unavailable("idle"))];
    let server = Pulls::start(idle, all_ok).await.unwrap();
    let puller = puller(server.addr(), LEASE).await;
    sleep(Duration::from_mins(5)).await;
    let opened = server.log().opened.clone();
    for pair in opened.windows(2) {
        let away = (pair[1] - pair[0]).saturating_sub(life);
        assert!(away < Duration::from_secs(5), "away for {away:?}");
    }
    assert!(opened.len() > 50, "{} streams", opened.len());
    drop(puller);
    clock.abort();
}

#[tokio::test]
async fn what_no_new_stream_can_mend_ends_the_streams() {
    for code in [
        Code::NotFound,
        Code::PermissionDenied,
        Code::Unauthenticated,
        Code::InvalidArgument,
        Code::FailedPrecondition,
    ] {
        let server = Pulls::start(move |_| vec![Step::End(Status::new(code, "no"))], all_ok).await.unwrap();
        let mut puller = puller(server.addr(), LEASE).await;
        assert_eq!(puller.messages.recv().await.unwrap().unwrap_err().code(), code);
        assert_eq!(server.log().opened.len(), 1);
        assert!(puller.streams.closed(Duration::from_secs(5)).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_dies_is_replaced_within_a_minute_and_acks_go_out_on_the_next_one() {
    let clock = run_the_clock();
    for answers_pings in [false, true] {
        let streams = move |number: usize| {
            let mut steps = if answers_pings { vec![heartbeat()] } else { vec![] };
            steps.push(Step::Send(messages([["first", "second", "third"][number.min(2)]])));
            steps
        };
        let server = Pulls::start(streams, all_ok).await.unwrap();
        let relay = Relay::start(server.addr()).await.unwrap();
        let mut puller = puller(relay.addr(), LEASE).await;
        let first = puller.next().await;
        relay.quieten();
        let cut = Instant::now();
        let ack = first.into_iter().next().unwrap().handle.ack();
        ack.await.unwrap();
        assert_eq!(ids(&puller.next().await), ["second"]);
        assert!(cut.elapsed() < Duration::from_mins(1), "{:?} without a stream", cut.elapsed());
        timeout(Duration::from_secs(5), async {
            while server.log().acked() != ["first"] {
                sleep(Duration::from_millis(100)).await;
            }
        })
        .await
        .expect("the ack comes over the new connection");
    }
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_only_slow_keeps_its_stream() {
    let clock = run_the_clock();
    // Heartbeats, and then none for 20 s although pings ask for them.
    let slow = |_| {
        let mut steps = vec![];
        for pause in [1, 20, 1, 40, 19, 20] {
            steps.extend([heartbeat(), Step::Wait(Duration::from_secs(pause))]);
        }
        steps.push(Step::Send(messages(["late"])));
        steps
    };
    let server = Pulls::start(slow, all_ok).await.unwrap();
    let mut puller = puller(server.addr(), LEASE).await;
    assert_eq!(ids(&puller.next().await), ["late"]);
    assert_eq!(server.log().opened.len(), 1);
    assert!(server.log().pings >= 4);
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_sends_no_heartbeats_is_asked_by_a_call_and_any_answer_will_do() {
    let clock = run_the_clock();
    let denied = |call: &Unary| match call {
        Unary::GetSubscription => Answer::Refuse(Status::permission_denied("viewers only")),
        _ => Answer::Ok,
    };
    let server =
        Pulls::start(|_| vec![Step::Wait(Duration::from_mins(3)), Step::Send(messages(["late"]))], denied);
    let server = server.await.unwrap();
    let mut puller = puller(server.addr(), LEASE).await;
    assert_eq!(ids(&puller.next().await), ["late"]);
    assert_eq!(server.log().opened.len(), 1);
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn leases_are_extended_when_due_until_they_are_long_enough() {
    let clock = run_the_clock();
    let server = Pulls::start(|_| vec![Step::Send(messages(["a", "b"]))], all_ok).await.unwrap();
    let mut puller = puller(server.addr(), Duration::from_mins(5)).await;
    let started = Instant::now();
    let mut held = puller.next().await;
    sleep(Duration::from_secs(50)).await;
    held.pop().unwrap().handle.ack().await.unwrap();
    sleep(Duration::from_mins(9)).await;
    let extended = server.log().extended();
    assert_eq!(extended[0].1, ["a", "b"]);
    assert!(extended[1..].iter().all(|(_, ids)| ids == &["a"]), "{extended:?}");
    for (at, (seen, _)) in extended.iter().enumerate() {
        let due = Duration::from_secs(40) * (at as u32 + 1);
        let seen = *seen - started;
        assert!(seen + Duration::from_secs(6) > due && seen < due + Duration::from_secs(5), "{at}: {seen:?}");
    }
    assert_eq!(extended.len(), 6, "the last is at 240 s, for a minute");
    assert_eq!(server.log().acked(), ["b"]);
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_fails_is_tried_again_and_one_of_an_unknown_id_is_not() {
    let clock = run_the_clock();
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let answer = move |call: &Unary| match call {
        Unary::Modify(_, 1..) => match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Answer::Refuse(Status::unavailable("not now")),
            1 => Answer::Ok,
            _ => Answer::Refuse(Status::not_found("no such id")),
        },
        _ => Answer::Ok,
    };
    let server = Pulls::start(|_| vec![Step::Send(messages(["a"]))], answer).await.unwrap();
    let mut puller = puller(server.addr(), Duration::from_hours(1)).await;
    let started = Instant::now();
    let held = puller.next().await;
    sleep(Duration::from_mins(10)).await;
    let extended = server.log().extended();
    assert_eq!(extended.len(), 1);
    let asked = asked.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(asked, 3, "once it is refused for good nothing is asked again");
    assert!(extended[0].0 - started < Duration::from_secs(50), "well within the lease");
    drop(held);
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn acks_that_fail_are_sent_until_they_are_taken() {
    let clock = run_the_clock();
    let started = Instant::now();
    let answer = move |call: &Unary| match call {
        Unary::Acknowledge(_) if started.elapsed() < Duration::from_secs(30) => {
            Answer::Refuse(Status::unavailable("down"))
        }
        _ => Answer::Ok,
    };
    let server = Pulls::start(|_| vec![Step::Send(messages(["a", "b"]))], answer).await.unwrap();
    let mut puller = puller(server.addr(), LEASE).await;
    for received in puller.next().await {
        received.handle.ack().await.unwrap();
    }
    assert!(puller.streams.closed(Duration::from_mins(1)).await);
    assert_eq!(server.log().acked(), ["a", "b"]);
    clock.abort();
}

#[tokio::test]
async fn a_stop_gives_back_what_is_held_and_what_still_comes() {
    let streams =
        |_| vec![Step::Send(messages(["held", "acked"])), Step::Flood(50, Duration::from_millis(10))];
    let server = Pulls::start(streams, all_ok).await.unwrap();
    let Puller { streams, mut messages } = puller(server.addr(), LEASE).await;
    let mut first = messages.recv().await.unwrap().unwrap();
    let acked = first.pop().unwrap();
    streams.stop();
    sleep(Duration::from_millis(100)).await;
    drop((first, messages));
    acked.handle.ack().await.unwrap();
    assert!(streams.closed(Duration::from_secs(5)).await);
    let log = server.log();
    assert_eq!(log.half_closed, 1);
    assert_eq!(log.acked(), ["acked"]);
    let mut nacked = log.nacked();
    nacked.sort_unstable();
    nacked.dedup();
    assert_eq!(nacked.len(), 51, "the one held, and all that came after the stop");
}

#[tokio::test]
async fn a_hundred_thousand_held_messages_are_given_back_in_calls_of_at_most_2500_ids() {
    let ids: Vec<_> = (0..100_000).map(|number| format!("{number:0176}")).collect();
    let chunks: Vec<_> =
        ids.chunks(1_000).map(|chunk| Step::Send(messages(chunk.iter().map(String::as_str)))).collect();
    let server = Pulls::start(move |_| chunks.clone(), all_ok).await.unwrap();
    let Puller { streams, mut messages } = puller(server.addr(), LEASE).await;
    let mut held = vec![];
    while held.len() < ids.len() {
        held.extend(messages.recv().await.unwrap().unwrap());
    }
    drop((held, messages));
    assert!(streams.closed(Duration::from_secs(20)).await);
    let log = server.log();
    assert_eq!(log.nacked().len(), ids.len());
    let largest = log.calls.iter().map(|(_, call)| match call {
        Unary::Modify(ids, _) => ids.len(),
        _ => 0,
    });
    assert_eq!(largest.max(), Some(2_500));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_although_the_server_answers_nothing() {
    let clock = run_the_clock();
    let server = Pulls::start(|_| vec![Step::Send(messages(["a"]))], |_| Answer::Hang).await.unwrap();
    let mut puller = puller(server.addr(), LEASE).await;
    drop(puller.next().await);
    let begin = Instant::now();
    drop(puller.messages);
    assert!(!puller.streams.closed(Duration::from_secs(3)).await, "the nack is not confirmed");
    assert!(begin.elapsed() < Duration::from_secs(4));
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn a_check_is_answered_only_by_a_server_that_is_there() {
    let clock = run_the_clock();
    let server = Pulls::start(|_| vec![heartbeat()], all_ok).await.unwrap();
    let relay = Relay::start(server.addr()).await.unwrap();
    let puller = puller(relay.addr(), LEASE).await;
    let begin = Instant::now();
    timeout(Duration::from_secs(5), puller.streams.check()).await.unwrap();
    // On a stream that has only just opened, messages may be on their way.
    assert!(begin.elapsed() > Duration::from_millis(800), "{:?}", begin.elapsed());
    relay.quieten();
    assert!(timeout(Duration::from_secs(10), puller.streams.check()).await.is_err());
    timeout(Duration::from_mins(1), puller.streams.check()).await.expect("on a new connection");
    clock.abort();
}

#[tokio::test]
async fn an_ack_on_an_exactly_once_subscription_is_told_by_id() {
    use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::streaming_pull_response::SubscriptionProperties;
    use tonic_types::{ErrorDetails, StatusExt};
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let answer = move |call: &Unary| match call {
        Unary::Acknowledge(_) if tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => {
            let reasons = [
                ("gone", "PERMANENT_FAILURE_INVALID_ACK_ID"),
                ("later", "TRANSIENT_FAILURE_SERVICE_UNAVAILABLE"),
            ]
            .map(|(id, reason)| (id.to_owned(), reason.to_owned()));
            let details = ErrorDetails::with_error_info("", "pubsub.googleapis.com", reasons);
            Answer::Refuse(Status::with_error_details(Code::FailedPrecondition, "some ids", details))
        }
        _ => Answer::Ok,
    };
    let streams = |_| {
        let exactly_once =
            SubscriptionProperties { exactly_once_delivery_enabled: true, ..Default::default() };
        let mut response = messages(["done", "gone", "later"]);
        response.subscription_properties = Some(exactly_once);
        vec![Step::Send(response)]
    };
    let server = Pulls::start(streams, answer).await.unwrap();
    let mut puller = puller(server.addr(), LEASE).await;
    let acks = puller.next().await.into_iter().map(|received| received.handle.ack());
    let results = futures_util::future::join_all(acks).await;
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(server.log().acked(), ["later"], "at the second attempt");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_idle_streams_is_no_trouble_and_one_that_is_gone_is() {
    let clock = run_the_clock();
    let is_gone = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let gone = is_gone.clone();
    let streams = move |_| {
        if gone.load(std::sync::atomic::Ordering::Relaxed) {
            return vec![Step::End(Status::unavailable("gone"))];
        }
        vec![Step::Wait(Duration::from_secs(4)), Step::End(Status::unavailable("idle"))]
    };
    let server = Pulls::start(streams, all_ok).await.unwrap();
    let puller = puller(server.addr(), LEASE).await;
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        let health = puller.streams.health();
        let silence = health.heard.elapsed();
        assert!(
            health.trouble.is_none() || silence < Duration::from_secs(6),
            "{:?}, {silence:?}",
            health.trouble
        );
    }
    is_gone.store(true, std::sync::atomic::Ordering::Relaxed);
    sleep(Duration::from_secs(30)).await;
    let health = puller.streams.health();
    assert!(health.trouble.is_some() && health.heard.elapsed() > Duration::from_secs(15), "{health:?}");
    clock.abort();
}
