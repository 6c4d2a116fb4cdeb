//! Where a process can be looked at: `/metrics`, `/livez`, `/readyz`, `/status`, `/heatmap`.

use crate::exposition::OPEN_METRICS;
use crate::watched::Watched;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use service::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// An address to listen on: `IP:PORT`, `localhost:PORT`, `:PORT` or a port, the last three on loopback.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let loopback =
        |port: &str| port.parse().ok().map(|port: u16| (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into());
    let address = match text.rsplit_once(':') {
        Some(("" | "localhost", port)) => loopback(port),
        Some(_) => text.parse().ok(),
        None => loopback(text),
    };
    address.ok_or_else(|| {
        "an address is 127.0.0.1:9464, localhost:9464 or :9464; port 0 takes a free one".into()
    })
}

/// A socket at this address; the error names the flag.
pub async fn listen(addr: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(addr).await.map_err(|error| Error::Flag {
        flag: "--http",
        value: addr.to_string(),
        problem: format!("cannot be listened on: {error}"),
    })
}

/// Answers until the process ends; says where.
pub fn serve(listener: TcpListener, watched: Arc<Watched>) -> std::io::Result<SocketAddr> {
    let addr = listener.local_addr()?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/status", get(status))
        .route("/heatmap", get(heat))
        .with_state(watched);
    tokio::spawn(async move { axum::serve(listener, router).await });
    if !addr.ip().is_loopback() {
        tracing::warn!(%addr, "anybody who reaches this address can read what this process does");
    }
    tracing::info!(%addr, "serving /metrics, /status, /readyz, /livez and /heatmap");
    Ok(addr)
}

async fn live() -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT)], "ok\n")
}

async fn ready(State(watched): State<Arc<Watched>>) -> Response {
    let (state, reason) = watched.health().get();
    match reason {
        None => ([(CONTENT_TYPE, TEXT)], "ready\n".to_owned()).into_response(),
        Some(reason) => {
            let text = format!("{}: {}\n", state.name(), service::escape::escape(&reason));
            (StatusCode::SERVICE_UNAVAILABLE, [(CONTENT_TYPE, TEXT)], text).into_response()
        }
    }
}

async fn metrics(State(watched): State<Arc<Watched>>) -> Response {
    match watched.text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => internal(&error),
    }
}

async fn status(State(watched): State<Arc<Watched>>) -> Response {
    json(&watched.status())
}

async fn heat(State(watched): State<Arc<Watched>>) -> Response {
    json(&watched.heat())
}

fn json(value: &impl serde::Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(CONTENT_TYPE, JSON)], text + "\n").into_response(),
        Err(error) => internal(&error),
    }
}

fn internal(error: &dyn std::error::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, TEXT)], format!("{error}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_on_loopback_unless_it_says_otherwise() {
        for (text, wanted) in [
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            (":0", "127.0.0.1:0"),
            ("9464", "127.0.0.1:9464"),
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(parse_address(text), Ok(wanted.parse().unwrap()), "{text}");
        }
        for wrong in ["", ":", "x", "host:1", "1.2.3.4", ":65536", "localhost:", "::1"] {
            assert!(parse_address(wrong).is_err(), "{wrong}");
        }
    }
}
