//! A Bigtable whose answers to MutateRows are a function: for tests of what a client does under faults.
//!
//! Every table exists and reads as empty, so that a client's first look at it succeeds.

use super::server::{BoxFuture, Script, Server};
use crate::proto::bigtable::{MutateRowsRequest, MutateRowsResponse, mutate_rows_response::Entry};
use crate::proto::rpc;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

/// One MutateRows call as it arrived.
#[derive(Debug)]
pub struct Call {
    /// Counted from 0 in the order of arrival.
    pub number: usize,
    pub request: MutateRowsRequest,
    pub metadata: MetadataMap,
}

/// How the server answers a call.
#[derive(Debug)]
pub enum Reply {
    /// Sends these messages; an error ends the stream.
    Stream(Vec<Result<MutateRowsResponse, Status>>),
    /// Ends the call before any message.
    Refuse(Status),
    /// Never answers.
    Hang,
}

impl Reply {
    /// Answers OK for every entry.
    pub fn ok(call: &Call) -> Self {
        Self::entries((0..call.request.entries.len()).map(|index| (index as i64, Code::Ok)))
    }

    /// Answers with these codes by index, in one message.
    pub fn entries(entries: impl IntoIterator<Item = (i64, Code)>) -> Self {
        Self::Stream(vec![Ok(response(entries))])
    }
}

/// A response with these codes by index.
pub fn response(entries: impl IntoIterator<Item = (i64, Code)>) -> MutateRowsResponse {
    let entry = |(index, code): (i64, Code)| {
        let message = if code == Code::Ok { String::new() } else { format!("scripted {code:?}") };
        Entry { index, status: Some(rpc::Status { code: code as i32, message, details: Vec::new() }) }
    };
    MutateRowsResponse { entries: entries.into_iter().map(entry).collect(), rate_limit_info: None }
}

type Answerer = dyn Fn(&Call) -> Reply + Send + Sync;

/// Starts on a free loopback port.
pub async fn start(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> std::io::Result<Server> {
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
        let method = MutateRows(self.clone());
        Box::pin(async move {
            match request.uri().path().rsplit('/').next() {
                Some("MutateRows") => {}
                Some("ReadRows") => return Ok(Status::ok("").into_http()),
                _ => return Ok(Status::unimplemented("only MutateRows is scripted").into_http()),
            }
            let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(256 << 20);
            Ok(grpc.server_streaming(method, request).await)
        })
    }
}

struct MutateRows(Router);

type Answers = tokio_stream::Iter<std::vec::IntoIter<Result<MutateRowsResponse, Status>>>;

impl ServerStreamingService<MutateRowsRequest> for MutateRows {
    type Response = MutateRowsResponse;
    type ResponseStream = Answers;
    type Future = BoxFuture<Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<MutateRowsRequest>) -> Self::Future {
        let (number, answer) = self.0.0.next();
        let (metadata, _, request) = request.into_parts();
        let reply = answer(&Call { number, request, metadata });
        Box::pin(async move {
            match reply {
                Reply::Stream(messages) => Ok(Response::new(tokio_stream::iter(messages))),
                Reply::Refuse(status) => Err(status),
                Reply::Hang => pending().await,
            }
        })
    }
}
