//! Acks, nacks and extensions on their way. What fails is tried again, on the next connection if need be.

use super::handle::{Confirm, Unacked};
use super::leases::Leases;
use crate::Transport;
use crate::call::{call, code};
use crate::headers::{ROUTING, routing};
use crate::pubsub::is_transient;
use crate::retry::{Delays, asked_delay};
use bytes::{BufMut, Bytes, BytesMut};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{AcknowledgeRequest, ModifyAckDeadlineRequest};
use http_body_util::Full;
use prost::Message;
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic_types::StatusExt;
use wire::frames::header;

const ACKNOWLEDGE: &str = "/google.pubsub.v1.Subscriber/Acknowledge";
const MODIFY_ACK_DEADLINE: &str = "/google.pubsub.v1.Subscriber/ModifyAckDeadline";

/// The service takes requests of 512 KiB, and its ids have up to some 200 bytes.
const MAX_IDS: usize = 2_500;
/// Calls on their way at once.
const MAX_CALLS: usize = 8;
/// What is settled waits this long for company.
const FLUSH: Duration = Duration::from_millis(100);
/// Longest wait for an answer; a connection that is silent for so long is not used again.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(25);
/// Pauses after a failed call.
const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(5);
/// How long an ack is tried, as Google's own clients do where it is to be confirmed.
const PATIENCE: Duration = Duration::from_mins(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ack,
    Nack,
    Extend,
}

#[derive(Debug)]
struct Item {
    number: u64,
    ack_id: String,
    confirm: Option<Confirm>,
    /// When it was first to be sent.
    since: Instant,
}

/// A call's end.
#[derive(Debug)]
pub struct Ended {
    kind: Kind,
    items: Vec<Item>,
    result: Result<(), Status>,
    /// When the call began, if nothing came back within [`CALL_TIMEOUT`].
    pub silent_since: Option<Instant>,
}

/// A lane's calls.
#[derive(Debug)]
pub struct Calls {
    subscription: String,
    routing: AsciiMetadataValue,
    lease_secs: i32,
    acks: Vec<Item>,
    nacks: Vec<Item>,
    extensions: Vec<Item>,
    /// When what waits is to be sent.
    flush_at: Option<Instant>,
    /// After a failure nothing is sent before.
    not_before: Option<Instant>,
    delays: Delays,
    running: JoinSet<Ended>,
    /// Cancelled when the connection of the running calls is given up.
    connection: CancellationToken,
    warned: Option<Instant>,
}

impl Calls {
    pub fn new(subscription: &str, lease: Duration) -> Self {
        Self {
            subscription: subscription.to_owned(),
            routing: routing(&[("subscription", subscription)]),
            lease_secs: i32::try_from(lease.as_secs()).unwrap_or(i32::MAX),
            acks: Vec::new(),
            nacks: Vec::new(),
            extensions: Vec::new(),
            flush_at: None,
            not_before: None,
            delays: delays(),
            running: JoinSet::new(),
            connection: CancellationToken::new(),
            warned: None,
        }
    }

    pub fn ack(&mut self, number: u64, ack_id: String, confirm: Option<Confirm>, now: Instant) {
        self.acks.push(Item { number, ack_id, confirm, since: now });
        self.flush_at(self.acks.len(), now);
    }

    pub fn nack(&mut self, number: u64, ack_id: String, now: Instant) {
        self.nacks.push(Item { number, ack_id, confirm: None, since: now });
        self.flush_at(self.nacks.len(), now);
    }

    pub fn extend(&mut self, due: Vec<(u64, String)>, now: Instant) {
        let item = |(number, ack_id)| Item { number, ack_id, confirm: None, since: now };
        self.extensions.extend(due.into_iter().map(item));
        self.flush_at(self.extensions.len(), now);
    }

    fn flush_at(&mut self, waiting: usize, now: Instant) {
        let at = if waiting >= MAX_IDS { now } else { now + FLUSH };
        self.flush_at = Some(self.flush_at.map_or(at, |flush| flush.min(at)));
    }

