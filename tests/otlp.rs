//! What builds with `otlp` push to a collector, by whose names, and that no run waits for it.
#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

use anyhow::{Context, Result, bail, ensure};
use fakes::scripted::{publishes, writes};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use monitor::report::Report;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};
use whole_path::{Backend, Pipeline, Running, programs};

const LIMIT: Duration = Duration::from_mins(1);
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
const FAILS: &str = "the collector takes no metrics";
const WORKS: &str = "the collector takes metrics again";

type Received = Arc<Mutex<Vec<(MetadataMap, ExportMetricsServiceRequest)>>>;

/// How a collector answers a push, by its number, counted from 0.
#[derive(Clone, Copy)]
enum Answer {
    Take,
    Refuse,
    /// Takes a part of it.
    Partly,
    Hang,
}

struct Collector {
    received: Received,
    answer: fn(usize) -> Answer,
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let number = {
            let mut received = self.received.lock().expect("no test panics with it");
            received.push((request.metadata().clone(), request.into_inner()));
            received.len() - 1
        };
        let mut response = ExportMetricsServiceResponse::default();
        match (self.answer)(number) {
            Answer::Take => {}
            Answer::Refuse => return Err(Status::unavailable("not now")),
            Answer::Partly => response.partial_success.get_or_insert_default().rejected_data_points = 1,
            Answer::Hang => std::future::pending().await,
        }
        Ok(Response::new(response))
    }
}

/// Starts one on a free port.
async fn collector(answer: fn(usize) -> Answer) -> Result<(SocketAddr, Received)> {
    let received = Received::default();
    let service = MetricsServiceServer::new(Collector { received: received.clone(), answer });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    Ok((addr, received))
}

/// Runs a program to its end; it may take a minute.
async fn run(command: &mut Command) -> Result<Output> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log");
    let log = std::fs::File::create(&path)?;
    let mut running = Running::spawn(command.stdout(log.try_clone()?).stderr(log))?;
    running.end(LIMIT).await?;
    Ok(Output { status: running.0.wait()?, stdout: Vec::new(), stderr: std::fs::read(path)? })
}

fn lines(output: &Output, text: &str) -> usize {
    String::from_utf8_lossy(&output.stderr).lines().filter(|line| line.contains(text)).count()
}

/// The last push.
fn last(received: &Received) -> Result<(MetadataMap, ExportMetricsServiceRequest)> {
    let received = received.lock().expect("no test panics with it");
    received.last().cloned().context("nothing was pushed")
}

fn text(attributes: &[KeyValue]) -> Result<BTreeMap<String, String>> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some((attribute.key.clone(), text.clone())),
        _ => None,
    };
    attributes.iter().map(|attribute| text(attribute).context("a text")).collect()
}

/// A point as others would read it.
#[derive(Clone, Debug)]
struct Point {
    attributes: BTreeMap<String, String>,
    count: u64,
    sum: f64,
}

