//! Streaming pulls: messages in, decoded, within the memory budget.

use crate::budget::{Budget, unclaimed_per_stream};
use crate::decoder::Decoder;
use crate::envelope::{AckHandle, Envelope, Received};
use crate::options::Options;
use crate::progress::Progress;
use crate::reject::Reject;
use google_cloud_pubsub::client::Subscriber;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::{MessageStream, ShutdownToken};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A stream's next item for the loop.
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
    let (unclaimed, unclaimed_bytes) = unclaimed_per_stream(options.max_memory, streams);
    let mut tokens = Vec::new();
    for _ in 0..streams {
        let stream = subscriber
            .subscribe(subscription_name)
            .set_max_outstanding_messages(unclaimed)
            .set_max_outstanding_bytes(unclaimed_bytes)
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
                let permit = budget.take(message.data.len()).await;
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
