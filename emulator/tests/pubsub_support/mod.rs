//! A server on a free port, and the generated clients to it.
#![allow(dead_code, reason = "each test binary uses a part")]

use emulator::proto::pubsub::publisher_client::PublisherClient;
use emulator::proto::pubsub::subscriber_client::SubscriberClient;
use emulator::proto::pubsub::{
    AcknowledgeRequest, ModifyAckDeadlineRequest, PublishRequest, PubsubMessage, PullRequest,
    ReceivedMessage, StreamingPullRequest, StreamingPullResponse, Subscription, Topic,
};
use emulator::pubsub::{Options, Server, SubscriptionStats};
use std::path::Path;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};

pub const TOPIC: &str = "projects/p/topics/payments";
pub const SUBSCRIPTION: &str = "projects/p/subscriptions/sink";
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

pub async fn start(dir: &Path) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Server::start(listener, Options::new(dir)).await.unwrap()
}

/// A server with temporary data, and one connection to it.
pub struct Bed {
    pub server: Server,
    pub client: Client,
    pub dir: tempfile::TempDir,
}

impl Bed {
    /// With [`TOPIC`] and [`SUBSCRIPTION`].
    pub async fn new() -> Self {
        Self::with(Subscription::default()).await
    }

    /// With [`TOPIC`] and a [`SUBSCRIPTION`] of this configuration.
    pub async fn with(subscription: Subscription) -> Self {
        let bed = Self::empty().await;
        bed.client.create_topic(TOPIC).await.unwrap();
        bed.client.subscribe(subscription).await.unwrap();
        bed
    }

    pub async fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = start(dir.path()).await;
        let client = Client::connect(&server).await;
        Self { server, client, dir }
    }

    /// Stops the server and starts another on the same data.
    pub async fn restart(self) -> Self {
        self.server.shutdown().await.unwrap();
        let server = start(self.dir.path()).await;
        let client = Client::connect(&server).await;
        Self { server, client, dir: self.dir }
    }

    pub fn stats(&self) -> SubscriptionStats {
        self.server.stats(SUBSCRIPTION).unwrap()
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.addr())
    }
}

/// One connection.
#[derive(Clone)]
pub struct Client {
    pub publisher: PublisherClient<Channel>,
    pub subscriber: SubscriberClient<Channel>,
}

impl Client {
    pub async fn connect(server: &Server) -> Self {
        Self::to(&format!("http://{}", server.addr())).await
    }

    pub async fn to(endpoint: &str) -> Self {
        let channel = Endpoint::from_shared(endpoint.to_owned())
            .unwrap()
            .initial_stream_window_size(4 * 1024 * 1024)
            .initial_connection_window_size(8 * 1024 * 1024)
            .connect()
            .await
            .unwrap();
        Self {
            publisher: PublisherClient::new(channel.clone()).max_decoding_message_size(MAX_MESSAGE),
            subscriber: SubscriberClient::new(channel).max_decoding_message_size(MAX_MESSAGE),
        }
    }

    pub async fn create_topic(&self, name: &str) -> Result<Topic, Status> {
        let topic = Topic { name: name.to_owned(), ..Topic::default() };
        Ok(self.publisher.clone().create_topic(topic).await?.into_inner())
    }

    /// Creates a subscription; name and topic default to the usual ones.
    pub async fn subscribe(&self, mut subscription: Subscription) -> Result<Subscription, Status> {
        if subscription.name.is_empty() {
            SUBSCRIPTION.clone_into(&mut subscription.name);
        }
        if subscription.topic.is_empty() {
            TOPIC.clone_into(&mut subscription.topic);
        }
        Ok(self.subscriber.clone().create_subscription(subscription).await?.into_inner())
    }

    pub async fn publish(&self, messages: Vec<PubsubMessage>) -> Result<Vec<String>, Status> {
        let request = PublishRequest { topic: TOPIC.to_owned(), messages };
        Ok(self.publisher.clone().publish(request).await?.into_inner().message_ids)
    }

