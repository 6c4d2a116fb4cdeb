//! One MutateRows call, answered per entry.

use super::request::{MessageBody, Request};
use super::verdict::Answer;
use gcp::Transport;
use gcp::call::call;
use gcp::headers::{put_features, put_routing};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{
    FeatureFlags, MutateRowsResponse, RateLimitInfo,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::{Code, Status};

const METHOD: &str = "/google.bigtable.v2.Bigtable/MutateRows";
const COOKIE_PREFIX: &str = "x-goog-cbt-cookie";

/// What came of a call.
#[derive(Debug)]
pub struct Answers {
    /// One for each entry of the request.
    pub entries: Vec<Answer>,
    /// The call's own end: `Ok`, or what all unanswered entries were told.
    pub call: Code,
    /// The longest pause that the service asked for.
    pub retry_delay: Option<Duration>,
    pub rate_limit: Option<RateLimitInfo>,
}

/// Makes calls over the connection that has the fewest in flight.
#[derive(Debug)]
pub struct Caller {
    lanes: Vec<Lane>,
    attempt_timeout: Duration,
}

#[derive(Debug)]
struct Lane {
    transport: Transport,
    in_flight: AtomicUsize,
}

struct Occupied<'a>(&'a Lane);

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Caller {
    pub fn new(transports: &[Transport], attempt_timeout: Duration) -> Self {
        let lane =
            |transport: &Transport| Lane { transport: transport.clone(), in_flight: AtomicUsize::new(0) };
        Self { lanes: transports.iter().map(lane).collect(), attempt_timeout }
    }

    /// Sends the request and collects answers until the stream ends or the time is up.
    ///
    /// `cookies` are the routing cookies of the request's earlier attempts; those of this one are added.
    pub async fn call(&self, request: &Request, deadline: Instant, cookies: &mut MetadataMap) -> Answers {
        let limit = self.attempt_timeout.min(deadline.saturating_duration_since(Instant::now()));
        let mut collected = Collected { entries: vec![None; request.len()], rate_limit: None };
        let lane = self.least_busy();
        // tonic's own timeout ends with the headers; this one covers the whole stream.
        let end = tokio::time::timeout(limit, self.stream(lane.0, request, cookies, &mut collected)).await;
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
        lane: &Lane,
        request: &Request,
        cookies: &MetadataMap,
        collected: &mut Collected,
    ) -> Result<(), Status> {
        let metadata = Self::metadata(request, cookies);
        let body = MessageBody::new(request.clone());
        let mut stream =
            call::<MutateRowsResponse, _>(lane.transport.clone(), METHOD, metadata, body).await?;
        while let Some(response) = stream.message().await? {
            collected.take(response);
        }
        Ok(())
    }

    fn metadata(request: &Request, cookies: &MetadataMap) -> MetadataMap {
        let mut metadata = cookies.clone();
        let features = FeatureFlags {
            mutate_rows_rate_limit: true,
            mutate_rows_rate_limit2: true,
            routing_cookie: true,
            retry_info: true,
            ..Default::default()
        };
        put_features(&mut metadata, &features);
        put_routing(
            &mut metadata,
            &[("table_name", request.table_name()), ("app_profile_id", request.app_profile())],
        );
        metadata
    }

    fn least_busy(&self) -> Occupied<'_> {
        let lane = self
            .lanes
            .iter()
            .min_by_key(|lane| lane.in_flight.load(Ordering::Relaxed))
            .expect("a writer has at least one connection");
        lane.in_flight.fetch_add(1, Ordering::Relaxed);
        Occupied(lane)
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
            // Told twice, an entry counts as written only if both times: writing it again does no harm.
            if slot.as_ref().is_none_or(|answer| answer.code == Code::Ok) {
                *slot = Some(Answer::of_entry(entry.status));
            }
        }
    }

    /// `end` is what the call as a whole was told; none for a stream that ended well.
    fn conclude(self, end: Option<Answer>) -> Answers {
        let call = end.as_ref().map_or(Code::Ok, |answer| answer.code);
        let unanswered = end.unwrap_or_else(Answer::missing);
        let entries: Vec<_> =
            self.entries.into_iter().map(|answer| answer.unwrap_or_else(|| unanswered.clone())).collect();
        let retry_delay = entries.iter().filter_map(|answer| answer.retry_delay).max();
        Answers { entries, call, retry_delay, rate_limit: self.rate_limit }
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
