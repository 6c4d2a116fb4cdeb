//! The whole path in one process, on the embedded servers and on Google's emulators.

use anyhow::{Context, Result};
use generator::{Config, Generator};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::SampleRowKeysRequest;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use payments::setup::{self, Finding};
use prost::Message;
use schemas::layout::{KeySuffix, PerTable, Table};
use std::time::Duration;
use whole_path::{Backend, Pipeline, on_both_backends, tables};

on_both_backends! {
    every_payment_becomes_one_row_with_all_its_cells_in_each_table
    what_is_no_payment_becomes_a_dead_letter_with_its_reason
    two_shards_make_together_what_one_producer_makes
    publishing_everything_twice_changes_no_row
    setting_up_twice_changes_nothing
    setting_up_adds_what_is_missing_and_reports_what_differs
    a_dry_run_of_setting_up_creates_nothing
    tables_are_created_with_the_splits_of_a_load
    payments_with_one_key_are_never_overwritten_silently
    with_the_suffix_payments_may_share_customer_time_and_type
    the_suffix_is_the_tables_and_a_sink_that_disagrees_does_not_start
    a_suffix_is_recorded_for_rows_that_have_it_and_for_no_others
}

async fn every_payment_becomes_one_row_with_all_its_cells_in_each_table(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    let generator = pipeline.produce(&["--num-records", "3000", "--num-customers", "20"]).await?;
    let progress = pipeline.consume(&["--pane-rows", "700"]).await?;
    assert_eq!(progress.nacked.get(), 0);
    assert_eq!(progress.dead_lettered.get(), 0);
    tables::assert_exact(&pipeline.bigtable, &generator, 0..3_000).await
}

async fn what_is_no_payment_becomes_a_dead_letter_with_its_reason(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    let generator = pipeline.produce(&["--num-records", "1000"]).await?;
    let mut bad: Vec<_> =
        (0..8_u8).map(|byte| PubsubMessage { data: vec![0xff, byte, byte], ..Default::default() }).collect();
    let mut invalid = generator.payment(0);
    invalid.amount = None;
    bad.push(PubsubMessage { data: invalid.encode_to_vec(), ..Default::default() });
    let other = [("schema".to_owned(), "orders.v1.Order".to_owned())];
    bad.push(PubsubMessage {
        data: generator.payment(1).encode_to_vec(),
        attributes: other.into_iter().collect(),
        ..Default::default()
    });
    pipeline.publish(bad.clone()).await?;
    let progress = pipeline.consume(&[]).await?;
    assert_eq!(progress.dead_lettered.get(), 10);
    tables::assert_exact(&pipeline.bigtable, &generator, 0..1_000).await?;

    let letters = pipeline.dead_letters(10).await?;
    let mut reasons: Vec<_> =
        letters.iter().map(|letter| letter.attributes["dead_letter_reason"].as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, [&["invalid", "other_schema"], &["undecodable"; 8][..]].concat());
    let is_invalid = |letter: &&PubsubMessage| letter.attributes["dead_letter_reason"] == "invalid";
    let invalid = letters.iter().find(is_invalid).context("one letter is of an invalid payment")?;
    assert_eq!(invalid.data, bad[8].data);
    assert!(invalid.attributes["dead_letter_cause"].contains("amount"));
    assert!(!invalid.attributes["dead_letter_source_message_id"].is_empty());
    let source = pipeline.pubsub.subscription_name("payments-sink");
    assert_eq!(pipeline.pull(&source, 1).await?, []);
    Ok(())
}

async fn two_shards_make_together_what_one_producer_makes(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    pipeline.produce(&["--num-records", "1001", "--shard", "0/2"]).await?;
    let generator = pipeline.produce(&["--num-records", "1001", "--shard", "1/2"]).await?;
    pipeline.consume(&[]).await?;
    tables::assert_exact(&pipeline.bigtable, &generator, 0..1_001).await
}

