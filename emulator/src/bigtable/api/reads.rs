//! `ReadRows` below tonic's codecs, which copy every message once more: responses come with their frame's header and
//! go to the connection as they are.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service};
use tonic::server::NamedService;
use tonic::{Status, Streaming};
use tonic_prost::ProstDecoder;

use crate::bigtable::read::scan::Scan;
use crate::bigtable::store::catalog::Catalog;
use crate::proto::bigtable::ReadRowsRequest;

use super::data::refuse_views;
use super::jobs::Jobs;

/// The service takes requests of up to 256 MiB.
pub const MAX_REQUEST_BYTES: usize = 256 << 20;

const READ_ROWS: &str = "/google.bigtable.v2.Bigtable/ReadRows";

/// Answers `ReadRows` itself and passes every other call on.
#[derive(Clone)]
pub struct Reads<S> {
    pub service: S,
    pub reader: Reader,
}

#[derive(Clone)]
pub struct Reader {
    pub catalog: Arc<Catalog>,
    pub jobs: Arc<Jobs>,
}

impl<S: NamedService> NamedService for Reads<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Reads<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != READ_ROWS {
            return Box::pin(self.service.call(request));
        }
        let reader = self.reader.clone();
        Box::pin(async move { Ok(reader.answer(request.into_body()).await) })
    }
}

impl Reader {
    async fn answer(self, request: Body) -> http::Response<Body> {
        match self.begin(request).await {
            Ok(scan) => {
                let mut response = http::Response::new(self.frames(scan));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                response
            }
            Err(status) => status.into_http(),
        }
    }

    async fn begin(&self, request: Body) -> Result<Scan, Status> {
        let decoder = ProstDecoder::<ReadRowsRequest>::default();
        let mut requests = Streaming::new_request(decoder, request, None, Some(MAX_REQUEST_BYTES));
        let request =
            requests.message().await?.ok_or_else(|| Status::invalid_argument("the call has no request"))?;
        refuse_views(&[&request.authorized_view_name, &request.materialized_view_name])?;
        Scan::new(self.catalog.table(&request.table_name)?, request)
    }

    /// The responses, then the call's status. A response is made once the client's window has room for it.
    fn frames(self, scan: Scan) -> Body {
        let jobs = self.jobs;
        let frames = stream::unfold(Some(scan), move |scan| {
            let jobs = jobs.clone();
            async move {
                let (frame, scan) = match next(scan?, &jobs).await {
                    Ok(Some((message, scan))) => (Frame::data(message), Some(scan)),
                    Ok(None) => (trailers(&Status::ok("")), None),
                    Err(status) => (trailers(&status), None),
                };
                Some((Ok::<_, Infallible>(frame), scan))
            }
        });
        Body::new(StreamBody::new(frames))
    }
}

async fn next(mut scan: Scan, jobs: &Jobs) -> Result<Option<(Bytes, Scan)>, Status> {
    if let Some(message) = scan.ready_message() {
        return Ok(Some((message, scan)));
    }
    if scan.is_done() {
        return Ok(None);
    }
    jobs.read(move || scan.next_message().map(|message| message.map(|message| (message, scan)))).await
}

fn trailers(status: &Status) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    // Fails only on metadata that cannot be a header, and ours have none.
    let _ = status.add_header(&mut trailers);
    Frame::trailers(trailers)
}
