//! A whole producer against a Pub/Sub that answers as each test says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fakes::relay::Relay;
use fakes::scripted::publishes::{self, Reply};
use gcp::Project;
use gcp::pubsub::{Args, Pubsub};
use generator::Generator;
use producer::trickle::{self, Lives, Trickle};
use producer::{Batch, Error, Generation, Outcome, Progress, Publishing};
use prost::Message;
use schemas::Payment;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

#[derive(Default)]
struct Load {
    generation: Generation,
    publishing: Publishing,
    batch: Batch,
}

impl Load {
    fn of(num_records: u64) -> Self {
        Self { generation: Generation { num_records, ..Generation::default() }, ..Self::default() }
    }
}

/// How often each payment was sent, by id.
type Sent = BTreeMap<String, usize>;

struct Run {
    generator: Arc<Generator>,
    outcome: Result<Outcome, Error>,
    published: u64,
    /// In requests that were confirmed.
    confirmed: Sent,
    /// Messages in the largest request, and in all that arrived.
    largest: usize,
    arrived: usize,
}

/// Publishes as the options say; `answer` is asked for each call by its number, and none means all is well.
async fn publish(
    load: Load,
    shutdown: CancellationToken,
    answer: impl Fn(usize) -> Option<Reply> + Send + Sync + 'static,
) -> Run {
    let confirmed = Arc::new(Mutex::new(Sent::new()));
    let [largest, arrived] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let seen = (confirmed.clone(), largest.clone(), arrived.clone());
    let server = publishes::start(move |number, request| {
        assert_eq!(request.topic, "projects/local/topics/payments");
        seen.1.fetch_max(request.messages.len(), Ordering::Relaxed);
        seen.2.fetch_add(request.messages.len(), Ordering::Relaxed);
        if let Some(reply) = answer(number) {
            return reply;
        }
        let mut sent = seen.0.lock().unwrap();
        for message in &request.messages {
            assert_eq!(message.attributes["schema"], schemas::SCHEMA);
            let payment = Payment::decode(message.data.as_slice()).unwrap();
            *sent.entry(payment.payment_header.unwrap().payment_id).or_default() += 1;
        }
        Reply::Confirm(request.messages.len())
    })
    .await
    .unwrap();
    let args = Args { pubsub_emulator_host: Some(server.addr().to_string()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
    let generator = load.generation.generator().unwrap();
    let progress = Arc::new(Progress::default());
    let run =
        producer::run(generator.clone(), &load.publishing, &load.batch, &pubsub, progress.clone(), shutdown);
    let outcome = tokio::time::timeout(Duration::from_mins(1), run).await.expect("the run comes to an end");
    let confirmed = confirmed.lock().unwrap().clone();
    Run {
        generator,
        outcome,
        published: progress.published(),
        confirmed,
        largest: largest.load(Ordering::Relaxed),
        arrived: arrived.load(Ordering::Relaxed),
    }
}

fn refuse(code: Code, message: &str) -> Reply {
    Reply::Refuse(Status::new(code, message))
}

impl Run {
    fn confirmed_below(&self, index: u64) -> bool {
        (0..index).all(|index| self.confirmed.contains_key(&self.generator.payment_id(index)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transient_faults_are_tried_again_until_every_payment_is_confirmed_once() {
    let run = publish(Load::of(20_000), CancellationToken::new(), |number| match number {
        0 => Some(refuse(Code::Unavailable, "try later")),
        1 => Some(refuse(Code::ResourceExhausted, "quota")),
        2 => Some(refuse(Code::Internal, "odd")),
        3 => Some(Reply::Confirm(999)),
        4 => Some(Reply::Confirm(0)),
        _ => None,
    })
    .await;
    let outcome = run.outcome.as_ref().unwrap();
    assert!(outcome.is_complete() && run.confirmed_below(20_000));
    assert_eq!((run.published, run.largest), (20_000, 1_000));
    assert!(run.confirmed.len() == 20_000 && run.confirmed.values().all(|times| *times == 1));
}

/// Failures that no retry can mend: code, message, and a part of what is reported.
const PERMANENT: [(Code, &str, &str); 3] = [
    (Code::PermissionDenied, "no pubsub.topics.publish", "grant the caller roles/pubsub.publisher"),
    (Code::InvalidArgument, "the message is too large", "InvalidArgument: the message is too large"),
    (Code::NotFound, "gone", "topic projects/local/topics/payments does not exist"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_no_retry_can_mend_stops_the_run_with_one_line() {
    for (code, message, reported) in PERMANENT {
        let run =
            publish(Load::of(1_000_000), CancellationToken::new(), move |_| Some(refuse(code, message)))
                .await;
        let error = run.outcome.unwrap_err();
        assert!(matches!(error, Error::Setup(_)) && error.to_string().contains(reported), "{error}");
        assert!(run.published == 0 && run.arrived <= 40_000, "{}", run.arrived);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_retry_can_mend_under_way_is_told_with_the_place_to_go_on_from() {
    let fail = |number| (number >= 30).then(|| refuse(Code::PermissionDenied, "revoked"));
    let run = publish(Load::of(1_000_000), CancellationToken::new(), fail).await;
    let error = run.outcome.as_ref().unwrap_err();
    let Error::Refused { resume, .. } = *error else { panic!("{error}") };
    let reported = format!("go on with --start-index {resume}");
    assert!(
        error.to_string().contains("grant the caller") && error.to_string().contains(&reported),
        "{error}"
    );
    assert!((1..100_000).contains(&resume) && run.confirmed_below(resume), "{resume}");
    let exit = service::exit::report(&run.outcome.unwrap_err().into());
    assert_eq!(exit, service::exit::CONFIGURATION.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_cannot_be_kept_is_told_with_the_place_but_never_instead_of_a_failure() {
    for is_refused in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let batch = Batch { checkpoint: Some(folder.path().join("c")), ..Batch::default() };
        let gone = Mutex::new(Some(folder));
        let load = Load { batch, ..Load::of(20_000) };
        let run = publish(load, CancellationToken::new(), move |number| {
            drop(gone.lock().unwrap().take());
            (is_refused && number >= 5).then(|| refuse(Code::NotFound, "gone"))
        })
        .await;
        let error = run.outcome.unwrap_err();
        match &error {
            Error::Unsaved { resume: 20_000, .. } if !is_refused => {}
            Error::Setup(_) | Error::Refused { .. } if is_refused => {}
            _ => panic!("{is_refused}: {error}"),
        }
        let reported = if is_refused { "does not exist" } else { "below index 20000 is confirmed" };
        assert!(error.to_string().contains(reported), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_everything_below_the_place_to_go_on_from_is_confirmed() {
    let fail = |number| (number == 30).then(|| Reply::Refuse(Status::data_loss("a disk burns")));
    let run = publish(Load::of(1_000_000), CancellationToken::new(), fail).await;
    let Error::Unconfirmed { index, resume, ref reason, .. } = *run.outcome.as_ref().unwrap_err() else {
        panic!("{:?}", run.outcome)
    };
    assert!(
        resume == index && resume < 100_000 && reason.contains("a disk burns"),
        "{resume} {index} {reason}"
    );
    assert!(run.confirmed_below(resume) && !run.confirmed.contains_key(&run.generator.payment_id(index)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_service_is_given_so_many_messages_and_so_much_time() {
    let short = Publishing { publish_timeout: Duration::from_secs(1), ..Publishing::default() };
    let publishing = Publishing { max_in_flight: 750, ..short.clone() };
    let run =
        publish(Load { publishing, ..Load::of(100_000) }, CancellationToken::new(), |_| Some(Reply::Hang))
            .await;
    let error = run.outcome.unwrap_err().to_string();
    assert!(error.contains("no answer within") && error.contains("--start-index 0"), "{error}");
    assert_eq!((run.arrived, run.largest), (750, 750));

    let publishing = Publishing { max_in_flight_bytes: 100 << 10, ..short };
    let run =
        publish(Load { publishing, ..Load::of(100_000) }, CancellationToken::new(), |_| Some(Reply::Hang))
            .await;
    assert!(run.outcome.is_err() && (100..400).contains(&run.arrived), "{}", run.arrived);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_service_that_is_down() {
    let shutdown = CancellationToken::new();
    let (stop, started) = (shutdown.clone(), Instant::now());
    let run = publish(Load::of(100_000), shutdown, move |_| {
        stop.cancel();
        Some(Reply::Refuse(Status::unavailable("down")))
    })
    .await;
    let error = run.outcome.unwrap_err().to_string();
    assert!(error.contains("10 s of the stop") && error.contains("--start-index 0"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// Takes 40 s, as pings are rare: LONG_TESTS=1 asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_connections_have_died_without_a_word_goes_on_by_others_within_a_minute() {
    if !std::env::var("LONG_TESTS").is_ok_and(|value| value == "1") {
        eprintln!("skipped: LONG_TESTS=1 asks for it");
        return;
    }
    let relay: Arc<OnceLock<Relay>> = Arc::default();
    let way = relay.clone();
    let server = publishes::start(move |number, request| {
        if number == 5 {
            way.get().unwrap().quieten();
        }
        Reply::Confirm(request.messages.len())
    });
    let server = server.await.unwrap();
    relay.set(Relay::start(server.addr()).await.unwrap()).unwrap();
    let relay = relay.get().unwrap();
    let args = Args { pubsub_emulator_host: Some(relay.addr().to_string()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
    let Load { generation, publishing, batch } = Load::of(20_000);
    let generator = generation.generator().unwrap();
    let (progress, stop) = (Arc::new(Progress::default()), CancellationToken::new());
    let run = producer::run(generator, &publishing, &batch, &pubsub, progress, stop);
    let outcome = tokio::time::timeout(Duration::from_mins(1), run).await.expect("in time").unwrap();
    assert!(outcome.is_complete());
}

/// Trickles as the options say until it ends by itself.
async fn trickle(
    options: trickle::Options,
    answer: impl Fn(usize, usize) -> Reply + Send + Sync + 'static,
) -> Result<trickle::Outcome, trickle::Error> {
    let server = publishes::start(move |number, request| answer(number, request.messages.len()));
    let server = server.await.unwrap();
    let args = Args { pubsub_emulator_host: Some(server.addr().to_string()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
    let run = async { Trickle::new(options)?.run(&pubsub, Arc::default(), CancellationToken::new()).await };
    tokio::time::timeout(Duration::from_mins(1), run).await.expect("the run comes to an end")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_retry_can_mend_ends_a_trickle_with_one_line() {
    for (code, message, reported) in PERMANENT {
        // At first all is well.
        let answer = move |number, len| {
            if number < 3 { Reply::Confirm(len) } else { refuse(code, message) }
        };
        let duration = Some(Duration::from_secs(50));
        let options = trickle::Options { rate: "200/s".parse().unwrap(), duration, ..Default::default() };
        let error = trickle(options, answer).await.unwrap_err();
        assert!(matches!(error, trickle::Error::Setup(_)) && error.to_string().contains(reported), "{error}");
        assert_eq!(service::exit::report(&error.into()), service::exit::CONFIGURATION.into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trickle_tries_transient_faults_again_and_loses_nothing() {
    let answer = |number, len| match number {
        0 => refuse(Code::Unavailable, "try later"),
        1 => refuse(Code::ResourceExhausted, "quota"),
        2 => refuse(Code::Internal, "odd"),
        _ => Reply::Confirm(len),
    };
    let options = trickle::Options {
        rate: "200/s".parse().unwrap(),
        num_records: Some(200),
        lives: Lives { update_share: 0.0, ..Lives::default() },
        ..Default::default()
    };
    let outcome = trickle(options, answer).await.unwrap();
    assert_eq!((outcome.published, outcome.skipped), (200, 0));
}
