//! Publishes chunks of payments with a bounded number in flight.

use crate::batch::Work;
use crate::checkpoint::Floors;
use crate::chunks::Chunks;
use crate::faults::{Fault, Faults};
use crate::generator::{Buffer, Generator};
use crate::options::Publishing;
use crate::progress::Progress;
use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::publisher::PublishFuture;
use service::blocking::busy;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Attribute of messages that are spoilt on purpose: the index of their payment.
const FAULT_INDEX: &str = "fault_index";

/// What all workers of a run share.
#[derive(Debug)]
pub struct Shared {
    pub generator: Arc<Generator>,
    pub faults: Faults,
    pub publisher: Publisher,
    pub attributes: Vec<(String, String)>,
    /// All payments but those held back.
    pub chunks: Mutex<Chunks>,
    /// The same range again, for those held back: which they are is computed, not remembered.
    pub late_chunks: Option<Mutex<Chunks>>,
    pub progress: Arc<Progress>,
    /// Cancelled by a signal, or by the first failure: no new chunk is begun.
    pub stop: CancellationToken,
    /// The first failure in the order of indices.
    pub failure: Mutex<Option<(u64, PublishError)>>,
}

/// Generates and publishes until the chunks are used up or the run is stopped; waits for what is in flight.
///
/// `publish` of the client only queues, without bound: the bound is here.
pub async fn work(shared: Arc<Shared>, pass: Pass, max_messages: usize, max_bytes: usize) {
    let Some(chunks) = shared.chunks_of(pass) else { return };
    let mut in_flight = InFlight::default();
    let mut buffer = Buffer::default();
    while !shared.stop.is_cancelled() {
        let Some(chunk) = lock(chunks).take() else { break };
        let outgoing = busy(|| shared.generate(chunk.clone(), pass, &mut buffer));
        let Some(last) = outgoing.len().checked_sub(1) else {
            lock(chunks).confirm(chunk.start);
            continue;
        };
        for (at, Outgoing { index, payload, fault }) in outgoing.into_iter().enumerate() {
            while in_flight.is_full(max_messages, max_bytes) {
                in_flight.settle_first(&shared, chunks).await;
            }
            let bytes = payload.len();
            let confirmation = shared.publisher.publish(shared.message(index, payload, fault));
            in_flight.push(Pending { index, bytes, ends_chunk: at == last, confirmation });
        }
        in_flight.chunk_starts.push_back(chunk.start);
    }
    while !in_flight.queue.is_empty() {
        in_flight.settle_first(&shared, chunks).await;
    }
}

/// Which payments of the range a walk over it publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    OnTime,
    Late,
}

impl Pass {
    /// Whether a payment with this fault is sent in the pass.
    pub fn takes(self, fault: Option<Fault>) -> bool {
        (fault == Some(Fault::Late)) == (self == Self::Late)
    }
}

struct Outgoing {
    index: u64,
    payload: Vec<u8>,
    fault: Option<Fault>,
}

impl Shared {
    pub fn new(
        generator: Arc<Generator>,
        options: &Publishing,
        work: &Work,
        publisher: Publisher,
        progress: Arc<Progress>,
        stop: CancellationToken,
    ) -> Self {
        let shard = options.shard.unwrap_or_default().to_string();
        let attributes = [("schema", schemas::SCHEMA), ("run_id", generator.run_id()), ("shard", &shard)];
        let chunks = |floor| Mutex::new(Chunks::new(work.range.clone(), floor));
        Self {
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            chunks: chunks(work.floors.confirmed_below),
            late_chunks: work.floors.late_confirmed_below.map(chunks),
            faults: work.faults.clone(),
            generator,
            publisher,
            progress,
            stop,
            failure: Mutex::new(None),
        }
    }

    /// How far both passes have come.
    pub fn floors(&self) -> Floors {
        Floors {
            confirmed_below: lock(&self.chunks).floor(),
            late_confirmed_below: self.late_chunks.as_ref().map(|chunks| lock(chunks).floor()),
        }
    }

    fn chunks_of(&self, pass: Pass) -> Option<&Mutex<Chunks>> {
        match pass {
            Pass::OnTime => Some(&self.chunks),
            Pass::Late => self.late_chunks.as_ref(),
        }
    }

    /// The messages of a chunk that belong to the pass.
    fn generate(&self, chunk: Range<u64>, pass: Pass, buffer: &mut Buffer) -> Vec<Outgoing> {
        let mut outgoing = Vec::with_capacity((chunk.end - chunk.start) as usize);
        let (mut payments, mut bytes) = (0, 0);
        for index in chunk {
            let fault = self.faults.of(index);
            if !pass.takes(fault) {
                continue;
            }
            let payload = self.faults.encode(self.generator.fill(index, buffer), index);
            (payments, bytes) = (payments + 1, bytes + payload.len());
            for _ in 1..fault.map_or(1, Fault::copies) {
                outgoing.push(Outgoing { index, payload: payload.clone(), fault });
            }
            outgoing.push(Outgoing { index, payload, fault });
        }
        self.progress.add_generated(payments, bytes as u64);
        outgoing
    }

    /// A spoilt payment cannot say which one it was: its message does, and so will its dead letter.
    fn message(&self, index: u64, payload: Vec<u8>, fault: Option<Fault>) -> Message {
        let spoilt = matches!(fault, Some(Fault::Corrupt | Fault::Invalid));
        let name = spoilt.then(|| (FAULT_INDEX.to_owned(), index.to_string()));
        Message::new().set_data(payload).set_attributes(self.attributes.iter().cloned().chain(name))
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

    async fn settle_first(&mut self, shared: &Shared, chunks: &Mutex<Chunks>) {
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
            lock(chunks).confirm(start);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
