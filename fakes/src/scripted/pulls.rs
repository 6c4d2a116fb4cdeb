//! A Pub/Sub for subscribers whose streams and answers are functions: for tests of what a puller does under faults.

use super::publishes;
use super::server::{BoxFuture, Server};
use crate::proto::pubsub::{
    AcknowledgeRequest, GetSubscriptionRequest, ModifyAckDeadlineRequest, PubsubMessage, ReceivedMessage,
    StreamingPullRequest, StreamingPullResponse, Subscription,
};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// What a stream does, in this order. After its last step it stays open, until the client half-closes it.
#[derive(Clone, Debug)]
pub enum Step {
    Send(StreamingPullResponse),
    Wait(Duration),
    /// Ends the stream, with OK where that is the status.
    End(Status),
    /// Sends one message after another, each with an id of its own, also after the client's half-close: so many, each
    /// after this pause.
    Flood(u64, Duration),
}

/// A unary call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unary {
    Acknowledge(Vec<String>),
    /// The ids, and the new deadline in seconds.
    Modify(Vec<String>, i32),
    GetSubscription,
}

#[derive(Debug)]
pub enum Answer {
    Ok,
    Refuse(Status),
    /// Never answers.
    Hang,
}

/// What clients have done, in order.
#[derive(Debug, Default)]
pub struct Log {
    /// When streams were opened.
    pub opened: Vec<Instant>,
    pub first_requests: Vec<StreamingPullRequest>,
    pub pings: usize,
    pub half_closed: usize,
    /// Calls that were answered OK, and when.
    pub calls: Vec<(Instant, Unary)>,
}

impl Log {
    /// Ids that were acked.
    pub fn acked(&self) -> Vec<String> {
        let acked = |call: &(Instant, Unary)| match &call.1 {
            Unary::Acknowledge(ids) => ids.clone(),
            _ => vec![],
        };
        self.calls.iter().flat_map(acked).collect()
    }

    /// Ids that were nacked.
    pub fn nacked(&self) -> Vec<String> {
        let nacked = |call: &(Instant, Unary)| match &call.1 {
            Unary::Modify(ids, 0) => ids.clone(),
            _ => vec![],
        };
        self.calls.iter().flat_map(nacked).collect()
    }

    /// When the leases of which ids were extended.
    pub fn extended(&self) -> Vec<(Instant, Vec<String>)> {
        let extended = |(at, call): &(Instant, Unary)| match call {
            Unary::Modify(ids, 1..) => Some((*at, ids.clone())),
            _ => None,
        };
        self.calls.iter().filter_map(extended).collect()
    }
}

/// A running server.
#[derive(Debug)]
pub struct Pulls {
    server: Server,
    log: Arc<Mutex<Log>>,
}

impl Pulls {
    /// `streams` says what a stream does, by its number, counted from 0; `answer` how a unary call is answered.
    pub async fn start(
        streams: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
        answer: impl Fn(&Unary) -> Answer + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let log = Arc::new(Mutex::new(Log::default()));
        let router = Router { streams: Arc::new(streams), answer: Arc::new(answer), log: log.clone() };
        Ok(Self {
            server: Server::start_all(Routes::new(router).add_service(publishes::confirming())).await?,
            log,
        })
    }

    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    pub fn log(&self) -> parking_lot::MutexGuard<'_, Log> {
        self.log.lock()
    }
}

/// A response with a message for each of these ack ids, whose data is its id.
pub fn messages<'a>(ack_ids: impl IntoIterator<Item = &'a str>) -> StreamingPullResponse {
    let received = |ack_id: &str| ReceivedMessage {
        ack_id: ack_id.to_owned(),
        message: Some(PubsubMessage {
            data: ack_id.as_bytes().to_vec(),
            message_id: ack_id.to_owned(),
            ..PubsubMessage::default()
        }),
        delivery_attempt: 0,
    };
    StreamingPullResponse {
        received_messages: ack_ids.into_iter().map(received).collect(),
        ..StreamingPullResponse::default()
    }
}

#[derive(Clone)]
struct Router {
    streams: Arc<dyn Fn(usize) -> Vec<Step> + Send + Sync>,
    answer: Arc<dyn Fn(&Unary) -> Answer + Send + Sync>,
    log: Arc<Mutex<Log>>,
}

impl NamedService for Router {
    const NAME: &'static str = "google.pubsub.v1.Subscriber";
}

impl Service<http::Request<Body>> for Router {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let router = self.clone();
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next().map(str::to_owned);
            Ok(match method.as_deref() {
                Some("StreamingPull") => {
                    let codec = ProstCodec::<StreamingPullResponse, StreamingPullRequest>::default();
                    Grpc::new(codec).streaming(router, request).await
                }
                Some("Acknowledge") => {
                    Grpc::new(ProstCodec::default()).unary(Acknowledge(router), request).await
                }
                Some("ModifyAckDeadline") => {
                    Grpc::new(ProstCodec::default()).unary(Modify(router), request).await
                }
                Some("GetSubscription") => Grpc::new(ProstCodec::default()).unary(Get(router), request).await,
                _ => Status::unimplemented("only streams and leases are scripted").into_http(),
            })
        })
    }
}

