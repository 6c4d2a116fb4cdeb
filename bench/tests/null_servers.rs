//! Both stages and the bench itself against the null servers, with little data.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use emulator::proto::pubsub::PubsubMessage;
use fakes::null::{NullBigtable, NullPubsub};
use gcp::Project;
use gcp::bigtable::{self, Bigtable};
use gcp::pubsub::{self, Pubsub};
use generator::{Config, Generator};
use producer::{Batch, Generation, Publishing};
use prost::Message;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const RECORDS: u64 = 3_000;

#[derive(Debug, clap::Args)]
struct ProducerFlags {
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    publishing: Publishing,
    #[command(flatten)]
    batch: Batch,
}

fn messages() -> Vec<PubsubMessage> {
    let generator = Generator::new(Config { num_records: RECORDS, ..Config::default() }).unwrap();
    let message = |index| PubsubMessage {
        data: generator.payment(index).encode_to_vec(),
        publish_time: Some(prost_types::Timestamp { seconds: 1_790_000_000, nanos: 0 }),
        ..Default::default()
    };
    (0..RECORDS).map(message).collect()
}

async fn connect_pubsub(addr: SocketAddr) -> Pubsub {
    let args = pubsub::Args { pubsub_emulator_host: Some(addr.to_string()) };
    Pubsub::connect(&args, &Project::default()).await.unwrap()
}

async fn connect_bigtable(addr: SocketAddr) -> Bigtable {
    let args = bigtable::Args { instance: "payments".into(), bigtable_emulator_host: Some(addr.to_string()) };
    Bigtable::connect(&args, &Project::default(), 2).await.unwrap()
}

/// Runs a sink in the background; it drains when the token is cancelled.
async fn start_sink(
    pubsub: &NullPubsub,
    bigtable: &NullBigtable,
    flags: &[&str],
    shutdown: CancellationToken,
) -> tokio::task::JoinHandle<Result<(), sink::Error>> {
    let options = service::cli::flags(flags).unwrap();
    let (pubsub, bigtable) = (connect_pubsub(pubsub.addr()).await, connect_bigtable(bigtable.addr()).await);
    tokio::spawn(async move { sink::run(&options, &pubsub, &bigtable, Arc::default(), shutdown).await })
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), wait).await.is_ok(), "not within 30 s: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_writes_each_message_to_each_table_once_and_acks_it() {
    let pubsub = NullPubsub::start(messages(), RECORDS).await.unwrap();
    let bigtable = NullBigtable::start().await.unwrap();
    let shutdown = CancellationToken::new();
    let flags = ["--max-pane-age", "100ms", "--pane-rows", "700"];
    let sink = start_sink(&pubsub, &bigtable, &flags, shutdown.clone()).await;
    until("all acked", || pubsub.counts().acked == RECORDS).await;
    shutdown.cancel();
    sink.await.unwrap().unwrap();
    let counts = pubsub.counts();
    assert_eq!((counts.delivered, counts.nacked, counts.outstanding), (RECORDS, 0, 0));
    let rows = bigtable.rows();
    let tables: Vec<_> = rows.keys().map(|name| name.rsplit('/').next().unwrap()).collect();
    assert_eq!(tables, ["payments_by_customer", "payments_by_date", "payments_by_transaction"]);
    assert!(rows.values().all(|&count| count == RECORDS), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_whose_bigtable_hangs_acks_nothing_and_stops_pulling() {
    // Delivered over and over: without limits the sink would pull for ever.
    let pubsub = NullPubsub::start(messages(), u64::MAX).await.unwrap();
    let bigtable = NullBigtable::start_hanging().await.unwrap();
    let shutdown = CancellationToken::new();
    let flags = ["--max-memory", "16MiB", "--max-pane-age", "100ms", "--grace-period", "100ms"];
    let sink = start_sink(&pubsub, &bigtable, &flags, shutdown.clone()).await;
    until("something delivered", || pubsub.counts().delivered > 1_000).await;
    let mut seen = 0;
    while pubsub.counts().delivered > seen {
        seen = pubsub.counts().delivered;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(seen <= 8_192, "{seen} messages are out, though 16 MiB have room for 8192 of the smallest");
    assert_eq!((pubsub.counts().acked, bigtable.rows().len()), (0, 0));
    bigtable.answer();
    until("acked once Bigtable answers", || pubsub.counts().acked >= seen).await;
    shutdown.cancel();
    // Its messages never end, so what it has when it is stopped may go back.
    let _ = sink.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_publishes_each_payment_once() {
    let pubsub = NullPubsub::start(Vec::new(), 0).await.unwrap();
    let flags = service::cli::flags::<ProducerFlags>(["--num-records", "3000"]).unwrap();
    let generator = flags.generation.generator().unwrap();
    let client = connect_pubsub(pubsub.addr()).await;
    let outcome = producer::run(
        generator,
        &flags.publishing,
        &flags.batch,
        &client,
        Arc::default(),
        CancellationToken::new(),
    )
    .await;
    assert!(outcome.unwrap().is_complete());
    assert_eq!(pubsub.counts().published, RECORDS);
}

#[test]
fn every_comparison_runs() {
    for args in [
        &["write", "--records", "1500", "--rounds", "1"][..],
        &["write", "--records", "1500", "--rounds", "2", "--payload", "lean"],
        &["sink", "--records", "1500", "--rounds", "1", "--", "--pane-rows", "500"],
        &["producer", "--records", "1500", "--rounds", "1", "--", "--num-customers", "10"],
        &["stall", "--records", "1500", "--hang", "100ms"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_bench")).args(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {text}{errors}");
        assert!(text.contains("peak memory"), "{args:?}: {text}");
    }
}

#[test]
fn a_flag_that_the_sink_refuses_fails_the_comparison() {
    let args = ["sink", "--records", "10", "--rounds", "1", "--", "--max-memory", "1KiB"];
    let output = Command::new(env!("CARGO_BIN_EXE_bench")).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--max-memory"));
}
