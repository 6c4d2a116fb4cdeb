//! Asks a process for its figures: two requests over HTTP/1.1, within a time and a size.

use crate::endpoint::Endpoint;
use crate::model::Answer;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use service::escape::escape;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Both requests together, from connecting on.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// Of a body. A sink's is some 100 KiB.
const MAX_BYTES: usize = 8 << 20;
/// Of a line about what went wrong: it may quote others.
const MAX_REASON: usize = 200;

/// What a process says of itself, or in one line why there is nothing.
pub async fn ask(endpoint: &Endpoint) -> Result<Answer, String> {
    let both = async { tokio::try_join!(get(endpoint, "/status"), get(endpoint, "/metrics")) };
    let (status, metrics) = match timeout(TIMEOUT, both).await {
        Ok(answers) => answers?,
        Err(_) => return Err(format!("nothing came within {} s", TIMEOUT.as_secs())),
    };
    let status = serde_json::from_slice(&status)
        .map_err(|error| reason(format!("/status is none of ours: {}", escape(&error.to_string()))))?;
    let answer = Answer::new(status, &String::from_utf8_lossy(&metrics));
    if answer.is_empty() { Err("/metrics has none of our metrics".into()) } else { Ok(answer) }
}

/// A document of another path, read as JSON.
pub async fn ask_for<T: serde::de::DeserializeOwned>(endpoint: &Endpoint, path: &str) -> Result<T, String> {
    let body = timeout(TIMEOUT, get(endpoint, path)).await;
    let body = body.map_err(|_| format!("nothing came within {} s", TIMEOUT.as_secs()))??;
    serde_json::from_slice(&body).map_err(|error| reason(format!("{path}: {}", escape(&error.to_string()))))
}

async fn get(endpoint: &Endpoint, path: &str) -> Result<Bytes, String> {
    let failed = |error: &dyn std::error::Error| reason(format!("{path}: {}", chain(error)));
    let stream = TcpStream::connect((&*endpoint.host, endpoint.port)).await.map_err(|error| chain(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let exchange = async {
        let request = hyper::Request::get(path)
            .header(HOST, endpoint.to_string())
            .body(Empty::<Bytes>::new())
            .map_err(|error| failed(&error))?;
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        if !response.status().is_success() {
            return Err(format!("{path} answers {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        Ok(body.map_err(|error| failed(&*error))?.to_bytes())
    };
    // The connection moves what the exchange waits for, and is gone with it.
    let (connection, exchange) = (pin!(connection), pin!(exchange));
    match select(exchange, connection).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, exchange)) => exchange.await,
    }
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let (mut line, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        let text = cause.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        next = cause.source();
    }
    reason(escape(&line).into_owned())
}

fn reason(line: String) -> String {
    if line.chars().count() <= MAX_REASON {
        line
    } else {
        line.chars().take(MAX_REASON).collect::<String>() + "…"
    }
}
