//! The whole sink while one table is down.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fakes::scripted::writes::{self, Call, Reply};
use gcp::bigtable::Bigtable;
use gcp::pubsub::Pubsub;
use gcp::{Project, bigtable, pubsub};
use generator::{Config, Generator};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    PublishRequest, PubsubMessage, Subscription, Topic,
};
use parking_lot::Mutex;
use prost::Message;
use schemas::layout::{KeySuffix, Table, row_key};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const PAYMENTS: u64 = 2_000;
const OUTAGE: Duration = Duration::from_mins(1);
const DOWN: Table = Table::ByDate;

/// By table: each row key with the bodies that were confirmed under it.
type Rows = Arc<Mutex<BTreeMap<String, BTreeMap<Vec<u8>, HashSet<Vec<u8>>>>>>;

/// Moves tokio's clock: a tenth of a second for every two milliseconds, in which sockets have their time.
///
/// A paused clock of its own accord jumps to the next timer whenever all tasks wait, also where they wait for a socket.
async fn run_the_clock() {
    loop {
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(2))).await.unwrap();
        tokio::time::advance(Duration::from_millis(100)).await;
    }
}

/// Confirms and remembers rows, but for those of [`DOWN`] while it is down.
fn answer(call: &Call, rows: &Rows, down: &AtomicBool) -> Reply {
    let table = call.request.table_name.rsplit('/').next().unwrap();
    if table == DOWN.id() && down.load(Ordering::Relaxed) {
        return Reply::Refuse(tonic::Status::unavailable("down"));
    }
    let mut rows = rows.lock();
    let rows = rows.entry(table.to_owned()).or_default();
    for entry in &call.request.entries {
        let body = entry.mutations.iter().flat_map(Message::encode_to_vec).collect();
        rows.entry(entry.row_key.clone()).or_default().insert(body);
    }
    Reply::ok(call)
}

async fn publish(pubsub: &Pubsub, generator: &Generator, payments: u64) {
    let mut topics = pubsub.topics();
    for id in ["payments", "payments-dead-letter"] {
        topics.create_topic(Topic { name: pubsub.topic_name(id), ..Topic::default() }).await.unwrap();
    }
    for (id, topic) in [("payments-sink", "payments"), ("letters", "payments-dead-letter")] {
        let (name, topic) = (pubsub.subscription_name(id), pubsub.topic_name(topic));
        let subscription = Subscription { name, topic, ..Subscription::default() };
        pubsub.subscriptions().create_subscription(subscription).await.unwrap();
    }
    let message =
        |index| PubsubMessage { data: generator.payment(index).encode_to_vec(), ..PubsubMessage::default() };
    for start in (0..payments).step_by(500) {
        let messages = (start..start + 500).map(message).collect();
        topics.publish(PublishRequest { topic: pubsub.topic_name("payments"), messages }).await.unwrap();
    }
}

