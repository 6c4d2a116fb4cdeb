//! A Pub/Sub whose answers to Publish are a function: for tests of what a publisher does under faults.
//!
//! Every topic exists, unless a script of its own answers for topics, and has a subscription of its own name.

use super::server::{BoxFuture, Script, Server};
use crate::proto::pubsub::{
    GetTopicRequest, ListTopicSubscriptionsRequest, ListTopicSubscriptionsResponse, PublishRequest,
    PublishResponse, Topic,
};
use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http;
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// How the server answers a call.
#[derive(Debug)]
pub enum Reply {
    /// Confirms this many messages.
    Confirm(usize),
    Refuse(Status),
    /// Never answers.
    Hang,
}

/// Answers a call by its number, counted from 0, and its request.
type Answerer = dyn Fn(usize, &PublishRequest) -> Reply + Send + Sync;

/// Says by a GetTopic call's number, counted from 0, and its metadata, whether the topic is found.
type Looker = dyn Fn(usize, &MetadataMap) -> Result<(), Status> + Send + Sync;

/// Starts on a free loopback port.
pub async fn start(
    script: impl Fn(usize, &PublishRequest) -> Reply + Send + Sync + 'static,
) -> std::io::Result<Server> {
    start_with_topics(|_, _| Ok(()), script).await
}

/// As [`start`], with a script for GetTopic.
pub async fn start_with_topics(
    topics: impl Fn(usize, &MetadataMap) -> Result<(), Status> + Send + Sync + 'static,
    script: impl Fn(usize, &PublishRequest) -> Reply + Send + Sync + 'static,
) -> std::io::Result<Server> {
    Server::start(Router(Script::new(Arc::new(script)), Script::new(Arc::new(topics)))).await
}

/// Every topic exists and takes everything.
pub(super) fn confirming() -> Router {
    let confirm = |_: usize, request: &PublishRequest| Reply::Confirm(request.messages.len());
    Router(Script::new(Arc::new(confirm)), Script::new(Arc::new(|_: usize, _: &MetadataMap| Ok(()))))
}

#[derive(Clone)]
pub(super) struct Router(Script<Answerer>, Script<Looker>);

impl NamedService for Router {
    const NAME: &'static str = "google.pubsub.v1.Publisher";
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
            Ok(match request.uri().path().rsplit('/').next() {
                Some("Publish") => Grpc::new(ProstCodec::default()).unary(Publish(router), request).await,
                Some("GetTopic") => Grpc::new(ProstCodec::default()).unary(GetTopic(router), request).await,
                Some("ListTopicSubscriptions") => {
                    Grpc::new(ProstCodec::default()).unary(ListSubscriptions, request).await
                }
                _ => Status::unimplemented("only Publish is scripted").into_http(),
            })
        })
    }
}

struct Publish(Router);

impl UnaryService<PublishRequest> for Publish {
    type Response = PublishResponse;
    type Future = BoxFuture<Result<Response<PublishResponse>, Status>>;

    fn call(&mut self, request: Request<PublishRequest>) -> Self::Future {
        let (number, answer) = self.0.0.next();
        let reply = answer(number, request.get_ref());
        Box::pin(async move {
            match reply {
                Reply::Confirm(count) => {
                    let message_ids = (0..count).map(|at| format!("{number}-{at}")).collect();
                    Ok(Response::new(PublishResponse { message_ids }))
                }
                Reply::Refuse(status) => Err(status),
                Reply::Hang => pending().await,
            }
        })
    }
}

struct ListSubscriptions;

impl UnaryService<ListTopicSubscriptionsRequest> for ListSubscriptions {
    type Response = ListTopicSubscriptionsResponse;
    type Future = Ready<Result<Response<ListTopicSubscriptionsResponse>, Status>>;

    fn call(&mut self, request: Request<ListTopicSubscriptionsRequest>) -> Self::Future {
        let subscriptions = vec![request.into_inner().topic.replacen("/topics/", "/subscriptions/", 1)];
        let answer = ListTopicSubscriptionsResponse { subscriptions, ..Default::default() };
        ready(Ok(Response::new(answer)))
    }
}

struct GetTopic(Router);

impl UnaryService<GetTopicRequest> for GetTopic {
    type Response = Topic;
    type Future = BoxFuture<Result<Response<Topic>, Status>>;

    fn call(&mut self, request: Request<GetTopicRequest>) -> Self::Future {
        let (number, look) = self.0.1.next();
        let found = look(number, request.metadata());
        let name = request.into_inner().topic;
        Box::pin(ready(found.map(|()| Response::new(Topic { name, ..Default::default() }))))
    }
}
