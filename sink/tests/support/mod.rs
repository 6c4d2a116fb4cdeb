//! A Pub/Sub that keeps what it is given, tables that answer as a test says, and the real binary between them.

use fakes::scripted::Server as Tables;
use fakes::scripted::writes::{self, Call, Reply};
use gcp::pubsub::Pubsub;
use gcp::{Project, pubsub};
use generator::{Config, Generator};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    PublishRequest, PubsubMessage, Subscription, Topic,
};
use prost::Message;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const SUBSCRIPTION: &str = "projects/local/subscriptions/payments-sink";

pub struct Scene {
    pub server: emulator::pubsub::Server,
    pub pubsub: Pubsub,
    pub tables: Tables,
    pub generator: Generator,
    _folder: TempDir,
}

impl Scene {
    pub async fn new(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = emulator::pubsub::Server::start(listener, emulator::pubsub::Options::new(folder.path()));
        let server = server.await.unwrap();
        let args = pubsub::Args { pubsub_emulator_host: Some(server.addr().to_string()) };
        let pubsub = Pubsub::connect(&args, &Project::default()).await.unwrap();
        let mut topics = pubsub.topics();
        for id in ["payments", "payments-dead-letter"] {
            topics.create_topic(Topic { name: pubsub.topic_name(id), ..Topic::default() }).await.unwrap();
        }
        for (id, topic) in [("payments-sink", "payments"), ("letters", "payments-dead-letter")] {
            let (name, topic) = (pubsub.subscription_name(id), pubsub.topic_name(topic));
            let subscription = Subscription { name, topic, ..Subscription::default() };
            pubsub.subscriptions().create_subscription(subscription).await.unwrap();
        }
        let tables = writes::start(script).await.unwrap();
        let generator = Generator::new(Config::default()).unwrap();
        Self { server, pubsub, tables, generator, _folder: folder }
    }

    pub async fn publish(&self, payments: std::ops::Range<u64>) {
        let message = |index| PubsubMessage {
            data: self.generator.payment(index).encode_to_vec(),
            ..PubsubMessage::default()
        };
        for start in payments.clone().step_by(500) {
            let messages = (start..payments.end.min(start + 500)).map(message).collect();
            let request = PublishRequest { topic: self.pubsub.topic_name("payments"), messages };
            self.pubsub.topics().publish(request).await.unwrap();
        }
    }

    pub fn unacked(&self, id: &str) -> u64 {
        self.server.stats(&self.pubsub.subscription_name(id)).unwrap().unacked
    }

    pub fn outstanding(&self) -> u64 {
        self.server.stats(SUBSCRIPTION).unwrap().outstanding
    }

    /// The binary, with Pub/Sub at this address.
    pub fn sink_at(&self, pubsub: SocketAddr, flags: &[&str]) -> Sink {
        Sink::start(pubsub, self.tables.addr(), flags)
    }

    pub fn sink(&self, flags: &[&str]) -> Sink {
        self.sink_at(self.server.addr(), flags)
    }
}

/// The binary at work; killed when it is dropped.
pub struct Sink {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Sink {
    pub fn start(pubsub: SocketAddr, bigtable: SocketAddr, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sink"))
            .arg(format!("--pubsub-emulator-host={pubsub}"))
            .arg(format!("--bigtable-emulator-host={bigtable}"))
            .args(flags)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (log, lines) =
            (Arc::new(Mutex::new(Vec::new())), BufReader::new(child.stderr.take().unwrap()).lines());
        let sink = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                sink.lock().unwrap().push(line);
            }
        });
        Self { child, log, reader: Some(reader) }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Lines with all of these words.
    pub fn lines(&self, words: &[&str]) -> usize {
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    /// The most memory that it has had, in MiB.
    pub fn peak_memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
    }

    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; the exit code and how long it took.
    pub async fn end(&mut self, limit: Duration) -> (Option<i32>, Duration) {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // The rest of the log.
                self.reader.take().map(std::thread::JoinHandle::join);
                return (status.code(), begin.elapsed());
            }
            assert!(begin.elapsed() < limit, "still running after {limit:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGTERM, and the end that follows.
    pub async fn stop(&mut self, limit: Duration) -> (Option<i32>, Duration) {
        self.signal("-TERM");
        self.end(limit).await
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it holds, at most so long.
pub async fn wait(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}
