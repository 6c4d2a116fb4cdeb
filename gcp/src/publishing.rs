//! Publishing by the official client, whose connections nobody watches: one that dies without a word would hold every
//! message up for as long as the kernel hopes for it.

use crate::pubsub::Pubsub;
use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use service::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};

/// How long a client may take for a message before another one is tried: a third of the time that there is, in these
/// bounds.
const MIN_LIMIT: Duration = Duration::from_secs(1);
const MAX_LIMIT: Duration = Duration::from_secs(20);
/// How much longer than that a client may say nothing at all.
const SLACK: Duration = Duration::from_secs(5);

/// How messages are put together into requests.
#[derive(Clone, Copy, Debug)]
pub struct Batching {
    pub messages: u32,
    pub bytes: u32,
    /// How long a message waits for others.
    pub delay: Duration,
}

/// Publishes to one topic, by a client that is replaced when it takes too long. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SteadyPublisher(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pubsub: Pubsub,
    topic: String,
    batching: Option<Batching>,
    patience: Duration,
    current: parking_lot::RwLock<Client>,
    /// Held while a client is made.
    replacing: AsyncMutex<()>,
}

#[derive(Clone, Debug)]
struct Client {
    /// Counts clients.
    number: usize,
    publisher: Publisher,
}

impl SteadyPublisher {
    /// Tries each message for `patience`. Without `batching` it is the official client's usual one.
    pub async fn new(
        pubsub: Pubsub,
        topic: String,
        patience: Duration,
        batching: Option<Batching>,
    ) -> Result<Self, Error> {
        let publisher = build(&pubsub, &topic, patience, batching).await?;
        let current = parking_lot::RwLock::new(Client { number: 0, publisher });
        Ok(Self(Arc::new(Shared {
            pubsub,
            topic,
            batching,
            patience,
            current,
            replacing: AsyncMutex::default(),
        })))
    }

    /// Hands a message over at once; the future tells its id once the service has it. A message may be published twice
    /// where the first client has not told its end.
    ///
    /// # Errors
    /// The service's last word; that there was none, as `DEADLINE_EXCEEDED`.
    pub fn publish(&self, message: Message) -> impl Future<Output = Result<String, Status>> + Send + use<> {
        let shared = self.0.clone();
        let started = Instant::now();
        let mut client = shared.current.read().clone();
        let mut confirmation = client.publisher.publish(message.clone());
        async move {
            loop {
                let (limit, sent) = (shared.limit(), Instant::now());
                let left = shared.patience.saturating_sub(started.elapsed()).min(limit);
                let status = match timeout(left + SLACK, confirmation).await {
                    Ok(Ok(id)) => return Ok(id),
                    Ok(Err(error)) => status_of(&error),
                    Err(_) => Status::deadline_exceeded("the client said nothing for too long"),
                };
                // A client that tells an error sooner is alive, and has tried what may be tried again.
                if sent.elapsed() < limit || started.elapsed() >= shared.patience {
                    return Err(status);
                }
                client = shared.replace(client, &status).await;
                confirmation = client.publisher.publish(message.clone());
            }
        }
    }
}

impl Shared {
    fn limit(&self) -> Duration {
        limit(self.patience)
    }

    /// A younger client than this one, made now unless another message has had one made already.
    async fn replace(&self, old: Client, status: &Status) -> Client {
        let _alone = self.replacing.lock().await;
        let current = self.current.read().clone();
        if current.number > old.number {
            return current;
        }
        tracing::warn!(topic = self.topic, answer = status.message(), "publishing by a new connection");
        let made =
            timeout(self.limit(), build(&self.pubsub, &self.topic, self.patience, self.batching)).await;
        // Where none can be made the old one has to do; it may come to life, and others need not try that too.
        let publisher = made.ok().and_then(Result::ok).unwrap_or(old.publisher);
        let client = Client { number: old.number + 1, publisher };
        *self.current.write() = client.clone();
        client
    }
}

fn limit(patience: Duration) -> Duration {
    (patience / 3).clamp(MIN_LIMIT, MAX_LIMIT)
}

async fn build(
    pubsub: &Pubsub,
    topic: &str,
    patience: Duration,
    batching: Option<Batching>,
) -> Result<Publisher, Error> {
    let publisher = pubsub.publisher(limit(patience)).await?.publisher(topic);
    Ok(match batching {
        None => publisher.build(),
        Some(Batching { messages, bytes, delay }) => publisher
            .set_message_count_threshold(messages)
            .set_byte_threshold(bytes)
            .set_delay_threshold(delay)
            .build(),
    })
}

/// The service's last status, or what kept the client from having one.
fn status_of(error: &PublishError) -> Status {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = match error {
        PublishError::Rpc(rpc) => Some(&**rpc),
        _ => None,
    };
    while let Some(inner) = cause {
        if let Some(told) =
            inner.downcast_ref::<google_cloud_pubsub::Error>().and_then(|error| error.status())
        {
            return Status::new(Code::from_i32(told.code as i32), told.message.clone());
        }
        cause = inner.source();
    }
    Status::deadline_exceeded(error.to_string())
}
