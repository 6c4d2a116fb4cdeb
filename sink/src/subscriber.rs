//! Messages off the streams, decoded, within the memory budget.

use crate::budget::{Budget, memory, unclaimed_per_stream};
use crate::decoder::Decoder;
use crate::envelope::{AckHandle, Envelope, Received};
use crate::options::Options;
use crate::progress::Progress;
use crate::reject::Reject;
use gcp::pubsub::Pubsub;
use gcp::pubsub::pull::{self, Health, Message};
use service::clock::now_micros;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::Status;

/// A stream's next item for the loop.
#[derive(Debug)]
pub enum Delivery {
    Payment(Envelope<Received>),
    Reject(Envelope<(Reject, Message)>),
    /// The stream has ended for good.
    Broken(Status),
}

/// The open streams of one subscription.
#[derive(Debug)]
pub struct Streams {
    lanes: pull::Streams,
    /// What decodes; each holds the messages that wait for the budget.
    decoders: JoinSet<()>,
    budget: Arc<Budget>,
}

/// The service takes no larger ones.
const MAX_MESSAGE_BYTES: usize = 10_000_000;
/// Deliveries go on in the batches that they came in; so many wait for the loop. Few: the budget is for panes.
const QUEUE: usize = 4;

/// Opens the streams. Deliveries end when all streams have ended.
pub async fn open(
    pubsub: &Pubsub,
    subscription_name: &str,
    options: &Options,
    progress: &Arc<Progress>,
) -> Result<(Streams, mpsc::Receiver<Vec<Delivery>>), service::Error> {
    let budget = Arc::new(Budget::new(options.max_memory));
    // The service sends at least one message over each stream, however large.
    let most = usize::try_from(options.max_memory / memory(MAX_MESSAGE_BYTES)).unwrap_or(usize::MAX);
    let streams = options.streams.min(most).max(1);
    let (messages, bytes) = unclaimed_per_stream(options.max_memory, i64::try_from(streams).unwrap_or(1));
    let options = pull::Options {
        subscription: subscription_name.to_owned(),
        streams,
        lease: options.lease,
        max_lease: options.max_lease,
        max_outstanding_messages: messages,
        max_outstanding_bytes: bytes,
    };
    let (streams, receivers) = pull::open(pubsub, &options).await?;
    let (deliveries, receiver) = mpsc::channel(QUEUE);
    let mut decoders = JoinSet::new();
    for messages in receivers {
        let lane =
            Lane { budget: budget.clone(), deliveries: deliveries.clone(), progress: progress.clone() };
        decoders.spawn(lane.run(messages));
    }
    Ok((Streams { lanes: streams, decoders, budget }, receiver))
}

impl Streams {
    /// Bytes of the budget that are taken.
    pub fn memory(&self) -> u64 {
        self.budget.taken()
    }

    /// When and how the service was heard.
    pub fn health(&self) -> Health {
        self.lanes.health()
    }

    /// Comes back once the service has answered on every stream's connection.
    pub fn check(&self) -> impl Future<Output = ()> + Send + use<> {
        self.lanes.check()
    }

    /// Stops pulling. What has been handed on can still be acked.
    pub fn stop(&mut self) {
        self.lanes.stop();
    }

    /// Waits until the service has all acks and nacks: a process that leaves earlier loses them.
    ///
    /// Returns whether that happened within `limit`.
    pub async fn closed(mut self, limit: Duration) -> bool {
        self.decoders.shutdown().await;
        self.lanes.closed(limit).await
    }
}

/// From one stream to the loop.
struct Lane {
    budget: Arc<Budget>,
    deliveries: mpsc::Sender<Vec<Delivery>>,
    progress: Arc<Progress>,
}

impl Lane {
    async fn run(self, mut messages: mpsc::Receiver<pull::Delivery>) {
        let mut decoder = Decoder::default();
        while let Some(next) = messages.recv().await {
            let is_taken = match next {
                Ok(messages) => self.hand_on(&mut decoder, messages).await,
                Err(status) => self.deliveries.send(vec![Delivery::Broken(status)]).await.is_ok(),
            };
            if !is_taken {
                return;
            }
        }
    }

    /// Hands a response's messages on; those that the budget has room for do not wait for the others.
    async fn hand_on(&self, decoder: &mut Decoder, messages: Vec<pull::Received>) -> bool {
        self.progress.received.inc_by(messages.len() as u64);
        let (mut batch, pulled_micros) = (Vec::with_capacity(messages.len()), now_micros());
        for pull::Received { message, delivery_attempt, handle } in messages {
            let permit = if let Some(permit) = self.budget.try_take(message.data.len()) {
                permit
            } else {
                if !batch.is_empty() && self.deliveries.send(std::mem::take(&mut batch)).await.is_err() {
                    return false;
                }
                self.budget.take(message.data.len()).await
            };
            let handle = AckHandle::new(handle, delivery_attempt, permit);
            batch.push(deliver(decoder, message, pulled_micros, handle));
        }
        batch.is_empty() || self.deliveries.send(batch).await.is_ok()
    }
}

fn deliver(decoder: &mut Decoder, message: Message, pulled_micros: i64, handle: AckHandle) -> Delivery {
    match decoder.decode(message, pulled_micros) {
        Ok(received) => Delivery::Payment(Envelope { value: received, handle }),
        Err(reject) => Delivery::Reject(Envelope { value: *reject, handle }),
    }
}
