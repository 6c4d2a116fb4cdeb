//! What a whole run shows of itself: the trace of a payment, heat maps, reports, and nobody's name or account number.
#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

use anyhow::{Context, Result, ensure};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use prost::Message;
use schemas::Payment;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};
use whole_path::pages::get;
use whole_path::pipeline::ProducerFlags;
use whole_path::{Backend, Pipeline, Running, programs};

const LIMIT: Duration = Duration::from_mins(1);

/// Names and account numbers, and whatever else stands for a person or a card.
fn private(payment: &Payment) -> Vec<String> {
    let parties = payment.parties.iter().flat_map(|parties| [&parties.originator, &parties.counterparty]);
    let mut texts: Vec<String> = parties
        .flatten()
        .flat_map(|party| [&party.name, &party.account_number, &party.routing_number, &party.lei])
        .cloned()
        .collect();
    if let Some(metadata) = &payment.metadata {
        texts.push(metadata.description.clone());
    }
    texts.retain(|text| text.len() >= 8);
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobodys_name_or_account_is_in_logs_metrics_status_or_reports() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut producer = pipeline.command("producer");
    let report = file("producer.html");
    producer.args(["--num-records", "1500", "--trace-every", "100", "--report", &report]);
    // Everything that ours say, also what is only for us.
    let ours = "info,sink=debug,producer=debug,gcp=debug,monitor=debug,service=debug";
    let published = producer.env("RUST_LOG", ours).output()?;
    ensure!(published.status.success(), "{published:?}");
    let flags: ProducerFlags = service::cli::flags(["--num-records", "1500"])?;
    let generator = flags.generation.generator()?;
    let mut payments: Vec<Payment> = (0..1_500).map(|index| generator.payment(index)).collect();
    // What is refused is quoted in more places than what is right.
    let (mut invalid, mut collision) = (payments[3].clone(), payments[4].clone());
    invalid.amount.as_mut().context("an amount")?.currency = "EURO".into();
    collision.payment_header.as_mut().context("a header")?.payment_id =
        "11111111-2222-4333-8444-555555555555".into();
    let bytes =
        [invalid.encode_to_vec(), collision.encode_to_vec(), payments[5].encode_to_vec()[..200].to_vec()];
    pipeline.publish(bytes.map(|data| PubsubMessage { data, ..PubsubMessage::default() }).to_vec()).await?;
    payments.extend([invalid, collision]);

    let mut sink = pipeline.command("sink");
    let (log, html, json) = (std::fs::File::create(file("log"))?, file("sink.html"), file("sink.json"));
    sink.args(["--http", ":0", "--exit-when-idle", "4s", "--report", &html, "--report", &json]);
    let mut sink = Running::spawn(sink.env("RUST_LOG", ours).stdout(Stdio::null()).stderr(log))?;
    let mut seen = String::from_utf8_lossy(&published.stderr).into_owned();
    let begin = Instant::now();
    loop {
        let log = std::fs::read_to_string(file("log"))?;
        let addr = log.split("addr=").nth(1).and_then(|rest| rest.split_whitespace().next());
        if let Some(addr) = addr
            && let Ok(page) = get(addr, "/metrics")
            && page.contains("messages_acked_total 1500\n")
            && page.contains("messages_dead_lettered_total 3\n")
        {
            for path in ["/metrics", "/status", "/heatmap", "/readyz"] {
                seen += &get(addr, path)?;
            }
            break;
        }
        ensure!(begin.elapsed() < LIMIT, "not all is settled: {log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sink.end(LIMIT).await?, Some(0));
    for name in ["log", "sink.html", "sink.json", "producer.html"] {
        seen += &std::fs::read_to_string(file(name))?;
    }
    assert!(seen.contains("traced payment") && seen.contains("invalid payment"), "the log is there");
    let texts: BTreeSet<String> = payments.iter().flat_map(private).collect();
    assert!(texts.len() > 2_000, "there is something to look for: {}", texts.len());
    let found: Vec<_> = texts.iter().filter(|text| seen.contains(text.as_str())).collect();
    assert!(found.is_empty(), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traced_payment_is_followed_from_publish_to_row_under_its_own_id() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let generator = pipeline.produce(&["--num-records", "300", "--trace-every", "100"]).await?;
    let mut sink = pipeline.command("sink");
    let output = sink.args(["--exit-when-idle", "2s", "--log-format", "json"]).output()?;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let log = String::from_utf8(output.stderr)?;
    let events: Vec<serde_json::Value> =
        log.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("each line is JSON")?;
    let traced: Vec<_> = events.iter().filter(|event| event["message"] == "traced payment").collect();
    let found: BTreeSet<_> =
        traced.iter().filter_map(|event| event["logging.googleapis.com/trace"].as_str()).collect();
    let wanted: Vec<_> = [0, 100, 200]
        .map(|index| format!("projects/local/traces/{}", generator.payment_id(index).replace('-', "")))
        .to_vec();
    assert_eq!(found, wanted.iter().map(String::as_str).collect());
    for event in traced {
        assert_eq!((&event["outcome"], &event["severity"]), (&"acked".into(), &"INFO".into()));
        for part in ["publish_to_pulled_ms", "pane_wait_ms", "write_ms", "ack_ms"] {
            assert!(event[part].is_u64(), "{part} of {event}");
        }
    }
    let window = events.iter().find(|event| event["message"] == "window done").context("a window")?;
    assert_eq!(window["rails"]["ACH"], 90, "{window}");
    assert!(window["amounts"]["USD"].is_number(), "{window}");
    Ok(())
}

#[test]
fn a_local_run_is_reported_and_its_heat_is_drawn() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (json, html) = (file("run.json"), file("run.html"));
    let flags = ["local", "--num-records", "3000", "--report", &json, "--report", &html];
    let output =
        programs::run("payments", &[&flags[..], &["--threshold", "rows=9000,dead_letters=0"]].concat())?;
    assert!(output.status.success(), "{output:?}");
    let report: monitor::report::Report = serde_json::from_str(&std::fs::read_to_string(&json)?)?;
    assert!(report.verdict.is_some_and(|verdict| verdict.is_ok), "the tables were counted");
    for name in ["payments_producer_messages_confirmed_total", "payments_sink_messages_acked_total"] {
        assert_eq!(report.status.totals[name], 3_000.0, "{name}");
    }
    assert!(std::fs::read_to_string(&html)?.contains("payments_by_transaction"));
    let drawn = programs::run("payments", &["heatmap", &json, "--width", "80"])?;
    let text = String::from_utf8(drawn.stdout)?;
    assert!(drawn.status.success() && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for table in ["payments_by_customer", "payments_by_date", "payments_by_transaction"] {
        assert!(text.contains(table), "{text}");
    }
    let (page, picture) = (file("heat.html"), file("heat.svg"));
    let drawn = programs::run("payments", &["heatmap", &json, "--html", &page, "--svg", &picture])?;
    assert!(drawn.status.success(), "{drawn:?}");
    assert!(
        std::fs::read_to_string(&page)?.contains("<html")
            && std::fs::read_to_string(&picture)?.contains("<svg")
    );
    for (source, code) in [("nowhere.json", 1), ("localhost:1", 2)] {
        assert_eq!(programs::run("payments", &["heatmap", source])?.status.code(), Some(code), "{source}");
    }
    let output = programs::run("payments", &["local", "--num-records", "500", "--threshold", "rows<10"])?;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    Ok(())
}