    /// Publishes messages whose data is their number.
    pub async fn publish_numbers(&self, numbers: std::ops::Range<u32>) -> Vec<String> {
        self.publish(numbers.map(|n| message(&n.to_string())).collect()).await.unwrap()
    }

    pub async fn pull(&self, max_messages: i32) -> Result<Vec<ReceivedMessage>, Status> {
        #[allow(deprecated)]
        let request =
            PullRequest { subscription: SUBSCRIPTION.to_owned(), max_messages, return_immediately: true };
        Ok(self.subscriber.clone().pull(request).await?.into_inner().received_messages)
    }

    pub async fn ack(&self, messages: &[ReceivedMessage]) -> Result<(), Status> {
        self.ack_ids(messages.iter().map(|message| message.ack_id.clone()).collect()).await
    }

    pub async fn ack_ids(&self, ack_ids: Vec<String>) -> Result<(), Status> {
        let request = AcknowledgeRequest { subscription: SUBSCRIPTION.to_owned(), ack_ids };
        self.subscriber.clone().acknowledge(request).await.map(drop)
    }

    pub async fn modify(
        &self,
        messages: &[ReceivedMessage],
        ack_deadline_seconds: i32,
    ) -> Result<(), Status> {
        let ack_ids = messages.iter().map(|message| message.ack_id.clone()).collect();
        let request =
            ModifyAckDeadlineRequest { subscription: SUBSCRIPTION.to_owned(), ack_ids, ack_deadline_seconds };
        self.subscriber.clone().modify_ack_deadline(request).await.map(drop)
    }

    pub async fn stream(&self) -> Pull {
        self.stream_with(StreamingPullRequest::default()).await.unwrap()
    }

    /// Opens a streaming pull; subscription and deadline default to the usual ones.
    pub async fn stream_with(&self, mut first: StreamingPullRequest) -> Result<Pull, Status> {
        if first.subscription.is_empty() {
            SUBSCRIPTION.clone_into(&mut first.subscription);
        }
        if first.stream_ack_deadline_seconds == 0 {
            first.stream_ack_deadline_seconds = 60;
        }
        let (requests, queue) = mpsc::channel(16);
        requests.send(first).await.unwrap();
        let responses =
            self.subscriber.clone().streaming_pull(ReceiverStream::new(queue)).await?.into_inner();
        Ok(Pull { requests, responses })
    }
}

/// An open streaming pull.
pub struct Pull {
    pub requests: mpsc::Sender<StreamingPullRequest>,
    pub responses: Streaming<StreamingPullResponse>,
}

impl Pull {
    /// The next response, or the status the stream ended with.
    pub async fn next(&mut self) -> Result<StreamingPullResponse, Status> {
        let next = self.responses.message().await?;
        next.ok_or_else(|| Status::ok("the stream ended"))
    }

    /// The next `count` messages.
    pub async fn take(&mut self, count: usize) -> Vec<ReceivedMessage> {
        let mut messages = Vec::new();
        while messages.len() < count {
            messages.extend(self.next().await.unwrap().received_messages);
        }
        assert_eq!(messages.len(), count);
        messages
    }

    pub async fn ack(&self, messages: &[ReceivedMessage]) {
        let ack_ids = messages.iter().map(|message| message.ack_id.clone()).collect();
        self.requests.send(StreamingPullRequest { ack_ids, ..Default::default() }).await.unwrap();
    }
}

pub fn message(data: &str) -> PubsubMessage {
    PubsubMessage { data: data.as_bytes().to_vec(), ..PubsubMessage::default() }
}

/// The numbers that [`Client::publish_numbers`] published.
pub fn numbers(messages: &[ReceivedMessage]) -> Vec<u32> {
    messages
        .iter()
        .map(|m| std::str::from_utf8(&m.message.as_ref().unwrap().data).unwrap().parse().unwrap())
        .collect()
}
