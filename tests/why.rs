//! `payments why`: what is said of payments that are right, and of those that are wrong in known ways.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::Result;
use generator::Generator;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use payments::why;
use prost::Message;
use schemas::layout::{KeySuffix, Table, row_key};
use serde_json::Value;
use service::cli::flags as flags_of;
use std::sync::Arc;
use std::time::Duration;
use whole_path::pipeline::Ended;
use whole_path::{Backend, Pipeline, tables, trickle};

const RUN: [&str; 4] = ["--num-records", "300", "--num-customers", "30"];

/// A run of the pipeline.
struct Fixture {
    pipeline: Pipeline,
    generator: Arc<Generator>,
}

/// As `payments why ID FLAGS`.
async fn why(pipeline: &Pipeline, id: &str, flags: &[&str]) -> Ended {
    let ([pubsub, at], [bigtable, there]) = (pipeline.pubsub_flags(), pipeline.bigtable_flags());
    let usual = [id, &pubsub, &at, &bigtable, &there];
    let args = flags_of([&usual, flags].concat()).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let result = why::run(&args, &mut out, &mut notes).await;
    let ended = Ended::of(result, out, notes);
    assert!(ended.out.starts_with('{') || ended.out.lines().all(|line| line.len() <= 80), "{}", ended.out);
    ended
}

impl Fixture {
    async fn new() -> Result<Self> {
        Self::with(&[]).await
    }

    async fn with(flags: &[&str]) -> Result<Self> {
        let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
        let generator = pipeline.produce(&[&RUN, flags].concat()).await?;
        pipeline.consume(&[]).await?;
        Ok(Self { pipeline, generator })
    }

    /// Why, without the time that looking through letters takes.
    async fn why(&self, index: u64, flags: &[&str]) -> Ended {
        self.why_id(&self.generator.payment_id(index), &[&["--no-letters"], flags].concat()).await
    }

    async fn why_id(&self, id: &str, flags: &[&str]) -> Ended {
        why(&self.pipeline, id, &[&RUN, flags].concat()).await
    }

    fn key(&self, table: Table, index: u64) -> Vec<u8> {
        row_key(&self.generator.payment(index), table, KeySuffix::None)
    }

    async fn delete(&self, table: Table, index: u64) -> Result<()> {
        delete(&self.pipeline, table, &self.key(table, index)).await
    }
}

async fn mutate(
    pipeline: &Pipeline,
    table: Table,
    key: &[u8],
    mutation: data::mutation::Mutation,
) -> Result<()> {
    let request = data::MutateRowRequest {
        table_name: pipeline.bigtable.table_name(table.id()),
        row_key: key.to_vec(),
        mutations: vec![data::Mutation { mutation: Some(mutation) }],
        ..Default::default()
    };
    pipeline.bigtable.client().mutate_row(request).await?;
    Ok(())
}

async fn delete(pipeline: &Pipeline, table: Table, key: &[u8]) -> Result<()> {
    let all = data::mutation::DeleteFromRow {};
    mutate(pipeline, table, key, data::mutation::Mutation::DeleteFromRow(all)).await
}

fn first_line(ended: &Ended) -> &str {
    ended.out.lines().next().unwrap_or_default()
}

/// Whether a text is told, wherever lines are broken.
fn shows(ended: &Ended, text: &str) -> bool {
    ended.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(text)
}

