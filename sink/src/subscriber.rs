//! Streaming pulls: messages in, decoded, within the memory budget.

use crate::decoder::{Decoder, Reject};
use crate::envelope::{AckHandle, Envelope, Received};
use crate::options::Options;
use crate::progress::Progress;
use google_cloud_pubsub::client::Subscriber;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::{MessageStream, ShutdownToken};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// What a stream hands on.
#[derive(Debug)]
pub enum Delivery {
    Payment(Envelope<Received>),
    Reject(Envelope<(Reject, Message)>),
    /// The stream has ended for good; the client has retried whatever may be retried.
    Broken(google_cloud_pubsub::Error),
}

/// The open streams of one subscription.
#[derive(Debug)]
pub struct Streams {
    tokens: Vec<ShutdownToken>,
    stopping: JoinSet<()>,
    budget: Arc<Budget>,
}

/// Deliveries waiting for the window loop, over all streams. Few: the budget is for panes.
const QUEUE: usize = 2_048;

/// Opens the streams. Deliveries end when all streams have ended.
pub fn open(
    subscriber: &Subscriber,
    subscription_name: &str,
    options: &Options,
    progress: &Arc<Progress>,
) -> (Streams, mpsc::Receiver<Delivery>) {
    let budget = Arc::new(Budget::new(options.max_memory));
    let (deliveries, receiver) = mpsc::channel(QUEUE);
    let streams = i64::try_from(options.streams).unwrap_or(1).max(1);
    let max_memory = i64::try_from(options.max_memory).unwrap_or(i64::MAX);
    // What a stream has sent and nobody has taken yet lies in the client's memory, so the service's limits share the budget
    // out too: half of it may go into the messages' overhead and half into their bytes, and a little more, so that the
    // budget binds first.
    let share = max_memory / 2 / streams / 10 * 11;
    let mut tokens = Vec::new();
    for _ in 0..streams {
        let stream = subscriber
            .subscribe(subscription_name)
            .set_max_outstanding_messages((share / MESSAGE_OVERHEAD as i64).max(1))
            .set_max_outstanding_bytes((share / COPIES as i64).max(1))
            .set_max_lease_extension(options.lease)
            .build();
        tokens.push(stream.shutdown_token());
        let (budget, deliveries, progress) = (budget.clone(), deliveries.clone(), progress.clone());
        tokio::spawn(pull(stream, budget, deliveries, progress));
    }
    (Streams { tokens, stopping: JoinSet::new(), budget }, receiver)
}

impl Streams {
    /// Bytes of the budget that are taken.
    pub fn memory(&self) -> u64 {
        self.budget.taken()
    }

    /// Stops pulling. What has been handed on can still be acked.
    pub fn stop(&mut self) {
        for token in self.tokens.drain(..) {
            self.stopping.spawn(async move { token.shutdown().await });
        }
    }

    /// Waits until the client has sent all acks and nacks: a process that leaves earlier loses them.
    ///
    /// Returns whether that happened within `limit`.
    pub async fn closed(mut self, limit: Duration) -> bool {
        self.stop();
        let all = async { while self.stopping.join_next().await.is_some() {} };
        tokio::time::timeout(limit, all).await.is_ok()
    }
}

async fn pull(
    mut stream: MessageStream,
    budget: Arc<Budget>,
    deliveries: mpsc::Sender<Delivery>,
    progress: Arc<Progress>,
) {
    let mut decoder = Decoder::default();
    while let Some(next) = stream.next().await {
        let delivery = match next {
            Ok((message, handler)) => {
                progress.received.inc();
                let permit = budget.take(&message).await;
                deliver(&mut decoder, message, AckHandle::new(handler, permit))
            }
            Err(error) => Delivery::Broken(error),
        };
        if deliveries.send(delivery).await.is_err() {
            return;
        }
    }
}

fn deliver(decoder: &mut Decoder, message: Message, handle: AckHandle) -> Delivery {
    match decoder.decode(message) {
        Ok(received) => Delivery::Payment(Envelope { value: received, handle }),
        Err(reject) => Delivery::Reject(Envelope { value: *reject, handle }),
    }
}

/// Memory that messages may take between pull and ack.
#[derive(Debug)]
struct Budget {
    kibibytes: Arc<Semaphore>,
    capacity: u32,
}

/// What a message costs beside its bytes: lease, handle, attributes, row keys.
const MESSAGE_OVERHEAD: u64 = 2_560;
/// The bytes of a message exist as the message, and as an encoded row with its column names and times.
const COPIES: u64 = 7;

/// What a message of so many bytes takes of the budget, in bytes.
pub fn memory(message_bytes: usize) -> u64 {
    MESSAGE_OVERHEAD + COPIES * message_bytes as u64
}

impl Budget {
    fn new(bytes: u64) -> Self {
        let capacity = u32::try_from(bytes / 1_024).unwrap_or(u32::MAX).max(1);
        Self { kibibytes: Arc::new(Semaphore::new(capacity as usize)), capacity }
    }

    fn taken(&self) -> u64 {
        1_024 * (self.capacity as usize).saturating_sub(self.kibibytes.available_permits()) as u64
    }

    /// Reserves a message's memory, waiting while there is none.
    async fn take(&self, message: &Message) -> Option<OwnedSemaphorePermit> {
        let cost = memory(message.data.len()).div_ceil(1_024);
        // A message larger than the whole budget passes alone rather than never.
        let cost = u32::try_from(cost).unwrap_or(u32::MAX).min(self.capacity);
        self.kibibytes.clone().acquire_many_owned(cost).await.ok()
    }
}