impl Router {
    fn answer(&self, call: Unary) -> BoxFuture<Result<(), Status>> {
        match (self.answer)(&call) {
            Answer::Ok => {
                self.log.lock().calls.push((Instant::now(), call));
                Box::pin(ready(Ok(())))
            }
            Answer::Refuse(status) => Box::pin(ready(Err(status))),
            Answer::Hang => Box::pin(pending()),
        }
    }
}

type Responses = BoxStream<'static, Result<StreamingPullResponse, Status>>;

impl StreamingService<StreamingPullRequest> for Router {
    type Response = StreamingPullResponse;
    type ResponseStream = Responses;
    type Future = BoxFuture<Result<Response<Responses>, Status>>;

    fn call(&mut self, request: Request<Streaming<StreamingPullRequest>>) -> Self::Future {
        let router = self.clone();
        Box::pin(async move {
            let mut requests = request.into_inner();
            let first = requests.message().await?.unwrap_or_default();
            let number = {
                let mut log = router.log.lock();
                log.opened.push(Instant::now());
                log.first_requests.push(first);
                log.opened.len() - 1
            };
            let steps = (router.streams)(number);
            // A stream that sends nothing before it fails has no headers either, as an idle one of Google's.
            match steps.as_slice() {
                [Step::End(status)] if status.code() != tonic::Code::Ok => return Err(status.clone()),
                [Step::Wait(pause), Step::End(status)] if status.code() != tonic::Code::Ok => {
                    tokio::time::sleep(*pause).await;
                    return Err(status.clone());
                }
                _ => {}
            }
            let half_closed = CancellationToken::new();
            tokio::spawn(follow(requests, router.log, half_closed.clone()));
            Ok(Response::new(play(number, steps.into(), half_closed)))
        })
    }
}

async fn follow(
    mut requests: Streaming<StreamingPullRequest>,
    log: Arc<Mutex<Log>>,
    half_closed: CancellationToken,
) {
    while let Ok(Some(_)) = requests.message().await {
        log.lock().pings += 1;
    }
    log.lock().half_closed += 1;
    half_closed.cancel();
}

fn play(stream: usize, steps: VecDeque<Step>, half_closed: CancellationToken) -> Responses {
    let play = unfold(Some((steps, 0)), move |state| {
        let half_closed = half_closed.clone();
        async move {
            let (mut steps, mut sent) = state?;
            loop {
                match steps.front_mut() {
                    None => {
                        half_closed.cancelled().await;
                        return None;
                    }
                    Some(Step::Flood(left, pause)) if *left > 0 => {
                        *left -= 1;
                        tokio::time::sleep(*pause).await;
                        sent += 1;
                        let id = format!("flood-{stream}-{sent}");
                        return Some((Ok(messages([id.as_str()])), Some((steps, sent))));
                    }
                    Some(_) => {}
                }
                match steps.pop_front() {
                    Some(Step::Send(response)) => return Some((Ok(response), Some((steps, sent)))),
                    Some(Step::Wait(pause)) => tokio::time::sleep(pause).await,
                    Some(Step::End(status)) if status.code() == tonic::Code::Ok => return None,
                    Some(Step::End(status)) => return Some((Err(status), None)),
                    Some(Step::Flood(..)) | None => {}
                }
            }
        }
    });
    play.boxed()
}

struct Acknowledge(Router);

impl UnaryService<AcknowledgeRequest> for Acknowledge {
    type Response = ();
    type Future = BoxFuture<Result<Response<()>, Status>>;

    fn call(&mut self, request: Request<AcknowledgeRequest>) -> Self::Future {
        let answer = self.0.answer(Unary::Acknowledge(request.into_inner().ack_ids));
        Box::pin(async move { answer.await.map(Response::new) })
    }
}

struct Modify(Router);

impl UnaryService<ModifyAckDeadlineRequest> for Modify {
    type Response = ();
    type Future = BoxFuture<Result<Response<()>, Status>>;

    fn call(&mut self, request: Request<ModifyAckDeadlineRequest>) -> Self::Future {
        let request = request.into_inner();
        let answer = self.0.answer(Unary::Modify(request.ack_ids, request.ack_deadline_seconds));
        Box::pin(async move { answer.await.map(Response::new) })
    }
}

struct Get(Router);

impl UnaryService<GetSubscriptionRequest> for Get {
    type Response = Subscription;
    type Future = BoxFuture<Result<Response<Subscription>, Status>>;

    fn call(&mut self, request: Request<GetSubscriptionRequest>) -> Self::Future {
        let (answer, name) = (self.0.answer(Unary::GetSubscription), request.into_inner().subscription);
        Box::pin(async move {
            answer.await?;
            Ok(Response::new(Subscription { name, ..Subscription::default() }))
        })
    }
}