async fn publishing_everything_twice_changes_no_row(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    pipeline.produce(&["--num-records", "500"]).await?;
    let generator = pipeline.produce(&["--num-records", "500"]).await?;
    pipeline.consume(&[]).await?;
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(500));
    // Published twice means two cell times; garbage collection keeps one version, at once or later.
    for table in schemas::layout::Table::ALL {
        let expected = tables::expected(&generator, 0..500, table, schemas::layout::KeySuffix::None);
        for (key, row) in tables::read(&pipeline.bigtable, table).await? {
            for (column, versions) in row {
                assert!(versions.iter().all(|version| *version == expected[&key][&column][0]));
            }
        }
    }
    Ok(())
}

async fn setting_up_twice_changes_nothing(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    let lines = setup::run(&pipeline.setup).await?;
    assert_eq!(lines.len(), 2 + 2 + 3 + 3 * 6);
    for line in &lines {
        assert_eq!(line.finding, Finding::Present, "{line:?}");
    }
    Ok(())
}

async fn setting_up_adds_what_is_missing_and_reports_what_differs(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    tables::damage(&pipeline.setup).await?;
    let lines = setup::run(&pipeline.setup).await?;
    let found = |finding: fn(&Finding) -> bool| -> Vec<&str> {
        let lines = lines.iter().filter(|line| finding(&line.finding));
        lines.map(|line| line.name.rsplit('/').next().unwrap_or_default()).collect()
    };
    assert_eq!(found(|finding| *finding == Finding::Created), ["payments_by_date:metadata"]);
    assert_eq!(found(|finding| matches!(finding, Finding::Differs(_))), ["payments_by_customer:amount_info"]);
    assert!(setup::verdict(&lines).is_err());
    Ok(())
}

async fn a_dry_run_of_setting_up_creates_nothing(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::connect(backend).await?;
    let dry = setup::Args { dry_run: true, ..pipeline.setup.clone() };
    for _ in 0..2 {
        let lines = setup::run(&dry).await?;
        assert!(lines.iter().all(|line| line.finding == Finding::Absent));
    }
    Ok(())
}

async fn tables_are_created_with_the_splits_of_a_load(backend: Backend) -> Result<()> {
    let is_embedded = matches!(backend, Backend::Embedded(_));
    let pipeline = Pipeline::connect(backend).await?;
    let split = Some(setup::Split::Tablets(8));
    let lines = setup::run(&setup::Args { split, ..pipeline.setup.clone() }).await?;
    let cut: Vec<_> = lines.iter().filter(|line| line.kind == "splits").collect();
    assert_eq!(cut.len(), 3, "{cut:?}");
    assert!(cut.iter().all(|line| line.finding == Finding::Created && line.name.contains(": 7 keys from ")));
    // Google's emulator takes splits and forgets them.
    let tablets = if is_embedded { 8 } else { 1 };
    for table in Table::ALL {
        let table_name = pipeline.bigtable.table_name(table.id());
        let request = SampleRowKeysRequest { table_name, ..Default::default() };
        let mut samples = pipeline.bigtable.client().sample_row_keys(request).await?.into_inner();
        let mut count = 0;
        while samples.message().await?.is_some() {
            count += 1;
        }
        assert!(count >= tablets, "{}: {count}", table.id());
    }
    // A second set-up, for whatever load, leaves them alone.
    let again =
        setup::run(&setup::Args { split: Some(setup::Split::Auto), ..pipeline.setup.clone() }).await?;
    assert!(again.iter().all(|line| line.finding == Finding::Present), "{again:?}");
    Ok(())
}