    /// When [`Calls::send`] is to be called.
    pub fn next_due(&self) -> Option<Instant> {
        let room = self.running.len() < MAX_CALLS;
        self.flush_at.filter(|_| room).map(|at| self.not_before.map_or(at, |not_before| at.max(not_before)))
    }

    /// Whether no ack and no nack is on its way any more.
    pub fn is_done(&self) -> bool {
        self.acks.is_empty() && self.nacks.is_empty() && self.running.is_empty()
    }

    /// Sends what waits, in as many calls as there is room for.
    pub fn send(&mut self, transport: &Transport) {
        for kind in [Kind::Ack, Kind::Nack, Kind::Extend] {
            while self.running.len() < MAX_CALLS {
                let items = take(self.queue(kind));
                if items.is_empty() {
                    break;
                }
                self.start(kind, items, transport.clone());
            }
        }
        if self.acks.is_empty() && self.nacks.is_empty() && self.extensions.is_empty() {
            self.flush_at = None;
        }
    }

    fn queue(&mut self, kind: Kind) -> &mut Vec<Item> {
        match kind {
            Kind::Ack => &mut self.acks,
            Kind::Nack => &mut self.nacks,
            Kind::Extend => &mut self.extensions,
        }
    }

    fn start(&mut self, kind: Kind, mut items: Vec<Item>, transport: Transport) {
        let (method, frame) = self.request(kind, &mut items);
        let mut metadata = MetadataMap::new();
        metadata.insert(ROUTING, self.routing.clone());
        let (connection, started) = (self.connection.clone(), Instant::now());
        self.running.spawn(async move {
            let answer = timeout(CALL_TIMEOUT, unary(transport, method, metadata, frame));
            let (result, is_silent) = tokio::select! {
                answer = answer => match answer {
                    Ok(result) => (result, false),
                    Err(_) => (Err(Status::deadline_exceeded("no answer")), true),
                },
                () = connection.cancelled() => (Err(Status::unavailable("the connection was given up")), false),
            };
            Ended { kind, items, result, silent_since: is_silent.then_some(started) }
        });
    }

    /// The encoded request. The ids are lent to it, not copied.
    fn request(&self, kind: Kind, items: &mut [Item]) -> (&'static str, Bytes) {
        let subscription = self.subscription.clone();
        let ack_ids = items.iter_mut().map(|item| std::mem::take(&mut item.ack_id)).collect();
        let (method, frame, ack_ids) = match kind {
            Kind::Ack => {
                let request = AcknowledgeRequest { subscription, ack_ids };
                (ACKNOWLEDGE, frame(&request), request.ack_ids)
            }
            Kind::Nack | Kind::Extend => {
                let ack_deadline_seconds = if kind == Kind::Nack { 0 } else { self.lease_secs };
                let request = ModifyAckDeadlineRequest { subscription, ack_ids, ack_deadline_seconds };
                (MODIFY_ACK_DEADLINE, frame(&request), request.ack_ids)
            }
        };
        for (item, ack_id) in items.iter_mut().zip(ack_ids) {
            item.ack_id = ack_id;
        }
        (method, frame)
    }

    /// The next call that ends; for ever none while none is running.
    pub async fn ended(&mut self) -> Ended {
        loop {
            match self.running.join_next().await {
                Some(Ok(ended)) => return ended,
                // A panic in a call is a bug; its messages come again when their leases are over.
                Some(Err(error)) => tracing::error!(%error, "a call was lost"),
                None => std::future::pending().await,
            }
        }
    }

