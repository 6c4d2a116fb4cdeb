//! Loads with an end: checkpoints, kills, faults on purpose, files.

#![allow(clippy::print_stderr, reason = "figures for whoever runs the test")]

use anyhow::{Context, Result, ensure};
use generator::Generator;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{DeleteTopicRequest, PubsubMessage};
use producer::{Fault, Faults, Rates};
use prost::Message;
use schemas::Payment;
use schemas::layout::Table;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use whole_path::{Backend, Pipeline, Running, programs, tables};

const SUBSCRIPTION: &str = "payments-sink";

/// Messages published and not acked, which with no sink at work is all that was published.
fn published(pipeline: &Pipeline) -> Result<u64> {
    let Backend::Embedded(servers) = &pipeline.backend else {
        unreachable!("these tests run on the embedded servers")
    };
    let subscription = pipeline.pubsub.subscription_name(SUBSCRIPTION);
    Ok(servers.pubsub.stats(&subscription).context("the subscription is there")?.unacked)
}

async fn wait_for_published(pipeline: &Pipeline, count: u64, producer: &mut Running) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(5);
    while published(pipeline)? < count {
        ensure!(!producer.has_ended()?, "the producer ended before {count} messages were published");
        ensure!(Instant::now() < deadline, "{count} messages were not published in time");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

fn run_producer(pipeline: &Pipeline, args: &[&str]) -> Result<(Option<i32>, String)> {
    let Output { status, stderr, .. } = pipeline.command("producer").args(args).output()?;
    Ok((status.code(), String::from_utf8(stderr)?))
}

fn path_in(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

fn json(path: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

/// How far a checkpoint says that everything is confirmed: 0 without a file.
fn confirmed_below(checkpoint: &str) -> u64 {
    json(checkpoint).map_or(0, |content| content["confirmed_below"].as_u64().unwrap_or_default())
}

async fn wait_for_a_checkpoint(checkpoint: &str, producer: &mut Running) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(1);
    while confirmed_below(checkpoint) == 0 {
        ensure!(!producer.has_ended()?, "the producer ended before it was killed");
        ensure!(Instant::now() < deadline, "no checkpoint came ahead of the start");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// Some number below `bound`, another one in each run of the tests.
fn random(bound: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(bound) % bound
}

/// Kills the producer so many times at random points, lets it end, and drains: every payment is there once.
async fn survive_kills(records: u64, kills: u64, extra: &[&str]) -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let checkpoint = path_in(&folder, "producer.json");
    let number = records.to_string();
    let flags =
        [&["--num-records", &number, "--num-customers", "500", "--checkpoint", &checkpoint], extra].concat();
    let mut resumed = 0;
    for kill in 0..kills {
        let before = published(&pipeline)?;
        let mut producer = pipeline.start("producer", &flags)?;
        let target = before + 1 + random(records / (kills + 2));
        wait_for_published(&pipeline, target, &mut producer).await?;
        // The others may come before anything is noted; with this one there is a checkpoint to go on from.
        if kill + 1 == kills {
            wait_for_a_checkpoint(&checkpoint, &mut producer).await?;
        }
        producer.signal("-KILL")?;
        assert_eq!(producer.end(Duration::from_secs(5)).await?, None);
        let at = confirmed_below(&checkpoint);
        ensure!(at <= published(&pipeline)?, "the checkpoint promises what was never published");
        eprintln!("kill {} of {kills}: {} published, confirmed below {at}", kill + 1, published(&pipeline)?);
        resumed = resumed.max(at);
    }
    ensure!(resumed > 0, "no checkpoint was ever ahead of the start");
    let (code, stderr) = tokio::task::block_in_place(|| run_producer(&pipeline, &flags))?;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(json(&checkpoint)?["complete"], true);
    eprintln!("{} messages were published for {records} payments", published(&pipeline)?);
    pipeline.consume(&["--exit-when-idle", "12s"]).await?;
    for table in Table::ALL {
        let rows = tables::count(&pipeline.bigtable, table).await?;
        eprintln!("{}: {rows} rows", table.id());
        assert_eq!(rows, records as usize);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_killed_three_times_goes_on_from_its_checkpoint_and_leaves_every_payment_once()
-> Result<()> {
    let slow = ["--checkpoint-interval", "20ms", "--max-in-flight", "200"];
    let faults = ["--late-rate", "0.02", "--duplicate-rate", "0.02"];
    survive_kills(30_000, 3, &[slow, faults].concat()).await
}

/// Minutes long: LONG_TESTS=1 asks for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_payments_survive_five_kills() -> Result<()> {
    if std::env::var("LONG_TESTS").is_ok_and(|value| value == "1") {
        // A kill may come long before the usual second is over.
        return survive_kills(1_000_000, 5, &["--checkpoint-interval", "50ms"]).await;
    }
    eprintln!("skipped: LONG_TESTS=1 asks for it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_told_to_stop_notes_where_and_goes_on_there() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let checkpoint = path_in(&folder, "producer.json");
    let flags = ["--num-records", "30000", "--checkpoint", &checkpoint, "--max-in-flight", "100"];
    let mut producer = pipeline.start("producer", &flags)?;
    wait_for_published(&pipeline, 1_000, &mut producer).await?;
    producer.signal("-TERM")?;
    assert_eq!(producer.end(Duration::from_secs(20)).await?, Some(0));
    let stopped_at = json(&checkpoint)?["confirmed_below"].as_u64().context("an index")?;
    // Everything published was confirmed before it left, and the file says so.
    assert_eq!(stopped_at, published(&pipeline)?);
    assert!(stopped_at < 30_000);
    let run = || tokio::task::block_in_place(|| run_producer(&pipeline, &flags));
    let (code, stderr) = run()?;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains(&format!("index={stopped_at}")), "{stderr}");
    assert_eq!(published(&pipeline)?, 30_000);
    let (code, stderr) = run()?;
    assert_eq!((code, published(&pipeline)?), (Some(0), 30_000));
    assert!(stderr.contains("nothing left to do"), "{stderr}");
    Ok(())
}

/// A job counts a task that exits 0 as done, and would never run the rest of its shard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_a_job_that_is_stopped_early_does_not_say_that_its_shard_is_done() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let task = |num_records: &str| {
        let mut command = pipeline.command("producer");
        command
            .args(["--num-records", num_records, "--shards", "2", "--max-in-flight", "100"])
            .env("JOB_COMPLETION_INDEX", "1")
            .stderr(Stdio::null());
        Running::spawn(&mut command)
    };
    let mut producer = task("1000000")?;
    wait_for_published(&pipeline, 1_000, &mut producer).await?;
    producer.signal("-TERM")?;
    assert_eq!(producer.end(Duration::from_secs(20)).await?, Some(1));
    // Before anything could be published, too.
    let mut command = pipeline.command("producer");
    command.args(["--num-records", "1000", "--shards", "2", "--connect-timeout", "1m"]);
    command.env("PUBSUB_EMULATOR_HOST", "127.0.0.1:1").env("JOB_COMPLETION_INDEX", "1").stderr(Stdio::null());
    let mut producer = Running::spawn(&mut command)?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    producer.signal("-TERM")?;
    assert_eq!(producer.end(Duration::from_secs(20)).await?, Some(1));
    assert_eq!(task("1000")?.end(Duration::from_secs(20)).await?, Some(0));
    Ok(())
}

/// The one line with which the producer refuses, by exit code 2.
fn refusal(pipeline: &Pipeline, flags: &[&str]) -> Result<String> {
    let (code, stderr) = tokio::task::block_in_place(|| run_producer(pipeline, flags))?;
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{flags:?}: {stderr}");
    Ok(stderr)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_does_not_fit_is_refused_with_the_setting_that_differs() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let (checkpoint, ledger) = (path_in(&folder, "producer.json"), path_in(&folder, "ledger.jsonl"));
    let profile = path_in(&folder, "profile.toml");
    std::fs::write(&profile, "[rails.RTP.bill]\nsigma = 0.5\n")?;
    let flags = ["--num-records", "2000", "--checkpoint", &checkpoint];
    pipeline.produce(&flags).await?;
    for (other, difference) in [
        (&["--seed", "7"][..], "seed is 42 there and 7 here"),
        (&["--num-customers", "7"], "num_customers is 1000 there and 7 here"),
        (&["--end-date", "2024-04-02"], r#"end_date is "2024-03-31" there and "2024-04-02" here"#),
        (&["--mix", "ACH=1"], "mix is "),
        (&["--customer-skew", "0"], "customer_skew is 0.8 there and 0.0 here"),
        (&["--anomaly-rate", "0.1"], "anomaly_rate is 0.0 there and 0.1 here"),
        (&["--profile", &profile], "profile is "),
        (&["--late-rate", "0.1"], "late_rate is 0.0 there and 0.1 here"),
        (&["--shard", "0/2"], r#"shard is "0/1" there and "0/2" here"#),
        (&["--topic", "payments-dead-letter"], "topic is "),
        (&["--start-index", "5"], "start_index is 0 there and 5 here"),
        (&["--end-index", "5"], "end_index is null there and 5 here"),
    ] {
        let line = refusal(&pipeline, &[&flags, other].concat())?;
        assert!(line.contains(difference) && line.contains(&checkpoint), "{line}");
        assert_eq!(line.matches(" there and ").count(), 1, "{line}");
    }
    let whole = std::fs::read_to_string(&checkpoint)?;
    let outside = whole.replace("\"confirmed_below\": 2000", "\"confirmed_below\": 2001");
    let line = refusal(&pipeline, &["--num-records", "2000", "--checkpoint", "/dev/zero"])?;
    assert!(line.contains("name a file"), "{line}");
    for damaged in [&whole[..whole.len() / 2], "", "{}", "[]", "\u{0}", &outside] {
        std::fs::write(&checkpoint, damaged)?;
        assert!(refusal(&pipeline, &flags)?.contains("is damaged"));
    }
    std::fs::write(&ledger, "notes of mine\n")?;
    let line = refusal(&pipeline, &["--num-records", "2000", "--ledger", &ledger])?;
    assert!(line.contains("--ledger") && std::fs::read_to_string(&ledger)? == "notes of mine\n", "{line}");
    assert!(refusal(&pipeline, &["--corrupt-rate", "0.9", "--late-rate", "0.2"])?.contains("--late-rate"));
    assert_eq!(published(&pipeline)?, 2_000);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_in_use_is_refused() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let checkpoint = path_in(&folder, "producer.json");
    let flags = ["--num-records", "1000000", "--checkpoint", &checkpoint, "--max-in-flight", "10"];
    let mut producer = pipeline.start("producer", &flags)?;
    wait_for_published(&pipeline, 10, &mut producer).await?;
    assert!(refusal(&pipeline, &flags)?.contains("in use by another producer"));
    producer.signal("-KILL")?;
    producer.end(Duration::from_secs(5)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_deleted_under_a_producer_ends_it_in_one_line() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let topic = pipeline.pubsub.topic_name("payments");
    let child = pipeline
        .command("producer")
        .args(["--num-records", "1000000", "--max-in-flight", "100"])
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let deadline = Instant::now() + Duration::from_mins(1);
    while published(&pipeline)? < 1_000 {
        ensure!(Instant::now() < deadline, "nothing was published");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    pipeline.pubsub.topics().delete_topic(DeleteTopicRequest { topic: topic.clone() }).await?;
    let output = tokio::task::block_in_place(|| child.wait_with_output())?;
    let stderr = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert!(
        matches!(errors[..], [line] if line.contains(&topic) && line.contains("payments setup")),
        "{stderr}"
    );
    Ok(())
}

const RATES: [&str; 8] =
    ["--corrupt-rate", "0.02", "--invalid-rate", "0.02", "--duplicate-rate", "0.03", "--late-rate", "0.03"];

fn faults(generator: &Generator) -> Result<Faults> {
    let rates = Rates { corrupt_rate: 0.02, invalid_rate: 0.02, duplicate_rate: 0.03, late_rate: 0.03 };
    Ok(Faults::new(rates, generator.config().seed)?)
}

/// A ledger's entries by index, its header checked.
fn read_ledger(path: &str, generator: &Generator) -> Result<BTreeMap<u64, Value>> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines().map(serde_json::from_str::<Value>);
    let header = lines.next().context("a header")??;
    assert_eq!(header["run_id"], generator.run_id());
    assert_eq!(header["settings"]["corrupt_rate"], 0.02);
    lines
        .map(|line| {
            let entry = line?;
            Ok((entry["index"].as_u64().context("an index")?, entry))
        })
        .collect()
}

async fn what_comes_out_is_what_the_ledger_says(backend: Backend) -> Result<()> {
    const RECORDS: u64 = 3_000;
    let pipeline = Pipeline::set_up(backend).await?;
    let folder = tempfile::tempdir()?;
    let ledger = path_in(&folder, "ledger.jsonl");
    let number = RECORDS.to_string();
    let flags = [&["--num-records", &number, "--ledger", &ledger], &RATES[..]].concat();
    let generator = pipeline.produce(&flags).await?;
    pipeline.consume(&[]).await?;

    let entries = read_ledger(&ledger, &generator)?;
    let faults = faults(&generator)?;
    for (index, entry) in &entries {
        assert_eq!(entry["payment_id"], generator.payment_id(*index));
    }
    let mut expected: BTreeMap<u64, (String, Vec<u8>)> = BTreeMap::new();
    for (index, entry) in entries.iter().filter(|(_, entry)| entry["expect"] == "dead_letter") {
        let reason = entry["reason"].as_str().context("a dead letter has a reason")?.to_owned();
        let mut bytes = Vec::new();
        producer::encode(&generator.payment(*index), *index, &faults, &mut bytes);
        expected.insert(*index, (reason, bytes));
    }
    assert!(expected.len() > 80 && entries.len() > 200, "{} {}", expected.len(), entries.len());
    let letters = pipeline.dead_letters(expected.len() + 1).await?;
    assert_eq!(letters.len(), expected.len());
    for PubsubMessage { attributes, data, .. } in letters {
        let index: u64 = attributes["fault_index"].parse()?;
        let (reason, bytes) = expected.remove(&index).context("a letter that the ledger does not know")?;
        assert_eq!((&attributes["dead_letter_reason"], data), (&reason, bytes));
    }
    let has_rows = |index: &u64| entries.get(index).is_none_or(|entry| entry["expect"] == "rows");
    tables::assert_rows(&pipeline.bigtable, &generator, (0..RECORDS).filter(has_rows)).await?;
    let verify = |flags: &[&str]| -> Result<Option<i32>> {
        let mut command = pipeline.command("payments");
        Ok(command.args(["verify", "--num-records", &number]).args(flags).output()?.status.code())
    };
    assert_eq!(verify(&["--ledger", &ledger])?, Some(0), "spoilt payments are not missed");
    assert_eq!(verify(&[])?, Some(1), "without the ledger they are");
    assert_eq!(verify(&["--ledger", &ledger, "--seed", "7"])?, Some(2), "a ledger is of one run");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_out_is_what_the_ledger_says_on_the_embedded_servers() -> Result<()> {
    what_comes_out_is_what_the_ledger_says(Backend::embedded().await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_out_is_what_the_ledger_says_on_google_s_emulators() -> Result<()> {
    match Backend::google().await? {
        Some(backend) => what_comes_out_is_what_the_ledger_says(backend).await,
        None => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_payments_follow_all_others_and_duplicates_come_twice() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let generator = pipeline.produce(&[&["--num-records", "3000"], &RATES[..]].concat()).await?;
    let faults = faults(&generator)?;
    let subscription = pipeline.pubsub.subscription_name(SUBSCRIPTION);
    let messages = pipeline.pull(&subscription, published(&pipeline)? as usize).await?;
    let mut copies: BTreeMap<u64, usize> = BTreeMap::new();
    let (mut last_on_time, mut first_late) = (0, i64::MAX);
    for message in &messages {
        let time = message.publish_time.context("a publish time")?;
        let micros = time.seconds * 1_000_000 + i64::from(time.nanos / 1_000);
        let index = if let Some(index) = message.attributes.get("fault_index") {
            index.parse()?
        } else {
            let payment = Payment::decode(message.data.as_slice())?;
            let id = payment.payment_header.context("a header")?.payment_id;
            generator.index_of(&id).context("an index")?
        };
        *copies.entry(index).or_default() += 1;
        match faults.of(index) {
            Some(Fault::Late) => first_late = first_late.min(micros),
            _ => last_on_time = last_on_time.max(micros),
        }
    }
    assert!(last_on_time <= first_late && first_late < i64::MAX);
    for index in 0..3_000 {
        let expected = if faults.of(index) == Some(Fault::Duplicate) { 2 } else { 1 };
        assert_eq!(copies.get(&index), Some(&expected), "{index}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_says_which_shard_and_who_said_so() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let run = |name: &str, index: &str, count: Option<&str>| -> Result<String> {
        let mut command = pipeline.command("producer");
        command.args(["--num-records", "1001"]).env(name, index);
        if let Some(count) = count {
            command.env("CLOUD_RUN_TASK_COUNT", count);
        } else {
            command.env("PAYMENTS_SHARDS", "2");
        }
        let output = tokio::task::block_in_place(|| command.output())?;
        let stderr = String::from_utf8(output.stderr)?;
        ensure!(output.status.success(), "{stderr}");
        Ok(stderr)
    };
    let first = run("JOB_COMPLETION_INDEX", "0", None)?;
    assert!(first.contains("shard=0/2") && first.contains("Kubernetes"), "{first}");
    assert_eq!(published(&pipeline)?, 500);
    let second = run("CLOUD_RUN_TASK_INDEX", "1", Some("2"))?;
    assert!(second.contains("shard=1/2") && second.contains("Cloud Run"), "{second}");
    assert_eq!(published(&pipeline)?, 1_001);
    Ok(())
}

/// Runs the producer without any server.
fn offline(args: &[&str]) -> Result<Output> {
    programs::run("producer", args)
}

fn delimited(mut bytes: &[u8]) -> Result<Vec<Payment>> {
    let mut payments = Vec::new();
    while !bytes.is_empty() {
        payments.push(Payment::decode_length_delimited(&mut bytes)?);
    }
    Ok(payments)
}

#[test]
fn a_dry_run_needs_no_server_and_counts_the_rails() -> Result<()> {
    let output =
        offline(&["--num-records", "5001", "--dry-run", "--shard", "1/2", "--duplicate-rate", "0.1"])?;
    let stdout = String::from_utf8(output.stdout)?;
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    let figure = |name: &str| -> Result<u64> {
        let line = stdout.lines().find(|line| line.split(' ').next() == Some(name)).context("a line")?;
        Ok(line.split_whitespace().last().context("a figure")?.parse()?)
    };
    assert_eq!(figure("payments")?, 2_501);
    assert!((2_650..2_850).contains(&figure("messages")?));
    let rails = ["ACH", "WIRE", "CARD", "RTP", "SEPA", "CHECK", "P2P"].map(|rail| figure(rail).unwrap_or(0));
    assert!(rails.iter().all(|count| *count > 0) && rails.iter().sum::<u64>() == 2_501, "{stdout}");
    Ok(())
}

#[test]
fn a_file_has_every_payment_in_order_and_is_never_overwritten() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = path_in(&folder, "payments.pb");
    let flags = ["--num-records", "3500", "--output", &file];
    assert_eq!(offline(&flags)?.status.code(), Some(0));
    let generator = Generator::new(generator::Config { num_records: 3_500, ..Default::default() })?;
    let expected: Vec<_> = (0..3_500).map(|index| generator.payment(index)).collect();
    let written = std::fs::read(&file)?;
    assert!(delimited(&written)? == expected);
    let refused = offline(&[&flags[..], &["--seed", "1"]].concat())?;
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr)?.contains("exists already"));
    assert!(std::fs::read(&file)? == written);
    // No temporary file stays behind.
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);

    let late = offline(&["--num-records", "3500", "--output", "-", "--late-rate", "0.1"])?;
    let rates = Rates { late_rate: 0.1, ..Rates::default() };
    let faults = Faults::new(rates, 42)?;
    let (held, on_time): (Vec<u64>, Vec<u64>) = (0..3_500).partition(|index| faults.of(*index).is_some());
    let order: Vec<_> = on_time.into_iter().chain(held).map(|index| generator.payment(index)).collect();
    assert!(delimited(&late.stdout)? == order);
    Ok(())
}

#[test]
fn json_goes_to_standard_output_a_payment_a_line_and_a_reader_may_leave_early() -> Result<()> {
    let flags = ["--num-records", "1200", "--output", "-", "--output-format", "json"];
    let output = offline(&flags)?;
    let generator = Generator::new(generator::Config { num_records: 1_200, ..Default::default() })?;
    let lines = String::from_utf8(output.stdout)?;
    assert_eq!(lines.lines().count(), 1_200);
    for (index, line) in lines.lines().enumerate() {
        let value: Value = serde_json::from_str(line)?;
        assert_eq!(value["paymentHeader"]["paymentId"], generator.payment_id(index as u64));
    }
    let refused = offline(&[&flags[..], &["--corrupt-rate", "0.1"]].concat())?;
    assert_eq!(refused.status.code(), Some(2));

    let program = programs::folder().join("producer");
    let script = format!(
        "{} --num-records 200000 --output - --output-format json | head -n 3 | wc -l; echo ${{PIPESTATUS[0]}}",
        program.display()
    );
    let piped = std::process::Command::new("bash").args(["-c", &script]).output()?;
    assert_eq!(String::from_utf8(piped.stdout)?, "3\n141\n");
    assert_eq!(String::from_utf8(piped.stderr)?, "");
    Ok(())
}
