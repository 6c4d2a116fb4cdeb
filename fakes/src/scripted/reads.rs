//! A Bigtable whose answers to ReadRows are a function: for tests of what a reader does under faults.

use super::server::{BoxFuture, Script, Server};
use crate::proto::bigtable::{ReadRowsRequest, ReadRowsResponse};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Extensions, Request, Response, Status};
use tonic_prost::ProstCodec;

/// The messages of an answer; an error ends it, with its metadata as trailers.
pub type Answer = Vec<Result<ReadRowsResponse, Status>>;

/// One ReadRows call as it arrived.
#[derive(Debug)]
pub struct Call {
    /// Counted from 0 in the order of arrival.
    pub number: usize,
    pub request: ReadRowsRequest,
    pub metadata: MetadataMap,
}

/// How the server answers a call.
#[derive(Debug, Default)]
pub struct Reply {
    /// Sent before any message.
    pub headers: MetadataMap,
    pub messages: Answer,
    /// Behind the messages the call stays open and silent.
    pub is_silent: bool,
}

impl From<Answer> for Reply {
    fn from(messages: Answer) -> Self {
        Self { messages, ..Self::default() }
    }
}

type Answerer = dyn Fn(&Call) -> Reply + Send + Sync;

/// Starts on a free loopback port; answers a call by its number, counted from 0, and its request.
pub async fn start(
    script: impl Fn(usize, &ReadRowsRequest) -> Answer + Send + Sync + 'static,
) -> std::io::Result<Server> {
    serve(move |call| script(call.number, &call.request).into()).await
}

/// As [`start`], for scripts that look at a call's metadata or answer with some.
pub async fn serve(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> std::io::Result<Server> {
    Server::start(Router(Script::new(Arc::new(script)))).await
}

#[derive(Clone)]
struct Router(Script<Answerer>);

impl NamedService for Router {
    const NAME: &'static str = "google.bigtable.v2.Bigtable";
}

impl Service<tonic::codegen::http::Request<Body>> for Router {
    type Response = tonic::codegen::http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::codegen::http::Request<Body>) -> Self::Future {
        let method = ReadRows(self.clone());
        Box::pin(async move {
            if !request.uri().path().ends_with("/ReadRows") {
                return Ok(Status::unimplemented("only ReadRows is scripted").into_http());
            }
            Ok(Grpc::new(ProstCodec::default()).server_streaming(method, request).await)
        })
    }
}

struct ReadRows(Router);

type Answers = BoxStream<'static, Result<ReadRowsResponse, Status>>;

impl ServerStreamingService<ReadRowsRequest> for ReadRows {
    type Response = ReadRowsResponse;
    type ResponseStream = Answers;
    type Future = BoxFuture<Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<ReadRowsRequest>) -> Self::Future {
        let (number, answer) = self.0.0.next();
        let (metadata, _, request) = request.into_parts();
        let Reply { headers, messages, is_silent } = answer(&Call { number, request, metadata });
        let silence = stream::pending().take(if is_silent { usize::MAX } else { 0 });
        let messages = stream::iter(messages).chain(silence).boxed();
        Box::pin(std::future::ready(Ok(Response::from_parts(headers, messages, Extensions::default()))))
    }
}
