//! The real binaries: killed, stopped, and given bad input.

use anyhow::{Context, Result, ensure};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use prost::Message;
use schemas::layout::PerTable;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};
use whole_path::pages::get;
use whole_path::{Backend, Pipeline, Running, programs, tables};

/// Waits until some but not all of `total` rows are in the first table.
async fn half_way(pipeline: &Pipeline, total: usize) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let written = tables::counts(&pipeline.bigtable).await?.by_customer;
        ensure!(written < total, "all {total} rows were written before anything could be stopped");
        if written > 0 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "no row was written");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Slow enough to be caught half way: one small request at a time.
const SLOW: &[&str] =
    &["--pane-rows", "50", "--request-rows", "10", "--requests-in-flight", "1", "--lease", "10s"];
const RECORDS: u64 = 4_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_killed_half_way_loses_nothing() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let generator = pipeline.produce(&["--num-records", &RECORDS.to_string()]).await?;
    let mut sink = pipeline.start("sink", SLOW)?;
    half_way(&pipeline, RECORDS as usize).await?;
    sink.signal("-KILL")?;
    assert_eq!(sink.end(Duration::from_secs(5)).await?, None);
    pipeline.consume(&[]).await?;
    tables::assert_exact(&pipeline.bigtable, &generator, 0..RECORDS).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_told_to_stop_writes_what_it_holds_and_acks_it() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let generator = pipeline.produce(&["--num-records", "2000"]).await?;
    // Panes that would wait for an hour: only the drain can write them.
    let mut sink = pipeline.start("sink", &["--window", "2h", "--max-pane-age", "1h", "--lease", "10s"])?;
    let subscription = pipeline.pubsub.subscription_name("payments-sink");
    let Backend::Embedded(servers) = &pipeline.backend else {
        unreachable!("asked for the embedded servers")
    };
    let deadline = Instant::now() + Duration::from_mins(1);
    while servers.pubsub.stats(&subscription).context("the subscription is there")?.outstanding < 2_000 {
        ensure!(Instant::now() < deadline, "the sink did not pull everything");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // They are on their way; what a busy machine has given the sink to read by then is what it holds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    sink.signal("-TERM")?;
    assert_eq!(sink.end(Duration::from_secs(30)).await?, Some(0));
    let written = tables::counts(&pipeline.bigtable).await?;
    let unacked = servers.pubsub.stats(&subscription).context("the subscription is there")?.unacked;
    // What had been sent but not yet handed to the sink is not the sink's to write: it comes again after its lease.
    assert!(written.by_customer > 0);
    assert_eq!(written, PerTable::same(2_000 - unacked as usize));
    pipeline.consume(&["--exit-when-idle", "12s"]).await?;
    tables::assert_exact(&pipeline.bigtable, &generator, 0..2_000).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_killed_half_way_and_started_again_leaves_every_payment_once() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let flags = ["--num-records", "30000", "--num-customers", "50"];
    // Few in flight, so that it can be caught half way.
    let slow = [&flags[..], &["--max-in-flight", "20"]].concat();
    let mut producer = pipeline.start("producer", &slow)?;
    let mut sink = pipeline.start("sink", &["--max-pane-age", "100ms"])?;
    half_way(&pipeline, 30_000).await?;
    producer.signal("-KILL")?;
    assert_eq!(producer.end(Duration::from_secs(5)).await?, None);
    sink.signal("-TERM")?;
    assert_eq!(sink.end(Duration::from_secs(40)).await?, Some(0));
    let written = tables::counts(&pipeline.bigtable).await?;
    assert!(written.by_customer < 30_000, "the producer was killed too late to show anything");
    pipeline.produce(&flags).await?;
    pipeline.consume(&["--exit-when-idle", "12s"]).await?;
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(30_000));
    Ok(())
}

/// Runs a binary that must refuse: one line that names the culprit, exit code 2.
fn assert_refused(program: &str, args: &[&str], names: &[&str]) -> Result<()> {
    assert_ends(program, args, 2, names)
}

/// Runs a binary that must end with this exit code and one line that names the culprit.
fn assert_ends(program: &str, args: &[&str], code: i32, names: &[&str]) -> Result<()> {
    let output = programs::run(program, args)?;
    let stderr = String::from_utf8(output.stderr)?;
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(output.status.code(), Some(code), "{program} {args:?}: {stderr}");
    assert_eq!(lines.len(), 1, "{program} {args:?}: {stderr}");
    for name in names {
        assert!(stderr.contains(name), "{program} {args:?} does not name {name:?}: {stderr}");
    }
    Ok(())
}