async fn payments_with_one_key_are_never_overwritten_silently(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    pipeline.publish(twins()?).await?;
    let flags = ["--streams", "1", "--window", "1s", "--exit-when-idle", "6s"];
    // One of two in a pane, and another one panes and windows later.
    let late = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        pipeline.publish(vec![twins()?.remove(1)]).await
    };
    let (progress, published) = tokio::join!(pipeline.consume(&flags), late);
    published?;
    let progress = progress?;
    assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (1, 2));
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(1));
    let letters = pipeline.dead_letters(2).await?;
    assert!(letters.iter().all(|letter| letter.attributes["dead_letter_reason"] == "key_collision"));
    Ok(())
}

async fn with_the_suffix_payments_may_share_customer_time_and_type(backend: Backend) -> Result<()> {
    let pipeline = Pipeline::with_suffix(backend).await?;
    pipeline.publish(twins()?).await?;
    let progress = pipeline.consume(&[]).await?;
    assert_eq!((progress.acked.get(), progress.dead_lettered.get()), (2, 0));
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(2));
    Ok(())
}

async fn the_suffix_is_the_tables_and_a_sink_that_disagrees_does_not_start(backend: Backend) -> Result<()> {
    let mut pipeline = Pipeline::set_up(backend).await?;
    let state = async |pipeline: &Pipeline| {
        let lines = setup::run(&pipeline.setup).await?;
        let line = lines.into_iter().find(|line| line.kind == "row key suffix");
        anyhow::Ok(line.map(|line| line.finding))
    };
    let refused = async |pipeline: &Pipeline, suffix: &str| {
        let ended = pipeline.consume(&["--row-key-suffix", suffix]).await;
        let Err(error @ sink::Error::Setup(_)) = ended else { panic!("{ended:?}") };
        assert!(
            error.to_string().contains("--row-key-suffix") && error.to_string().contains("setup"),
            "{error}"
        );
    };
    assert_eq!(state(&pipeline).await?, None);
    refused(&pipeline, "transaction_id").await;
    pipeline.setup.row_key_suffix = Some(sink::Suffix::TransactionId);
    pipeline.setup.dry_run = true;
    assert_eq!(state(&pipeline).await?, Some(Finding::Absent));
    pipeline.setup.dry_run = false;
    assert_eq!(state(&pipeline).await?, Some(Finding::Created));
    assert_eq!(state(&pipeline).await?, Some(Finding::Present));
    refused(&pipeline, "none").await;
    pipeline.setup.row_key_suffix = Some(sink::Suffix::None);
    assert!(matches!(state(&pipeline).await?, Some(Finding::Differs(_))));
    pipeline.setup.row_key_suffix = None;
    assert_eq!(state(&pipeline).await?, Some(Finding::Present));
    pipeline.consume(&["--row-key-suffix", "transaction_id"]).await?;
    Ok(())
}

/// Tables from before suffixes were recorded.
async fn a_suffix_is_recorded_for_rows_that_have_it_and_for_no_others(backend: Backend) -> Result<()> {
    let mut pipeline = Pipeline::set_up(backend).await?;
    let payment = Generator::new(Config::default())?.payment(3);
    tables::fill(&pipeline.bigtable, &[payment], KeySuffix::TransactionId).await?;
    for (suffix, fits) in [(sink::Suffix::None, false), (sink::Suffix::TransactionId, true)] {
        pipeline.setup.row_key_suffix = Some(suffix);
        let lines = setup::run(&pipeline.setup).await?;
        assert_eq!(setup::verdict(&lines).is_ok(), fits, "{lines:?}");
    }
    Ok(())
}

/// Two payments that differ in nothing but their ids.
fn twins() -> Result<Vec<PubsubMessage>> {
    let generator = Generator::new(Config { num_records: 10, ..Config::default() })?;
    let original = generator.payment(3);
    let mut twin = original.clone();
    if let Some(header) = &mut twin.payment_header {
        header.payment_id = generator.payment_id(4);
    }
    let message =
        |payment: &schemas::Payment| PubsubMessage { data: payment.encode_to_vec(), ..Default::default() };
    Ok(vec![message(&original), message(&twin)])
}