/// States of the three tables.
fn states(report: &Value) -> [&str; 3] {
    [0, 1, 2].map(|table| report["tables"][table]["state"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_is_everywhere_is_told_as_such_with_its_keys_and_publish_time() -> Result<()> {
    let before = payments::rows::now_micros();
    let fixture = Fixture::new().await?;
    let told = fixture.why(17, &[]).await;
    told.result.as_ref().unwrap();
    assert_eq!(first_line(&told), "OK: in all three tables as expected");
    let line = format!("run         {}, index 17", fixture.generator.run_id());
    assert!(told.out.contains(&line) && told.out.contains("unknown without --checkpoint"), "{}", told.out);
    for table in Table::ALL {
        let key = String::from_utf8(fixture.key(table, 17))?;
        assert!(told.out.contains(&format!("  {key}\n")), "{}", told.out);
    }
    let report = fixture.why(17, &["--format", "json"]).await.json();
    assert_eq!(states(&report), ["asExpected"; 3]);
    let times = schemas::text::time(before);
    let published = report["tables"][0]["published"]["first"].as_str().unwrap();
    assert!(
        published >= std::str::from_utf8(&times)? && published[..4] == times[..4].escape_ascii().to_string()
    );

    // Letters of others are looked at, and all of them are given back.
    let letter = PubsubMessage { data: fixture.generator.payment(18).encode_to_vec(), ..Default::default() };
    fixture.pipeline.publish_to("payments-dead-letter", vec![letter]).await?;
    for _ in 0..2 {
        let id = fixture.generator.payment_id(17);
        let told = fixture.why_id(&id, &["--time", "1s"]).await;
        told.result.unwrap();
        assert!(told.out.contains("letters     0 of 1 looked at"), "{}", told.out);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_missing_and_a_cell_that_differs_are_named_and_values_only_when_asked_for() -> Result<()>
{
    let fixture = Fixture::new().await?;
    fixture.delete(Table::ByDate, 17).await?;
    let told = fixture.why(17, &[]).await;
    assert_eq!(first_line(&told), "missing in payments_by_date");
    assert!(shows(&told, "--start-index 17 --end-index 18"), "{}", told.out);
    assert!(told.result.is_err() && !told.is_configuration());
    assert_eq!(
        states(&fixture.why(17, &["--format", "json"]).await.json()),
        ["asExpected", "missing", "asExpected"]
    );

    let name = fixture.generator.payment(18).parties.unwrap().counterparty.unwrap().name;
    let cell = data::mutation::SetCell {
        family_name: "party_info".into(),
        column_qualifier: "counterparty:name".into(),
        timestamp_micros: payments::rows::now_micros() + 3_600_000_000,
        value: "Nobody".into(),
    };
    let key = fixture.key(Table::ByCustomer, 18);
    mutate(&fixture.pipeline, Table::ByCustomer, &key, data::mutation::Mutation::SetCell(cell)).await?;
    for format in ["table", "json"] {
        let told = fixture.why(18, &["--format", format]).await;
        assert!(told.result.is_err() && told.out.contains("party_info:counterparty:name"), "{}", told.out);
        assert!(!shows(&told, &name) && !shows(&told, "Nobody"), "{}", told.out);
        let told = fixture.why(18, &["--format", format, "--show-values"]).await;
        assert!(shows(&told, &name) && shows(&told, "Nobody"), "{}", told.out);
    }
    let told = fixture.why(18, &[]).await;
    assert!(first_line(&told).starts_with("differs in payments_by_customer:"), "{}", told.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_key_another_one_has_is_dead_lettered_and_the_other_one_is_named() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let config = generator::Config { num_records: 300, num_customers: 30, ..Default::default() };
    let generator = Arc::new(Generator::new(config)?);
    let own = generator.payment(3);
    let mut other = own.clone();
    other.payment_header.as_mut().unwrap().payment_id = "00000000-0000-4000-8000-000000000003".into();
    let message =
        |payment: &schemas::Payment| PubsubMessage { data: payment.encode_to_vec(), ..Default::default() };
    pipeline.publish(vec![message(&other), message(&own)]).await?;
    pipeline.consume(&["--streams", "1"]).await?;
    let fixture = Fixture { pipeline, generator };
    let id = fixture.generator.payment_id(3);
    let told = fixture.why_id(&id, &["--time", "1s"]).await;
    assert!(told.result.is_err());
    assert!(first_line(&told).starts_with("dead-lettered as key_collision: "), "{}", told.out);
    let report = fixture.why_id(&id, &["--time", "1s", "--format", "json"]).await.json();
    assert_eq!(states(&report), ["taken", "taken", "missing"]);
    assert_eq!(report["tables"][0]["takenBy"], "00000000-0000-4000-8000-000000000003");
    assert_eq!(report["letters"]["found"][0]["reason"], "key_collision");
    // Nothing was acked.
    assert_eq!(fixture.pipeline.dead_letters(2).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spoilt_on_purpose_is_found_by_its_index_and_is_right_by_the_checkpoint() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (checkpoint, ledger) = (folder.path().join("c.json"), folder.path().join("ledger"));
    let (checkpoint, ledger) = (checkpoint.to_str().unwrap(), ledger.to_str().unwrap());
    let faults = ["--corrupt-rate", "0.05", "--checkpoint", checkpoint, "--ledger", ledger];
    let fixture = Fixture::with(&faults).await?;
    let spoilt = producer::spoilt_indices(ledger.as_ref(), fixture.generator.run_id()).await?;
    let id = fixture.generator.payment_id(*spoilt.iter().min().unwrap());
    let told = fixture.why_id(&id, &["--time", "1s", "--checkpoint", checkpoint]).await;
    assert_eq!(first_line(&told), "OK: dead-lettered as undecodable: spoilt on purpose, without rows");
    told.result.unwrap();
    let told = fixture.why_id(&id, &["--time", "1s"]).await;
    assert!(first_line(&told).starts_with("dead-lettered as undecodable: ") && told.result.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_its_checkpoint_a_payment_is_published_or_not_yet() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("c.json");
    let checkpoint = path.to_str().unwrap();
    let fixture = Fixture::with(&["--checkpoint", checkpoint]).await?;
    let told = fixture.why(17, &["--checkpoint", checkpoint]).await;
    told.result.unwrap();
    assert!(told.out.contains("published   yes: all below index 300 is confirmed"), "{}", told.out);
    // As it was half way.
    let half =
        std::fs::read_to_string(&path)?.replace("\"confirmed_below\": 300", "\"confirmed_below\": 100");
    std::fs::write(&path, half)?;
    for table in Table::ALL {
        fixture.delete(table, 150).await?;
        fixture.delete(table, 50).await?;
    }
    let told = fixture.why(150, &["--checkpoint", checkpoint]).await;
    assert!(told.result.is_err() && first_line(&told).starts_with("not published yet: "), "{}", told.out);
    let told = fixture.why(50, &["--checkpoint", checkpoint]).await;
    assert!(
        told.result.is_err() && first_line(&told).starts_with("missing in payments_by_customer,"),
        "{}",
        told.out
    );
    let wrong = fixture.why(50, &["--checkpoint", checkpoint, "--num-customers", "31"]).await;
    assert!(wrong.is_configuration() && wrong.out.contains("it is of another run"), "{}", wrong.out);
    // The same ids, and yet another run.
    let wrong = fixture.why(50, &["--checkpoint", checkpoint, "--anomaly-rate", "0.01"]).await;
    assert!(wrong.is_configuration() && wrong.error().contains("anomaly_rate"), "{}", wrong.error());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_not_the_runs_is_refused_with_the_run_and_what_else_is_known() -> Result<()> {
    let fixture = Fixture::new().await?;
    let id = fixture.generator.payment_id(17);
    let told = fixture.why_id(&id, &["--seed", "7", "--no-letters"]).await;
    assert!(
        told.is_configuration() && first_line(&told).starts_with("not a payment of the run"),
        "{}",
        told.out
    );
    let own = format!("payments_by_transaction, of run {}", fixture.generator.run_id());
    assert!(told.out.contains(&own), "{}", told.out);
    let longer = fixture.why_id(&fixture.generator.payment_id(400), &[]).await;
    assert!(longer.is_configuration() && longer.out.contains("it is of another run"), "{}", longer.out);
    let mut live = producer::trickle::Lives::default().live(fixture.generator.config().clone())?;
    let (payment, _) = live.version(1_772_452_800_000_000, Some(1)).unwrap();
    let trickles = fixture.why_id(&payment.payment_header.unwrap().payment_id, &[]).await;
    assert!(trickles.is_configuration() && trickles.error().contains("--trickle"), "{}", trickles.error());
    assert!(fixture.why_id("nonsense", &[]).await.is_configuration());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trickles_payment_is_judged_in_its_latest_state() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let lives = ["--update-share", "1", "--update-within", "1s", "--num-customers", "30"];
    trickle::run(trickle::command(
        &pipeline,
        &[&["--rate", "100/s", "--duration", "3s"], &lives[..]].concat(),
    ))?;
    pipeline.consume(&[]).await?;
    let rows = tables::read(&pipeline.bigtable, Table::ByTransaction).await?;
    let (_, row) = rows.iter().find(|(_, row)| row["payment_header:version"][0] == b"2").unwrap();
    let id = String::from_utf8(row["payment_header:payment_id"][0].clone())?;
    let flags = [&["--trickle", "--no-letters"], &lives[..]].concat();
    let told = why(&pipeline, &id, &flags).await;
    assert_eq!(first_line(&told), "OK: in all three tables as expected");
    told.result.unwrap();
    assert!(told.out.contains("version 2 of "), "{}", told.out);
    let report = why(&pipeline, &id, &[&flags[..], &["--format", "json"]].concat()).await.json();
    // Its cells are an hour later than it was published; that is not told as the publish time.
    let published = report["tables"][0]["published"]["last"].as_str().unwrap();
    let latest = String::from_utf8(schemas::text::time(payments::rows::now_micros()).to_vec())?;
    assert!(published < latest.as_str(), "{published}");

    // One table has stayed behind, in the first state.
    let expected = generator::Config { num_customers: 30, ..Default::default() };
    let config = producer::trickle::Lives {
        update_share: 1.0,
        update_within: Duration::from_secs(1),
        ..Default::default()
    };
    let index = Generator::new(expected.clone())?.trickle_index_of(&id).unwrap();
    let (first, _) = config.live(expected)?.version(index, Some(1)).unwrap();
    let key = row_key(&first, Table::ByCustomer, KeySuffix::None);
    delete(&pipeline, Table::ByCustomer, &key).await?;
    let entry =
        payments::rows::entry(&first, Table::ByCustomer, KeySuffix::None, payments::rows::now_micros());
    tables::reader(&pipeline.bigtable).write(Table::ByCustomer.id(), vec![entry]).await?;
    let told = why(&pipeline, &id, &flags).await;
    assert_eq!(first_line(&told), "in payments_by_customer at version 1, not 2");
    assert!(told.result.is_err());
    let other = why(&pipeline, &id, &["--trickle", "--no-letters", "--num-customers", "30"]).await;
    assert!(other.result.is_err() && first_line(&other).contains("of run "), "{}", other.out);
    Ok(())
}
