//! Pub/Sub: flags, names, clients, and the checks before work starts. [`pull`] has the streams.

mod backlog;
pub mod pull;

pub use backlog::Backlog;

use crate::endpoint::Dialer;
use crate::headers::routed;
use crate::peer::{Peer, Startup};
use crate::{Endpoint, Project, Resource, Transport, endpoint};
use google_cloud_pubsub::client::BasePublisher;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use proto::publisher_client::PublisherClient;
use proto::schema_service_client::SchemaServiceClient;
use proto::subscriber_client::SubscriberClient;
use service::Error;
use std::time::Duration;
use tonic::{Code, Status};

/// Whether what Pub/Sub answered with this code may fare better at another attempt, as Google's own clients have it.
pub fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::Aborted
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::ResourceExhausted
            | Code::Unavailable
            | Code::Unknown
    )
}

const SERVICE: &str = "Pub/Sub";
const URL: &str = "https://pubsub.googleapis.com";

/// Where Pub/Sub is.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "pubsub_service")]
pub struct Args {
    /// Pub/Sub emulator to use instead of the service.
    #[arg(long, env = "PUBSUB_EMULATOR_HOST", value_name = "HOST:PORT")]
    pub pubsub_emulator_host: Option<String>,
}

impl Args {
    fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.pubsub_emulator_host.as_deref(), URL, "PUBSUB_EMULATOR_HOST")
    }

    /// The host that will be asked, without its port.
    pub fn host(&self) -> Option<String> {
        let uri: http::Uri = self.endpoint().url().parse().ok()?;
        uri.host().map(str::to_owned)
    }
}

/// Pub/Sub at one endpoint, seen to answer.
#[derive(Clone, Debug)]
pub struct Pubsub {
    endpoint: Endpoint,
    startup: Startup,
    project: String,
    transport: Transport,
}

impl Pubsub {
    /// Connects, or says within `--connect-timeout` why not.
    pub async fn connect(args: &Args, project: &Project) -> Result<Self, Error> {
        let endpoint = args.endpoint();
        let startup = project.startup.clone();
        let project = project.resolve(&endpoint)?;
        let peer = Peer { service: SERVICE, endpoint: &endpoint, startup: &startup };
        let transport = peer.connect(1).await?.remove(0);
        Ok(Self { endpoint, startup, project, transport })
    }

    /// The full name of a topic: `projects/PROJECT/topics/ID`, or `id` itself where it is one.
    pub fn topic_name(&self, id: &str) -> String {
        self.name("topics", id)
    }

    /// The full name of a subscription: `projects/PROJECT/subscriptions/ID`, or `id` itself where it is one.
    pub fn subscription_name(&self, id: &str) -> String {
        self.name("subscriptions", id)
    }

    /// The full name of a schema: `projects/PROJECT/schemas/ID`, or `id` itself where it is one.
    pub fn schema_name(&self, id: &str) -> String {
        self.name("schemas", id)
    }

    /// The full name of a snapshot: `projects/PROJECT/snapshots/ID`, or `id` itself where it is one.
    pub fn snapshot_name(&self, id: &str) -> String {
        self.name("snapshots", id)
    }

    /// `projects/PROJECT`.
    pub fn project_name(&self) -> String {
        format!("projects/{}", self.project)
    }

    fn name(&self, collection: &str, id: &str) -> String {
        if id.starts_with("projects/") {
            id.to_owned()
        } else {
            format!("projects/{}/{collection}/{id}", self.project)
        }
    }

    /// Topic calls.
    pub fn topics(&self) -> PublisherClient<Transport> {
        PublisherClient::new(self.transport.clone()).max_decoding_message_size(endpoint::MAX_MESSAGE_BYTES)
    }

    /// Schema calls.
    pub fn schemas(&self) -> SchemaServiceClient<Transport> {
        SchemaServiceClient::new(self.transport.clone())
    }

