//! Cloud Monitoring: what it knows of a subscription's backlog.

use crate::endpoint::{self, Endpoint};
use crate::headers::routed;
use crate::pubsub::Backlog;
use crate::{Resource, Startup, Transport, peer::Peer};
use googleapis_tonic_google_monitoring_v3::google::monitoring::v3 as proto;
use proto::metric_service_client::MetricServiceClient;
use proto::typed_value::Value;
use service::Error;
use std::time::{Duration, SystemTime};
use tonic::Status;

const SERVICE: &str = "Cloud Monitoring";
const URL: &str = "https://monitoring.googleapis.com";
const VARIABLE: &str = "MONITORING_EMULATOR_HOST";

/// Both are sampled once a minute, and shown up to two minutes later
/// (docs.cloud.google.com/monitoring/api/metrics_gcp_p_z).
const MESSAGES: &str = "num_undelivered_messages";
const OLDEST: &str = "oldest_unacked_message_age";

/// What is older says nothing of now. Twice as long as a point can be late.
const WINDOW: Duration = Duration::from_mins(6);

/// Cloud Monitoring, seen to answer.
#[derive(Clone, Debug)]
pub struct Monitoring {
    transport: Transport,
}

/// The newest point of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    value: u64,
    at: SystemTime,
}

impl Monitoring {
    /// Connects to the service, or to a server in its place.
    pub async fn connect(host: Option<&str>, startup: &Startup) -> Result<Self, Error> {
        let endpoint = Endpoint::new(host, URL, VARIABLE);
        let peer = Peer { service: SERVICE, endpoint: &endpoint, startup };
        Ok(Self { transport: peer.connect(1).await?.remove(0) })
    }

    /// The backlog of `projects/PROJECT/subscriptions/ID` as it was [`Backlog::lag`] ago; `None` where nothing was noted
    /// for minutes, as of a subscription that is new. Asked once, for `limit` at most.
    pub async fn backlog(&self, subscription: &str, limit: Duration) -> Result<Option<Backlog>, Error> {
        let now = SystemTime::now();
        let ask = async {
            tokio::try_join!(self.newest(subscription, MESSAGES, now), self.newest(subscription, OLDEST, now))
        };
        let answer = tokio::time::timeout(limit, ask).await;
        let resource =
            Resource { kind: "project", name: project(subscription), role: "roles/monitoring.viewer" };
        let (messages, oldest) = answer
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")))
            .map_err(|status| resource.explain(&status))?;
        // A subscription without messages has no oldest one.
        Ok(messages.map(|Point { value, at }| Backlog {
            messages: value,
            oldest: Duration::from_secs(oldest.map_or(0, |point| point.value)),
            lag: now.duration_since(at).unwrap_or_default(),
        }))
    }

    async fn newest(
        &self,
        subscription: &str,
        metric: &str,
        now: SystemTime,
    ) -> Result<Option<Point>, Status> {
        let name = format!("projects/{}", project(subscription));
        let id = subscription.rsplit('/').next().unwrap_or(subscription);
        let interval =
            proto::TimeInterval { start_time: Some((now - WINDOW).into()), end_time: Some(now.into()) };
        let request = proto::ListTimeSeriesRequest {
            name: name.clone(),
            filter: format!(
                "metric.type = \"pubsub.googleapis.com/subscription/{metric}\" AND \
                 resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"{id}\""
            ),
            interval: Some(interval),
            view: proto::list_time_series_request::TimeSeriesView::Full as i32,
            ..Default::default()
        };
        let mut client = MetricServiceClient::new(self.transport.clone())
            .max_decoding_message_size(endpoint::MAX_MESSAGE_BYTES);
        let answer = client.list_time_series(routed(request, &[("name", &name)])).await?.into_inner();
        Ok(newest(&answer.time_series))
    }
}

fn project(subscription: &str) -> &str {
    subscription.split('/').nth(1).unwrap_or_default()
}

fn newest(series: &[proto::TimeSeries]) -> Option<Point> {
    let points = series.iter().flat_map(|series| &series.points);
    points.filter_map(point).max_by_key(|point| point.at)
}

fn point(point: &proto::Point) -> Option<Point> {
    let value = match point.value.as_ref()?.value.as_ref()? {
        Value::Int64Value(value) => u64::try_from(*value).ok()?,
        // A cast saturates, and what is no number becomes 0.
        Value::DoubleValue(value) => *value as u64,
        _ => return None,
    };
    let at = SystemTime::try_from(point.interval.as_ref()?.end_time?).ok()?;
    Some(Point { value, at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fakes::scripted::monitoring::{self, Reply, points};

    const SUBSCRIPTION: &str = "projects/p/subscriptions/payments-sink";

    async fn ask(script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Result<Option<Backlog>, Error> {
        let server = monitoring::start(move |_, request| script(&request.filter)).await.unwrap();
        let host = server.addr().to_string();
        let monitoring = Monitoring::connect(Some(&host), &Startup::default()).await.unwrap();
        monitoring.backlog(SUBSCRIPTION, Duration::from_millis(500)).await
    }

    #[tokio::test]
    async fn the_newest_points_tell_and_say_how_old_they_are() {
        let now = SystemTime::now();
        let ago = move |seconds| now - Duration::from_secs(seconds);
        let found = ask(move |filter| {
            assert!(filter.contains("resource.labels.subscription_id = \"payments-sink\""), "{filter}");
            let is_messages = filter.contains("subscription/num_undelivered_messages\"");
            assert_ne!(is_messages, filter.contains("subscription/oldest_unacked_message_age\""), "{filter}");
            let values = if is_messages { [900_000, 7] } else { [75, 1] };
            Reply::Series(vec![points(&[
                (ago(300), values[1]),
                (ago(150), values[0]),
                (ago(210), values[1]),
            ])])
        });
        let found = found.await.unwrap().unwrap();
        assert_eq!((found.messages, found.oldest), (900_000, Duration::from_secs(75)));
        assert!((150..155).contains(&found.lag.as_secs()), "{:?}", found.lag);
    }

    #[tokio::test]
    async fn nothing_noted_is_no_backlog_and_no_oldest_message_is_one_without_age() {
        assert_eq!(ask(|_| Reply::Series(Vec::new())).await.unwrap(), None);
        let now = SystemTime::now();
        let found = ask(move |filter| {
            let series =
                if filter.contains("num_undelivered") { vec![points(&[(now, 0)])] } else { Vec::new() };
            Reply::Series(series)
        });
        let found = found.await.unwrap().unwrap();
        assert_eq!((found.messages, found.oldest), (0, Duration::ZERO));
    }

    #[tokio::test]
    async fn a_refusal_names_the_role_and_silence_ends() {
        let error = ask(|_| Reply::Refuse(Status::permission_denied("no"))).await.unwrap_err().to_string();
        assert!(error.contains("roles/monitoring.viewer") && error.contains("project p"), "{error}");
        let error = ask(|_| Reply::Hang).await.unwrap_err().to_string();
        assert!(error.contains("no answer in time"), "{error}");
    }
}
