//! `payments dead-letter` on the embedded servers and on Google's emulators.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::{Context, Result};
use gcp::Project;
use gcp::bigtable::Bigtable;
use generator::{Config, Generator};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use payments::dead_letter::{self, Choice, Done, Letter, Mailbox, Work, publish};
use payments::setup;
use prost::Message;
use proto::{DeleteSubscriptionRequest, DeleteTopicRequest, PubsubMessage};
use schemas::layout::PerTable;
use service::cli::flags as flags_of;
use std::collections::HashMap;
use std::time::Duration;
use whole_path::pipeline::Ended;
use whole_path::{Backend, Pipeline, on_both_backends, tables};

/// Long enough for a server to hand out what it was given back.
const IDLE: &str = "1500ms";

/// As `payments dead-letter FLAGS`.
async fn dead_letter(pipeline: &Pipeline, flags: &[&str]) -> Ended {
    let [host, addr] = pipeline.pubsub_flags();
    let usual = [host.as_str(), &addr, "--idle", IDLE];
    let args = flags_of([flags, &usual].concat()).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let result = dead_letter::run(&args, &mut out, &mut notes).await;
    Ended::of(result, out, notes)
}

fn generator() -> Generator {
    Generator::new(Config { num_records: 10, ..Config::default() }).unwrap()
}

/// Two payments that differ in nothing but their ids.
fn twins() -> Vec<PubsubMessage> {
    let (generator, original) = (generator(), generator().payment(3));
    let mut twin = original.clone();
    twin.payment_header.as_mut().unwrap().payment_id = generator.payment_id(4);
    [original, twin]
        .map(|payment| PubsubMessage { data: payment.encode_to_vec(), ..Default::default() })
        .into()
}

/// A letter as the sink writes it.
fn letter(data: Vec<u8>, reason: &str) -> PubsubMessage {
    let attributes = [("schema", schemas::SCHEMA), ("dead_letter_reason", reason)];
    let attributes: HashMap<_, _> =
        attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    PubsubMessage { data, attributes, ..Default::default() }
}

/// Three letters of payments and two of none, with nobody consuming.
async fn with_letters(backend: Backend) -> Result<(Pipeline, Generator)> {
    let pipeline = Pipeline::set_up(backend).await?;
    let generator = generator();
    let mut letters: Vec<_> =
        (0..3).map(|index| letter(generator.payment(index).encode_to_vec(), "refused_by_table")).collect();
    letters.extend((0..2_u8).map(|byte| letter(vec![0xff, byte], "undecodable")));
    pipeline.publish_to("payments-dead-letter", letters).await?;
    Ok((pipeline, generator))
}

async fn letters_are_listed_as_often_as_one_looks(backend: Backend) -> Result<()> {
    let (pipeline, generator) = with_letters(backend).await?;
    for _ in 0..2 {
        let listed = dead_letter(&pipeline, &["list", "--format", "json"]).await;
        listed.result.as_ref().unwrap();
        let letters = listed.json()["letters"].as_array().unwrap().clone();
        let mut reasons: Vec<_> = letters.iter().map(|letter| letter["reason"].as_str().unwrap()).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, [&["refused_by_table"; 3][..], &["undecodable"; 2]].concat());
        assert!(listed.notes.contains("3 refused_by_table, 2 undecodable"), "{}", listed.notes);
        let told = |index: u64| {
            letters
                .iter()
                .any(|letter| letter["payment"].as_str().unwrap().contains(&generator.payment_id(index)))
        };
        assert!((0..3).all(told), "{letters:?}");
    }
    let some = dead_letter(&pipeline, &["list", "--limit", "1", "--reason", "undecodable"]).await;
    some.result.unwrap();
    assert_eq!(some.out.lines().count(), 2, "{}", some.out);
    assert!(some.notes.contains("--limit 0"), "{}", some.notes);
    Ok(())
}

async fn one_letter_is_shown_whole(backend: Backend) -> Result<()> {
    let (pipeline, _) = with_letters(backend).await?;
    let listed =
        dead_letter(&pipeline, &["list", "--reason", "undecodable", "--format", "json"]).await.json();
    let id = listed["letters"][0]["messageId"].as_str().unwrap();
    let shown = dead_letter(&pipeline, &["inspect", id]).await;
    shown.result.unwrap();
    assert!(
        shown.out.contains("reason      undecodable") && shown.out.contains("data        ff"),
        "{}",
        shown.out
    );
    let missing = dead_letter(&pipeline, &["inspect", "no-such-letter"]).await;
    assert!(missing.error().contains("no-such-letter") && !missing.is_configuration());
    Ok(())
}