    /// Subscription calls.
    pub fn subscriptions(&self) -> SubscriberClient<Transport> {
        SubscriberClient::new(self.transport.clone()).max_decoding_message_size(endpoint::MAX_MESSAGE_BYTES)
    }

    /// The topic as it is, or why it cannot be used.
    pub async fn require_topic(&self, name: &str) -> Result<proto::Topic, Error> {
        let resource = Resource { kind: "topic", name, role: "roles/pubsub.viewer" };
        let request = proto::GetTopicRequest { topic: name.to_owned() };
        let request = || routed(request.clone(), &[("topic", name)]);
        self.answer(resource, || async { self.topics().get_topic(request()).await }).await
    }

    /// The subscription as it is, or why it cannot be used.
    pub async fn require_subscription(&self, name: &str) -> Result<proto::Subscription, Error> {
        let resource = Resource { kind: "subscription", name, role: "roles/pubsub.viewer" };
        let request = proto::GetSubscriptionRequest { subscription: name.to_owned() };
        let request = || routed(request.clone(), &[("subscription", name)]);
        self.answer(resource, || async { self.subscriptions().get_subscription(request()).await }).await
    }

    /// Whether a subscription keeps what is published to a topic: asked once, and not waited for any longer than `limit`.
    pub async fn has_subscription(&self, topic: &str, limit: Duration) -> Result<bool, Status> {
        let request = proto::ListTopicSubscriptionsRequest {
            topic: topic.to_owned(),
            page_size: 1,
            ..Default::default()
        };
        let mut client = self.topics();
        let answer = client.list_topic_subscriptions(routed(request, &[("topic", topic)]));
        let answer = tokio::time::timeout(limit, answer).await;
        let answer = answer.map_err(|_| Status::deadline_exceeded("no answer in time"))??;
        let page = answer.into_inner();
        Ok(!page.subscriptions.is_empty() || !page.next_page_token.is_empty())
    }

    /// `count` connections of their own, for calls in bulk.
    pub async fn connections(&self, count: usize) -> Result<Vec<Transport>, Error> {
        self.peer().connect(count).await
    }

    fn peer(&self) -> Peer<'_> {
        Peer { service: SERVICE, endpoint: &self.endpoint, startup: &self.startup }
    }

    /// The answer to a call, which is made again while the service is away, for `--connect-timeout` at most. A change
    /// may have been made by an attempt whose answer was lost.
    pub async fn answer<T, F>(&self, resource: Resource<'_>, call: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        self.answer_explained(|status| resource.explain(status), call).await
    }

    /// As [`Pubsub::answer`], for refusals that mean something of their own.
    pub async fn answer_explained<T, F>(
        &self,
        explain: impl Fn(&Status) -> Error,
        call: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        self.peer().answer(explain, call).await.map(tonic::Response::into_inner)
    }

    /// A factory of the official client's publishers, retrying transient errors for `patience` for each message.
    pub async fn publisher(&self, patience: Duration) -> Result<BasePublisher, Error> {
        use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
        use google_cloud_gax::retry_policy::RetryPolicyExt;
        // The client's own backoff grows to a minute, so that an outage of 8 s delays a publish by 30 s.
        let backoff = ExponentialBackoffBuilder::new()
            .with_initial_delay(Duration::from_millis(100))
            .with_maximum_delay(Duration::from_secs(5))
            .clamp();
        BasePublisher::builder()
            .with_endpoint(self.endpoint.url())
            .with_credentials(self.endpoint.credentials().await?)
            .with_grpc_subchannel_count(2)
            .with_backoff_policy(backoff)
            .with_retry_policy(google_cloud_pubsub::retry_policy::RetryableErrors.with_time_limit(patience))
            .build()
            .await
            .map_err(|error| self.endpoint.unreachable(SERVICE, error.to_string()))
    }

    async fn dialer(&self) -> Result<Dialer, Error> {
        self.endpoint.dialer().await
    }
}