#[test]
fn bad_flags_are_refused_in_one_line_that_names_them() -> Result<()> {
    for (args, names) in [
        (&["--start-date", "2024-03-31", "--end-date", "2024-03-01"][..], &["--end-date", "2024-03-01"][..]),
        (&["--start-date", "2024-02-30"], &["--start-date", "2024-02-30"]),
        (&["--num-customers", "0"], &["--num-customers"]),
        (&["--num-records", "many"], &["--num-records", "many"]),
        (&["--num-records", "18446744073709551615"], &["--num-records"]),
        (&["--shard", "3/2"], &["--shard", "3/2"]),
        (&["--mix", "ACH=0.5,SWIFT=0.5"], &["--mix", "SWIFT"]),
        (&["--start-index", "5", "--end-index", "4"], &["--end-index"]),
        (&["--customer-skew", "-1"], &["--customer-skew"]),
        (&["--no-such-flag"], &["--no-such-flag"]),
    ] {
        assert_refused("producer", args, names)?;
        assert_refused("payments", &[&["local"], args].concat(), names)?;
    }
    for (args, names) in [
        (&["--window", "5"][..], &["--window"][..]),
        (&["--lease", "1s"], &["--lease"]),
        (&["--row-key-suffix", "x"], &["--row-key-suffix", "transaction_id"]),
    ] {
        assert_refused("sink", args, names)?;
    }
    Ok(())
}

#[test]
fn an_unreachable_emulator_is_told_with_its_address() -> Result<()> {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let (host, names) =
        (["--pubsub-emulator-host", &free, "--connect-timeout", "1s"], [&free, "payments emulators"]);
    assert_ends("producer", &host, 1, &names)?;
    assert_ends("sink", &[&host[..], &["--bigtable-emulator-host", &free]].concat(), 1, &names)?;
    let scheme = "ftp://127.0.0.1 1";
    assert_refused("producer", &["--pubsub-emulator-host", scheme], &[scheme, "HOST:PORT"])
}

/// The flags by which a command talks to servers that take connections and say nothing, as stopped processes do.
fn frozen(addr: &str) -> [String; 6] {
    ["--pubsub-emulator-host", addr, "--bigtable-emulator-host", addr, "--connect-timeout", "1s"]
        .map(str::to_owned)
}

#[test]
fn every_command_says_when_a_server_is_silent() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?.to_string();
    let [pubsub, host, bigtable, _, patience, time] = &frozen(&addr);
    let (pubsub, bigtable, patience) = ([&**pubsub, host], [&**bigtable, host], [&**patience, time]);
    let both = [pubsub, bigtable].concat();
    let commands: [(&str, &[&str], &[&str]); 14] = [
        ("producer", &[], &pubsub),
        ("producer", &["trickle"], &pubsub),
        ("sink", &[], &both),
        ("payments", &["setup"], &both),
        ("payments", &["query", "customer", "CUST000042"], &bigtable),
        ("payments", &["verify", "--num-records", "10"], &bigtable),
        ("payments", &["verify", "--consistency"], &bigtable),
        ("payments", &["quality"], &bigtable),
        ("payments", &["export", "--format", "csv", "--out", "/nowhere", "--from", "tables"], &bigtable),
        ("payments", &["snapshot", "list"], &pubsub),
        ("payments", &["replay", "--begin"], &pubsub),
        ("payments", &["dead-letter", "list"], &pubsub),
        ("payments", &["cleanup", "rows", "--run-id", "3f2a9c01d4e5b677"], &both),
        ("payments", &["cleanup", "all", "--topics"], &both),
    ];
    std::thread::scope(|scope| {
        let ended: Vec<_> = commands
            .iter()
            .map(|(program, command, hosts)| {
                let args = [command, *hosts, &patience].concat();
                let names = [&addr, "no answer after 1 s"];
                scope.spawn(move || assert_ends(program, &args, 1, &names))
            })
            .collect();
        ended.into_iter().try_for_each(|ended| ended.join().expect("a command ends as it should"))
    })
}

#[tokio::test]
async fn a_stop_at_the_start_ends_at_once() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?.to_string();
    for command in [&[][..], &["trickle"]] {
        let args = [command, &["--pubsub-emulator-host", &addr, "--connect-timeout", "10m"]].concat();
        let mut producer = Running::spawn(programs::command("producer").args(args))?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        producer.signal("-TERM")?;
        assert_eq!(producer.end(Duration::from_secs(5)).await?, Some(0), "{command:?}");
    }
    Ok(())
}

#[test]
fn a_port_in_use_or_a_file_for_a_folder_is_told_by_name() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    assert_refused("payments", &["emulators", "--pubsub-port", &port, "--bigtable-port", "0"], &[&port])?;
    let file = tempfile::NamedTempFile::new()?;
    let path = file.path().to_str().context("a temporary file has a plain name")?;
    assert_refused("payments", &["local", "--num-records", "10", "--data-dir", path], &[path])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_resource_is_told_by_name_with_what_creates_it() -> Result<()> {
    let pipeline = Pipeline::connect(Backend::embedded().await?).await?;
    let (pubsub, bigtable) =
        (pipeline.backend.pubsub_addr().to_string(), pipeline.backend.bigtable_addr().to_string());
    let hosts = ["--pubsub-emulator-host", &pubsub, "--bigtable-emulator-host", &bigtable];
    tokio::task::block_in_place(|| {
        assert_refused("producer", &hosts[..2], &["topic projects/local/topics/payments", "payments setup"])?;
        assert_refused(
            "sink",
            &hosts,
            &["subscription projects/local/subscriptions/payments-sink", "payments setup"],
        )
    })?;
    payments::setup::run(&pipeline.setup).await?;
    tables::drop_table(&pipeline.setup, schemas::layout::Table::ByDate).await?;
    tokio::task::block_in_place(|| assert_refused("sink", &hosts, &["payments_by_date", "payments setup"]))
}

