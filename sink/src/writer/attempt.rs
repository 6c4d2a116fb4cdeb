//! One MutateRows call, answered per entry.

use super::request::{MessageBody, Request};
use super::verdict::Answer;
use gcp::Transport;
use gcp::call::call;
use gcp::headers::{FEATURES, ROUTING, features, routing};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{
    FeatureFlags, MutateRowsResponse, RateLimitInfo,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::metadata::{AsciiMetadataValue, KeyAndValueRef, MetadataMap};
use tonic::{Code, Status};

const METHOD: &str = "/google.bigtable.v2.Bigtable/MutateRows";
const COOKIE_PREFIX: &str = "x-goog-cbt-cookie";

/// One call with its answers.
#[derive(Debug, Default)]
pub struct Attempt {
    /// One for each entry of the request; none where the service gave none.
    pub entries: Vec<Option<Answer>>,
    /// Why the call did not end well.
    pub end: Option<Answer>,
    /// Ended on this side before the service had its time.
    pub is_cut: bool,
    /// Whether there was a response at all.
    pub has_responses: bool,
    pub rate_limit: Option<RateLimitInfo>,
}

impl Attempt {
    /// Whether the service has refused most of it because it has too much to do; a single hot row is not that.
    pub fn is_overload(&self) -> bool {
        let refused = self.entries.iter().flatten().filter(|answer| answer.is_overload()).count();
        self.end.as_ref().is_some_and(Answer::is_overload)
            || (refused > 0 && 2 * refused >= self.entries.len())
    }

    fn take(&mut self, response: MutateRowsResponse) {
        self.has_responses = true;
        self.rate_limit = response.rate_limit_info.or(self.rate_limit.take());
        for entry in response.entries {
            let Some(slot) = usize::try_from(entry.index).ok().and_then(|index| self.entries.get_mut(index))
            else {
                tracing::warn!(index = entry.index, "Bigtable answered for an entry that was not sent");
                continue;
            };
            let answer = Answer::of_entry(entry.status);
            // What is written once is written, whatever else is said of it.
            if answer.code == Code::Ok || slot.is_none() {
                *slot = Some(answer);
            }
        }
    }
}

/// Makes calls over the connection that has the fewest in flight.
#[derive(Debug)]
pub struct Caller {
    connections: Vec<Connection>,
    attempt_timeout: Duration,
    features: AsciiMetadataValue,
}

#[derive(Debug)]
struct Connection {
    transport: Transport,
    in_flight: AtomicUsize,
}

struct Occupied<'a>(&'a Connection);

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Caller {
    pub fn new(transports: &[Transport], attempt_timeout: Duration) -> Self {
        let connection = |transport: &Transport| Connection {
            transport: transport.clone(),
            in_flight: AtomicUsize::new(0),
        };
        let flags = FeatureFlags {
            mutate_rows_rate_limit: true,
            mutate_rows_rate_limit2: true,
            routing_cookie: true,
            retry_info: true,
            ..Default::default()
        };
        let connections = transports.iter().map(connection).collect();
        Self { connections, attempt_timeout, features: features(&flags) }
    }

    /// Sends the request and collects answers until the stream ends, the time is up, or `stop` is cancelled.
    ///
    /// `cookies` are the routing cookies of the request's earlier attempts; those of this one are added.
    pub async fn call(
        &self,
        request: &Request,
        deadline: Instant,
        stop: &CancellationToken,
        cookies: &mut MetadataMap,
    ) -> Attempt {
        let limit = self.attempt_timeout.min(deadline.saturating_duration_since(Instant::now()));
        let mut attempt = Attempt { entries: vec![None; request.len()], ..Attempt::default() };
        let connection = self.least_busy();
        let stream = self.stream(connection.0, request, cookies, &mut attempt);
        let stoppable = async {
            tokio::select! {
                biased;
                end = stream => Some(end),
                () = stop.cancelled() => None,
            }
        };
        // tonic's own timeout ends with the headers; this one covers the whole stream.
        match tokio::time::timeout(limit, stoppable).await {
            Ok(Some(end)) => attempt.end = end.err().map(|status| Answer::of_call(&status)),
            Ok(None) => (attempt.end, attempt.is_cut) = (Some(Answer::stopped()), true),
            Err(_) => {
                attempt.end = Some(Answer::timed_out(limit));
                attempt.is_cut = limit < self.attempt_timeout;
            }
        }
        attempt
    }

    async fn stream(
        &self,
        connection: &Connection,
        request: &Request,
        cookies: &mut MetadataMap,
        attempt: &mut Attempt,
    ) -> Result<(), Status> {
        let result = self.collect(connection, request, cookies, attempt).await;
        if let Err(status) = &result {
            keep_cookies(status.metadata(), cookies);
        }
        result
    }

    async fn collect(
        &self,
        connection: &Connection,
        request: &Request,
        cookies: &mut MetadataMap,
        attempt: &mut Attempt,
    ) -> Result<(), Status> {
        let metadata = self.metadata(request, cookies);
        let body = MessageBody::new(request.clone());
        let answers =
            call::<MutateRowsResponse, _>(connection.transport.clone(), METHOD, metadata, body).await?;
        keep_cookies(answers.metadata(), cookies);
        let mut stream = answers.into_inner();
        while let Some(response) = stream.message().await? {
            attempt.take(response);
        }
        if let Some(trailers) = stream.trailers().await? {
            keep_cookies(&trailers, cookies);
        }
        Ok(())
    }

    fn metadata(&self, request: &Request, cookies: &MetadataMap) -> MetadataMap {
        let mut metadata = cookies.clone();
        let params = [("table_name", request.table_name()), ("app_profile_id", request.app_profile())];
        metadata.insert(FEATURES, self.features.clone());
        metadata.insert(ROUTING, routing(&params));
        metadata
    }

    fn least_busy(&self) -> Occupied<'_> {
        let connection = self
            .connections
            .iter()
            .min_by_key(|connection| connection.in_flight.load(Ordering::Relaxed))
            .expect("a writer has at least one connection");
        connection.in_flight.fetch_add(1, Ordering::Relaxed);
        Occupied(connection)
    }
}

/// Keeps the routing cookies of a call's headers or trailers, as Google's Java client does: also of a call that ended
/// well, because some of its entries may have to go again.
fn keep_cookies(metadata: &MetadataMap, cookies: &mut MetadataMap) {
    for pair in metadata.iter() {
        if let KeyAndValueRef::Ascii(key, value) = pair
            && key.as_str().starts_with(COOKIE_PREFIX)
        {
            cookies.insert(key.clone(), value.clone());
        }
    }
}
