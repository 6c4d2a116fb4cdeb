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
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

const BULK_WRITE: &str = "/google.bigtable.v2.Bigtable/MutateRows";

/// A body of which nothing has come for so long keeps no others out: its sender may be frozen.
const STALLED: Duration = Duration::from_secs(1);

/// A body of which nothing has come for so long is given up: what has come of it takes memory.
const GIVEN_UP: Duration = Duration::from_mins(1);

/// A service with a gate in front of its bulk writes. A call that waits for it holds no more than its stream's window.
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
    waiting_since: Option<Instant>,
    /// The next part, which has come and waits for a permit.
    next: Option<Frame<Bytes>>,
    /// The end has come: it, too, needs a permit, as the work follows.
    is_over: bool,
    admission: Option<BoxFuture<Option<OwnedSemaphorePermit>, Infallible>>,
}

impl Admitted {
    fn new(body: Body, permits: Arc<Semaphore>, place: Place) -> Self {
        Self {
            body,
            permits,
            place,
            stalled: Box::pin(sleep(STALLED)),
            waiting_since: None,
            next: None,
            is_over: false,
            admission: None,
        }
    }

    /// Nothing has come: without a permit after a while, and given up in the end.
    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let since = *self.waiting_since.get_or_insert_with(|| {
            let now = Instant::now();
            self.stalled.as_mut().reset(now + STALLED);
            now
        });
        while self.stalled.as_mut().poll(context).is_ready() {
            if since.elapsed() >= GIVEN_UP {
                let status = Status::unavailable("the request's rest did not come in time; send it again");
                return Poll::Ready(Some(Err(status)));
            }
            *self.place.lock() = None;
            self.stalled.as_mut().reset(since + GIVEN_UP);
        }
        Poll::Pending
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
        if this.next.is_none() && !this.is_over {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => this.next = Some(frame),
                Poll::Ready(None) => this.is_over = true,
                Poll::Ready(Some(Err(status))) => return Poll::Ready(Some(Err(status))),
                Poll::Pending => return this.poll_stalled(context),
            }
            this.waiting_since = None;
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
        // What has only its end to come goes on the same way.
        let (sender, woken) = tokio::sync::oneshot::channel::<()>();
        let end = woken.into_stream().filter_map(|_| async { None });
        let all = stream::iter([Ok::<_, Status>(Frame::data(Bytes::from_static(b"all of it, but its end")))]);
        frozen
            .push(tokio::spawn(write(&mut admission, Body::new(StreamBody::new(Box::pin(all.chain(end)))))));
        wake.push(sender);
        let other = write(&mut admission, Body::new(Full::from("whole")));
        let answer = tokio::time::timeout(Duration::from_secs(10), other).await.expect("it has its turn");
        assert_eq!(text(answer).await, "5");
        for sender in wake {
            sender.send(()).unwrap();
        }
        for answer in frozen {
            assert!(
                ["20", "22"]
                    .contains(&&*String::from_utf8(text(answer.await.unwrap()).await.to_vec()).unwrap())
            );
        }
        assert_eq!(admission.permits.available_permits() * 3, count, "all are given back");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_wake_is_given_up_and_what_came_of_him_is_forgotten() {
        let mut admission = Admission::new(Reader);
        let half = stream::iter([Ok::<_, Status>(Frame::data(Bytes::from_static(b"one half")))]);
        let body = StreamBody::new(half.chain(stream::pending()));
        let answer = tokio::time::timeout(2 * GIVEN_UP, write(&mut admission, Body::new(body))).await;
        assert_eq!(text(answer.expect("it ends")).await, "0");
    }
}
