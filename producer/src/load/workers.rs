//! Publishes chunks of payments with a bounded number in flight.

use crate::faults::{Fault, Faults};
use crate::generation::Publishing;
use crate::load::checkpoint::Floors;
use crate::load::chunks::Chunks;
use crate::load::progress::Progress;
use crate::load::work::Work;
use crate::publisher::caller::Caller;
use crate::publisher::request::{Envelope, Request, Requests};
use gcp::Transport;
use gcp::share::{Part, Share};
use generator::{Buffer, Generator};
use service::blocking::busy;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Attribute of messages that are spoilt on purpose: the index of their payment.
const FAULT_INDEX: &str = "fault_index";

/// What all workers of a run share.
#[derive(Debug)]
pub struct Shared {
    pub generator: Arc<Generator>,
    pub faults: Faults,
    /// All payments but those held back.
    pub chunks: Mutex<Chunks>,
    /// The same range again, for those held back: which they are is computed, not remembered.
    pub late_chunks: Option<Mutex<Chunks>>,
    pub progress: Arc<Progress>,
    /// Cancelled by a signal, or by the first failure: no new chunk is begun.
    pub stop: CancellationToken,
    /// The first failure in the order of indices.
    pub failure: Mutex<Option<(u64, Status)>>,
    envelope: Envelope,
    caller: Caller,
    messages_in_flight: Share,
    bytes_in_flight: Share,
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

/// Generates and publishes until the chunks are used up or the run is stopped; waits for what is in flight.
pub async fn work(shared: Arc<Shared>, pass: Pass, worker: usize) {
    let Some(chunks) = shared.chunks_of(pass) else { return };
    let mut calls = JoinSet::new();
    let mut buffer = Buffer::default();
    while !shared.stop.is_cancelled() {
        let Some(chunk) = lock(chunks).take() else { break };
        let requests = busy(|| shared.generate(chunk.clone(), pass, &mut buffer));
        if requests.is_empty() {
            lock(chunks).confirm(chunk.start);
        }
        let unconfirmed = Arc::new(AtomicUsize::new(requests.len()));
        for request in requests {
            let room = shared.room(&request).await;
            // A chunk is sent whole when the run is stopped, so that it goes on after what was sent, but not after a failure.
            if lock(&shared.failure).is_some() {
                break;
            }
            let (shared, unconfirmed) = (shared.clone(), unconfirmed.clone());
            calls.spawn(async move {
                shared.send(worker, request, room).await?;
                // The last of a chunk's requests confirms the chunk, whichever that is; one that fails is never counted.
                let is_last = unconfirmed.fetch_sub(1, Ordering::AcqRel) == 1;
                if is_last && let Some(chunks) = shared.chunks_of(pass) {
                    lock(chunks).confirm(chunk.start);
                }
                Some(())
            });
        }
        while calls.try_join_next().is_some() {}
    }
    calls.join_all().await;
}

impl Shared {
    pub fn new(
        generator: Arc<Generator>,
        options: &Publishing,
        work: &Work,
        topic: &str,
        connections: Vec<Transport>,
        progress: Arc<Progress>,
        stop: CancellationToken,
    ) -> Self {
        let shard = options.shard.unwrap_or_default().to_string();
        let attributes = [("schema", schemas::SCHEMA), ("run_id", generator.run_id()), ("shard", &shard)];
        let max_bytes = options.max_in_flight_bytes as usize;
        let chunks = |floor| Mutex::new(Chunks::new(work.range.clone(), floor));
        Self {
            envelope: Envelope::new(topic, &attributes, options.max_in_flight, max_bytes),
            caller: Caller::new(connections, topic, options.publish_timeout, stop.clone()),
            messages_in_flight: Share::new(options.max_in_flight),
            bytes_in_flight: Share::of_bytes(max_bytes),
            chunks: chunks(work.floors.confirmed_below),
            late_chunks: work.floors.late_confirmed_below.map(chunks),
            faults: work.faults.clone(),
            generator,
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

    /// The messages of a chunk that belong to the pass, ready to be sent.
    fn generate(&self, chunk: Range<u64>, pass: Pass, buffer: &mut Buffer) -> Vec<Request> {
        let mut requests = Requests::new(&self.envelope);
        let mut payload = Vec::new();
        let (mut payments, mut bytes) = (0, 0);
        for index in chunk {
            let fault = self.faults.of(index);
            if !pass.takes(fault) {
                continue;
            }
            self.faults.encode(self.generator.fill(index, buffer), index, &mut payload);
            (payments, bytes) = (payments + 1, bytes + payload.len());
            // A spoilt payment cannot say which one it was: its message does, and so will its dead letter.
            let spoilt = matches!(fault, Some(Fault::Corrupt | Fault::Invalid)).then(|| index.to_string());
            let extra = spoilt.as_deref().map(|index| (FAULT_INDEX, index));
            for _ in 0..fault.map_or(1, Fault::copies) {
                requests.push(index, &payload, extra);
            }
        }
        self.progress.add_generated(payments, bytes as u64);
        requests.finish()
    }

    /// Waits until the request may be in flight. Everybody asks in the same order, so nobody waits for one who waits
    /// for him.
    async fn room(&self, request: &Request) -> [Part; 2] {
        let messages = self.messages_in_flight.take(request.messages).await;
        [messages, self.bytes_in_flight.take_bytes(request.frame.len()).await]
    }

    /// Has a request confirmed, or notes why it is not.
    async fn send(&self, worker: usize, request: Request, _room: [Part; 2]) -> Option<()> {
        match self.caller.publish(worker, &request).await {
            Ok(()) => {
                self.progress.add_published(request.messages as u64);
                self.envelope.recycle(request);
                Some(())
            }
            Err(status) => {
                self.fail(&request, status);
                None
            }
        }
    }

    fn fail(&self, request: &Request, status: Status) {
        self.progress.add_failed(request.messages as u64);
        self.stop.cancel();
        let mut failure = lock(&self.failure);
        if failure.as_ref().is_none_or(|(first, _)| request.first_index < *first) {
            *failure = Some((request.first_index, status));
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
