//! Stores published messages: one writer, so that sequences are given out in the order in which they become visible,
//! and requests that wait together are written together.

use super::batch::PublishBatch;
use super::topic::Topic;
use crate::pubsub::error::{Error, stopping};
use crate::pubsub::message;
use crate::pubsub::store::Store;
use crate::pubsub::store::chunk::Builder;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tonic::Status;

/// Requests waiting to be stored hold at most this much; the next ones wait. A request may have 10 MB.
const WAITING_KIB: u32 = 12 * 1024;
/// Requests read from their connections at a time; the others wait there, where HTTP/2's windows bound them.
const READING: usize = 8;
/// Requests written together at most.
const GROUP: usize = 64;

/// Hands publish requests to the writing task.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
    reading: Arc<Semaphore>,
}

struct Job {
    topic: Arc<Topic>,
    batch: PublishBatch,
    /// Gets the first message's sequence.
    reply: oneshot::Sender<Result<u64, Status>>,
    _room: OwnedSemaphorePermit,
}

impl Writer {
    /// Starts the task. Once the last handle is dropped it writes what is left and ends.
    pub fn start(store: Arc<Store>) -> (Self, JoinHandle<()>) {
        let (jobs, queue) = mpsc::channel(GROUP);
        let task = tokio::spawn(run(store, queue));
        (Self { jobs, room: semaphore(WAITING_KIB as usize), reading: semaphore(READING) }, task)
    }

    /// Waits until a request may be read into memory.
    pub async fn start_reading(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.reading.clone().acquire_owned().await.map_err(|_| stopping())
    }

    /// Stores a request's messages in order; gives the first one's sequence. Waits while the store is behind, and lets
    /// the next request be read once this one has its room.
    pub async fn publish(
        &self,
        topic: Arc<Topic>,
        batch: PublishBatch,
        reading: Option<OwnedSemaphorePermit>,
    ) -> Result<u64, Status> {
        let kib = (batch.bytes() / 1024 + 1).min(WAITING_KIB as usize) as u32;
        let room = self.room.clone().acquire_many_owned(kib).await.map_err(|_| stopping())?;
        drop(reading);
        let (reply, stored) = oneshot::channel();
        self.jobs.send(Job { topic, batch, reply, _room: room }).await.map_err(|_| stopping())?;
        stored.await.map_err(|_| stopping())?
    }
}

fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits))
}

async fn run(store: Arc<Store>, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut jobs, GROUP).await > 0 {
        let (store, group) = (store.clone(), std::mem::take(&mut jobs));
        if let Err(error) = tokio::task::spawn_blocking(move || write(&store, group)).await {
            tracing::error!(%error, "storing published messages panicked");
        }
    }
}

/// The end of a topic while a group is prepared.
struct Tail {
    topic: Arc<Topic>,
    next: u64,
    publish_micros: i64,
    time_field: Vec<u8>,
    chunk: Builder,
}

impl Tail {
    fn new(topic: Arc<Topic>) -> Self {
        let (next, publish_micros) = (topic.head(), topic.publish_micros());
        let time_field = message::publish_time_field(publish_micros);
        Self { topic, next, publish_micros, time_field, chunk: Builder::new(next, publish_micros) }
    }
}

/// Writes a group of requests, then answers them; refuses them where there is no room.
fn write(store: &Store, group: Vec<Job>) {
    if let Err(full) = store.disk.check() {
        return group.into_iter().for_each(|job| _ = job.reply.send(Err(full.clone())));
    }
    let mut tails = HashMap::new();
    let mut batch = store.write();
    let mut firsts = Vec::with_capacity(group.len());
    for job in &group {
        let tail = tails.entry(job.topic.number).or_insert_with(|| Tail::new(job.topic.clone()));
        firsts.push(tail.next);
        for (message, foreign) in job.batch.messages() {
            let id = tail.topic.message_id(tail.next);
            tail.chunk.push(|out| message::write_stored(out, message, foreign, &id, &tail.time_field));
            tail.next += 1;
            if tail.chunk.is_full() {
                let full = std::mem::replace(&mut tail.chunk, Builder::new(tail.next, tail.publish_micros));
                tail.topic.log.append(&mut batch, full.finish());
            }
        }
    }
    for tail in tails.values_mut().filter(|tail| !tail.chunk.is_empty()) {
        let last = std::mem::replace(&mut tail.chunk, Builder::new(tail.next, tail.publish_micros));
        tail.topic.log.append(&mut batch, last.finish());
    }
    let room = tails.values().try_for_each(|tail| tail.topic.log.make_room());
    // Nobody sees a message, and no sequence is given out, that a restart might take back.
    let written = room.and_then(|()| batch.commit()).and_then(|()| store.settle());
    if written.is_ok() {
        for tail in tails.values() {
            tail.topic.committed(tail.next, tail.publish_micros);
        }
    }
    let failure = written.err().map(|error| Status::from(Error::from(error)));
    for (job, first) in group.into_iter().zip(firsts) {
        // A publisher that has left awaits no answer.
        let _ = job.reply.send(failure.clone().map_or(Ok(first), Err));
    }
}
