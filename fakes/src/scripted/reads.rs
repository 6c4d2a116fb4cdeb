//! A Bigtable whose answers to ReadRows are a function: for tests of what a reader does under faults.

use super::server::{BoxFuture, Script, Server};
use crate::proto::bigtable::{ReadRowsRequest, ReadRowsResponse};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// The messages of an answer; an error ends it.
pub type Answer = Vec<Result<ReadRowsResponse, Status>>;

/// Answers a call by its number, counted from 0, and its request.
type Answerer = dyn Fn(usize, &ReadRowsRequest) -> Answer + Send + Sync;

/// Starts on a free loopback port.
pub async fn start(
    script: impl Fn(usize, &ReadRowsRequest) -> Answer + Send + Sync + 'static,
) -> std::io::Result<Server> {
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

type Answers = tokio_stream::Iter<std::vec::IntoIter<Result<ReadRowsResponse, Status>>>;

impl ServerStreamingService<ReadRowsRequest> for ReadRows {
    type Response = ReadRowsResponse;
    type ResponseStream = Answers;
    type Future = BoxFuture<Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<ReadRowsRequest>) -> Self::Future {
        let (number, answer) = self.0.0.next();
        let answer = answer(number, request.get_ref());
        Box::pin(std::future::ready(Ok(Response::new(tokio_stream::iter(answer)))))
    }
}
