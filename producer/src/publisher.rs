//! Publishes chunks of payments with a bounded number in flight.

use crate::chunks::Chunks;
use crate::generator::{Buffer, Generator};
use crate::progress::Progress;
use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::publisher::PublishFuture;
use prost::Message as _;
use service::blocking::busy;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// What all workers of a run share.
#[derive(Debug)]
pub struct Shared {
    pub generator: Arc<Generator>,
    pub publisher: Publisher,
    pub attributes: Vec<(String, String)>,
    pub chunks: Mutex<Chunks>,
    pub progress: Arc<Progress>,
    /// Cancelled by a signal, or by the first failure: no new chunk is begun.
    pub stop: CancellationToken,
    /// The first failure in the order of indices.
    pub failure: Mutex<Option<(u64, PublishError)>>,
}

/// Generates and publishes until the chunks are used up or the run is stopped; waits for what is in flight.
///
/// `publish` of the client only queues, without bound: the bound is here.
pub async fn work(shared: Arc<Shared>, max_messages: usize, max_bytes: usize) {
    let mut in_flight = InFlight::default();
    let mut buffer = Buffer::default();
    while !shared.stop.is_cancelled() {
        let Some(chunk) = lock(&shared.chunks).take() else { break };
        let payloads = busy(|| shared.generate(chunk.clone(), &mut buffer));
        for (index, payload) in chunk.clone().zip(payloads) {
            while in_flight.is_full(max_messages, max_bytes) {
                in_flight.settle_first(&shared).await;
            }
            let bytes = payload.len();
            let message = Message::new().set_data(payload).set_attributes(shared.attributes.clone());
            let confirmation = shared.publisher.publish(message);
            in_flight.push(Pending { index, bytes, ends_chunk: index + 1 == chunk.end, confirmation });
        }
        in_flight.chunk_starts.push_back(chunk.start);
    }
    while !in_flight.queue.is_empty() {
        in_flight.settle_first(&shared).await;
    }
}

impl Shared {
    fn generate(&self, chunk: Range<u64>, buffer: &mut Buffer) -> Vec<Vec<u8>> {
        let payloads: Vec<_> =
            chunk.map(|index| self.generator.fill(index, buffer).encode_to_vec()).collect();
        let bytes = payloads.iter().map(Vec::len).sum::<usize>();
        self.progress.add_generated(payloads.len() as u64, bytes as u64);
        payloads
    }

    fn fail(&self, index: u64, error: PublishError) {
        self.progress.add_failed(1);
        self.stop.cancel();
        let mut failure = lock(&self.failure);
        if failure.as_ref().is_none_or(|(first, _)| index < *first) {
            *failure = Some((index, error));
        }
    }
}

/// One worker's messages that the service has not confirmed yet, oldest first.
#[derive(Default)]
struct InFlight {
    queue: VecDeque<Pending>,
    bytes: usize,
    chunk_starts: VecDeque<u64>,
    /// Whether a message of the oldest chunk has failed.
    torn: bool,
}

struct Pending {
    index: u64,
    bytes: usize,
    ends_chunk: bool,
    confirmation: PublishFuture,
}

impl InFlight {
    fn is_full(&self, max_messages: usize, max_bytes: usize) -> bool {
        !self.queue.is_empty() && (self.queue.len() >= max_messages || self.bytes >= max_bytes)
    }

    fn push(&mut self, pending: Pending) {
        self.bytes += pending.bytes;
        self.queue.push_back(pending);
    }

    async fn settle_first(&mut self, shared: &Shared) {
        let Some(first) = self.queue.pop_front() else { return };
        self.bytes -= first.bytes;
        match first.confirmation.await {
            Ok(_) => shared.progress.add_published(1),
            Err(error) => {
                self.torn = true;
                shared.fail(first.index, error);
            }
        }
        if first.ends_chunk
            && let Some(start) = self.chunk_starts.pop_front()
            && !std::mem::take(&mut self.torn)
        {
            lock(&shared.chunks).confirm(start);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
