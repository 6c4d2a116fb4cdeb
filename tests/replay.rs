//! `payments replay` and `payments snapshot`: tables reloaded from what Pub/Sub retains.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::Result;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use payments::{replay, snapshot, verify};
use schemas::layout::PerTable;
use service::cli::flags as flags_of;
use std::time::Duration;
use whole_path::pipeline::Ended;
use whole_path::{Backend, Pipeline, tables};

const GENERATION: [&str; 4] = ["--num-records", "1500", "--num-customers", "20"];

/// As `payments replay FLAGS`.
async fn replay(pipeline: &Pipeline, flags: &[&str]) -> Ended {
    let [host, addr] = pipeline.pubsub_flags();
    let usual = [host.as_str(), &addr, "--settle", "1s", "--interval", "200ms", "--timeout", "40s"];
    let args = flags_of([&usual, flags].concat()).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let result = replay::run(&args, &mut out, &mut notes).await;
    Ended::of(result, out, notes)
}

/// As `payments snapshot FLAGS`.
async fn snapshot(pipeline: &Pipeline, flags: &[&str]) -> Ended {
    let [host, addr] = pipeline.pubsub_flags();
    let args = flags_of([flags, &[&host, &addr]].concat()).unwrap();
    let mut out = Vec::new();
    let result = snapshot::run(&args, &mut out).await;
    Ended::of(result, out, Vec::new())
}

/// As `payments verify`.
async fn verify(pipeline: &Pipeline) -> Result<()> {
    let [host, addr] = pipeline.bigtable_flags();
    let flags = [&GENERATION[..], &[&host, &addr]].concat();
    verify::run(&flags_of(flags)?, &mut Vec::new(), &mut Vec::new()).await
}

/// A replay with a sink running, both to their ends.
async fn replay_and_consume(pipeline: &Pipeline, flags: &[&str]) -> Result<Ended> {
    let (ended, consumed) =
        tokio::join!(replay(pipeline, flags), pipeline.consume(&["--exit-when-idle", "4s"]));
    consumed?;
    Ok(ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_drill_ends_with_verified_tables() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    snapshot(&pipeline, &["create", "before-load"]).await.result?;
    pipeline.produce(&GENERATION).await?;
    pipeline.consume(&[]).await?;
    verify(&pipeline).await?;
    let loaded = tables::timed(&pipeline.bigtable).await?;

    tables::empty(&pipeline.setup).await?;
    assert!(verify(&pipeline).await.is_err(), "the tables are empty");

    let replayed =
        replay_and_consume(&pipeline, &["--snapshot", "before-load", "--yes", "--format", "json"]).await?;
    replayed.result.as_ref().unwrap();
    let report = replayed.json();
    assert_eq!((&report["sought"], &report["settled"]), (&true.into(), &true.into()));
    assert!(report["oldestReplayed"].is_string() && report["undoSnapshot"].is_string(), "{report}");
    verify(&pipeline).await?;
    assert!(tables::timed(&pipeline.bigtable).await? == loaded, "the same cells at the same times");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_over_full_tables_changes_nothing() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.produce(&GENERATION).await?;
    pipeline.consume(&[]).await?;
    let loaded = tables::timed(&pipeline.bigtable).await?;
    let (replayed, consumed) =
        tokio::join!(replay(&pipeline, &["--begin", "--yes"]), pipeline.consume(&["--exit-when-idle", "4s"]));
    replayed.result?;
    assert!(replayed.out.contains("reloaded all since"), "{}", replayed.out);
    assert_eq!(consumed?.acked.get(), 1_500);
    assert!(tables::timed(&pipeline.bigtable).await? == loaded);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_from_a_moment_brings_only_what_came_after_it_and_can_be_undone() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.produce(&["--num-records", "400", "--shard", "0/2"]).await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let moment = payments_time();
    tokio::time::sleep(Duration::from_millis(50)).await;
    pipeline.produce(&["--num-records", "400", "--shard", "1/2"]).await?;
    let replayed = replay(&pipeline, &["--to", &moment, "--yes", "--no-wait", "--format", "json"]).await;
    replayed.result.as_ref().unwrap();
    pipeline.consume(&[]).await?;
    assert_eq!(
        tables::counts(&pipeline.bigtable).await?,
        PerTable::same(200),
        "what was unacked before counts as acked"
    );
    let undo = replayed.json()["undoSnapshot"].as_str().unwrap().to_owned();
    replay(&pipeline, &["--snapshot", &undo, "--yes", "--no-wait"]).await.result?;
    pipeline.consume(&[]).await?;
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(400));
    Ok(())
}

