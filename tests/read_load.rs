//! `payments read-load` on the embedded servers: what is there is found, what is not is told, and nothing hangs for ever.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::{Context, Result, ensure};
use fakes::scripted::reads::{self, Reply};
use generator::Generator;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use payments::read_load;
use schemas::layout::{KeySuffix, Table, row_key};
use serde_json::Value;
use service::cli::flags as flags_of;
use std::io::Read;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use whole_path::pages::get;
use whole_path::pipeline::{Ended, ProducerFlags};
use whole_path::{Backend, Pipeline, Running, programs, tables};

const LIMIT: Duration = Duration::from_secs(40);
const RUN: [&str; 4] = ["--num-records", "1500", "--num-customers", "30"];

/// As `payments read-load FLAGS`, which must end in time.
async fn read_load(addr: SocketAddr, flags: &[&str]) -> Ended {
    let host = addr.to_string();
    let usual = ["--bigtable-emulator-host", &host, "--format", "json", "--rate", "200/s"];
    let args: read_load::Args = flags_of([&usual[..], &RUN, flags].concat()).unwrap();
    let mut out = Vec::new();
    let run = read_load::run(args, &mut out, CancellationToken::new(), false);
    let ended = tokio::time::timeout(LIMIT, run).await.expect("it ends");
    Ended::of(ended, out, Vec::new())
}

/// Tables that hold the run's payments.
async fn filled() -> Result<(Pipeline, Arc<Generator>)> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let generator = flags_of::<ProducerFlags>(RUN)?.generation.generator()?;
    let payments: Vec<_> = (0..1_500).map(|index| generator.payment(index)).collect();
    tables::fill(&pipeline.bigtable, &payments, KeySuffix::None).await?;
    Ok((pipeline, generator))
}

