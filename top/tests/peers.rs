//! `top --once` before peers of all kinds: those that answer, hang, close and talk nonsense.

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use service::cli::flags;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const STATUS: &str = r#"{"binary":"sink","version":"0.1.0","pid":7,"host":"node-1","started":"2026-11-27T08:00:00.000Z",
    "uptime_seconds":12.5,"state":"unready","reason":"no table answers","settings":{},"totals":{},"latency":{}}"#;

/// A sink whose counters grow by a thousand at each look.
async fn good() -> Result<SocketAddr> {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let metrics = move || {
        let acked = 1_000 * count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let lines = format!(
            "# TYPE payments_sink_messages_acked counter\npayments_sink_messages_acked_total {acked}\n\
             payments_sink_rows_written_total{{table=\"payments_by_date\"}} {acked}\n\
             payments_sink_request_seconds_bucket{{le=\"0.012\",outcome=\"OK\",table=\"payments_by_date\"}} {acked}\n\
             payments_sink_request_seconds_bucket{{le=\"+Inf\",outcome=\"OK\",table=\"payments_by_date\"}} {acked}\n\
             payments_sink_request_seconds_count{{outcome=\"OK\",table=\"payments_by_date\"}} {acked}\n# EOF\n"
        );
        async { lines }
    };
    serve(Router::new().route("/metrics", get(metrics)).route("/status", get(|| async { STATUS }))).await
}

async fn serve(router: Router) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// Takes connections and answers all of them so, once a request has come; nothing at all keeps them open.
async fn raw(answer: Option<&'static [u8]>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 1_024]).await;
                match answer {
                    Some(bytes) => drop(stream.write_all(bytes).await),
                    None => tokio::time::sleep(Duration::from_mins(1)).await,
                }
            });
        }
    });
    Ok(address)
}

/// What one look prints.
async fn once(endpoints: &[SocketAddr], more: &[&str]) -> Result<String> {
    let mut given: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
    given.extend(["--once", "--every", "200ms"].iter().chain(more).map(|flag| (*flag).to_owned()));
    let (args, mut out) = (flags::<top::Args>(given)?, Vec::new());
    top::run(&args, &mut out, CancellationToken::new()).await?;
    Ok(String::from_utf8(out)?)
}

fn row(text: &str, address: SocketAddr) -> Result<&str> {
    text.lines()
        .find(|line| line.contains(&address.to_string()))
        .with_context(|| format!("{address}: {text}"))
}

#[tokio::test]
async fn peers_that_hang_close_or_talk_nonsense_are_told_beside_the_one_that_answers() -> Result<()> {
    let (hangs, closes, garbage) =
        (raw(None).await?, raw(Some(b"")).await?, raw(Some(b"\xff\0 nonsense \x1b[2J\r\n\r\n")).await?);
    let other = serve(
        Router::new().route("/status", get(|| async { "[]" })).route("/metrics", get(|| async { "x 1" })),
    )
    .await?;
    let missing = serve(Router::new()).await?;
    let endless = raw(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{")).await?;
    let good = good().await?;
    let began = Instant::now();
    let text = once(&[hangs, closes, garbage, other, missing, endless, good], &[]).await?;
    // Two looks, of which each waits for the one that hangs.
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(row(&text, hangs)?.ends_with("no answer: nothing came within 2 s"), "{text}");
    assert!(row(&text, missing)?.contains("answers 404 Not Found"), "{text}");
    assert!(row(&text, other)?.contains("/status is none of ours"), "{text}");
    for failed in [closes, garbage, endless] {
        assert!(row(&text, failed)?.contains("no answer: /"), "{text}");
    }
    assert!(row(&text, good)?.contains("unready") && text.contains("no table answers"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    Ok(())
}

#[tokio::test]
async fn one_document_has_rates_and_latencies() -> Result<()> {
    let text = once(&[good().await?], &["--format", "json"]).await?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    assert_eq!(json["processes"][0]["state"], "unready");
    assert_eq!(json["totals"]["acked"]["total"], 1_000.0);
    let rate = json["totals"]["acked"]["per_second"].as_f64().unwrap_or_default();
    assert!((1_000.0..=5_100.0).contains(&rate), "{rate}");
    let date = &json["latency"]["payments_by_date"]["all"];
    assert!(
        (0.008..=0.012).contains(&date["p50"].as_f64().unwrap_or_default()) && date["since_start"] == false,
        "{date}"
    );
    assert_eq!(json["backlog"], serde_json::Value::Null);
    Ok(())
}

#[tokio::test]
async fn where_nobody_answers_the_error_says_who_was_asked_and_what_to_do() -> Result<()> {
    let closed = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let error = once(&[closed], &[]).await.unwrap_err().to_string();
    for part in [&*closed.to_string(), "refused", "--http", "payments top ADDR"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn without_a_terminal_the_live_view_is_refused_with_what_to_use() -> Result<()> {
    if is_in_terminal() {
        return Ok(());
    }
    let args = flags::<top::Args>([closed_port().to_string()])?;
    let error = top::run(&args, &mut Vec::new(), CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("payments top --once"), "{error}");
    assert!(matches!(error.downcast_ref(), Some(service::Error::Config(_))), "exit code 2");
    Ok(())
}

/// Somebody runs the tests by hand: the view would open on their terminal.
#[expect(clippy::disallowed_methods, reason = "nothing is written")]
fn is_in_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdout())
}

fn closed_port() -> SocketAddr {
    ([127, 0, 0, 1], 9).into()
}

#[tokio::test]
async fn a_stop_ends_a_look() -> Result<()> {
    let (hangs, token) = (raw(None).await?, CancellationToken::new());
    let args = flags::<top::Args>([hangs.to_string(), "--once".to_owned()])?;
    token.cancel();
    let error = top::run(&args, &mut Vec::new(), token).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(service::Error::Stopped)), "{error}");
    Ok(())
}
