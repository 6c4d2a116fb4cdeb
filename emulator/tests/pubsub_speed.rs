//! The cost of a million messages for the server and for a client with generated stubs. The server runs in a process of
//! its own, so that the two are measured apart:
//! `cargo test --release -p emulator --test pubsub_speed -- --ignored --nocapture a_million`

#![allow(clippy::print_stdout, reason = "figures for whoever runs the test")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pubsub_support;

use emulator::proto::pubsub::{
    AcknowledgeRequest, PublishRequest, PubsubMessage, StreamingPullRequest, Subscription,
};
use pubsub_support::{Client, SUBSCRIPTION, TOPIC, start};
use service::usage::Usage;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tokio::task::JoinSet;

const PAYLOAD_BYTES: usize = 700;
const BATCH: usize = 1000;
const PUBLISHERS: usize = 4;
const STREAMS: usize = 4;

fn messages() -> usize {
    std::env::var("MESSAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000_000)
}

/// The other process: serves until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the measurement"]
async fn serve() {
    let Ok(dir) = std::env::var("PUBSUB_SPEED_DIR") else { return };
    let server = start(dir.as_ref()).await;
    println!("\nlistening http://{}", server.addr());
    std::future::pending::<()>().await;
}

struct ServerProcess {
    child: Child,
    endpoint: String,
}

impl ServerProcess {
    fn start(dir: &std::path::Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "serve"])
            .env("PUBSUB_SPEED_DIR", dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let endpoint = lines.find_map(|line| line.strip_prefix("listening ").map(str::to_owned));
        // Keeps the pipe open and empty.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, endpoint: endpoint.unwrap() }
    }

    fn usage(&self) -> Usage {
        Usage::of(self.child.id()).unwrap()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Runs a step and prints what it cost.
async fn measure(name: &str, server: &ServerProcess, step: impl Future<Output = ()>) {
    let (started, server_before, client_before) = (Instant::now(), server.usage(), Usage::own().unwrap());
    step.await;
    let (secs, now, client) = (started.elapsed().as_secs_f64(), server.usage(), Usage::own().unwrap());
    let millions = messages() as f64 / 1e6;
    println!(
        "{name:8} {:7.0}/s  server {:.2} client {:.2} CPU s per million  server {} MiB, at most {}",
        messages() as f64 / secs,
        (now.cpu.as_secs_f64() - server_before.cpu.as_secs_f64()) / millions,
        (client.cpu.as_secs_f64() - client_before.cpu.as_secs_f64()) / millions,
        now.memory_bytes >> 20,
        now.peak_bytes >> 20,
    );
}

async fn publish(endpoint: String, batches: usize) {
    let mut client = Client::to(&endpoint).await.publisher;
    for _ in 0..batches {
        let message = PubsubMessage { data: vec![b'x'; PAYLOAD_BYTES], ..PubsubMessage::default() };
        let request = PublishRequest { topic: TOPIC.to_owned(), messages: vec![message; BATCH] };
        client.publish(request).await.unwrap();
    }
}

async fn consume(endpoint: String, left: std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use std::sync::atomic::Ordering::Relaxed;
    let client = Client::to(&endpoint).await;
    let first = StreamingPullRequest { max_outstanding_messages: 10_000, ..Default::default() };
    let mut pull = client.stream_with(first).await.unwrap();
    let mut acks = JoinSet::new();
    while left.load(Relaxed) > 0 {
        let next = tokio::time::timeout(std::time::Duration::from_millis(200), pull.next()).await;
        let Ok(response) = next else { continue };
        let ack_ids: Vec<String> =
            response.unwrap().received_messages.into_iter().map(|m| m.ack_id).collect();
        left.fetch_sub(ack_ids.len(), Relaxed);
        let mut subscriber = client.subscriber.clone();
        let request = AcknowledgeRequest { subscription: SUBSCRIPTION.to_owned(), ack_ids };
        acks.spawn(async move { subscriber.acknowledge(request).await.unwrap() });
    }
    while let Some(ack) = acks.join_next().await {
        ack.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_million_messages() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path());
    let client = Client::to(&server.endpoint).await;
    client.create_topic(TOPIC).await.unwrap();
    client.subscribe(Subscription::default()).await.unwrap();
    measure("publish", &server, async {
        let mut tasks = JoinSet::new();
        for _ in 0..PUBLISHERS {
            tasks.spawn(publish(server.endpoint.clone(), messages() / BATCH / PUBLISHERS));
        }
        tasks.join_all().await;
    })
    .await;
    let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(
        messages() / BATCH / PUBLISHERS * BATCH * PUBLISHERS,
    ));
    measure("consume", &server, async {
        let mut tasks = JoinSet::new();
        for _ in 0..STREAMS {
            tasks.spawn(consume(server.endpoint.clone(), left.clone()));
        }
        tasks.join_all().await;
    })
    .await;
    measure("idle 12 s", &server, tokio::time::sleep(std::time::Duration::from_secs(12))).await;
    let disk = std::process::Command::new("du").args(["-sm", dir.path().to_str().unwrap()]).output().unwrap();
    println!("disk: {}", String::from_utf8_lossy(&disk.stdout));
}