fn count(report: &Value, place: &str) -> u64 {
    report.pointer(place).and_then(Value::as_u64).unwrap_or_else(|| panic!("{place} of {report}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_payment_of_a_run_is_found_by_each_layout() -> Result<()> {
    let (pipeline, _) = filled().await?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (json, html) = (file("run.json"), file("run.html"));
    let thresholds = "empty=0,failed=0,rate>100,p99<20s,max(payments_by_date)<20s,rows>400,memory<64GiB";
    let flags = ["--mix", "customer=2,date=1,transaction=1", "--rows", "7", "--duration", "2s"];
    let watched = ["--threshold", thresholds, "--report", &json, "--report", &html];
    let ended = read_load(pipeline.backend.bigtable_addr(), &[&flags[..], &watched].concat()).await;
    let report = ended.json();
    ended.result?;
    assert_eq!((count(&report, "/all/reads"), count(&report, "/all/found")), (400, 400));
    let of = |table: Table, what: &str| count(&report, &format!("/tables/{}/{what}", table.id()));
    assert!(Table::ALL.into_iter().all(|table| of(table, "found") > 50 && of(table, "bytes") > 0));
    // A customer has 50 payments, of which a page has 7; an id has one.
    assert_eq!(of(Table::ByCustomer, "rows"), 7 * of(Table::ByCustomer, "found"));
    assert_eq!(of(Table::ByTransaction, "rows"), of(Table::ByTransaction, "found"));
    assert!(of(Table::ByDate, "rows") >= of(Table::ByDate, "found"));

    // What people read and what thresholds are held against is the same.
    let written: monitor::report::Report = serde_json::from_str(&std::fs::read_to_string(json)?)?;
    let latency = &written.status.latency["payments_read_load_latency_seconds"];
    assert_eq!(latency.count, 400);
    let told = report["all"]["latencyMilliseconds"]["p99"].as_f64().context("a quantile")?;
    assert!((latency.p99 * 1e3 - told).abs() < 1e-6, "{} {told}", latency.p99);
    let page = std::fs::read_to_string(html)?;
    for wanted in
        ["read-load did 400 reads", "reads from when due, p50 / p99", "Reads, from when they were due"]
    {
        assert!(page.contains(wanted), "{wanted}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_gone_is_counted_and_named_and_judged_by_a_threshold_alone() -> Result<()> {
    let (pipeline, generator) = filled().await?;
    for table in [Table::ByDate, Table::ByTransaction] {
        let delete = data::mutation::Mutation::DeleteFromRow(data::mutation::DeleteFromRow {});
        let request = data::MutateRowRequest {
            table_name: pipeline.bigtable.table_name(table.id()),
            row_key: row_key(&generator.payment(17), table, KeySuffix::None),
            mutations: vec![data::Mutation { mutation: Some(delete) }],
            ..Default::default()
        };
        pipeline.bigtable.client().mutate_row(request).await?;
    }
    let addr = pipeline.backend.bigtable_addr();
    let only = ["--start-index", "17", "--end-index", "18", "--window", "0s", "--duration", "200ms"];
    let ended = read_load(addr, &[&only[..], &["--mix", "date=1,transaction=1"]].concat()).await;
    let report = ended.json();
    ended.result?;
    assert_eq!((count(&report, "/all/empty"), count(&report, "/all/found")), (40, 0));
    assert_eq!(count(&report, "/tables/payments_by_date/firstEmpty/0/index"), 17);
    let keys = report["tables"]["payments_by_transaction"]["firstEmpty"][0]["keys"].as_str().unwrap();
    assert!(keys.contains(&generator.payment_id(17)), "{keys}");

    let judged = read_load(addr, &[&only[..], &["--threshold", "failed=0,empty=0"]].concat()).await;
    assert_eq!(judged.error(), "the run does not meet --threshold: empty=0");
    assert!(!judged.is_configuration());
    // The customer has others.
    let customer = [&only[..], &["--mix", "customer=1", "--threshold", "empty=0,failed=0"]].concat();
    read_load(addr, &customer).await.result?;
    // People read the same.
    let text = read_load(addr, &[&only[..], &["--format", "table"]].concat()).await.out;
    assert!(text.contains("empty   payments_by_date keys [2024-") && text.contains("(index 17)"), "{text}");
    let tables = text.lines().filter(|line| !line.starts_with("empty"));
    assert!(tables.clone().all(|line| line.chars().count() <= 80), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_is_told_by_all_who_wait_and_the_load_ends() -> Result<()> {
    // The first looks at the tables, then reads find nothing, then nothing is answered.
    let script = |call: &reads::Call| Reply { is_silent: call.number >= 30, ..Reply::default() };
    let server = reads::serve(script).await?;
    let flags = ["--duration", "2s", "--read-timeout", "500ms", "--max-in-flight", "10"];
    let began = Instant::now();
    let ended = read_load(server.addr(), &[&flags[..], &["--threshold", "failed=0"]].concat()).await;
    // Half a second until what is due is sent, another one until it is answered.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(ended.error(), "the run does not meet --threshold: failed=0");
    let report = ended.json();
    assert_eq!(count(&report, "/all/reads"), 400);
    assert!(count(&report, "/all/failed") > 300 && count(&report, "/all/empty") > 0, "{report}");
    let codes: Vec<_> =
        report["failures"].as_array().unwrap().iter().map(|failure| &failure["code"]).collect();
    assert!(codes.contains(&&"DEADLINE_EXCEEDED".into()) && codes.contains(&&"NOT_SENT".into()), "{codes:?}");
    assert_eq!(report["heldBackBy"], "max-in-flight");
    // Half of all waited half a second at least, though only few were sent.
    let median = report["all"]["latencyMilliseconds"]["p50"].as_f64().unwrap();
    assert!(median >= 490.0, "{median}");

    let server =
        reads::serve(|call| Reply { is_silent: call.request.rows.is_some(), ..Reply::default() }).await?;
    let ended = read_load(server.addr(), &["--duration", "300ms", "--read-timeout", "200ms"]).await;
    assert_eq!(ended.error(), "all 60 reads have failed");
    assert!(!ended.is_configuration());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_without_an_end_is_watched_and_stopped_with_its_report() -> Result<()> {
    let (pipeline, _) = filled().await?;
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let mut command = pipeline.command("payments");
    command.args(["read-load", "--http", ":0", "--format", "json"]).args(RUN);
    command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log)?);
    let mut load = Running::spawn(&mut command)?;
    let begin = Instant::now();
    let addr = loop {
        let log = std::fs::read_to_string(&log)?;
        let addr = log.split("addr=").nth(1).and_then(|rest| rest.split_whitespace().next());
        if let Some(addr) = addr
            && get(addr, "/metrics")?.contains("reads_total{result=\"found\",table=\"payments_by_date\"} ")
            && get(addr, "/readyz").is_ok()
        {
            break addr.to_owned();
        }
        ensure!(begin.elapsed() < LIMIT, "it does not begin: {log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = get(&addr, "/status")?;
    assert!(
        status.contains("\"binary\":\"read-load\"") && status.contains("payments_read_load_rate"),
        "{status}"
    );
    let top = programs::run("payments", &["top", "--once", &addr])?;
    assert!(top.status.success() && String::from_utf8_lossy(&top.stdout).contains("read-load"), "{top:?}");
    load.signal("-TERM")?;
    assert_eq!(load.end(LIMIT).await?, Some(0));
    let mut out = String::new();
    load.0.stdout.take().context("stdout is piped")?.read_to_string(&mut out)?;
    let report: Value = serde_json::from_str(&out)?;
    assert!(count(&report, "/all/found") > 50 && count(&report, "/all/failed") == 0, "{report}");
    Ok(())
}
