//! Bounds the bulk writes under way: a request's body is received only once there is room for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

const BULK_WRITE: &str = "/google.bigtable.v2.Bigtable/MutateRows";

/// A service with a gate in front of its bulk writes. A waiting call holds no more than its stream's window.
#[derive(Clone)]
pub struct Admission<S> {
    service: S,
    permits: Arc<Semaphore>,
}

impl<S> Admission<S> {
    pub fn new(service: S) -> Self {
        // Enough to receive as many as are being written.
        let permits = 2 * available_parallelism().map_or(1, usize::from) + 2;
        Admission { service, permits: Arc::new(Semaphore::new(permits)) }
    }
}

impl<S: NamedService> NamedService for Admission<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Admission<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let is_bulk_write = request.uri().path() == BULK_WRITE;
        let permits = self.permits.clone();
        // The instance that was polled ready is the one to call.
        let clone = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, clone);
        Box::pin(async move {
            let _permit = if is_bulk_write { permits.acquire_owned().await.ok() } else { None };
            service.call(request).await
        })
    }
}
