//! `producer trickle` on the embedded servers: updates that overtake each other, kills, pauses, and how soon rows are there.

use anyhow::{Context, Result, ensure};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as bigtable;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as pubsub;
use prost::Message;
use schemas::Payment;
use schemas::layout::{KeySuffix, Table, cells, row_key};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use whole_path::programs::{self, Running};
use whole_path::{Backend, Pipeline, tables};

const SUBSCRIPTION: &str = "payments-sink";

/// `producer trickle` on the pipeline's servers.
fn trickle(pipeline: &Pipeline, args: &[&str]) -> Command {
    let mut command = programs::command("producer");
    command
        .env("PUBSUB_EMULATOR_HOST", pipeline.backend.pubsub_addr().to_string())
        .args(["trickle", "--log-format", "json"])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs a trickle to its end; what its last line of progress says.
fn run(mut command: Command) -> Result<serde_json::Value> {
    let output = command.output()?;
    let stderr = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{stderr}");
    last_line(&stderr)
}

fn last_line(stderr: &str) -> Result<serde_json::Value> {
    let mut lines = stderr.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.rfind(|line| line["published"].is_u64()).context("no line of progress")
}

fn count(line: &serde_json::Value, field: &str) -> u64 {
    line[field].as_u64().unwrap_or_default()
}

/// A message that was pulled and is not acked.
struct Leased {
    ack_id: String,
    payment: Payment,
    publish_micros: i64,
}

impl Leased {
    fn header(&self) -> &schemas::payment::PaymentHeader {
        self.payment.payment_header.as_ref().expect("every payment has a header")
    }
}

/// Pulls everything there is and keeps it leased.
async fn lease_all(pipeline: &Pipeline) -> Result<Vec<Leased>> {
    let subscription = pipeline.pubsub.subscription_name(SUBSCRIPTION);
    let (mut client, mut leased, mut empty) = (pipeline.pubsub.subscriptions(), Vec::new(), 0);
    while empty < 2 {
        let request = pubsub::PullRequest {
            subscription: subscription.clone(),
            max_messages: 1_000,
            ..Default::default()
        };
        let pull = tokio::time::timeout(Duration::from_secs(1), client.pull(request));
        let Ok(response) = pull.await else { break };
        let messages = response?.into_inner().received_messages;
        empty = if messages.is_empty() { empty + 1 } else { 0 };
        let ack_ids: Vec<_> = messages.iter().map(|message| message.ack_id.clone()).collect();
        postpone(pipeline, &ack_ids, 600).await?;
        for received in messages {
            let message = received.message.context("a message")?;
            let time = message.publish_time.context("a publish time")?;
            leased.push(Leased {
                ack_id: received.ack_id,
                payment: Payment::decode(message.data.as_slice())?,
                publish_micros: time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000,
            });
        }
    }
    Ok(leased)
}

/// Gives messages so many more seconds; 0 gives them back.
async fn postpone(pipeline: &Pipeline, ack_ids: &[String], seconds: i32) -> Result<()> {
    if ack_ids.is_empty() {
        return Ok(());
    }
    let request = pubsub::ModifyAckDeadlineRequest {
        subscription: pipeline.pubsub.subscription_name(SUBSCRIPTION),
        ack_ids: ack_ids.to_vec(),
        ack_deadline_seconds: seconds,
    };
    pipeline.pubsub.subscriptions().modify_ack_deadline(request).await?;
    Ok(())
}

/// The last version of each payment, by id.
fn latest(messages: &[Leased]) -> HashMap<String, &Leased> {
    let mut latest = HashMap::<String, &Leased>::new();
    for message in messages {
        let known = latest.entry(message.header().payment_id.clone()).or_insert(message);
        if message.header().version > known.header().version {
            *known = message;
        }
    }
    latest
}

/// Fails unless the tables hold these payments, the newest cells of each row those of the payment's last version.
async fn assert_latest(pipeline: &Pipeline, messages: &[Leased]) -> Result<()> {
    let latest = latest(messages);
    for table in Table::ALL {
        let rows = tables::read(&pipeline.bigtable, table).await?;
        ensure!(rows.len() == latest.len(), "{}: {} rows of {}", table.id(), rows.len(), latest.len());
        for message in latest.values() {
            let row =
                rows.get(&row_key(&message.payment, table, KeySuffix::None)).context("a row is missing")?;
            let mut expected = BTreeMap::new();
            cells(&message.payment, |column, value| {
                expected.insert(format!("{}:{}", column.family().id(), column.qualifier()), value.to_vec());
            });
            let newest: BTreeMap<_, _> =
                row.iter().map(|(column, versions)| (column.clone(), versions[0].clone())).collect();
            let text = |row: &BTreeMap<String, Vec<u8>>| {
                row.get("payment_header:status").map(|status| String::from_utf8_lossy(status).into_owned())
            };
            ensure!(
                newest == expected,
                "{}: {} is {:?} instead of {:?}",
                table.id(),
                message.header().payment_id,
                text(&newest),
                text(&expected)
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_end_with_the_latest_state_although_the_latest_message_comes_first() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let flags = ["--rate", "400/s", "--duration", "4s", "--update-share", "1", "--update-within", "1s"];
    let line = run(trickle(&pipeline, &flags))?;
    let messages = lease_all(&pipeline).await?;
    assert_eq!(messages.len() as u64, count(&line, "published"));
    assert_publish_times_rise(&messages)?;
    // Given back (to come again after the backoff of a second) the last versions first, each wave consumed before the next: every payment's messages arrive in reverse.
    for version in (1..=4).rev() {
        let wave: Vec<_> = messages.iter().filter(|message| message.header().version == version).collect();
        let ack_ids: Vec<_> = wave.iter().map(|message| message.ack_id.clone()).collect();
        assert!(version == 4 || !wave.is_empty());
        postpone(&pipeline, &ack_ids, 0).await?;
        let progress = pipeline.consume(&["--exit-when-idle", "2s", "--max-pane-age", "100ms"]).await?;
        assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (wave.len() as u64, 0));
    }
    assert_latest(&pipeline, &messages).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_end_with_the_latest_state_when_versions_share_panes_in_any_order() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let flags = ["--rate", "300/s", "--duration", "4s", "--update-share", "1", "--update-within", "1s"];
    run(trickle(&pipeline, &flags))?;
    let messages = lease_all(&pipeline).await?;
    // Given back one by one in a fixed disorder, to two sinks at once with panes of a few rows.
    let mut order: Vec<usize> = (0..messages.len()).collect();
    order.sort_unstable_by_key(|at| (*at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let give_back = async {
        for chunk in order.chunks(7) {
            let ack_ids: Vec<_> = chunk.iter().map(|at| messages[*at].ack_id.clone()).collect();
            postpone(&pipeline, &ack_ids, 0).await?;
        }
        anyhow::Ok(())
    };
    let flags = ["--pane-rows", "40", "--max-pane-age", "50ms", "--exit-when-idle", "3s"];
    let (one, other, given) = tokio::join!(pipeline.consume(&flags), pipeline.consume(&flags), give_back);
    given?;
    assert_eq!(one?.acked.get() + other?.acked.get(), messages.len() as u64);
    assert_latest(&pipeline, &messages).await
}

/// Fails unless each version was published in a later millisecond than the one before.
fn assert_publish_times_rise(messages: &[Leased]) -> Result<()> {
    let mut by_id = HashMap::<&str, BTreeMap<u32, i64>>::new();
    for message in messages {
        let header = message.header();
        by_id.entry(&header.payment_id).or_default().insert(header.version, message.publish_micros / 1_000);
    }
    for (id, times) in by_id {
        let versions: Vec<_> = times.keys().copied().collect();
        ensure!(versions == (1..=versions.len() as u32).collect::<Vec<_>>(), "{id}: versions {versions:?}");
        let times: Vec<_> = times.into_values().collect();
        ensure!(times.windows(2).all(|pair| pair[0] < pair[1]), "{id}: publish times {times:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_with_the_same_publish_time_leave_the_later_one() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let generator = producer::generator::Generator::new(producer::generator::Config::default())?;
    let mut messages = Vec::new();
    // One request has one publish time; the later version is the first in it.
    for index in 0..200 {
        for version in [3, 1, 2] {
            let mut payment = generator.payment(index);
            payment.payment_header.as_mut().context("a header")?.version = version;
            messages.push(pubsub::PubsubMessage { data: payment.encode_to_vec(), ..Default::default() });
        }
    }
    pipeline.publish(messages).await?;
    let progress = pipeline.consume(&["--streams", "1"]).await?;
    assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (600, 0));
    for table in Table::ALL {
        let rows = tables::read(&pipeline.bigtable, table).await?;
        assert_eq!(rows.len(), 200);
        assert!(rows.values().all(|row| row["payment_header:version"][0] == b"3"));
    }
    Ok(())
}

/// Fails if a payment began twice; how many there are.
fn assert_begun_once(messages: &[Leased]) -> Result<usize> {
    let mut seen: [HashSet<Vec<u8>>; 3] = Default::default();
    for message in messages.iter().filter(|message| message.header().version == 1) {
        for (seen, table) in seen.iter_mut().zip(Table::ALL) {
            let fresh = seen.insert(row_key(&message.payment, table, KeySuffix::None));
            ensure!(
                fresh,
                "{} {} came twice",
                message.header().payment_id,
                message.header().created_at_micros
            );
        }
    }
    Ok(seen[0].len())
}

async fn killed_and_started_again(clock: &[&str]) -> Result<(Vec<Leased>, Vec<Leased>)> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state").to_str().context("a plain path")?.to_owned();
    let usual = ["--rate", "300/s", "--update-share", "0.6", "--update-within", "2m", "--checkpoint", &state];
    let flags = [&usual, clock].concat();
    let mut command = trickle(&pipeline, &flags);
    let mut killed = Running::spawn(command.stderr(Stdio::null()))?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    killed.signal("-KILL")?;
    killed.end(Duration::from_secs(5)).await?;
    let before = lease_all(&pipeline).await?;
    let line = run(trickle(&pipeline, &[&flags[..], &["--duration", "2s"]].concat()))?;
    let after = lease_all(&pipeline).await?;
    ensure!(count(&line, "published") == after.len() as u64, "{line}");
    // Many payments of the killed run have updates to come, and the next run knows of them: its own are fewer.
    ensure!(count(&line, "pending_updates") > 300, "{line}");
    Ok((before, after))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulated_clock_goes_on_behind_what_a_killed_run_has_used() -> Result<()> {
    let clock = ["--time-scale", "1", "--start-date", "2025-03-03"];
    let (mut before, after) = killed_and_started_again(&clock).await?;
    let created = |message: &Leased| message.header().created_at_micros;
    let fresh = |message: &&Leased| message.header().version == 1;
    let last = before.iter().map(created).max().context("payments before the kill")?;
    let first = after.iter().filter(fresh).map(created).min().context("payments after the kill")?;
    assert!(first > last, "{first} is not after {last}");
    before.extend(after);
    assert!(assert_begun_once(&before)? > 700);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_is_followed_by_one_that_repeats_no_payment() -> Result<()> {
    let (mut before, after) = killed_and_started_again(&[]).await?;
    before.extend(after);
    assert!(assert_begun_once(&before)? > 700);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_of_a_stopped_run_are_published_by_the_next() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state").to_str().context("a plain path")?.to_owned();
    let flags = ["--rate", "300/s", "--update-share", "1", "--update-within", "3s", "--checkpoint", &state];
    let mut command = trickle(&pipeline, &flags);
    let mut stopped = Running::spawn(command.stderr(Stdio::null()))?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    stopped.signal("-TERM")?;
    assert_eq!(stopped.end(Duration::from_secs(10)).await?, Some(0));
    let mut messages = lease_all(&pipeline).await?;
    let begun: HashSet<_> = messages.iter().map(|message| message.header().payment_id.clone()).collect();
    run(trickle(&pipeline, &[&flags[..], &["--duration", "6s"]].concat()))?;
    messages.extend(lease_all(&pipeline).await?);
    assert_publish_times_rise(&messages)?;
    assert_begun_once(&messages)?;
    let latest = latest(&messages);
    let open = |id: &&String| {
        use schemas::payment::PaymentStatus::{Pending, Processing};
        matches!(latest[*id].header().status(), Pending | Processing)
    };
    assert_eq!(begun.iter().filter(open).count(), 0, "payments of the stopped run that never ended");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_paused_does_not_make_up_for_it_with_a_burst() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let mut process =
        Running::spawn(&mut trickle(&pipeline, &["--rate", "200/s", "--progress-every", "1s"]))?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    process.signal("-STOP")?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    process.signal("-CONT")?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    process.signal("-TERM")?;
    assert_eq!(process.end(Duration::from_secs(10)).await?, Some(0));
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut process.0.stderr.take().context("stderr is piped")?, &mut stderr)?;
    let line = last_line(&stderr)?;
    assert!((500..700).contains(&count(&line, "skipped")), "{line}");
    let mut times: Vec<_> =
        lease_all(&pipeline).await?.iter().map(|message| message.publish_micros).collect();
    times.sort_unstable();
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    assert!(longest > 2_500_000, "the pause is not seen: {longest} us");
    for (at, time) in times.iter().enumerate() {
        let within = times[at..].partition_point(|later| later - time < 1_000_000);
        assert!(within <= 200 + 50 + 20, "{within} messages in a second");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_flags_a_missing_topic_and_a_strange_checkpoint_are_told_in_one_line() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state").to_str().context("a plain path")?.to_owned();
    run(trickle(&pipeline, &["--rate", "50/s", "--duration", "500ms", "--checkpoint", &state]))?;
    for (args, names) in [
        (&["--rate", "50"][..], &["--rate", "COUNT/s"][..]),
        (&["--rate", "600000/s", "--shard", "0/2"], &["--rate", "microsecond"]),
        (&["--burst", "5x"], &["--burst", "5x/30s@10m"]),
        (&["--time-scale", "0"], &["--time-scale"]),
        (&["--update-share", "1.5"], &["--update-share"]),
        (&["--update-within", "10ms"], &["--update-within"]),
        (&["--max-in-flight", "0"], &["--max-in-flight"]),
        (&["--topic", "nowhere"], &["topic projects/local/topics/nowhere", "payments setup"]),
        (&["--checkpoint", &state, "--seed", "7"], &["--checkpoint", "belongs to run"]),
        (&["--checkpoint", "/proc/nowhere/state"], &["--checkpoint", "cannot be written"]),
    ] {
        let output = trickle(&pipeline, args).output()?;
        let stderr = String::from_utf8(output.stderr)?;
        let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("error")).collect();
        assert_eq!((output.status.code(), errors.len()), (Some(2), 1), "{args:?}: {stderr}");
        assert!(names.iter().all(|name| errors[0].contains(name)), "{args:?}: {stderr}");
    }
    Ok(())
}

/// How many, and how fast: `TRICKLE_SECONDS` and `TRICKLE_RATE` (a second, for each of two shards) make it longer.
fn load() -> (u64, u64) {
    let number = |name, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    (number("TRICKLE_SECONDS", 6), number("TRICKLE_RATE", 200))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_shards_hold_their_rate_and_every_payment_is_a_row_soon() -> Result<()> {
    let (seconds, rate) = load();
    let pipeline = Pipeline::connect(Backend::program()?).await?;
    let age = std::env::var("TRICKLE_PANE_AGE").unwrap_or_else(|_| "500ms".to_owned());
    let mut command = programs::command("sink");
    command
        .env("PUBSUB_EMULATOR_HOST", pipeline.backend.pubsub_addr().to_string())
        .env("BIGTABLE_EMULATOR_HOST", pipeline.backend.bigtable_addr().to_string())
        .args(["--max-pane-age", &age, "--exit-when-idle", "5s"]);
    let mut sink = Running::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let (rate_flag, duration) = (format!("{rate}/s"), format!("{seconds}s"));
    let shards = ["0/2", "1/2"].map(|shard| {
        let flags =
            ["--rate", &rate_flag, "--duration", &duration, "--shard", shard, "--update-within", "20s"];
        let command = trickle(&pipeline, &flags);
        tokio::task::spawn_blocking(move || run(command))
    });
    let latencies = probe(&pipeline, Duration::from_secs(seconds)).await?;
    let (mut published, mut payments) = (Vec::new(), latencies.len() as u64);
    for shard in shards {
        let line = shard.await??;
        let (all, updates) = (count(&line, "published"), count(&line, "updates"));
        println!(
            "published {all}, updates {updates}, skipped {}, publish p50 {} ms, p99 {} ms",
            line["skipped"], line["publish_p50_ms"], line["publish_p99_ms"]
        );
        published.push(all);
        payments += all - updates;
    }
    assert_eq!(sink.end(Duration::from_mins(2)).await?, Some(0));
    for all in published {
        let wanted = (rate * seconds) as f64;
        ensure!((all as f64 - wanted).abs() <= wanted / 100.0, "{all} messages instead of {wanted}");
    }
    let rows = tables::read(&pipeline.bigtable, Table::ByTransaction).await?;
    let ids: HashSet<_> = rows.keys().map(|key| &key[..36]).collect();
    println!("payments {payments}, rows {}, ids {}", rows.len(), ids.len());
    assert_eq!((rows.len() as u64, ids.len() as u64), (payments, payments));
    assert_eq!(tables::counts(&pipeline.bigtable).await?, [payments as usize; 3]);
    let quantile = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize];
    println!(
        "publish to row in all tables: p50 {:?}, p99 {:?}, max {:?}",
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    );
    ensure!(quantile(0.99) < Duration::from_secs(20), "rows come too late: {:?}", quantile(0.99));
    Ok(())
}

/// Publishes payments of its own, twenty a second, and looks for their rows all the time: from just before the publish to the
/// moment at which all three tables gave the row to a reader. Sorted.
async fn probe(pipeline: &Pipeline, duration: Duration) -> Result<Vec<Duration>> {
    let generator = producer::generator::Generator::new(producer::generator::Config::default())?;
    let started = Instant::now();
    let (mut waiting, mut latencies, mut index) = (HashMap::new(), Vec::new(), 0);
    loop {
        if started.elapsed() < duration {
            let payment = generator.payment(index);
            index += 1;
            let data = payment.encode_to_vec();
            let at = Instant::now();
            pipeline.publish(vec![pubsub::PubsubMessage { data, ..Default::default() }]).await?;
            waiting.insert(
                payment.payment_header.as_ref().context("a header")?.payment_id.clone(),
                (at, payment),
            );
        } else if waiting.is_empty() {
            latencies.sort_unstable();
            return Ok(latencies);
        }
        ensure!(started.elapsed() < duration + Duration::from_mins(1), "{} rows never came", waiting.len());
        let until = Instant::now() + Duration::from_millis(50);
        while Instant::now() < until {
            let seen = visible(pipeline, &waiting).await?;
            let now = Instant::now();
            for id in seen {
                if let Some((at, _)) = waiting.remove(&id) {
                    latencies.push(now - at);
                }
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }
}

/// Those of the payments whose rows are in all three tables.
async fn visible(pipeline: &Pipeline, waiting: &HashMap<String, (Instant, Payment)>) -> Result<Vec<String>> {
    let mut found = HashMap::<String, usize>::new();
    for table in Table::ALL {
        let keys: HashMap<_, _> = (waiting.iter())
            .map(|(id, (_, payment))| (row_key(payment, table, KeySuffix::None), id.clone()))
            .collect();
        if keys.is_empty() {
            break;
        }
        let request = bigtable::ReadRowsRequest {
            table_name: pipeline.bigtable.table_name(table.id()),
            rows: Some(bigtable::RowSet { row_keys: keys.keys().cloned().collect(), ..Default::default() }),
            filter: Some(bigtable::RowFilter {
                filter: Some(bigtable::row_filter::Filter::CellsPerRowLimitFilter(1)),
            }),
            ..Default::default()
        };
        let mut stream = pipeline.bigtable.client().read_rows(request).await?.into_inner();
        while let Some(response) = stream.message().await? {
            for chunk in response.chunks.iter().filter(|chunk| !chunk.row_key.is_empty()) {
                *found.entry(keys[&chunk.row_key].clone()).or_default() += 1;
            }
        }
    }
    Ok(found.into_iter().filter(|(_, tables)| *tables == 3).map(|(id, _)| id).collect())
}