impl Point {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// A metric's instrument and points; refused is what a collector would stumble over.
fn points(metric: &Metric) -> Result<(&'static str, Vec<Point>)> {
    let mut points = Vec::new();
    let (instrument, temporality) = match metric.data.as_ref().context("data")? {
        Data::Sum(sum) => {
            ensure!(sum.is_monotonic, "{} goes only up", metric.name);
            for at in &sum.data_points {
                let Some(number_data_point::Value::AsInt(count)) = at.value else { bail!("a count: {at:?}") };
                ensure!(0 < at.start_time_unix_nano && at.start_time_unix_nano < at.time_unix_nano);
                points.push(Point { attributes: text(&at.attributes)?, count: count as u64, sum: 0.0 });
            }
            ("counter", sum.aggregation_temporality)
        }
        Data::Histogram(histogram) => {
            for at in &histogram.data_points {
                ensure!(at.bucket_counts.len() == at.explicit_bounds.len() + 1, "{at:?}");
                ensure!(at.bucket_counts.iter().sum::<u64>() == at.count, "{at:?}");
                ensure!(at.explicit_bounds.is_sorted(), "{at:?}");
                ensure!(0 < at.start_time_unix_nano && at.start_time_unix_nano < at.time_unix_nano);
                let (count, sum) = (at.count, at.sum.context("a sum")?);
                points.push(Point { attributes: text(&at.attributes)?, count, sum });
            }
            ("histogram", histogram.aggregation_temporality)
        }
        other => bail!("{} is {other:?}", metric.name),
    };
    ensure!(temporality == 2, "{} is cumulative", metric.name);
    let distinct: BTreeSet<_> = points.iter().map(|point| &point.attributes).collect();
    ensure!(distinct.len() == points.len(), "{} has a point twice: {points:?}", metric.name);
    Ok((instrument, points))
}

/// All points of a push by their metric's name, each of which the published lists have with all its attributes.
fn listed(push: &ExportMetricsServiceRequest) -> Result<BTreeMap<String, Vec<Point>>> {
    let lists: toml::Table = include_str!("otlp/conventions.toml").parse()?;
    let texts = |list: &toml::Value| -> Option<BTreeSet<String>> {
        list.as_array()?.iter().map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    let messaging = &lists["messaging"];
    let (operations, types) = (texts(&messaging["operations"]), texts(&messaging["types"]));
    let (operations, types) = (operations.context("operations")?, types.context("types")?);
    let mut all = BTreeMap::new();
    let scopes = push.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    for (scope, metric) in scopes.flat_map(|scope| scope.metrics.iter().map(move |metric| (scope, metric))) {
        let name = &metric.name;
        let mut published = lists["metric"].as_array().into_iter().flatten();
        let published = published.find(|published| published["name"].as_str() == Some(name));
        let published = published.with_context(|| format!("nobody has published {name}"))?;
        ensure!(Some(&*scope.schema_url) == messaging["schema"].as_str(), "{}", scope.schema_url);
        ensure!(Some(&*metric.unit) == published["unit"].as_str(), "{name} in {}", metric.unit);
        let (instrument, points) = points(metric)?;
        ensure!(Some(instrument) == published["instrument"].as_str(), "{name} is a {instrument}");
        let required = texts(&published["required"]).context("required")?;
        let known: BTreeSet<_> =
            required.union(&texts(&published["others"]).context("others")?).cloned().collect();
        for point in &points {
            let has: BTreeSet<_> = point.attributes.keys().cloned().collect();
            ensure!(required.is_subset(&has), "{name} lacks an attribute: {point:?}");
            ensure!(has.is_subset(&known), "{name} has an attribute of its own: {point:?}");
            let is_of =
                |known: &BTreeSet<String>, key| point.get(key).is_none_or(|value| known.contains(value));
            ensure!(is_of(&operations, "messaging.operation.name"), "{point:?}");
            ensure!(is_of(&types, "messaging.operation.type"), "{point:?}");
            ensure!(
                point
                    .get("messaging.system")
                    .is_none_or(|system| Some(system) == messaging["system"].as_str())
            );
        }
        ensure!(all.insert(name.clone(), points).is_none(), "{name} comes twice");
    }
    Ok(all)
}

/// The only point of a metric.
fn only<'a>(metrics: &'a BTreeMap<String, Vec<Point>>, name: &str) -> Result<&'a Point> {
    match metrics.get(name).map(Vec::as_slice) {
        Some([point]) => Ok(point),
        other => bail!("{name} has {other:?}"),
    }
}

