//! What the real binary says of itself while it runs: metrics, readiness, status, lines.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use fakes::scripted::monitoring::{self, points};
use fakes::scripted::writes::{Call, Reply, response};
use futures_util::{StreamExt, stream};
use monitor::exposition::Page;
use monitor::heat::Heat;
use monitor::status::{State, Status};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use support::{Scene, Sink, wait};
use tonic::Code;

const SECOND: Duration = Duration::from_secs(1);
const TABLES: [&str; 3] = ["payments_by_customer", "payments_by_date", "payments_by_transaction"];

fn is_by_date(call: &Call) -> bool {
    call.request.table_name.ends_with("payments_by_date")
}

/// Where the sink answers, once it says so.
async fn address(sink: &Sink) -> String {
    let find = || {
        let log = sink.log();
        let behind = log.split("addr=").nth(1)?;
        Some(behind.split_whitespace().next()?.to_owned())
    };
    wait(10 * SECOND, "an address is logged", || find().is_some()).await;
    find().unwrap()
}

/// Status line and body of an answer.
fn get(addr: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(10 * SECOND)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn page(addr: &str) -> Page {
    Page::of(&get(addr, "/metrics").1)
}

fn p50(page: &Page, name: &str, label: (&str, &str)) -> f64 {
    page.quantile(&format!("payments_sink_{name}_seconds"), &[label], 0.5, None).unwrap()
}

/// Writes all rows, and says so late.
fn slowly(call: &Call, delay: Duration) -> Reply {
    let answer = response((0..call.request.entries.len()).map(|at| (at as i64, Code::Ok)));
    let late = async move {
        tokio::time::sleep(delay).await;
        Ok(answer)
    };
    Reply::Flow(stream::once(late).boxed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_table_shows_in_its_own_latency_and_in_writing_and_nowhere_else() {
    let slow = |call: &Call| {
        if is_by_date(call) { slowly(call, Duration::from_millis(200)) } else { Reply::ok(call) }
    };
    let scene = Scene::new(slow).await;
    let mut sink = scene.sink(&["--http=:0"]);
    let addr = address(&sink).await;
    for start in 0..40 {
        scene.publish(start..start + 1).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    wait(20 * SECOND, "all are acked", || scene.unacked("payments-sink") == 0).await;
    let page = page(&addr);
    let of = |table| p50(&page, "request", ("table", table));
    assert!((0.2..0.5).contains(&of("payments_by_date")), "{}", of("payments_by_date"));
    for other in ["payments_by_customer", "payments_by_transaction"] {
        assert!(of(other) < 0.1, "{other}: {}", of(other));
    }
    let stage = |stage| p50(&page, "stage", ("stage", stage));
    assert!((0.2..0.5).contains(&stage("write")), "{}", stage("write"));
    for other in ["publish_to_pulled", "pane_wait", "ack"] {
        assert!(stage(other) < 0.1, "{other}: {}", stage(other));
    }
    parts_add_up(&page);
    assert_eq!(sink.stop(10 * SECOND).await.0, Some(0));
}

fn parts_add_up(page: &Page) {
    let sum =
        |name: &str, labels: &[(&str, &str)]| page.sum(&format!("payments_sink_{name}"), labels).unwrap();
    let parts: f64 = ["publish_to_pulled", "pane_wait", "write"]
        .map(|stage| sum("stage_seconds_sum", &[("stage", stage)]))
        .iter()
        .sum();
    let whole = sum("publish_to_written_seconds_sum", &[]);
    assert!((parts - whole).abs() < 0.01 * whole + 1e-3, "{parts} {whole}");
    let acked = sum("messages_acked_total", &[]);
    for stage in ["publish_to_pulled", "pane_wait", "write", "ack"] {
        assert_eq!(sum("stage_seconds_count", &[("stage", stage)]), acked, "{stage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pane_age_shows_as_waiting_and_without_one_a_trickle_does_not_wait() {
    let scene = Scene::new(Reply::ok).await;
    for (flags, waiting) in
        [(&["--http=:0", "--max-pane-age=2s"][..], 1.5..2.5), (&["--http=:0"][..], 0.0..0.3)]
    {
        let mut sink = scene.sink(flags);
        let addr = address(&sink).await;
        wait(10 * SECOND, "it is ready", || get(&addr, "/readyz").0.contains("200")).await;
        scene.publish(0..1).await;
        wait(20 * SECOND, "all are acked", || scene.unacked("payments-sink") == 0).await;
        let page = page(&addr);
        let waited = p50(&page, "stage", ("stage", "pane_wait"));
        assert!(waiting.contains(&waited), "{flags:?}: {waited}");
        assert!(p50(&page, "stage", ("stage", "write")) < 0.5);
        parts_add_up(&page);
        let fired = page.by("payments_sink_panes_total", "trigger");
        let trigger = if flags.len() > 1 { "age" } else { "idle" };
        assert_eq!(fired[trigger], 1.0, "{fired:?}");
        assert_eq!(sink.stop(10 * SECOND).await.0, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_down_turns_readiness_and_everything_recovers() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = is_down.clone();
    let script = move |call: &Call| {
        if down.load(Ordering::Relaxed) && is_by_date(call) {
            return Reply::Refuse(tonic::Status::unavailable("nobody is there"));
        }
        Reply::ok(call)
    };
    let scene = Scene::new(script).await;
    let mut sink = scene.sink(&["--http=localhost:0", "--unready-after=3s"]);
    let addr = address(&sink).await;
    wait(10 * SECOND, "it is ready", || get(&addr, "/readyz").0.contains("200")).await;
    scene.publish(0..100).await;
    wait(20 * SECOND, "the first are acked", || scene.unacked("payments-sink") == 0).await;
    is_down.store(true, Ordering::Relaxed);
    scene.publish(100..200).await;
    wait(15 * SECOND, "it is not ready", || get(&addr, "/readyz").0.contains("503")).await;
    let (_, reason) = get(&addr, "/readyz");
    assert!(reason.starts_with("unready: payments_by_date has not answered for "), "{reason}");
    assert!(reason.contains("Unavailable: nobody is there"), "{reason}");
    assert!(get(&addr, "/livez").0.contains("200"), "it lives");
    let shown = page(&addr);
    assert_eq!(shown.sum("payments_ready", &[]), Some(0.0));
    let retried = [("code", "UNAVAILABLE"), ("table", "payments_by_date")];
    assert!(shown.sum("payments_sink_rows_retried_total", &retried) > Some(0.0));
    assert_eq!(shown.by("payments_sink_rows_retried_total", "table").len(), 1, "no other table");
    assert_eq!(shown.sum("payments_sink_backlog_messages", &[]), Some(100.0));
    assert!(shown.sum("payments_sink_oldest_pulled_seconds", &[]) >= Some(3.0));
    is_down.store(false, Ordering::Relaxed);
    wait(90 * SECOND, "all are acked", || scene.unacked("payments-sink") == 0).await;
    wait(10 * SECOND, "it is ready again", || get(&addr, "/readyz").0.contains("200")).await;
    assert_eq!(page(&addr).sum("payments_sink_messages_acked_total", &[]), Some(200.0));
    sink.signal("-TERM");
    assert_eq!(sink.end(10 * SECOND).await.0, Some(0));
    assert_eq!(sink.lines(&["stopped", "acked=200"]), 1, "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn cloud_monitoring_tells_the_backlog_late_and_its_silence_disturbs_nothing() {
    let (is_away, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (state, count) = (is_away.clone(), calls.clone());
    let monitoring = monitoring::start(move |_, request| {
        count.fetch_add(1, Ordering::Relaxed);
        if state.load(Ordering::Relaxed) {
            return monitoring::Reply::Refuse(tonic::Status::permission_denied("no role"));
        }
        let value = if request.filter.contains("num_undelivered_messages") { 900_000 } else { 75 };
        monitoring::Reply::Series(vec![points(&[(SystemTime::now() - 150 * SECOND, value)])])
    });
    let monitoring = monitoring.await.unwrap();
    let scene = Scene::new(Reply::ok).await;
    let host = format!("--monitoring-emulator-host={}", monitoring.addr());
    let mut sink = scene.sink(&["--http=:0", "--monitor-backlog=1s", &host]);
    let addr = address(&sink).await;
    let figure = |name: &str| page(&addr).sum(&format!("payments_sink_backlog_{name}"), &[]);
    wait(10 * SECOND, "the backlog is told", || figure("messages") == Some(900_000.0)).await;
    assert_eq!(figure("oldest_seconds"), Some(75.0));
    let lag = figure("lag_seconds").unwrap();
    assert!((150.0..160.0).contains(&lag), "{lag}");
    is_away.store(true, Ordering::Relaxed);
    wait(10 * SECOND, "it is forgotten", || figure("messages").is_none()).await;
    let asked = calls.load(Ordering::Relaxed);
    wait(10 * SECOND, "it is asked on", || calls.load(Ordering::Relaxed) > asked + 4).await;
    scene.publish(0..100).await;
    wait(10 * SECOND, "all are acked", || scene.unacked("payments-sink") == 0).await;
    is_away.store(false, Ordering::Relaxed);
    wait(10 * SECOND, "it is told again", || figure("messages").is_some()).await;
    assert_eq!(sink.stop(10 * SECOND).await.0, Some(0));
    assert_eq!(sink.lines(&["WARN"]), 1, "{}", sink.log());
    assert_eq!(sink.lines(&["does not tell the backlog", "roles/monitoring.viewer"]), 1, "{}", sink.log());
    assert_eq!(sink.lines(&["tells the backlog again"]), 1, "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_waits_for_a_slow_table_asks_for_no_other_sink() {
    let is_slow = Arc::new(AtomicBool::new(true));
    let state = is_slow.clone();
    let script = move |call: &Call| {
        if is_by_date(call) && state.load(Ordering::Relaxed) {
            slowly(call, 3 * SECOND)
        } else {
            Reply::ok(call)
        }
    };
    let scene = Scene::new(script).await;
    let flags = ["--http=:0", "--requests-in-flight=2", "--request-rows=50"];
    let mut sink = scene.sink(&flags);
    let addr = address(&sink).await;
    wait(10 * SECOND, "it is ready", || get(&addr, "/readyz").0.contains("200")).await;
    let bound = |by: &str| page(&addr).sum("payments_sink_bound", &[("by", by)]) == Some(1.0);
    assert!(bound("input"), "nothing has come");
    scene.publish(0..1_000).await;
    wait(30 * SECOND, "Bigtable is the bound", || bound("bigtable")).await;
    let shown = page(&addr);
    assert_eq!(shown.sum("payments_sink_bound", &[]), Some(1.0), "one thing at a time");
    assert!(shown.sum("payments_sink_load", &[]).is_some_and(|load| load < 1.0));
    is_slow.store(false, Ordering::Relaxed);
    wait(60 * SECOND, "all are acked", || scene.unacked("payments-sink") == 0).await;
    wait(30 * SECOND, "nothing bounds it", || bound("input")).await;
    assert!(page(&addr).sum("payments_sink_load", &[]).is_some_and(|load| load < 0.5));
    assert_eq!(sink.stop(10 * SECOND).await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_heat_tell_what_was_written_and_where() {
    let scene = Scene::new(Reply::ok).await;
    let mut sink = scene.sink(&["--http=127.0.0.1:0"]);
    let addr = address(&sink).await;
    scene.publish(0..300).await;
    wait(20 * SECOND, "all are acked", || scene.unacked("payments-sink") == 0).await;
    wait(10 * SECOND, "all is counted", || {
        page(&addr).sum("payments_sink_messages_acked_total", &[]) == Some(300.0)
    })
    .await;
    let status: Status = serde_json::from_str(&get(&addr, "/status").1).unwrap();
    assert_eq!((status.binary.as_str(), status.state, status.reason), ("sink", State::Ready, None));
    assert_eq!(status.settings["subscription"], "payments-sink");
    for table in TABLES {
        let written = format!("payments_sink_rows_written_total{{table=\"{table}\"}}");
        assert_eq!(status.totals[&written], 300.0);
        let latency = format!("payments_sink_request_seconds{{outcome=\"OK\",table=\"{table}\"}}");
        assert!(status.latency[&latency].count > 0 && status.latency[&latency].p50 > 0.0);
    }
    let heat: Heat = serde_json::from_str(&get(&addr, "/heatmap").1).unwrap();
    for table in TABLES {
        let slots = &heat.tables[table].slots;
        assert_eq!(slots.values().map(|slot| slot.rows).sum::<u64>(), 300, "{table}");
        assert!(slots.values().all(|slot| !slot.keys.is_empty()));
    }
    assert_eq!(get(&addr, "/nothing").0, "HTTP/1.1 404 Not Found");
    assert_eq!(sink.stop(10 * SECOND).await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_got_nothing_still_says_how_it_ended() {
    let scene = Scene::new(Reply::ok).await;
    let mut sink = scene.sink(&["--exit-when-idle=1s"]);
    assert_eq!(sink.end(20 * SECOND).await.0, Some(0));
    assert_eq!(sink.lines(&["stopped", "received=0", "acked=0"]), 1, "{}", sink.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_holds_the_run_and_a_threshold_makes_its_exit_code() {
    let scene = Scene::new(Reply::ok).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    scene.publish(0..400).await;
    let (html, json) = (format!("--report={}", file("run.html")), format!("--report={}", file("run.json")));
    let mut sink = scene.sink(&["--exit-when-idle=1s", &html, &json, "--threshold=dead_letters=0,p99<1m"]);
    assert_eq!(sink.end(20 * SECOND).await.0, Some(0), "{}", sink.log());
    let report: monitor::report::Report =
        serde_json::from_str(&std::fs::read_to_string(file("run.json")).unwrap()).unwrap();
    assert_eq!(report.status.totals["payments_sink_messages_acked_total"], 400.0);
    assert!(report.thresholds.iter().all(|outcome| outcome.holds) && report.thresholds.len() == 2);
    assert!(!report.timeline.times.is_empty() && !report.heat.is_empty());
    let page = std::fs::read_to_string(file("run.html")).unwrap();
    assert!(page.contains("payments_by_date") && !page.contains("http://") && !page.contains("src=\"https"));
    scene.publish(400..500).await;
    let mut sink = scene.sink(&["--exit-when-idle=1s", "--threshold=rate>1G"]);
    assert_eq!(sink.end(20 * SECOND).await.0, Some(1), "{}", sink.log());
    assert!(sink.log().contains("rate>1G"), "{}", sink.log());
    for flag in
        ["--threshold=speed>1", "--report=run.txt", "--report=/no/such/folder/run.html", "--http=nowhere"]
    {
        let mut sink = scene.sink(&[flag]);
        assert_eq!(sink.end(10 * SECOND).await.0, Some(2), "{flag}: {}", sink.log());
    }
}
