//! `producer trickle` on the embedded servers: updates that overtake each other, kills, pauses, and what goes wrong.

use anyhow::{Context, Result, ensure};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as pubsub;
use prost::Message;
use schemas::layout::{KeySuffix, PerTable, Table, cells, row_key};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::process::Stdio;
use std::time::Duration;
use whole_path::Running;
use whole_path::leased::{Leased, lease_all, postpone};
use whole_path::trickle::{command, count, last_line, run};
use whole_path::{Backend, Pipeline, on_both_backends, tables};

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
    let line = run(command(&pipeline, &flags))?;
    let messages = lease_all(&pipeline).await?;
    assert_eq!(messages.len() as u64, count(&line, "published"));
    assert_publish_times_rise(&messages)?;
    // Given back (to come again after the backoff of a second) the last versions first, each wave consumed before the
    // next: every payment's messages arrive in reverse.
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
    run(command(&pipeline, &flags))?;
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

on_both_backends! {
    states_with_the_same_publish_time_leave_the_latest_one_with_two_sinks_at_work
}

async fn states_with_the_same_publish_time_leave_the_latest_one_with_two_sinks_at_work(
    backend: Backend,
) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    let generator = generator::Generator::new(generator::Config::default())?;
    let (mut latest, mut requests) = (Vec::new(), Vec::new());
    for start in (0..1_000).step_by(100) {
        // One request has one publish time; the later state is the first in it.
        let mut messages = Vec::new();
        for index in start..start + 100 {
            for version in [2, 1] {
                let mut payment = generator.payment(index);
                payment.payment_header.as_mut().context("a header")?.version = version;
                if version == 2 {
                    payment.metadata = None;
                    latest.push(payment.clone());
                }
                messages.push(pubsub::PubsubMessage { data: payment.encode_to_vec(), ..Default::default() });
            }
        }
        requests.push(messages);
    }
    let flags = ["--pane-rows", "40", "--max-pane-age", "50ms", "--exit-when-idle", "12s"];
    let publish = async {
        // Once both listen: one alone may take all before the other has come.
        tokio::time::sleep(Duration::from_secs(2)).await;
        for messages in requests {
            pipeline.publish(messages).await?;
        }
        anyhow::Ok(())
    };
    let (one, other, published) = tokio::join!(pipeline.consume(&flags), pipeline.consume(&flags), publish);
    let (one, other) = (one?, other?);
    published?;
    assert_eq!(one.acked.get() + other.acked.get(), 2_000);
    assert!(one.acked.get() > 0 && other.acked.get() > 0, "both are at work");
    for table in Table::ALL {
        let rows = tables::read(&pipeline.bigtable, table).await?;
        assert_eq!(rows.len(), latest.len());
        for payment in &latest {
            let row = &rows[&row_key(payment, table, KeySuffix::None)];
            let is_there = |name: &str| row.get(name).is_some_and(|versions| !versions[0].is_empty());
            assert_eq!(row["payment_header:version"][0], b"2");
            assert!(!is_there("metadata:description"), "a cell of the earlier state");
        }
    }
    Ok(())
}

/// Fails if a payment began twice; how many there are.
fn assert_begun_once(messages: &[Leased]) -> Result<usize> {
    let mut seen = PerTable::<HashSet<Vec<u8>>>::default();
    for message in messages.iter().filter(|message| message.header().version == 1) {
        for (table, seen) in &mut seen {
            let fresh = seen.insert(row_key(&message.payment, table, KeySuffix::None));
            ensure!(
                fresh,
                "{} {} came twice",
                message.header().payment_id,
                message.header().created_at_micros
            );
        }
    }
    Ok(seen.by_customer.len())
}