fn payments_time() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    String::from_utf8(schemas::text::time(now as i64).to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_ends_undone_where_no_sink_runs() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.produce(&["--num-records", "10"]).await?;
    let ended = replay(&pipeline, &["--begin", "--yes", "--timeout", "1s"]).await;
    assert!(ended.error().contains("not done within 1s") && !ended.is_configuration(), "{}", ended.error());
    assert!(ended.notes.contains("oldest unacked message"), "{}", ended.notes);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_brings_nothing_back_is_refused_and_a_dry_run_seeks_nothing() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let dry = replay(&pipeline, &["--begin"]).await;
    assert!(dry.error().contains("add --yes") && dry.out.starts_with("would seek"), "{}", dry.out);
    let future = replay(&pipeline, &["--to", "2199-01-01", "--yes"]).await;
    assert!(future.error().contains("future") && future.is_configuration());
    let missing = replay(&pipeline, &["--snapshot", "no-such", "--yes"]).await;
    assert!(
        missing.error().contains("snapshots/no-such") && missing.is_configuration(),
        "{}",
        missing.error()
    );
    let mut forgetful =
        pipeline.pubsub.require_subscription(&pipeline.pubsub.subscription_name("payments-sink")).await?;
    forgetful.name = pipeline.pubsub.subscription_name("forgetful");
    forgetful.retain_acked_messages = false;
    pipeline.pubsub.subscriptions().create_subscription(forgetful).await?;
    let refused = replay(&pipeline, &["--begin", "--yes", "--subscription", "forgetful"]).await;
    assert!(refused.error().contains("--retain-acked-messages") && refused.is_configuration());
    for wrong in [&[][..], &["--begin", "--to", "2024-03-01"]] {
        assert!(flags_of::<replay::Args>(wrong).is_err(), "exactly one target");
    }
    Ok(())
}

async fn snapshots_are_created_listed_and_deleted(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    snapshot(&pipeline, &["create", "first", "--dry-run"]).await.result?;
    assert_eq!(snapshot(&pipeline, &["list"]).await.out, "no snapshots\n");
    snapshot(&pipeline, &["create", "first"]).await.result?;
    assert!(snapshot(&pipeline, &["create", "first"]).await.is_configuration());
    assert!(snapshot(&pipeline, &["delete", "first"]).await.error().contains("add --yes"));
    let listed = snapshot(&pipeline, &["list", "--format", "json"]).await.json();
    assert_eq!(listed["snapshots"][0]["name"], "projects/local/snapshots/first");
    snapshot(&pipeline, &["delete", "first", "--yes"]).await.result?;
    assert_eq!(snapshot(&pipeline, &["list"]).await.out, "no snapshots\n");
    assert!(
        snapshot(&pipeline, &["delete", "first", "--yes"]).await.error().contains("payments snapshot list")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_work_on_the_embedded_server() -> Result<()> {
    snapshots_are_created_listed_and_deleted(Backend::embedded().await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_work_on_googles_emulator() -> Result<()> {
    match Backend::google().await? {
        Some(backend) => snapshots_are_created_listed_and_deleted(backend).await,
        None => Ok(()),
    }
}

/// Google's Pub/Sub emulator goes on giving messages to streams that were closed, so that only one sink can run there:
/// the first consumer pulls and acks everything without writing, as after a loss of the tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_reloaded_on_googles_emulator() -> Result<()> {
    let Some(backend) = Backend::google().await? else { return Ok(()) };
    let pipeline = Pipeline::set_up(backend).await?;
    pipeline.produce(&GENERATION).await?;
    let source = pipeline.pubsub.subscription_name("payments-sink");
    assert_eq!(pipeline.pull(&source, 1_500).await?.len(), 1_500);
    let replayed = replay_and_consume(&pipeline, &["--begin", "--yes"]).await?;
    replayed.result?;
    assert!(replayed.out.contains("reloaded all since"), "{}", replayed.out);
    verify(&pipeline).await
}

/// The rule that waiting relies on, on each server.
async fn a_snapshot_tells_the_oldest_unacked_message(backend: Backend) -> Result<()> {
    use payments::replay::{Backlog, Oldest};
    let pipeline = Pipeline::set_up(backend).await?;
    let source = pipeline.pubsub.subscription_name("payments-sink");
    let backlog = Backlog::of(&pipeline.pubsub, &source);
    for data in [b"a", b"b"] {
        let message = proto::PubsubMessage { data: data.to_vec(), ..Default::default() };
        pipeline.publish(vec![message]).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let Oldest::Published(before) = backlog.oldest().await? else { panic!("not that old") };
    let messages = pipeline.pull(&source, 2).await?;
    let published = |message: &proto::PubsubMessage| {
        let time = message.publish_time.as_ref().unwrap();
        time.seconds * 1_000_000 + i64::from(time.nanos / 1_000)
    };
    let oldest = messages.iter().map(published).min().unwrap();
    assert!((before - oldest).abs() < 100_000, "{before} is not {oldest}");
    let Oldest::Published(after) = backlog.oldest().await? else { panic!("not that old") };
    assert!(after > messages.iter().map(published).max().unwrap() + 500_000, "nothing is unacked any more");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_unacked_message_is_told_by_the_embedded_server() -> Result<()> {
    a_snapshot_tells_the_oldest_unacked_message(Backend::embedded().await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_unacked_message_is_told_by_googles_emulator() -> Result<()> {
    match Backend::google().await? {
        Some(backend) => a_snapshot_tells_the_oldest_unacked_message(backend).await,
        None => Ok(()),
    }
}