fn resource(push: &ExportMetricsServiceRequest) -> Result<BTreeMap<String, String>> {
    let [resource] = &push.resource_metrics[..] else { bail!("one resource: {push:?}") };
    text(&resource.resource.as_ref().context("a resource")?.attributes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_pushes_what_its_report_has_by_published_names() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let (addr, received) = collector(|_| Answer::Take).await?;
    let mut producer = pipeline.command("producer");
    let ended = run(producer.args(["--num-records", "1500"]).env(ENDPOINT, format!("http://{addr}"))).await?;
    ensure!(ended.status.success(), "{ended:?}");
    let (_, push) = last(&received)?;
    let found = listed(&push)?;
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["messaging.client.operation.duration", "messaging.client.sent.messages"]);
    let sent = only(&found, "messaging.client.sent.messages")?;
    let of = ["messaging.operation.name", "messaging.destination.name", "server.address"]
        .map(|name| sent.get(name));
    assert_eq!((sent.count, of), (1_500, [Some("send"), Some("payments"), Some("127.0.0.1")]));
    let calls = only(&found, "messaging.client.operation.duration")?;
    assert!(calls.count > 0 && calls.sum > 0.0 && calls.get("messaging.operation.type") == Some("send"));
    let who = resource(&push)?;
    assert_eq!((&*who["service.name"], &*who["service.version"]), ("producer", env!("CARGO_PKG_VERSION")));

    pipeline.publish(vec![PubsubMessage { data: vec![0xff], ..PubsubMessage::default() }]).await?;
    let folder = tempfile::tempdir()?;
    let json = folder.path().join("report.json");
    let mut sink = pipeline.command("sink");
    sink.args(["--exit-when-idle", "2s", "--report"]).arg(&json).envs([
        (ENDPOINT, "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &format!("http://{addr}")),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=load%20tests"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=other"),
        ("OTEL_SERVICE_NAME", "our-sink"),
    ]);
    let ended = run(&mut sink).await?;
    ensure!(ended.status.success(), "{ended:?}");
    let (headers, push) = last(&received)?;
    assert_eq!(headers.get("x-team").context("a header")?, "load tests");
    let who = resource(&push)?;
    assert_eq!((&*who["service.name"], &*who["deployment.environment.name"]), ("our-sink", "test"));
    assert!(who["service.instance.id"].split(':').count() >= 3, "{who:?}");
    let found = listed(&push)?;
    let totals = serde_json::from_str::<Report>(&std::fs::read_to_string(&json)?)?.status.totals;
    for (theirs, ours, count) in [
        ("messaging.client.consumed.messages", "payments_sink_messages_pulled_total", 1_501),
        ("messaging.process.duration", "payments_sink_pulled_to_acked_seconds_count", 1_500),
        ("messaging.client.operation.duration", "payments_sink_stage_seconds_count{stage=\"ack\"}", 1_500),
    ] {
        let point = only(&found, theirs)?;
        assert_eq!((point.count, totals[ours]), (count, count as f64), "{theirs}");
        assert_eq!(point.get("messaging.destination.subscription.name"), Some("payments-sink"));
    }
    let attempts = &found["bigtable.googleapis.com/client/attempt_latencies"];
    let tables: Vec<_> = attempts.iter().filter_map(|point| point.get("table")).collect();
    assert_eq!(tables, ["payments_by_customer", "payments_by_date", "payments_by_transaction"]);
    for point in attempts {
        assert_eq!((point.get("status"), point.get("method")), (Some("OK"), Some("Bigtable.MutateRows")));
        let ours = |part: &str| {
            let table = &point.attributes["table"];
            totals[&format!("payments_sink_request_seconds_{part}{{outcome=\"OK\",table=\"{table}\"}}")]
        };
        assert_eq!(point.count as f64, ours("count"));
        assert!((point.sum - 1e3 * ours("sum")).abs() < 1e-6 * point.sum, "in milliseconds");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_run_pushes_both_stages_and_a_trickle_its_messages() -> Result<()> {
    let (addr, received) = collector(|_| Answer::Take).await?;
    let mut local = programs::command("payments");
    local.args(["local", "--num-records", "500"]).env(ENDPOINT, format!("http://{addr}"));
    let ended = run(&mut local).await?;
    ensure!(ended.status.success(), "{ended:?}");
    let found = listed(&last(&received)?.1)?;
    assert_eq!(only(&found, "messaging.client.sent.messages")?.count, 500);
    assert_eq!(only(&found, "messaging.process.duration")?.count, 500);
    let operations: Vec<_> = found["messaging.client.operation.duration"]
        .iter()
        .filter_map(|point| point.get("messaging.operation.name"))
        .collect();
    assert_eq!(operations.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(["ack", "send"]));

    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let mut trickle = pipeline.command("producer");
    trickle.args(["trickle", "--rate", "100/s", "--num-records", "50"]);
    let ended = run(trickle.env(ENDPOINT, format!("http://{addr}"))).await?;
    ensure!(ended.status.success(), "{ended:?}");
    let (_, push) = last(&received)?;
    assert_eq!(resource(&push)?["service.name"], "trickle");
    let found = listed(&push)?;
    // Updates come besides the new payments.
    let sent = only(&found, "messaging.client.sent.messages")?.count;
    assert!(sent >= 50 && only(&found, "messaging.client.operation.duration")?.count == sent, "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_have_their_error_and_an_attempt_the_status_of_its_call() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let (addr, received) = collector(|_| Answer::Take).await?;
    let script = |number: usize, _: &_| {
        publishes::Reply::Refuse(match number {
            0 => Status::unavailable("busy"),
            _ => Status::permission_denied("not you"),
        })
    };
    let topics = publishes::start(script).await?;
    let mut producer = pipeline.command("producer");
    producer.args(["--num-records", "10"]).env("PUBSUB_EMULATOR_HOST", topics.addr().to_string());
    let ended = run(producer.env(ENDPOINT, format!("http://{addr}"))).await?;
    ensure!(!ended.status.success(), "the script was not followed");
    let found = listed(&last(&received)?.1)?;
    let errors = |name: &str| -> BTreeMap<Option<&str>, u64> {
        found[name].iter().map(|point| (point.get("error.type"), point.count)).collect()
    };
    let sent = errors("messaging.client.sent.messages");
    assert_eq!(sent, BTreeMap::from([(None, 0), (Some("PERMISSION_DENIED"), 10)]));
    let mut calls = errors("messaging.client.operation.duration");
    calls.retain(|_, count| *count > 0);
    assert_eq!(calls.into_keys().collect::<Vec<_>>(), [Some("PERMISSION_DENIED"), Some("UNAVAILABLE")]);

    pipeline.produce(&["--num-records", "200"]).await?;
    let script = |call: &writes::Call| match call.number {
        0 => writes::Reply::Refuse(Status::unavailable("busy")),
        1 => writes::Reply::entries(
            (0..call.request.entries.len())
                .map(|at| (at as i64, if at == 0 { Code::Unavailable } else { Code::Ok })),
        ),
        _ => writes::Reply::ok(call),
    };
    let tables = writes::start(script).await?;
    let mut sink = pipeline.command("sink");
    sink.args(["--exit-when-idle", "2s"]).env("BIGTABLE_EMULATOR_HOST", tables.addr().to_string());
    let ended = run(sink.env(ENDPOINT, format!("http://{addr}"))).await?;
    ensure!(ended.status.success(), "{ended:?}");
    let found = listed(&last(&received)?.1)?;
    let mut statuses: BTreeMap<_, u64> = BTreeMap::new();
    for point in &found["bigtable.googleapis.com/client/attempt_latencies"] {
        *statuses.entry(point.get("status").unwrap_or_default()).or_default() += point.count;
    }
    assert_eq!(statuses.keys().copied().collect::<Vec<_>>(), ["OK", "UNAVAILABLE"]);
    assert_eq!(statuses["UNAVAILABLE"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_silent_or_refuses_neither_fails_a_run_nor_holds_up_its_end() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let flags = ["--num-records", "3000"];
    let begin = Instant::now();
    ensure!(run(pipeline.command("producer").args(flags)).await?.status.success());
    let alone = begin.elapsed();
    // Connections are taken by the system, and nobody reads.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let closed = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let (frozen, _) = collector(|_| Answer::Hang).await?;
    let (refusing, _) = collector(|_| Answer::Refuse).await?;
    let (choosy, _) = collector(|_| Answer::Partly).await?;
    for (addr, why, held_up) in [
        (silent.local_addr()?, "no answer within 3 s", 3),
        (closed, "onnection refused", 0),
        (frozen, "no answer within 3 s", 3),
        (refusing, "not now", 0),
        (choosy, "1 points rejected", 0),
    ] {
        let mut producer = pipeline.command("producer");
        producer.args(flags).env(ENDPOINT, format!("http://{addr}")).env(INTERVAL, "10");
        let begin = Instant::now();
        let ended = run(&mut producer).await?;
        let longer = begin.elapsed().saturating_sub(alone);
        ensure!(ended.status.success(), "{ended:?}");
        assert_eq!(lines(&ended, FAILS), 1, "{ended:?}");
        assert!(lines(&ended, why) == 1 && lines(&ended, WORKS) == 0, "{why}: {ended:?}");
        // With grace for a machine that has other things to do; without a bound it would be for ever.
        assert!(longer < Duration::from_secs(held_up + 17), "{why}: {longer:?} longer than {alone:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_comes_back_is_told_of_once_and_has_missed_nothing() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.produce(&["--num-records", "100"]).await?;
    let (addr, received) =
        collector(|number| if (2..5).contains(&number) { Answer::Refuse } else { Answer::Take }).await?;
    let mut sink = pipeline.command("sink");
    sink.args(["--exit-when-idle", "3s"]).env(ENDPOINT, format!("http://{addr}")).env(INTERVAL, "100");
    let ended = run(&mut sink).await?;
    ensure!(ended.status.success(), "{ended:?}");
    assert_eq!((lines(&ended, FAILS), lines(&ended, WORKS)), (1, 1), "{ended:?}");
    assert!(received.lock().expect("no test panics with it").len() > 6);
    assert_eq!(only(&listed(&last(&received)?.1)?, "messaging.client.consumed.messages")?.count, 100);
    Ok(())
}

#[test]
fn a_wrong_variable_is_refused_before_anything_is_done() -> Result<()> {
    for (variable, value) in [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), (INTERVAL, "60s")] {
        for program in ["sink", "producer"] {
            let mut command = programs::command(program);
            command.envs([(ENDPOINT, "http://127.0.0.1:1"), (variable, value)]);
            command.args(["--pubsub-emulator-host", "127.0.0.1:1"]);
            let ended = command.stdout(Stdio::null()).output()?;
            let log = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(2), "{program}: {log}");
            assert!(log.contains(&format!("error: {variable} ")), "{program}: {log}");
        }
    }
    Ok(())
}
