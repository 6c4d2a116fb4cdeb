//! Pushes what `/metrics` shows, and lets nobody wait for the collector.

use super::mapping::Mapping;
use super::request::{Span, key_values, metrics};
use super::settings::Settings;
use crate::watched::Watched;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use service::clock::now_micros;
use service::escape::escape;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval_at, timeout};
use tonic::Code;

/// For one push, connecting included: also what a collector may hold up the end of a run for.
const PATIENCE: Duration = Duration::from_secs(3);
/// The version of the conventions that the names are from.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.44.0";

/// A push every so often, on its way.
#[derive(Debug)]
pub struct Exporter {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Begins to push, if the environment says where to.
    pub fn start(watched: Arc<Watched>, table: Vec<Mapping>) -> Result<Option<Self>, service::Error> {
        let variable = |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let Some(settings) = Settings::read(variable)? else { return Ok(None) };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Pusher::new(settings, watched, table).run(stopped));
        Ok(Some(Self { stop, task }))
    }

    /// Pushes once more, or gives up after a moment.
    pub async fn finish(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

struct Pusher {
    settings: Settings,
    watched: Arc<Watched>,
    table: Vec<Mapping>,
    resource: Resource,
    /// Since when the collector has taken nothing.
    failing: Option<Instant>,
}

impl Pusher {
    fn new(settings: Settings, watched: Arc<Watched>, table: Vec<Mapping>) -> Self {
        let mut attributes: BTreeMap<_, _> = watched.identity().into();
        attributes.extend(settings.resource.iter().cloned());
        let resource = Resource { attributes: key_values(attributes), ..Resource::default() };
        Self { settings, watched, table, resource, failing: None }
    }

    async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let every = self.settings.every;
        tracing::info!(collector = self.collector(), ?every, "pushing metrics");
        let mut ticks = interval_at(tokio::time::Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let pushing = async {
            loop {
                ticks.tick().await;
                self.push().await;
            }
        };
        // A push that the end interrupts is made up for by the last one: it has everything since the start.
        tokio::select! {
            _ = stopped => {}
            () = pushing => {}
        }
        self.push().await;
    }

    async fn push(&mut self) {
        let pushed = timeout(PATIENCE, self.call()).await;
        let pushed = pushed.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        self.tell(pushed);
    }

    /// Each push has a connection of its own: they are a minute apart, and one that has died is never met again.
    async fn call(&self) -> Result<(), String> {
        let channel = self.settings.endpoint.connect().await.map_err(|error| causes(&error))?;
        let mut request = tonic::Request::new(self.request());
        *request.metadata_mut() = self.settings.headers.clone();
        let answer = MetricsServiceClient::new(channel).export(request).await;
        let answer = answer.map_err(|status| match status.code() {
            Code::Unknown => causes(&status),
            code => format!("{code:?}: {}", status.message()),
        })?;
        match answer.into_inner().partial_success {
            Some(partial) if partial.rejected_data_points > 0 => {
                Err(format!("{} points rejected: {}", partial.rejected_data_points, partial.error_message))
            }
            _ => Ok(()),
        }
    }

    fn request(&self) -> ExportMetricsServiceRequest {
        let nanos = |micros: i64| u64::try_from(micros).unwrap_or(0) * 1_000;
        let span = Span { start_nanos: nanos(self.watched.started_micros()), now_nanos: nanos(now_micros()) };
        let scope = InstrumentationScope {
            name: self.watched.subject().binary.to_owned(),
            version: self.watched.subject().version.to_owned(),
            ..InstrumentationScope::default()
        };
        let scope_metrics = ScopeMetrics {
            scope: Some(scope),
            metrics: metrics(&self.watched.page(), &self.table, span),
            schema_url: SCHEMA.to_owned(),
        };
        let resource_metrics = ResourceMetrics {
            resource: Some(self.resource.clone()),
            scope_metrics: vec![scope_metrics],
            schema_url: SCHEMA.to_owned(),
        };
        ExportMetricsServiceRequest { resource_metrics: vec![resource_metrics] }
    }

    /// Says it when the collector begins to fail, and when that is over.
    fn tell(&mut self, pushed: Result<(), String>) {
        match (pushed, self.failing) {
            (Err(error), None) => {
                let error = escape(&error);
                tracing::warn!(
                    collector = self.collector(),
                    %error,
                    "the collector takes no metrics; the run goes on without"
                );
                self.failing = Some(Instant::now());
            }
            (Ok(()), Some(since)) => {
                let seconds = since.elapsed().as_secs();
                tracing::info!(collector = self.collector(), seconds, "the collector takes metrics again");
                self.failing = None;
            }
            (Ok(()), None) | (Err(_), Some(_)) => {}
        }
    }

    /// Where the collector is; the whole address may hold a password.
    fn collector(&self) -> String {
        let uri = self.settings.endpoint.uri();
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", uri.host().unwrap_or_default())
    }
}

/// An error with what is behind it: the first words of a transport's are "transport error".
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