/// On a clock that runs many times faster than the real one.
#[tokio::test(start_paused = true)]
async fn while_one_table_is_down_nothing_is_acked_and_afterwards_no_row_is_missing_or_extra() {
    let clock = tokio::spawn(run_the_clock());
    let (rows, down) = (Rows::default(), Arc::new(AtomicBool::new(true)));
    let (record, state) = (rows.clone(), down.clone());
    let tables = writes::start(move |call| answer(call, &record, &state)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = emulator::pubsub::Server::start(listener, emulator::pubsub::Options::new(folder.path()));
    let server = server.await.unwrap();
    let args = pubsub::Args { pubsub_emulator_host: Some(server.addr().to_string()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
    let host = Some(tables.addr().to_string());
    let args = bigtable::Args { bigtable_emulator_host: host, ..bigtable::Args::default() };
    let bigtable = Bigtable::connect(&args, &Project::default(), 2).await.unwrap();
    let generator = Generator::new(Config { num_records: PAYMENTS, ..Config::default() }).unwrap();
    publish(&pubsub, &generator, PAYMENTS).await;

    let (progress, stop) = (Arc::new(sink::Progress::default()), CancellationToken::new());
    let unacked = || server.stats(&pubsub.subscription_name("payments-sink")).unwrap().unacked;
    let (counts, token) = (progress.clone(), stop.clone());
    let (service, database) = (pubsub.clone(), bigtable.clone());
    let options = sink::Options {
        max_pane_age: Some(Duration::from_secs(1)),
        pane_rows: 300,
        request_rows: 50,
        ..sink::Options::default()
    };
    let sink = tokio::spawn(async move { sink::run(&options, &service, &database, counts, token).await });

    let begin = Instant::now();
    while begin.elapsed() < OUTAGE {
        assert_eq!(unacked(), PAYMENTS, "nothing is acked {:?} into the outage", begin.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    for table in Table::ALL {
        let written = rows.lock().get(table.id()).map_or(0, BTreeMap::len);
        assert_eq!(written, if table == DOWN { 0 } else { PAYMENTS as usize }, "{table:?}");
    }
    down.store(false, Ordering::Relaxed);
    while unacked() > 0 {
        assert!(begin.elapsed() < 5 * OUTAGE, "{} messages are never acked", unacked());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    stop.cancel();
    sink.await.unwrap().unwrap();

    for table in Table::ALL {
        let rows = rows.lock()[table.id()].clone();
        let expected: Vec<_> = {
            let mut keys: Vec<_> = (0..PAYMENTS)
                .map(|index| row_key(&generator.payment(index), table, KeySuffix::None))
                .collect();
            keys.sort_unstable();
            keys
        };
        assert!(rows.keys().eq(&expected), "{table:?} has other rows than were published");
        assert!(rows.values().all(|bodies| bodies.len() == 1), "a row of {table:?} was written in two ways");
    }
    assert_eq!(progress.acked.get(), PAYMENTS);
    assert!(progress.retries.get() > 0);
    clock.abort();
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_logged_with_its_window_its_pane_and_its_table_and_a_row_that_goes_back_with_its_answer() {
    let (refused, lost) = (AtomicBool::new(false), AtomicBool::new(false));
    let tables = writes::start(move |call| {
        if call.request.table_name.ends_with(Table::ByCustomer.id()) && !lost.swap(true, Ordering::Relaxed) {
            let code = |at| if at == 0 { tonic::Code::DataLoss } else { tonic::Code::Ok };
            return Reply::entries((0..call.request.entries.len() as i64).map(|at| (at, code(at))));
        }
        if call.request.table_name.ends_with(DOWN.id()) && !refused.swap(true, Ordering::Relaxed) {
            return Reply::Refuse(tonic::Status::unavailable("down"));
        }
        Reply::ok(call)
    });
    let tables = tables.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = emulator::pubsub::Server::start(listener, emulator::pubsub::Options::new(folder.path()));
    let server = server.await.unwrap();
    let host = server.addr().to_string();
    let args = pubsub::Args { pubsub_emulator_host: Some(host.clone()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
    publish(&pubsub, &Generator::new(Config::default()).unwrap(), 500).await;

    let mut sink = Command::new(env!("CARGO_BIN_EXE_sink"));
    sink.args(["--max-pane-age=200ms", "--exit-when-idle=3s", "--log-format=json"])
        .arg(format!("--pubsub-emulator-host={host}"))
        .arg(format!("--bigtable-emulator-host={}", tables.addr()))
        .env("RUST_LOG", "sink=debug");
    let output = tokio::task::spawn_blocking(move || sink.output()).await.unwrap().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines = |message| lines.iter().filter(move |line| line["message"] == message);

    let retry = lines("writing again").next().unwrap();
    let field = |name| retry["spans"].as_array().unwrap().iter().find_map(|span| span.get(name)).unwrap();
    assert_eq!(field("table"), DOWN.id());
    assert!(field("pane").as_u64().is_some_and(|number| number > 0), "{retry}");
    assert!(lines("window done").any(|report| report["window"] == *field("window")), "{log}");
    let back = lines("rows are not confirmed; their messages go back").next().unwrap();
    assert_eq!(back["rows"], 1);
    assert_eq!(back["answer"], "DataLoss: scripted DataLoss");
    server.shutdown().await.unwrap();
}