async fn redriven_letters_become_rows_and_the_others_stay(backend: Backend) -> Result<()> {
    let (pipeline, generator) = with_letters(backend).await?;
    let reason = ["redrive", "--reason", "refused_by_table"];
    let dry = dead_letter(&pipeline, &reason).await;
    assert!(dry.error().contains("add --yes to publish again 3 letter(s)"), "{}", dry.error());
    let redriven = dead_letter(&pipeline, &[&reason[..], &["--yes", "--format", "json"]].concat()).await;
    redriven.result.as_ref().unwrap();
    assert_eq!((&redriven.json()["letters"], &redriven.json()["leftOtherReasons"]), (&3.into(), &2.into()));
    pipeline.consume(&[]).await?;
    tables::assert_exact(&pipeline.bigtable, &generator, 0..3).await?;
    let left = dead_letter(&pipeline, &["list"]).await;
    assert!(left.notes.starts_with("2 undecodable"), "{}", left.notes);
    Ok(())
}

async fn purged_letters_are_gone_and_the_others_stay(backend: Backend) -> Result<()> {
    let (pipeline, _) = with_letters(backend).await?;
    let reason = ["purge", "--reason", "undecodable"];
    let dry = dead_letter(&pipeline, &reason).await;
    assert!(dry.error().contains("add --yes to drop 2 letter(s)"), "{}", dry.error());
    dead_letter(&pipeline, &[&reason[..], &["--yes"]].concat()).await.result?;
    let left = dead_letter(&pipeline, &["list"]).await;
    assert!(left.notes.starts_with("3 refused_by_table"), "{}", left.notes);
    let source = pipeline.pubsub.subscription_name("payments-sink");
    assert_eq!(pipeline.pull(&source, 1).await?, [], "nothing is published by a purge");
    dead_letter(&pipeline, &["purge", "--yes"]).await.result?;
    let nothing = dead_letter(&pipeline, &["purge"]).await;
    nothing.result?;
    assert_eq!(nothing.out, "no letters to work on\n");
    Ok(())
}

on_both_backends! {
    letters_are_listed_as_often_as_one_looks
    one_letter_is_shown_whole
    redriven_letters_become_rows_and_the_others_stay
    purged_letters_are_gone_and_the_others_stay
    a_sink_does_not_start_where_nobody_keeps_its_letters
    while_nobody_keeps_letters_their_messages_are_not_acked
}

async fn remove_letters_subscription(pipeline: &Pipeline) -> Result<()> {
    let subscription = pipeline.pubsub.subscription_name("payments-dead-letter");
    pipeline.pubsub.subscriptions().delete_subscription(DeleteSubscriptionRequest { subscription }).await?;
    Ok(())
}

