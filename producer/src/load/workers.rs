//! Generates and publishes a shard's payments on all cores, chunk by chunk.

use crate::encode::{encode, trace_of};
use crate::error::Error;
use crate::faults::{Fault, Faults};
use crate::load::checkpoint::Floors;
use crate::load::chunks::{Chunks, Pass};
use crate::load::options::Publishing;
use crate::load::work::Work;
use crate::progress::Progress;
use crate::publisher::{Limits, Publisher, Request, Room};
use gcp::Transport;
use generator::{Buffer, Generator};
use parking_lot::Mutex;
use schemas::trace::TRACE_PARENT;
use service::blocking::busy;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Attribute of messages that are spoilt on purpose: the index of their payment.
const FAULT_INDEX: &str = "fault_index";

/// The state that all workers of a run share; each of them has a connection of its own.
#[derive(Debug)]
pub struct Workers {
    count: usize,
    generator: Arc<Generator>,
    faults: Faults,
    /// Of so many payments one is traced; 0 for none.
    trace_every: u64,
    publisher: Publisher,
    /// All payments but those held back.
    chunks: Mutex<Chunks>,
    /// The same range again, for those held back: which they are is computed, not remembered.
    late_chunks: Option<Mutex<Chunks>>,
    progress: Arc<Progress>,
    /// Cancelled by a signal, or by the first failure: no new chunk is begun.
    stop: CancellationToken,
    /// The first failure in the order of indices.
    failure: Mutex<Option<(u64, Status)>>,
}

impl Workers {
    /// A worker for each connection.
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
        let limits = Limits {
            messages: options.max_in_flight,
            bytes: options.max_in_flight_bytes as usize,
            patience: options.publish_timeout,
        };
        let chunks = |floor| Mutex::new(Chunks::new(work.range.clone(), floor));
        Self {
            count: connections.len(),
            publisher: Publisher::new(
                topic,
                &attributes,
                limits,
                connections,
                progress.calls.clone(),
                stop.clone(),
            ),
            chunks: chunks(work.floors.confirmed_below),
            late_chunks: work.floors.late_confirmed_below.map(chunks),
            faults: work.faults.clone(),
            trace_every: options.trace_every,
            generator,
            progress,
            stop,
            failure: Mutex::new(None),
        }
    }

    /// Publishes the payments of a pass, until done or until the run is stopped; waits for what is in flight.
    pub async fn publish(self: &Arc<Self>, pass: Pass) -> Result<(), Error> {
        let mut workers: JoinSet<()> =
            (0..self.count).map(|connection| work(self.clone(), pass, connection)).collect();
        while let Some(ended) = workers.join_next().await {
            ended.map_err(|error| Error::Bug(error.to_string()))?;
        }
        Ok(())
    }

    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// How far both passes have come.
    pub fn floors(&self) -> Floors {
        Floors {
            confirmed_below: self.chunks.lock().floor(),
            late_confirmed_below: self.late_chunks.as_ref().map(|chunks| chunks.lock().floor()),
        }
    }

    /// The first request that failed, if one did: the index of its first payment, and why.
    pub fn failure(&self) -> Option<(u64, Status)> {
        self.failure.lock().clone()
    }

    fn chunks_of(&self, pass: Pass) -> Option<&Mutex<Chunks>> {
        match pass {
            Pass::OnTime => Some(&self.chunks),
            Pass::Late => self.late_chunks.as_ref(),
        }
    }

    /// The messages of a chunk that belong to the pass, ready to be sent.
    fn generate(&self, chunk: Range<u64>, pass: Pass, buffer: &mut Buffer) -> Vec<Request> {
        let mut requests = self.publisher.requests();
        let mut payload = Vec::new();
        let (mut payments, mut bytes) = (0, 0);
        for index in chunk {
            let fault = self.faults.of(index);
            if !pass.takes(fault) {
                continue;
            }
            let payment = self.generator.fill(index, buffer);
            let is_traced = self.trace_every > 0 && index.is_multiple_of(self.trace_every);
            let trace = if is_traced { trace_of(payment) } else { None };
            encode(payment, index, &self.faults, &mut payload);
            (payments, bytes) = (payments + 1, bytes + payload.len());
            // A spoilt payment cannot say which one it was: its message does, and so will its dead letter.
            let spoilt = matches!(fault, Some(Fault::Corrupt | Fault::Invalid)).then(|| index.to_string());
            let fault_index = spoilt.as_deref().map(|index| (FAULT_INDEX, index));
            let trace = trace.as_deref().map(|parent| (TRACE_PARENT, parent));
            let extra: Vec<_> = fault_index.into_iter().chain(trace).collect();
            for _ in 0..fault.map_or(1, Fault::copies) {
                requests.push(index, &payload, &extra);
            }
        }
        self.progress.add_generated(payments, bytes as u64);
        requests.finish()
    }

    /// Has a request confirmed, or notes why it is not. Its room is free only then: a failure is noted before anybody
    /// who waits for room goes on.
    async fn send(&self, connection: usize, request: Request, _room: Room) -> Option<()> {
        self.progress.add_sent(request.messages as u64);
        match self.publisher.publish(connection, &request).await {
            Ok(()) => {
                self.progress.add_published(request.messages as u64);
                self.publisher.recycle(request);
                Some(())
            }
            Err(status) => {
                self.fail(&request, status);
                None
            }
        }
    }

    fn fail(&self, request: &Request, status: Status) {
        self.progress.add_failed(request.messages as u64, status.code());
        self.stop.cancel();
        let mut failure = self.failure.lock();
        if failure.as_ref().is_none_or(|(first, _)| request.first < *first) {
            *failure = Some((request.first, status));
        }
    }
}

/// Generates and publishes until the chunks are used up or the run is stopped; waits for what is in flight.
async fn work(workers: Arc<Workers>, pass: Pass, connection: usize) {
    let Some(chunks) = workers.chunks_of(pass) else { return };
    let mut calls = JoinSet::new();
    let mut buffer = Buffer::default();
    while !workers.stop.is_cancelled() {
        let Some(chunk) = chunks.lock().take() else { break };
        let requests = busy(|| workers.generate(chunk.clone(), pass, &mut buffer));
        if requests.is_empty() {
            chunks.lock().confirm(chunk.start);
        }
        let unconfirmed = Arc::new(AtomicUsize::new(requests.len()));
        for request in requests {
            let room = workers.publisher.room(&request).await;
            // A chunk is sent whole when the run is stopped, so that the next one goes on after what was sent, but not
            // after a failure.
            if workers.failure.lock().is_some() {
                break;
            }
            let (workers, unconfirmed) = (workers.clone(), unconfirmed.clone());
            calls.spawn(async move {
                workers.send(connection, request, room).await?;
                // The last of a chunk's requests confirms the chunk, whichever that is; one that fails is never
                // counted.
                let is_last = unconfirmed.fetch_sub(1, Ordering::AcqRel) == 1;
                if is_last && let Some(chunks) = workers.chunks_of(pass) {
                    chunks.lock().confirm(chunk.start);
                }
                Some(())
            });
        }
        while calls.try_join_next().is_some() {}
    }
    calls.join_all().await;
}