async fn killed_and_started_again(clock: &[&str]) -> Result<(Vec<Leased>, Vec<Leased>)> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state").to_str().context("a plain path")?.to_owned();
    let usual = ["--rate", "300/s", "--update-share", "0.6", "--update-within", "2m", "--checkpoint", &state];
    let flags = [&usual, clock].concat();
    let mut process = command(&pipeline, &flags);
    let mut killed = Running::spawn(process.stderr(Stdio::null()))?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    killed.signal("-KILL")?;
    killed.end(Duration::from_secs(5)).await?;
    let before = lease_all(&pipeline).await?;
    let line = run(command(&pipeline, &[&flags[..], &["--duration", "2s"]].concat()))?;
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
    let mut process = command(&pipeline, &flags);
    let mut stopped = Running::spawn(process.stderr(Stdio::null()))?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    stopped.signal("-TERM")?;
    assert_eq!(stopped.end(Duration::from_secs(10)).await?, Some(0));
    let mut messages = lease_all(&pipeline).await?;
    let begun: HashSet<_> = messages.iter().map(|message| message.header().payment_id.clone()).collect();
    run(command(&pipeline, &[&flags[..], &["--duration", "6s"]].concat()))?;
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
        Running::spawn(&mut command(&pipeline, &["--rate", "200/s", "--progress-every", "1s"]))?;
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
async fn a_checkpoint_is_one_process_s_at_a_time() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state").to_str().context("a plain path")?.to_owned();
    let flags = ["--rate", "50/s", "--checkpoint", &state];
    let mut first = command(&pipeline, &flags).spawn()?;
    while !folder.path().join("state").exists() {
        ensure!(first.try_wait()?.is_none(), "the trickle ended by itself");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = command(&pipeline, &flags).output()?;
    first.kill()?;
    first.wait()?;
    let stderr = String::from_utf8(second.stderr)?;
    assert_eq!(second.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("--checkpoint") && stderr.contains("in use by another producer"), "{stderr}");
    // A killed process leaves no lock behind.
    run(command(&pipeline, &["--rate", "50/s", "--duration", "300ms", "--checkpoint", &state]))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_flags_a_missing_topic_and_a_strange_checkpoint_are_told_in_one_line() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state").to_str().context("a plain path")?.to_owned();
    run(command(&pipeline, &["--rate", "50/s", "--duration", "500ms", "--checkpoint", &state]))?;
    for (args, names) in [
        (&["--rate", "50/day"][..], &["--rate", "COUNT/s"][..]),
        (&["--rate", "600000/s", "--shard", "0/2"], &["--rate", "microsecond"]),
        (&["--burst", "5x"], &["--burst", "5x/30s@10m"]),
        (&["--time-scale", "0"], &["--time-scale"]),
        (&["--update-share", "1.5"], &["--update-share"]),
        (&["--update-within", "10ms"], &["--update-within"]),
        (&["--max-in-flight", "0"], &["--max-in-flight"]),
        (&["--topic", "nowhere"], &["topic projects/local/topics/nowhere", "payments setup"]),
        (&["--anomaly-rate", "0.1"], &["--anomaly-rate", "leave it out"]),
        (&["--shards", "3"], &["--shard I/3"]),
        (&["--checkpoint", "/proc/nowhere/state"], &["--checkpoint", "cannot be written"]),
        (&["--checkpoint", "/dev/null"], &["--checkpoint", "name a file"]),
    ] {
        let output = command(&pipeline, args).output()?;
        let stderr = String::from_utf8(output.stderr)?;
        let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("error")).collect();
        assert_eq!((output.status.code(), errors.len()), (Some(2), 1), "{args:?}: {stderr}");
        assert!(names.iter().all(|name| errors[0].contains(name)), "{args:?}: {stderr}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_of_other_settings_is_refused_with_the_one_that_differs() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (state, profile, batch) = (path("state"), path("profile.toml"), path("batch.json"));
    std::fs::write(&profile, "[rails.RTP.bill]\nsigma = 0.5\n")?;
    let usual = ["--rate", "50/s", "--duration", "300ms", "--checkpoint", &state];
    run(command(&pipeline, &usual))?;
    let refused = |mut command: std::process::Command, told: &str| -> Result<()> {
        let output = command.output()?;
        let stderr = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(2) && stderr.contains(told), "{told}: {stderr}");
        ensure!(stderr.matches(" there and ").count() <= 1, "{stderr}");
        Ok(())
    };
    for (flags, told) in [
        (&["--seed", "7"][..], "seed is 42 there and 7 here"),
        (&["--num-customers", "9"], "num_customers is 1000 there and 9 here"),
        (&["--mix", "ACH=1"], "mix is "),
        (&["--customer-skew", "0"], "customer_skew is 0.8 there and 0.0 here"),
        (&["--profile", &profile], "profile is "),
        (&["--rate-curve", "calendar"], "rate_curve is "),
        (&["--update-share", "0.5"], "update_share is 0.3 there and 0.5 here"),
        (&["--update-within", "20m"], "update_within_seconds is 600.0 there and 1200.0 here"),
        (&["--topic", "payments-dead-letter"], "topic is "),
        (&["--shard", "1/2"], "shard is "),
        (&["--time-scale", "2"], "clock is "),
    ] {
        refused(command(&pipeline, &[&usual[..], flags].concat()), told)?;
    }
    // What may change from run to run.
    run(command(&pipeline, &["--rate", "99/s", "--duration", "100ms", "--checkpoint", &state]))?;

    let producer = |checkpoint: &str| {
        let mut command = pipeline.command("producer");
        command.args(["--num-records", "10", "--checkpoint", checkpoint]);
        command
    };
    refused(producer(&state), "is a trickle's")?;
    ensure!(producer(&batch).status()?.success());
    refused(command(&pipeline, &["--checkpoint", &batch]), "no checkpoint of a trickle")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_a_job_are_shards_without_being_told() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    for (variables, shard) in [
        ([("JOB_COMPLETION_INDEX", "2"), ("PAYMENTS_SHARDS", "3")], 2),
        ([("CLOUD_RUN_TASK_INDEX", "1"), ("CLOUD_RUN_TASK_COUNT", "3")], 1),
    ] {
        run(command(&pipeline, &["--rate", "500/s", "--duration", "500ms"]).envs(variables))?;
        let messages = lease_all(&pipeline).await?;
        assert!(messages.len() > 200);
        let created = messages.iter().map(|message| message.header().created_at_micros);
        assert!(created.into_iter().all(|micros| micros % 3 == shard));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_goes_away_ends_it_and_a_service_that_does_is_told_at_the_end() -> Result<()> {
    let pipeline = Pipeline::connect(Backend::program()?).await?;
    let stderr_of = |process: &mut Running| -> Result<String> {
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut process.0.stderr.take().context("stderr is piped")?, &mut stderr)?;
        Ok(stderr)
    };
    let flags = ["--rate", "50/s", "--publish-timeout", "1s"];
    let mut topicless = Running::spawn(&mut command(&pipeline, &flags))?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let topic = pipeline.pubsub.topic_name("payments");
    pipeline.pubsub.topics().delete_topic(pubsub::DeleteTopicRequest { topic: topic.clone() }).await?;
    assert_eq!(topicless.end(Duration::from_secs(20)).await?, Some(2));
    let stderr = stderr_of(&mut topicless)?;
    assert!(stderr.contains(&format!("error: topic {topic} does not exist")), "{stderr}");

    pipeline.pubsub.topics().create_topic(pubsub::Topic { name: topic, ..Default::default() }).await?;
    let mut serviceless = Running::spawn(&mut command(&pipeline, &flags))?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop(pipeline);
    tokio::time::sleep(Duration::from_secs(2)).await;
    serviceless.signal("-TERM")?;
    assert_eq!(serviceless.end(Duration::from_secs(30)).await?, Some(1));
    let stderr = stderr_of(&mut serviceless)?;
    assert!(
        stderr.lines().any(|line| line.starts_with("error") && line.contains("not confirmed")),
        "{stderr}"
    );
    Ok(())
}