async fn a_sink_does_not_start_where_nobody_keeps_its_letters(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    remove_letters_subscription(&pipeline).await?;
    let error = pipeline.consume(&[]).await.unwrap_err();
    assert!(matches!(error, sink::Error::Setup(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("topics/payments-dead-letter") && text.contains("payments setup"), "{text}");
    setup::verdict(&setup::run(&pipeline.setup).await?)?;
    pipeline.consume(&[]).await?;
    Ok(())
}

/// The topic is deleted under a sink and made again: its subscription stays with the old one.
async fn while_nobody_keeps_letters_their_messages_are_not_acked(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    let topic = pipeline.pubsub.topic_name("payments-dead-letter");
    let orphan = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut topics = pipeline.pubsub.topics();
        topics.delete_topic(DeleteTopicRequest { topic: topic.clone() }).await?;
        let lines = setup::run(&pipeline.setup).await?;
        let refusal = setup::verdict(&lines).unwrap_err();
        let text = setup::text(&lines);
        let line = text.lines().find(|line| line.starts_with("differs"));
        let line = line.with_context(|| refusal.to_string())?;
        assert!(line.contains("topic was deleted") && line.contains("run setup again"), "{line}");
        let bad = |_| PubsubMessage { data: vec![0xff], ..PubsubMessage::default() };
        pipeline.publish((0..5).map(bad).collect()).await?;
        // Longer than the publish and the question behind it take.
        tokio::time::sleep(Duration::from_secs(4)).await;
        remove_letters_subscription(&pipeline).await?;
        setup::verdict(&setup::run(&pipeline.setup).await?)
    };
    let (progress, orphaned) = tokio::join!(pipeline.consume(&["--exit-when-idle", "15s"]), orphan);
    orphaned?;
    let progress = progress?;
    assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (0, 5));
    assert!(progress.nacked.get() >= 5, "they went back in between");
    let letters = pipeline.dead_letters(5).await?;
    assert_eq!(letters.len(), 5, "each has a letter that can be read");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_with_one_key_are_redriven_only_to_tables_that_tell_them_apart() -> Result<()> {
    let mut pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.publish(twins()).await?;
    pipeline.consume(&["--streams", "1"]).await?;
    let listed = dead_letter(&pipeline, &["list", "--format", "json"]).await.json();
    assert_eq!(listed["letters"][0]["reason"], "key_collision");
    let left = dead_letter(&pipeline, &["redrive", "--yes"]).await;
    left.result?;
    assert!(
        left.out.contains("key_collision") && left.notes.contains("--reason key_collision"),
        "{}",
        left.notes
    );
    let [host, addr] = pipeline.bigtable_flags();
    let chosen = ["redrive", "--yes", "--reason", "key_collision", &host, &addr];
    let refused = dead_letter(&pipeline, &chosen).await;
    assert!(refused.error().contains("--overwrite") && refused.is_configuration(), "{}", refused.error());
    // Other tables, to which the letters may go.
    let instance = "apart";
    pipeline.setup.bigtable.instance = instance.into();
    pipeline.setup.row_key_suffix = Some(sink::Suffix::TransactionId);
    setup::verdict(&setup::run(&pipeline.setup).await?)?;
    pipeline.bigtable = Bigtable::connect(&pipeline.setup.bigtable, &Project::default(), 2).await?;
    dead_letter(&pipeline, &[&chosen[..], &["--instance", instance]].concat()).await.result?;
    let progress = pipeline.consume(&[]).await?;
    assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (1, 0));
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(1));
    assert_eq!(dead_letter(&pipeline, &["list"]).await.notes.trim(), "no letters");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_in_so_many_words_takes_the_place_of_another_payment() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.publish(twins()).await?;
    pipeline.consume(&["--streams", "1"]).await?;
    dead_letter(&pipeline, &["redrive", "--yes", "--overwrite"]).await.result?;
    let progress = pipeline.consume(&[]).await?;
    assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (1, 0));
    let rows = PerTable { by_customer: 1, by_date: 1, by_transaction: 2 };
    assert_eq!(tables::counts(&pipeline.bigtable).await?, rows);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redrive_killed_between_publishing_and_acking_publishes_twice_at_worst() -> Result<()> {
    let (pipeline, generator) = with_letters(Backend::embedded().await?).await?;
    let topic = pipeline.pubsub.topic_name("payments");
    let mut mailbox =
        Mailbox::open(&pipeline.pubsub, "payments-dead-letter", Duration::from_millis(500)).await?;
    let letters = mailbox.next().await?;
    let copies = letters.iter().filter(|letter| letter.reason() == "refused_by_table").map(Letter::original);
    publish(&pipeline.pubsub, &topic, copies.collect()).await?;
    // The kill; its leases end.
    mailbox.give_back().await?;
    drop(mailbox);
    dead_letter(&pipeline, &["redrive", "--reason", "refused_by_table", "--yes"]).await.result?;
    let progress = pipeline.consume(&[]).await?;
    assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (6, 0));
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(3));
    for table in schemas::layout::Table::ALL {
        let expected = tables::expected(&generator, 0..3, table, schemas::layout::KeySuffix::None);
        for (key, row) in tables::read(&pipeline.bigtable, table).await? {
            assert!(
                row.iter().all(|(column, values)| values.iter().all(|it| *it == expected[&key][column][0]))
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redrive_to_a_topic_that_is_not_there_keeps_every_letter() -> Result<()> {
    let (pipeline, _) = with_letters(Backend::embedded().await?).await?;
    let refused = dead_letter(&pipeline, &["redrive", "--yes", "--topic", "nowhere"]).await;
    assert!(refused.error().contains("topics/nowhere") && refused.is_configuration());
    let left = dead_letter(&pipeline, &["list"]).await;
    assert!(left.notes.starts_with("3 refused_by_table, 2 undecodable"), "{}", left.notes);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_whose_copy_is_not_confirmed_stays() -> Result<()> {
    let (pipeline, _) = with_letters(Backend::embedded().await?).await?;
    let choice = Choice::default();
    // The topic goes after it was looked at.
    let work = Work {
        choice: &choice,
        limit: 0,
        yes: true,
        redrive_to: Some((&pipeline.pubsub, "projects/local/topics/gone")),
        leave_collisions: false,
    };
    let mut mailbox =
        Mailbox::open(&pipeline.pubsub, "payments-dead-letter", Duration::from_millis(500)).await?;
    let mut done = Done::default();
    assert!(work.run(&mut mailbox, &mut done).await.is_err());
    mailbox.give_back().await?;
    assert_eq!(done.chosen(), 0);
    let left = dead_letter(&pipeline, &["list"]).await;
    assert!(left.notes.starts_with("3 refused_by_table, 2 undecodable"), "{}", left.notes);
    Ok(())
}
