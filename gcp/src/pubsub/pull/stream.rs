//! One stream on one connection, and whether the server is still there.
//!
//! A connection can die without a word: packets vanish, or a proxy acks what nobody reads. Newer servers answer the
//! stream's pings with empty responses (protocol version 1); where none has come, a cheap call on the same connection
//! asks. HTTP/2's own pings are no way: Google's emulator cuts the connection at the third without data.

use crate::Transport;
use futures_util::stream::poll_fn;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::subscriber_client::SubscriberClient;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    GetSubscriptionRequest, StreamingPullRequest, StreamingPullResponse,
};
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::metadata::AsciiMetadataValue;
use tonic::{Response, Status, Streaming};

use crate::endpoint::MAX_MESSAGE_BYTES;
use crate::headers::ROUTING;

/// Between two pings.
const PING: Duration = Duration::from_secs(20);
/// How long a server that answers pings may be silent after one, and any server after a call: longer than a freeze of
/// 20 s, and with [`PING`] well below a minute.
const ANSWER: Duration = Duration::from_secs(25);
/// Silence after which a server that has answered no ping is asked by a call.
const QUIET: Duration = Duration::from_secs(15);

/// What happens on a stream.
pub enum Event {
    Response(StreamingPullResponse),
    /// The server has taken the stream, or answered a question.
    Alive,
    /// The server ended the stream; with OK, if there is no status.
    Ended(Option<Status>),
    /// The server is not there any more, or its answers do not come through.
    Dead,
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

enum Inbound {
    /// Headers may come with the first response only.
    Opening(BoxFuture<Result<Response<Streaming<StreamingPullResponse>>, Status>>),
    Open(Box<Streaming<StreamingPullResponse>>),
}

pub struct Stream {
    client: SubscriberClient<Transport>,
    subscription: String,
    routing: AsciiMetadataValue,
    /// Dropped, it half-closes the stream.
    requests: Option<mpsc::Sender<StreamingPullRequest>>,
    inbound: Inbound,
    pub started: Instant,
    /// When the server was last heard.
    pub heard: Instant,
    pub has_delivered: bool,
    next_ping: Instant,
    /// The first ping since then.
    pinged: Option<Instant>,
    /// The server has sent an empty response, so that it will do so again.
    answers_pings: bool,
    probe: Option<BoxFuture<bool>>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Stream").field("heard", &self.heard).finish_non_exhaustive()
    }
}

impl Stream {
    pub fn open(transport: Transport, routing: AsciiMetadataValue, first: StreamingPullRequest) -> Self {
        let mut client = SubscriberClient::new(transport).max_decoding_message_size(MAX_MESSAGE_BYTES);
        let (subscription, own, now) = (first.subscription.clone(), client.clone(), Instant::now());
        let (requests, mut receiver) = mpsc::channel(2);
        let _ = requests.try_send(first);
        let mut request = tonic::Request::new(poll_fn(move |context| receiver.poll_recv(context)));
        request.metadata_mut().insert(ROUTING, routing.clone());
        let opening = async move { client.streaming_pull(request).await };
        Self {
            client: own,
            subscription,
            routing,
            requests: Some(requests),
            inbound: Inbound::Opening(Box::pin(opening)),
            started: now,
            heard: now,
            has_delivered: false,
            next_ping: now + PING,
            pinged: None,
            answers_pings: false,
            probe: None,
        }
    }

    /// The next event. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Event {
        loop {
            let due = self.due();
            tokio::select! {
                inbound = self.inbound.next() => match inbound {
                    Ok(Arrival::Headers) => {
                        self.hear();
                        return Event::Alive;
                    }
                    Ok(Arrival::Response(response)) => {
                        let is_empty = response.received_messages.is_empty();
                        self.answers_pings |= is_empty;
                        self.has_delivered |= !is_empty;
                        self.hear();
                        return Event::Response(response);
                    }
                    Ok(Arrival::End) => return Event::Ended(None),
                    Err(status) => return Event::Ended(Some(status)),
                },
                is_there = until_answered(&mut self.probe) => {
                    self.probe = None;
                    if !is_there {
                        return Event::Dead;
                    }
                    self.hear();
                    return Event::Alive;
                }
                () = sleep_until(due) => if self.is_dead_by(Instant::now()) {
                    return Event::Dead;
                },
            }
        }
    }

    fn hear(&mut self) {
        (self.heard, self.pinged) = (Instant::now(), None);
    }

    /// After a time in which nobody took events, silence means nothing.
    pub fn resume(&mut self) {
        self.hear();
    }

    fn due(&self) -> Instant {
        let answer = self.pinged.filter(|_| self.answers_pings).map(|at| at + ANSWER);
        let probe = (!self.answers_pings && self.probe.is_none()).then_some(self.heard + QUIET);
        [Some(self.next_ping), answer, probe].into_iter().flatten().min().unwrap_or(self.next_ping)
    }

    fn is_dead_by(&mut self, now: Instant) -> bool {
        if now >= self.next_ping {
            self.next_ping = now + PING;
            if let Some(requests) = &self.requests {
                // A full queue says that the connection takes nothing; the ping counts all the same.
                let _ = requests.try_send(StreamingPullRequest::default());
                self.pinged.get_or_insert(now);
            }
        }
        if self.answers_pings {
            return self.pinged.is_some_and(|at| now >= at + ANSWER);
        }
        if self.probe.is_none() && now >= self.heard + QUIET {
            self.probe();
        }
        false
    }

    /// Whether an answer is awaited.
    pub fn is_probing(&self) -> bool {
        self.probe.is_some()
    }

    /// Asks the server on this connection whether it is there; [`Stream::next`] tells.
    pub fn probe(&mut self) {
        let mut request =
            tonic::Request::new(GetSubscriptionRequest { subscription: self.subscription.clone() });
        request.metadata_mut().insert(ROUTING, self.routing.clone());
        let mut client = self.client.clone();
        self.probe.get_or_insert_with(|| {
            Box::pin(async move {
                match timeout(ANSWER, client.get_subscription(request)).await {
                    // Any word of the server's proves the connection, a refusal too.
                    Ok(Ok(_)) => true,
                    Ok(Err(status)) => std::error::Error::source(&status).is_none(),
                    Err(_) => false,
                }
            })
        });
    }

    /// Tells the server that no request will follow. It ends the stream, after what it has sent already.
    pub fn half_close(&mut self) {
        self.requests = None;
    }
}

enum Arrival {
    Headers,
    Response(StreamingPullResponse),
    End,
}

impl Inbound {
    async fn next(&mut self) -> Result<Arrival, Status> {
        match self {
            Self::Opening(opening) => {
                let opened = opening.as_mut().await?;
                *self = Self::Open(Box::new(opened.into_inner()));
                Ok(Arrival::Headers)
            }
            Self::Open(stream) => Ok(stream.message().await?.map_or(Arrival::End, Arrival::Response)),
        }
    }
}

async fn until_answered(probe: &mut Option<BoxFuture<bool>>) -> bool {
    match probe {
        Some(probe) => probe.await,
        None => pending().await,
    }
}
