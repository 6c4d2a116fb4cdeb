//! `payments tap`: what it shows, and that its subscription goes with it.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::{Context, Result, ensure};
use generator::{Config, Generator};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    ListTopicSubscriptionsRequest, PubsubMessage, Subscription,
};
use payments::tap;
use prost::Message;
use serde_json::Value;
use service::cli::flags as flags_of;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use whole_path::pipeline::Ended;
use whole_path::{Backend, Pipeline, Running, on_both_backends};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// As `payments tap FLAGS`.
async fn tap(pipeline: &Pipeline, flags: &[&str]) -> Ended {
    let [host, addr] = pipeline.pubsub_flags();
    let args = flags_of([&["--for", "30s", &host, &addr], flags].concat()).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let result = tap::run(&args, &mut out, &mut notes, CancellationToken::new(), || false).await;
    Ended::of(result, out, notes)
}

/// The ids of the taps' subscriptions on the topic.
async fn taps(pipeline: &Pipeline) -> Result<Vec<String>> {
    let topic = pipeline.pubsub.topic_name("payments");
    let request = ListTopicSubscriptionsRequest { topic, page_size: 100, ..Default::default() };
    let names = pipeline.pubsub.topics().list_topic_subscriptions(request).await?.into_inner().subscriptions;
    Ok(names.into_iter().filter(|name| name.contains("/tap-")).collect())
}

