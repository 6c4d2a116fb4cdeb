//! Bounds the bulk writes under way: a request's body is received only once there is room for it.

use bytes::Bytes;
use http_body::Frame;
use parking_lot::Mutex;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

const BULK_WRITE: &str = "/google.bigtable.v2.Bigtable/MutateRows";

/// A body of which nothing has come for so long keeps no others out: its sender may be frozen.
const STALLED: Duration = Duration::from_secs(1);

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
            if !is_bulk_write {
                return service.call(request).await;
            }
            let place = Arc::new(Mutex::new(permits.clone().acquire_owned().await.ok()));
            let request = request.map(|body| Body::new(Admitted::new(body, permits, place.clone())));
            let answer = service.call(request).await;
            drop(place);
            answer
        })
    }
}

/// Where a call keeps its permit.
type Place = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

/// A body that gives its permit back while nothing of it comes, and goes on once it has one again.
struct Admitted {
    body: Body,
    permits: Arc<Semaphore>,
    place: Place,
    stalled: Pin<Box<Sleep>>,
    is_waiting: bool,
    /// The next part, which has come and waits for a permit.
    next: Option<Frame<Bytes>>,
    admission: Option<BoxFuture<Option<OwnedSemaphorePermit>, Infallible>>,
}

impl Admitted {
    fn new(body: Body, permits: Arc<Semaphore>, place: Place) -> Self {
        Self {
            body,
            permits,
            place,
            stalled: Box::pin(sleep(STALLED)),
            is_waiting: false,
            next: None,
            admission: None,
        }
    }

    /// Whether there is a permit; asks for one.
    fn poll_permit(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.place.lock().is_some() {
            return Poll::Ready(());
        }
        let permits = self.permits.clone();
        let admission = self
            .admission
            .get_or_insert_with(|| Box::pin(async move { Ok(permits.acquire_owned().await.ok()) }));
        let Ok(permit) = ready!(admission.as_mut().poll(context));
        self.admission = None;
        *self.place.lock() = permit;
        Poll::Ready(())
    }
}

impl http_body::Body for Admitted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.next.is_none() {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => this.next = Some(frame),
                Poll::Ready(other) => return Poll::Ready(other),
                Poll::Pending => {
                    if !std::mem::replace(&mut this.is_waiting, true) {
                        this.stalled.as_mut().reset(tokio::time::Instant::now() + STALLED);
                    }
                    if this.stalled.as_mut().poll(context).is_ready() {
                        *this.place.lock() = None;
                    }
                    return Poll::Pending;
                }
            }
            this.is_waiting = false;
        }
        ready!(this.poll_permit(context));
        Poll::Ready(this.next.take().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt, stream};
    use http_body_util::{BodyExt, Full, StreamBody};

    /// Reads all of a request, then answers.
    #[derive(Clone)]
    struct Reader;

    impl Service<http::Request<Body>> for Reader {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = BoxFuture<http::Response<Body>, Infallible>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: http::Request<Body>) -> Self::Future {
            Box::pin(async move {
                let bytes = request.into_body().collect().await.map(|body| body.to_bytes().len());
                Ok(http::Response::new(Body::new(Full::from(bytes.unwrap_or(0).to_string()))))
            })
        }
    }

    fn write(admission: &mut Admission<Reader>, body: Body) -> BoxFuture<http::Response<Body>, Infallible> {
        let request = http::Request::builder().uri(BULK_WRITE).body(body).unwrap();
        admission.call(request)
    }

    async fn text(answer: Result<http::Response<Body>, Infallible>) -> Bytes {
        answer.unwrap().into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_frozen_in_mid_request_keeps_nobody_out_and_goes_on_when_he_wakes() {
        let mut admission = Admission::new(Reader);
        let count = 3 * admission.permits.available_permits();
        let (mut frozen, mut wake) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (sender, woken) = tokio::sync::oneshot::channel::<()>();
            let half = |bytes: &'static [u8]| Ok::<_, Status>(Frame::data(Bytes::from_static(bytes)));
            let rest = woken.map(move |_| half(b"other half")).into_stream();
            let body = StreamBody::new(stream::iter([half(b"one half, ")]).chain(rest));
            frozen.push(tokio::spawn(write(&mut admission, Body::new(body))));
            wake.push(sender);
        }
        tokio::task::yield_now().await;
        assert_eq!(admission.permits.available_permits(), 0);
        let other = write(&mut admission, Body::new(Full::from("whole")));
        let answer = tokio::time::timeout(Duration::from_secs(10), other).await.expect("it has its turn");
        assert_eq!(text(answer).await, "5");
        for sender in wake {
            sender.send(()).unwrap();
        }
        for answer in frozen {
            assert_eq!(text(answer.await.unwrap()).await, "20");
        }
        assert_eq!(admission.permits.available_permits() * 3, count, "all are given back");
    }
}