#[test]
fn missing_credentials_are_told_with_how_to_get_some() -> Result<()> {
    // A home without a login, and a metadata server that is not there.
    let home = tempfile::tempdir()?;
    let nowhere = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    for program in ["producer", "sink"] {
        let output = programs::command(program)
            .env("HOME", home.path())
            .env("GCE_METADATA_HOST", &nowhere)
            .args(["--project", "some-project"])
            .output()?;
        let stderr = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("gcloud auth application-default login"), "{stderr}");
    }
    Ok(())
}

#[test]
fn a_local_run_adds_up_and_says_so() -> Result<()> {
    let output = programs::run("payments", &["local", "--num-records", "2000", "--show-rows"])?;
    let stdout = String::from_utf8(output.stdout)?;
    assert_eq!(output.status.code(), Some(0), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    for line in ["payments_by_customer", "payments_by_date", "payments_by_transaction"] {
        let counted =
            stdout.lines().find(|found| found.starts_with(&format!("  {line} "))).context("a count")?;
        assert!(counted.ends_with("2,000"), "{counted}");
    }
    assert!(stdout.contains("CUST0"), "{stdout}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_tells_of_each_window_and_serves_its_counts() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let generator = pipeline.produce(&["--num-records", "1000"]).await?;
    let again = PubsubMessage { data: generator.payment(7).encode_to_vec(), ..Default::default() };
    let bad = PubsubMessage { data: vec![0xff], ..Default::default() };
    pipeline.publish(vec![again, bad.clone(), bad]).await?;
    let mut command = programs::command("sink");
    let mut sink = command
        .env("PUBSUB_EMULATOR_HOST", pipeline.backend.pubsub_addr().to_string())
        .env("BIGTABLE_EMULATOR_HOST", pipeline.backend.bigtable_addr().to_string())
        .args(["--metrics-addr", "127.0.0.1:0", "--log-format", "json"])
        // Wide enough that all three publishes fall into one window, and pulled at once into one pane.
        .args(["--window", "365d", "--max-pane-age", "1s", "--exit-when-idle", "5s"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let log = BufReader::new(sink.stderr.take().context("stderr is piped")?);
    let _sink = Running(sink);
    let mut reports = Vec::new();
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(&line?)?;
        match event["message"].as_str() {
            Some("serving /metrics, /status, /readyz, /livez and /heatmap") => {
                let addr = event["addr"].as_str().context("the address is logged")?.to_owned();
                assert!(get(&addr, "/healthz")?.ends_with("ok\n"));
                let deadline = Instant::now() + Duration::from_secs(30);
                // Dead letters are settled later than rows: somebody is asked whether they are kept.
                let settled = [
                    "payments_sink_messages_acked_total 1001\n",
                    "payments_sink_messages_dead_lettered_total 2\n",
                ];
                let is_settled = |metrics: &str| settled.iter().all(|line| metrics.contains(line));
                while !is_settled(&get(&addr, "/metrics")?) {
                    ensure!(Instant::now() < deadline, "{}", get(&addr, "/metrics")?);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                let metrics = get(&addr, "/metrics")?;
                for line in [
                    "payments_sink_rows_written_total{table=\"payments_by_date\"} 1001",
                    "payments_sink_publish_to_written_seconds_count 1001",
                    "payments_sink_messages_pane_duplicate_total 1",
                ] {
                    assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
                }
            }
            Some("window done") => reports.push(event),
            _ => {}
        }
    }
    assert_eq!(reports.len(), 1, "{reports:?}");
    let report = &reports[0];
    for (field, expected) in
        [("payments", 1_001), ("rejected", 2), ("pane_duplicates", 1), ("late", 0), ("returned", 0)]
    {
        assert_eq!(report[field], expected, "{field} of {report}");
    }
    let ids = 0..1_000;
    let times =
        ids.map(|index| generator.payment(index).payment_header.unwrap_or_default().created_at_micros);
    let first = String::from_utf8(schemas::text::time(times.min().unwrap_or_default()).to_vec())?;
    assert_eq!(report["first_event"], first.as_str());
    assert!(report["latency_p99_ms"].as_u64() >= report["latency_p50_ms"].as_u64());
    assert!(report["rails"]["CARD"].as_u64() >= Some(250), "{report}");
    Ok(())
}
