//! A set-up pipeline on a backend, with both stages in this process.

use crate::{Backend, Running, programs};
use gcp::Project;
use gcp::bigtable::Bigtable;
use gcp::pubsub::Pubsub;
use generator::Generator;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use payments::setup;
use producer::{Batch, Generation, Publishing};
use service::cli::flags as flags_of;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Flags of a producer.
#[derive(Debug, clap::Args)]
pub struct ProducerFlags {
    #[command(flatten)]
    pub generation: Generation,
    #[command(flatten)]
    pub publishing: Publishing,
    #[command(flatten)]
    pub batch: Batch,
}

/// How one of the operator's commands ended, and what it wrote.
#[derive(Debug)]
pub struct Ended {
    pub result: anyhow::Result<()>,
    pub out: String,
    pub notes: String,
}

impl Ended {
    pub fn of(result: anyhow::Result<()>, out: Vec<u8>, notes: Vec<u8>) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { result, out: text(out), notes: text(notes) }
    }

    /// The report, where it was asked for as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("the report is JSON")
    }

    /// What the command refused, or left undone.
    pub fn error(&self) -> String {
        self.result.as_ref().expect_err("the command must not succeed").to_string()
    }

    /// Whether the process would end with exit code 2.
    pub fn is_configuration(&self) -> bool {
        self.result
            .as_ref()
            .is_err_and(|error| error.chain().any(<dyn std::error::Error>::is::<service::Error>))
    }
}

pub struct Pipeline {
    pub backend: Backend,
    pub setup: setup::Args,
    pub pubsub: Pubsub,
    pub bigtable: Bigtable,
}

impl Pipeline {
    /// Connects to the backend and creates topics, subscriptions and tables.
    pub async fn set_up(backend: Backend) -> anyhow::Result<Self> {
        let pipeline = Self::connect(backend).await?;
        setup::verdict(&setup::run(&pipeline.setup).await?)?;
        Ok(pipeline)
    }

    /// As [`Pipeline::set_up`], with keys that end in the transaction id.
    pub async fn with_suffix(backend: Backend) -> anyhow::Result<Self> {
        let mut pipeline = Self::connect(backend).await?;
        pipeline.setup.row_key_suffix = Some(sink::Suffix::TransactionId);
        setup::verdict(&setup::run(&pipeline.setup).await?)?;
        Ok(pipeline)
    }

    /// Connects to the backend; nothing is created.
    pub async fn connect(backend: Backend) -> anyhow::Result<Self> {
        let setup: setup::Args = flags_of([
            "--pubsub-emulator-host",
            &backend.pubsub_addr().to_string(),
            "--bigtable-emulator-host",
            &backend.bigtable_addr().to_string(),
        ])?;
        let pubsub = Pubsub::connect(&setup.pubsub, &Project::default()).await?;
        let bigtable = Bigtable::connect(&setup.bigtable, &Project::default(), 2).await?;
        Ok(Self { backend, setup, pubsub, bigtable })
    }

    /// One of the binaries, pointed at this pipeline's servers.
    pub fn command(&self, program: &str) -> Command {
        let mut command = programs::command(program);
        command
            .env("PUBSUB_EMULATOR_HOST", self.backend.pubsub_addr().to_string())
            .env("BIGTABLE_EMULATOR_HOST", self.backend.bigtable_addr().to_string());
        command
    }

    /// Starts one of the binaries on this pipeline's servers.
    pub fn start(&self, program: &str, args: &[&str]) -> anyhow::Result<Running> {
        Running::spawn(self.command(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// Publishes as `producer FLAGS` would.
    pub async fn produce(&self, flags: &[&str]) -> anyhow::Result<Arc<Generator>> {
        let flags: ProducerFlags = flags_of(flags)?;
        let generator = flags.generation.generator()?;
        producer::run(
            generator.clone(),
            &flags.publishing,
            &flags.batch,
            &self.pubsub,
            Arc::default(),
            CancellationToken::new(),
        )
        .await?;
        Ok(generator)
    }

    /// Consumes as `sink FLAGS` would, until idle; a flag to the contrary wins.
    pub async fn consume(&self, flags: &[&str]) -> Result<Arc<sink::Progress>, sink::Error> {
        let usual = ["--exit-when-idle", "1500ms", "--max-pane-age", "500ms", "--lease", "10s"];
        let options: sink::Options = flags_of([&usual, flags].concat()).expect("a test's flags are right");
        let progress = Arc::new(sink::Progress::default());
        sink::run(&options, &self.pubsub, &self.bigtable, progress.clone(), CancellationToken::new()).await?;
        Ok(progress)
    }

    /// The flags that point at this backend's Pub/Sub.
    pub fn pubsub_flags(&self) -> [String; 2] {
        ["--pubsub-emulator-host".to_owned(), self.backend.pubsub_addr().to_string()]
    }

    /// The flags that point at this backend's Bigtable.
    pub fn bigtable_flags(&self) -> [String; 2] {
        ["--bigtable-emulator-host".to_owned(), self.backend.bigtable_addr().to_string()]
    }

    /// Publishes messages as they are.
    pub async fn publish(&self, messages: Vec<proto::PubsubMessage>) -> anyhow::Result<()> {
        self.publish_to(&self.setup.names.topic, messages).await
    }

    /// Publishes messages to a topic as they are.
    pub async fn publish_to(&self, topic: &str, messages: Vec<proto::PubsubMessage>) -> anyhow::Result<()> {
        let request = proto::PublishRequest { topic: self.pubsub.topic_name(topic), messages };
        self.pubsub.topics().publish(request).await?;
        Ok(())
    }

    /// Pulls and acks `count` dead letters; fewer when no more come.
    pub async fn dead_letters(&self, count: usize) -> anyhow::Result<Vec<proto::PubsubMessage>> {
        let subscription = self.pubsub.subscription_name(&self.setup.names.dead_letter_topic);
        self.pull(&subscription, count).await
    }

    /// Pulls and acks messages until `count` have come or a pull comes back empty twice.
    pub async fn pull(&self, subscription: &str, count: usize) -> anyhow::Result<Vec<proto::PubsubMessage>> {
        let mut client = self.pubsub.subscriptions();
        let (mut messages, mut empty) = (Vec::new(), 0);
        while messages.len() < count && empty < 2 {
            let request = proto::PullRequest {
                subscription: subscription.to_owned(),
                max_messages: 1_000,
                ..Default::default()
            };
            let pull = tokio::time::timeout(std::time::Duration::from_secs(3), client.pull(request));
            let received = match pull.await {
                Ok(response) => response?.into_inner().received_messages,
                Err(_) => Vec::new(),
            };
            empty = if received.is_empty() { empty + 1 } else { 0 };
            let ack_ids = received.iter().map(|received| received.ack_id.clone()).collect::<Vec<_>>();
            if !ack_ids.is_empty() {
                let request = proto::AcknowledgeRequest { subscription: subscription.to_owned(), ack_ids };
                client.acknowledge(request).await?;
            }
            messages.extend(received.into_iter().filter_map(|received| received.message));
        }
        Ok(messages)
    }
}
