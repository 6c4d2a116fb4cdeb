//! One streaming pull: messages out as flow control allows, acknowledgements and deadlines in.

use crate::proto::pubsub::StreamingPullRequest;
use crate::proto::pubsub::streaming_pull_response::{AcknowledgeConfirmation, ModifyAckDeadlineConfirmation};
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::{check_ack_deadline, check_new_deadline};
use crate::pubsub::error::stopping;
use crate::pubsub::subscription::Subscription;
use crate::pubsub::subscription::outgoing::Delivery;
use crate::pubsub::subscription::taking::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

/// An idle stream gets an empty response this often, if its client has said that it understands them.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// At most this many confirmations wait for the client; beyond that its requests wait.
const CONFIRMATIONS: usize = 16;

/// The state that both directions of a stream share.
struct Shared {
    subscription: Arc<Subscription>,
    stream: u32,
    /// The stream's ack deadline; 0 for the subscription's.
    ack_deadline_secs: AtomicU32,
    /// The server ended the stream.
    closed: CancellationToken,
}

/// The outgoing direction. It lives as long as the response's body does.
struct Outbound {
    shared: Arc<Shared>,
    stream: Stream,
    /// Ends with the client's requests, and with it the stream: who sends no acknowledgements is sent no messages.
    confirmations: mpsc::Receiver<Delivery>,
    heartbeats: bool,
    over: bool,
    _alive: mpsc::Sender<()>,
}

/// Answers a streaming pull after its first request.
pub async fn open(
    broker: &Broker,
    mut requests: Streaming<StreamingPullRequest>,
    alive: mpsc::Sender<()>,
) -> Result<BoxStream<'static, Result<Delivery, Status>>, Status> {
    let first = broker.stopping.run_until_cancelled(requests.message()).await;
    let first = first.ok_or_else(stopping)??;
    let first =
        first.ok_or_else(|| Status::invalid_argument("the first request must name the subscription"))?;
    if first.stream_ack_deadline_seconds != 0 {
        check_ack_deadline(first.stream_ack_deadline_seconds)?;
    }
    let subscription = broker.attached(&first.subscription)?;
    let stream = subscription.open_stream(first.max_outstanding_messages, first.max_outstanding_bytes);
    let shared = Arc::new(Shared {
        subscription,
        stream: stream.id,
        ack_deadline_secs: AtomicU32::new(first.stream_ack_deadline_seconds as u32),
        closed: CancellationToken::new(),
    });
    let (confirm, confirmations) = mpsc::channel(CONFIRMATIONS);
    let heartbeats = first.protocol_version >= 1;
    tokio::spawn(receive(alive.clone(), shared.clone(), first, requests, confirm));
    let outbound = Outbound { shared, stream, confirmations, heartbeats, over: false, _alive: alive };
    Ok(stream::unfold(outbound, |mut outbound| async { Some((outbound.next().await?, outbound)) }).boxed())
}

impl Outbound {
    async fn next(&mut self) -> Option<Result<Delivery, Status>> {
        if self.over {
            return None;
        }
        let ack_deadline = match self.shared.ack_deadline_secs.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(Duration::from_secs(u64::from(seconds))),
        };
        let response = tokio::select! {
            biased;
            () = self.shared.subscription.ended.cancelled() => Err(self.shared.subscription.end_status()),
            () = self.shared.closed.cancelled() => return None,
            confirmation = self.confirmations.recv() => Ok(confirmation?),
            delivery = self.stream.next(ack_deadline) => Ok(delivery),
            () = tokio::time::sleep(HEARTBEAT), if self.heartbeats => Ok(Delivery::default()),
        };
        if response.is_err() {
            self.over = true;
            self.shared.closed.cancel();
        }
        Some(response)
    }
}

/// Handles the client's requests until they end. Their end says how the client left: an orderly close or cancellation
/// keeps the leases, as acknowledgements may follow in other calls; a broken connection gives them back.
async fn receive(
    _alive: mpsc::Sender<()>,
    shared: Arc<Shared>,
    first: StreamingPullRequest,
    mut requests: Streaming<StreamingPullRequest>,
    confirm: mpsc::Sender<Delivery>,
) {
    let mut next = Ok(Some(first));
    while let Ok(Some(request)) = next {
        if let Err(status) = handle(&shared, request, &confirm).await {
            tracing::debug!(subscription = shared.subscription.name(), %status, "a stream's request was refused");
        }
        next = tokio::select! {
            next = requests.message() => next,
            () = shared.closed.cancelled() => return,
        };
    }
    if let Err(status) = next {
        let subscription = shared.subscription.name();
        tracing::debug!(subscription, %status, "a stream broke; its messages go to others");
        shared.subscription.release_stream(shared.stream);
        shared.closed.cancel();
    }
}

async fn handle(
    shared: &Shared,
    request: StreamingPullRequest,
    confirm: &mpsc::Sender<Delivery>,
) -> Result<(), Status> {
    if request.stream_ack_deadline_seconds != 0 {
        check_ack_deadline(request.stream_ack_deadline_seconds)?;
        shared.ack_deadline_secs.store(request.stream_ack_deadline_seconds as u32, Ordering::Relaxed);
    }
    let exactly_once = shared.subscription.lock().settings().exactly_once;
    let mut answer = Delivery::default();
    if !request.modify_deadline_ack_ids.is_empty() {
        let confirmation = modify(shared, &request)?;
        answer.modified = exactly_once.then_some(confirmation);
    }
    if !request.ack_ids.is_empty() {
        let invalid_ack_ids = shared.subscription.acknowledge(&request.ack_ids).await?;
        let ack_ids = without(request.ack_ids, &invalid_ack_ids);
        let confirmation = AcknowledgeConfirmation { ack_ids, invalid_ack_ids, ..Default::default() };
        answer.acknowledged = exactly_once.then_some(confirmation);
    }
    if answer.modified.is_some() || answer.acknowledged.is_some() {
        // A client that has left awaits no confirmation.
        let _ = confirm.send(answer).await;
    }
    Ok(())
}

fn modify(shared: &Shared, request: &StreamingPullRequest) -> Result<ModifyAckDeadlineConfirmation, Status> {
    let (ids, seconds) = (&request.modify_deadline_ack_ids, &request.modify_deadline_seconds);
    if ids.len() != seconds.len() {
        return Err(Status::invalid_argument(
            "modify_deadline_ack_ids and modify_deadline_seconds differ in length",
        ));
    }
    let mut by_deadline: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for (id, &seconds) in ids.iter().zip(seconds) {
        by_deadline.entry(seconds).or_default().push(id.clone());
    }
    let mut invalid_ack_ids = Vec::new();
    for (seconds, ids) in by_deadline {
        invalid_ack_ids.extend(shared.subscription.modify(&ids, check_new_deadline(seconds)?));
    }
    let ack_ids = without(ids.clone(), &invalid_ack_ids);
    Ok(ModifyAckDeadlineConfirmation { ack_ids, invalid_ack_ids, ..Default::default() })
}

fn without(ids: Vec<String>, invalid: &[String]) -> Vec<String> {
    if invalid.is_empty() {
        return ids;
    }
    let invalid: std::collections::HashSet<&String> = invalid.iter().collect();
    ids.into_iter().filter(|id| !invalid.contains(id)).collect()
}
