//! Publish calls, tried until the service has confirmed every message of a request or no retry can help.

use super::request::Request;
use crate::progress::Calls;
use bytes::Bytes;
use gcp::Transport;
use gcp::call::{call, code};
use gcp::headers::{ROUTING, routing};
use gcp::pubsub::is_transient;
use gcp::retry::Delays;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PublishResponse;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Code, Status};

const METHOD: &str = "/google.pubsub.v1.Publisher/Publish";

/// A connection may hang without an end; another attempt is the way out.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// First pause between attempts; it doubles up to [`MAX_DELAY`], with jitter.
const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(5);
/// Once the run is stopped, what is in flight has this long: less than the 30 s that Kubernetes leaves a process.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Makes calls to one topic.
#[derive(Debug)]
pub struct Caller {
    transports: Vec<Transport>,
    routing: AsciiMetadataValue,
    patience: Duration,
    calls: Calls,
    stop: CancellationToken,
}

impl Caller {
    /// Tries a request for `patience`, or shortly once `stop` is cancelled.
    pub fn new(
        transports: Vec<Transport>,
        topic: &str,
        patience: Duration,
        calls: Calls,
        stop: CancellationToken,
    ) -> Self {
        Self { transports, routing: routing(&[("topic", topic)]), patience, calls, stop }
    }

    /// Publishes a request, over one of the connections; comes back when all its messages are confirmed.
    ///
    /// # Errors
    /// The service's last word. The messages may have been published nonetheless.
    pub async fn publish(&self, connection: usize, request: &Request) -> Result<(), Status> {
        let stopped = async {
            self.stop.cancelled().await;
            sleep(STOP_PATIENCE).await;
        };
        tokio::select! {
            result = self.persist(connection, request) => result,
            () = stopped => Err(Status::cancelled(format!(
                "not confirmed within {} s of the stop",
                STOP_PATIENCE.as_secs()
            ))),
        }
    }

    async fn persist(&self, connection: usize, request: &Request) -> Result<(), Status> {
        let deadline = Instant::now() + self.patience;
        let mut delays = Delays::new(MIN_DELAY, MAX_DELAY);
        loop {
            let limit = ATTEMPT_TIMEOUT.min(deadline.saturating_duration_since(Instant::now()));
            let no_answer =
                || Status::deadline_exceeded(format!("no answer within {} ms", limit.as_millis()));
            let sent = Instant::now();
            let attempt = timeout(limit, self.attempt(connection, request)).await;
            let ended = attempt.unwrap_or_else(|_| Err(no_answer()));
            self.calls.ended(ended.as_ref().map_or_else(code, |()| Code::Ok), sent.elapsed());
            let Err(status) = ended else { return Ok(()) };
            let delay = delays.next(None);
            if !is_transient(code(&status)) || Instant::now() + delay >= deadline {
                return Err(status);
            }
            self.calls.again(code(&status), request.messages);
            tracing::debug!(messages = request.messages, ?delay, answer = %status, "publishing again");
            sleep(delay).await;
        }
    }

    async fn attempt(&self, connection: usize, request: &Request) -> Result<(), Status> {
        let transport = self.transports[connection % self.transports.len()].clone();
        let mut metadata = MetadataMap::new();
        metadata.insert(ROUTING, self.routing.clone());
        let body = Frame(Some(request.frame.clone()));
        let mut answers = call::<PublishResponse, _>(transport, METHOD, metadata, body).await?.into_inner();
        let mut confirmed = 0;
        while let Some(answer) = answers.message().await? {
            confirmed += answer.message_ids.len();
        }
        if confirmed == request.messages {
            return Ok(());
        }
        // Nothing says which ones: all go again.
        Err(Status::unavailable(format!("{confirmed} of {} messages were confirmed", request.messages)))
    }
}

/// A body of one piece.
struct Frame(Option<Bytes>);

impl http_body::Body for Frame {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|piece| Ok(http_body::Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}
