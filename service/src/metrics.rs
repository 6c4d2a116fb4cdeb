//! Counts that a binary keeps of its work, served to Prometheus.

use crate::Error;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::family::Family;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
pub use prometheus_client::registry::{Registry, Unit};

/// Where a binary can be watched.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "metrics")]
pub struct Args {
    /// Serve Prometheus metrics at /metrics and a liveness check at /healthz; without it neither is served.
    #[arg(long, env = "METRICS_ADDR", value_name = "IP:PORT")]
    pub metrics_addr: Option<SocketAddr>,
}

/// The content type of OpenMetrics' text form.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves the registry until the process ends, where the flag asks for it; says where it listens.
pub async fn serve(args: &Args, registry: Registry) -> Result<Option<SocketAddr>, Error> {
    let Some(addr) = args.metrics_addr else { return Ok(None) };
    let refuse = |error: std::io::Error| Error::Flag {
        flag: "--metrics-addr",
        value: addr.to_string(),
        problem: format!("cannot be listened on: {error}"),
    };
    let listener = TcpListener::bind(addr).await.map_err(refuse)?;
    let addr = listener.local_addr().map_err(refuse)?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(Arc::new(registry));
    tokio::spawn(async move { axum::serve(listener, router).await });
    tracing::info!(%addr, "serving /metrics and /healthz");
    Ok(Some(addr))
}

async fn metrics(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    match text(&registry) {
        Ok(text) => (StatusCode::OK, [(CONTENT_TYPE, OPEN_METRICS)], text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "text/plain")], error.to_string()),
    }
}

/// All metrics in OpenMetrics' text form.
pub fn text(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    Ok(text)
}
