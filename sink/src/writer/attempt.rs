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
use tonic::metadata::{AsciiMetadataValue, KeyAndValueRef, MetadataMap};
use tonic::{Code, Status};

const METHOD: &str = "/google.bigtable.v2.Bigtable/MutateRows";
const COOKIE_PREFIX: &str = "x-goog-cbt-cookie";

/// One call with its answers.
#[derive(Debug)]
pub struct Attempt {
    /// One for each entry of the request.
    pub answers: Vec<Answer>,
    /// The call's own end: `Ok`, or the code that stands for all unanswered entries.
    pub call: Code,
    /// The longest pause that the service asked for.
    pub retry_delay: Option<Duration>,
    pub rate_limit: Option<RateLimitInfo>,
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

    /// Sends the request and collects answers until the stream ends or the time is up.
    ///
    /// `cookies` are the routing cookies of the request's earlier attempts; those of this one are added.
    pub async fn call(&self, request: &Request, deadline: Instant, cookies: &mut MetadataMap) -> Attempt {
        let limit = self.attempt_timeout.min(deadline.saturating_duration_since(Instant::now()));
        let mut collected = Collected { entries: vec![None; request.len()], rate_limit: None };
        let connection = self.least_busy();
        // tonic's own timeout ends with the headers; this one covers the whole stream.
        let end =
            tokio::time::timeout(limit, self.stream(connection.0, request, cookies, &mut collected)).await;
        let end = match end {
            Ok(Ok(())) => None,
            Ok(Err(status)) => {
                keep_cookies(status.metadata(), cookies);
                Some(Answer::of_call(&status))
            }
            Err(_) => Some(Answer::timed_out(limit)),
        };
        collected.conclude(end)
    }

    async fn stream(
        &self,
        connection: &Connection,
        request: &Request,
        cookies: &MetadataMap,
        collected: &mut Collected,
    ) -> Result<(), Status> {
        let metadata = self.metadata(request, cookies);
        let body = MessageBody::new(request.clone());
        let mut stream = call::<MutateRowsResponse, _>(connection.transport.clone(), METHOD, metadata, body)
            .await?
            .into_inner();
        while let Some(response) = stream.message().await? {
            collected.take(response);
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

struct Collected {
    entries: Vec<Option<Answer>>,
    rate_limit: Option<RateLimitInfo>,
}

impl Collected {
    fn take(&mut self, response: MutateRowsResponse) {
        self.rate_limit = response.rate_limit_info.or(self.rate_limit.take());
        for entry in response.entries {
            let Some(slot) = usize::try_from(entry.index).ok().and_then(|index| self.entries.get_mut(index))
            else {
                tracing::warn!(index = entry.index, "Bigtable answered for an entry that was not sent");
                continue;
            };
            // An entry answered twice is written only if both answers say so: writing it again does no harm.
            if slot.as_ref().is_none_or(|answer| answer.code == Code::Ok) {
                *slot = Some(Answer::of_entry(entry.status));
            }
        }
    }

    /// `end` is the answer to the call as a whole; none for a stream that ended well.
    fn conclude(self, end: Option<Answer>) -> Attempt {
        let call = end.as_ref().map_or(Code::Ok, |answer| answer.code);
        let unanswered = end.unwrap_or_else(Answer::missing);
        let answers: Vec<_> =
            self.entries.into_iter().map(|answer| answer.unwrap_or_else(|| unanswered.clone())).collect();
        let retry_delay = answers.iter().filter_map(|answer| answer.retry_delay).max();
        Attempt { answers, call, retry_delay, rate_limit: self.rate_limit }
    }
}

fn keep_cookies(trailers: &MetadataMap, cookies: &mut MetadataMap) {
    for pair in trailers.iter() {
        if let KeyAndValueRef::Ascii(key, value) = pair
            && key.as_str().starts_with(COOKIE_PREFIX)
        {
            cookies.insert(key.clone(), value.clone());
        }
    }
}
