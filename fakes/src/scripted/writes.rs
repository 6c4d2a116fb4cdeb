//! A Bigtable whose answers to MutateRows are a function: for tests of what a client does under faults.
//!
//! Every table exists and reads as empty, so that a client's first look at it succeeds.

use super::server::{BoxFuture, Script, Server};
use crate::proto::bigtable::{MutateRowsRequest, MutateRowsResponse, mutate_rows_response::Entry};
use crate::proto::rpc;
use futures_util::stream::{self, BoxStream, StreamExt};
use parking_lot::Mutex;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Code, Extensions, Request, Response, Status};
use tonic_prost::ProstCodec;

/// One MutateRows call as it arrived.
#[derive(Debug)]
pub struct Call {
    /// Counted from 0 in the order of arrival.
    pub number: usize,
    pub request: MutateRowsRequest,
    pub metadata: MetadataMap,
}

/// A message of an answer, or the call's end; an end of `Ok` with metadata has that in its trailers.
pub type Message = Result<MutateRowsResponse, Status>;

/// How the server answers a call.
pub enum Reply {
    /// Sends these messages; an error ends the stream.
    Stream(Vec<Message>),
    /// As `Stream`, with these headers before the messages.
    Headed(MetadataMap, Vec<Message>),
    /// Sends messages as they come.
    Flow(BoxStream<'static, Message>),
    /// Ends the call before any message.
    Refuse(Status),
    /// Answers as something that is not a gRPC server would.
    Http(http::Response<Body>),
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

    /// Sends these messages and never ends.
    pub fn stalled(messages: Vec<Message>) -> Self {
        Self::Flow(stream::iter(messages).chain(stream::pending()).boxed())
    }

    /// Ends the call well before any message.
    pub fn nothing() -> Self {
        Self::Http(Status::ok("").into_http())
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

impl Service<http::Request<Body>> for Router {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let plain = Plain::default();
        let method = MutateRows(self.clone(), plain.clone());
        Box::pin(async move {
            match request.uri().path().rsplit('/').next() {
                Some("MutateRows") => {}
                Some("ReadRows") => return Ok(Status::ok("").into_http()),
                _ => return Ok(Status::unimplemented("only MutateRows is scripted").into_http()),
            }
            let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(256 << 20);
            let answer = grpc.server_streaming(method, request).await;
            Ok(plain.lock().take().unwrap_or(answer))
        })
    }
}

/// An answer that goes out in the place of a gRPC one.
type Plain = Arc<Mutex<Option<http::Response<Body>>>>;

struct MutateRows(Router, Plain);

impl ServerStreamingService<MutateRowsRequest> for MutateRows {
    type Response = MutateRowsResponse;
    type ResponseStream = BoxStream<'static, Message>;
    type Future = BoxFuture<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<MutateRowsRequest>) -> Self::Future {
        let (number, answer) = self.0.0.next();
        let (metadata, _, request) = request.into_parts();
        let reply = answer(&Call { number, request, metadata });
        let plain = self.1.clone();
        Box::pin(async move {
            match reply {
                Reply::Stream(messages) => Ok(Response::new(stream::iter(messages).boxed())),
                Reply::Headed(headers, messages) => {
                    let messages = stream::iter(messages).boxed();
                    Ok(Response::from_parts(headers, messages, Extensions::new()))
                }
                Reply::Flow(messages) => Ok(Response::new(messages)),
                Reply::Refuse(status) => Err(status),
                Reply::Http(response) => {
                    *plain.lock() = Some(response);
                    Err(Status::unknown("the plain answer goes out instead"))
                }
                Reply::Hang => pending().await,
            }
        })
    }
}