    /// Draws a call's consequences.
    pub fn conclude(&mut self, ended: Ended, leases: &mut Leases, now: Instant) {
        let Ended { kind, items, result, .. } = ended;
        let Err(status) = result else {
            (self.delays, self.not_before) = (delays(), None);
            items.into_iter().for_each(confirm);
            return;
        };
        let (told, delay) = (reasons(&status), self.delays.next(asked_delay(&status)).min(MAX_DELAY));
        let mut refused = 0;
        for item in items {
            let is_patient = now.saturating_duration_since(item.since) < PATIENCE;
            match fate(&status, &told, &item.ack_id) {
                Fate::Done => confirm(item),
                Fate::Again if kind == Kind::Extend => leases.again_at(item.number, now + delay),
                Fate::Again if is_patient => {
                    self.queue(kind).push(item);
                    self.not_before = Some(now + delay);
                    self.flush_at = Some(now);
                }
                Fate::Refused if kind == Kind::Extend => leases.lost(item.number),
                Fate::Again | Fate::Refused => {
                    refused += 1;
                    if let Some(confirm) = item.confirm {
                        let _ = confirm.send(Err(Unacked(status.message().to_owned())));
                    }
                }
            }
        }
        self.warn(refused, kind, &status, now);
    }

    /// At most one line a minute. The messages come again, which is harmless.
    fn warn(&mut self, refused: u64, kind: Kind, status: &Status, now: Instant) {
        let is_due = self.warned.is_none_or(|warned| now - warned >= Duration::from_mins(1));
        if refused > 0 && is_due {
            self.warned = Some(now);
            tracing::warn!(messages = refused, call = ?kind, code = ?status.code(), answer = status.message(),
                "Pub/Sub did not take word of some messages; they will come again");
        }
    }

    /// Ends the running calls, so that their ids go out on another connection.
    pub fn change_connection(&mut self) {
        std::mem::take(&mut self.connection).cancel();
    }
}

fn delays() -> Delays {
    Delays::new(MIN_DELAY, MAX_DELAY)
}

fn take(queue: &mut Vec<Item>) -> Vec<Item> {
    if queue.len() <= MAX_IDS { std::mem::take(queue) } else { queue.drain(..MAX_IDS).collect() }
}

fn confirm(item: Item) {
    if let Some(confirm) = item.confirm {
        let _ = confirm.send(Ok(()));
    }
}

fn frame(message: &impl Message) -> Bytes {
    let len = message.encoded_len();
    let mut frame = BytesMut::with_capacity(len + 5);
    frame.put_slice(&header(u32::try_from(len).unwrap_or(u32::MAX)));
    // Room for all of it is there.
    let _ = message.encode(&mut frame);
    frame.freeze()
}

async fn unary(
    transport: Transport,
    method: &'static str,
    metadata: MetadataMap,
    frame: Bytes,
) -> Result<(), Status> {
    let mut answer = call::<(), _>(transport, method, metadata, Full::new(frame)).await?.into_inner();
    while answer.message().await?.is_some() {}
    Ok(())
}

/// What a failed call means for one of its ids.
enum Fate {
    Done,
    Again,
    Refused,
}

/// Exactly-once subscriptions tell ids apart: those that are not named are done, as Google's own clients have it.
fn fate(status: &Status, told: &HashMap<String, String>, ack_id: &str) -> Fate {
    if !told.is_empty() {
        return match told.get(ack_id) {
            None => Fate::Done,
            Some(reason) if reason.starts_with(TRANSIENT) => Fate::Again,
            Some(_) => Fate::Refused,
        };
    }
    if is_transient(code(status)) { Fate::Again } else { Fate::Refused }
}

const TRANSIENT: &str = "TRANSIENT_FAILURE_";
const PERMANENT: &str = "PERMANENT_FAILURE_";

/// Reasons by ack id, in the status of a call about an exactly-once subscription.
fn reasons(status: &Status) -> HashMap<String, String> {
    let info = status.get_details_error_info().map(|info| info.metadata).unwrap_or_default();
    let is_failure = |reason: &str| reason.starts_with(TRANSIENT) || reason.starts_with(PERMANENT);
    info.into_iter().filter(|(_, reason)| is_failure(reason)).collect()
}