/// Waits until there are so many taps.
async fn wait_for_taps(pipeline: &Pipeline, count: usize) -> Result<()> {
    let started = Instant::now();
    while taps(pipeline).await?.len() != count {
        ensure!(started.elapsed() < LONG, "{:?}", taps(pipeline).await?);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn generator() -> Generator {
    let config = Config { num_records: 400, num_customers: 10, anomaly_rate: 0.1, ..Config::default() };
    Generator::new(config).unwrap()
}

fn messages(indices: std::ops::Range<u64>) -> Vec<PubsubMessage> {
    let generator = generator();
    indices
        .map(|index| PubsubMessage { data: generator.payment(index).encode_to_vec(), ..Default::default() })
        .collect()
}

/// Publishes once a tap is there.
async fn publish_to_tap(pipeline: &Pipeline, messages: Vec<PubsubMessage>) -> Result<()> {
    wait_for_taps(pipeline, 1).await?;
    pipeline.publish(messages).await
}

async fn what_is_published_from_now_on_is_shown_and_the_subscription_goes(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    pipeline.publish(messages(0..50)).await?;
    let flags = ["--limit", "100", "--format", "json"];
    let (shown, published) =
        tokio::join!(tap(&pipeline, &flags), publish_to_tap(&pipeline, messages(50..150)));
    published?;
    shown.result.unwrap();
    let mut ids: Vec<String> = shown
        .out
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["paymentHeader"]["paymentId"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let mut expected: Vec<_> = (50..150).map(|index| generator().payment_id(index)).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(taps(&pipeline).await?, [""; 0]);
    // The sinks' messages are all there.
    let progress = pipeline.consume(&[]).await?;
    assert_eq!(progress.acked.get(), 150);
    Ok(())
}

on_both_backends! {
    what_is_published_from_now_on_is_shown_and_the_subscription_goes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_choose_and_undecodable_messages_are_counted() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let (all, generator) = (0..400, generator());
    let header = |index| generator.payment(index).payment_header.unwrap();
    let is_rail = |index: &u64| [1, 2].contains(&header(*index).payment_type);
    let is_customers = |index: &u64| payments::rows::customer(&generator.payment(*index)) == "CUST000003";
    let is_odd = |index: &u64| !generator.payment(*index).metadata.unwrap().anomaly_type.is_empty();
    let counts = [
        (vec!["--rail", "ach,WIRE"], all.clone().filter(is_rail).count()),
        (vec!["--customer", "CUST000003"], all.clone().filter(is_customers).count()),
        (vec!["--anomaly"], all.clone().filter(is_odd).count()),
    ];
    for (flags, count) in counts {
        assert!(count > 0 && count < 400, "{flags:?}: {count}");
        let mut published = messages(0..400);
        published.push(PubsubMessage { data: vec![0xff, 1], ..Default::default() });
        let flags = [&["--for", "4s"], flags.as_slice()].concat();
        let (shown, published) = tokio::join!(tap(&pipeline, &flags), publish_to_tap(&pipeline, published));
        published?;
        shown.result.unwrap();
        assert_eq!(shown.out.lines().count(), count, "{flags:?}: {}", shown.out);
        let counted = format!("{count} shown, {} left out by the filters, 1 that cannot", 400 - count);
        assert!(shown.notes.contains(&counted), "{}", shown.notes);
        assert_eq!(taps(&pipeline).await?, [""; 0], "its time is over");
    }
    Ok(())
}

/// A tap in a process of its own, once it is there.
async fn process(pipeline: &Pipeline, flags: &[&str]) -> Result<Running> {
    let mut command = pipeline.command("payments");
    command.arg("tap").args(flags).stdout(Stdio::piped()).stderr(Stdio::null());
    let process = Running::spawn(&mut command)?;
    wait_for_taps(pipeline, 1).await?;
    Ok(process)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_a_tap_in_order_also_while_nobody_takes_its_output() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    for signal in ["-TERM", "-INT"] {
        let mut process = process(&pipeline, &[]).await?;
        // Its handlers are there before its subscription.
        process.signal(signal)?;
        assert_eq!(process.end(LONG).await?, Some(0));
        assert_eq!(taps(&pipeline).await?, [""; 0]);
    }
    // More than the pipe holds, of which nothing is read.
    let process = process(&pipeline, &["--format", "json", "--full"]).await?;
    pipeline.publish(messages(0..400)).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    process.signal("-TERM")?;
    wait_for_taps(&pipeline, 0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tap_whose_reader_goes_away_goes_too_also_while_nothing_comes() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let mut process = process(&pipeline, &[]).await?;
    pipeline.publish(messages(0..1)).await?;
    let mut reader = BufReader::new(process.0.stdout.take().context("stdout is piped")?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    assert!(line.contains(&generator().payment_id(0)), "{line}");
    drop(reader);
    assert_eq!(process.end(LONG).await?, Some(141));
    assert_eq!(taps(&pipeline).await?, [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_killed_taps_have_left_is_removed_by_the_next_one() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let make = async |id: &str, labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (name, topic) = (pipeline.pubsub.subscription_name(id), pipeline.pubsub.topic_name("payments"));
        let subscription = Subscription {
            name,
            topic,
            ack_deadline_seconds: 10,
            labels: labels.collect(),
            ..Default::default()
        };
        pipeline.pubsub.subscriptions().create_subscription(subscription).await.map(|_| ())
    };
    let now = payments::rows::now_micros() / 1_000_000;
    let (long_ago, now) = ((now - 4_000).to_string(), now.to_string());
    make("tap-killed", &[("made-by", "payments-tap"), ("ends-at", &long_ago)]).await?;
    make("tap-living", &[("made-by", "payments-tap"), ("ends-at", &now)]).await?;
    make("tap-anothers", &[("ends-at", &long_ago)]).await?;
    make("another", &[("made-by", "payments-tap"), ("ends-at", &long_ago)]).await?;
    let ended = tap(&pipeline, &["--for", "1s"]).await;
    ended.result.unwrap();
    assert!(ended.notes.contains("/tap-killed, left by a tap"), "{}", ended.notes);
    let mut left = taps(&pipeline).await?;
    left.sort();
    assert_eq!(left, ["tap-anothers", "tap-living"].map(|id| pipeline.pubsub.subscription_name(id)));
    pipeline.pubsub.require_subscription(&pipeline.pubsub.subscription_name("another")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_tap_leaves_what_expires_and_says_who_made_it() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let mut process = process(&pipeline, &["--for", "20s"]).await?;
    process.signal("-KILL")?;
    process.end(LONG).await?;
    let left = pipeline.pubsub.require_subscription(&taps(&pipeline).await?[0]).await?;
    assert_eq!(left.labels["made-by"], "payments-tap");
    assert!(left.labels.contains_key("ends-at"));
    assert_eq!(left.expiration_policy.unwrap().ttl.unwrap().seconds, 24 * 3_600);
    assert_eq!((left.message_retention_duration.unwrap().seconds, left.ack_deadline_seconds), (600, 10));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_flags_and_topics_are_refused_before_anything_is_made() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    for (flags, told) in [
        (["--for", "25h"], "--for"),
        (["--customer", "a#b"], "--customer"),
        (["--topic", "nowhere"], "topics/nowhere"),
    ] {
        let refused = tokio::time::timeout(LONG, tap(&pipeline, &flags)).await?;
        assert!(refused.is_configuration() && refused.error().contains(told), "{}", refused.error());
    }
    assert_eq!(taps(&pipeline).await?, [""; 0]);
    Ok(())
}
