//! `payments verify` on tables that are right, and on tables that are wrong in known ways.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::Result;
use generator::Generator;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use payments::audit::{Limits, Tables, consistency};
use payments::quality;
use payments::verify::{self, Run, Verification};
use schemas::layout::{KeySuffix, PerTable, Table, row_key};
use serde_json::Value;
use service::cli::flags as flags_of;
use std::sync::Arc;
use whole_path::{Backend, Pipeline, tables, trickle};

const RECORDS: &str = "2500";
const LIMITS: Limits = Limits { kept_rows: 100_000, parents: 512, listed: 20 };

/// A run of the pipeline, and the flags of its generator.
struct Fixture {
    pipeline: Pipeline,
    generator: Arc<Generator>,
}

/// How a verification ended, and what it wrote.
struct Verified {
    result: Result<()>,
    text: String,
}

impl Fixture {
    async fn new(backend: Backend) -> Result<Self> {
        let pipeline = Pipeline::set_up(backend).await?;
        let generator = pipeline.produce(&["--num-records", RECORDS, "--num-customers", "30"]).await?;
        pipeline.consume(&[]).await?;
        Ok(Self { pipeline, generator })
    }

    /// As `payments verify FLAGS`.
    async fn verify(&self, flags: &[&str]) -> Verified {
        let host = self.pipeline.backend.bigtable_addr().to_string();
        let usual = ["--num-records", RECORDS, "--num-customers", "30", "--bigtable-emulator-host", &host];
        let args = flags_of([&usual, flags].concat()).unwrap();
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let result = verify::run(&args, &mut out, &mut notes).await;
        Verified { result, text: String::from_utf8(out).unwrap() }
    }

    fn verification(&self, limits: Limits) -> Verification {
        let run = Run {
            generator: self.generator.clone(),
            range: 0..2_500,
            suffix: KeySuffix::None,
            spoilt: Arc::default(),
        };
        Verification { run, tables: self.tables(), limits, is_repair: false }
    }

    fn tables(&self) -> Tables {
        Tables { reader: tables::reader(&self.pipeline.bigtable), parallelism: 3 }
    }

    fn key(&self, table: Table, index: u64) -> Vec<u8> {
        row_key(&self.generator.payment(index), table, KeySuffix::None)
    }

    async fn mutate(&self, table: Table, key: &[u8], mutation: data::mutation::Mutation) -> Result<()> {
        let request = data::MutateRowRequest {
            table_name: self.pipeline.bigtable.table_name(table.id()),
            row_key: key.to_vec(),
            mutations: vec![data::Mutation { mutation: Some(mutation) }],
            ..Default::default()
        };
        self.pipeline.bigtable.client().mutate_row(request).await?;
        Ok(())
    }

    async fn delete(&self, table: Table, key: &[u8]) -> Result<()> {
        let delete = data::mutation::DeleteFromRow {};
        self.mutate(table, key, data::mutation::Mutation::DeleteFromRow(delete)).await
    }

    /// Sets a cell, later than those that are there.
    async fn set(&self, table: Table, key: &[u8], column: (&str, &str), value: &str) -> Result<()> {
        let cell = data::mutation::SetCell {
            family_name: column.0.into(),
            column_qualifier: column.1.into(),
            timestamp_micros: payments::rows::now_micros() + 5 * 3_600_000_000,
            value: value.into(),
        };
        self.mutate(table, key, data::mutation::Mutation::SetCell(cell)).await
    }

    /// One row missing, one with another value, one that is nobody's.
    async fn damage(&self) -> Result<()> {
        self.delete(Table::ByDate, &self.key(Table::ByDate, 17)).await?;
        let key = self.key(Table::ByCustomer, 1_234);
        self.set(Table::ByCustomer, &key, ("amount_info", "value"), "0.01").await?;
        self.set(Table::ByTransaction, b"nobodys#row", ("metadata", "description"), "nobody's").await
    }
}

impl Verified {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// `missing`, `unexpected` and `differing` of each table.
    fn totals(&self) -> Vec<[u64; 3]> {
        let tables = self.json()["tables"].as_array().unwrap().clone();
        let total = |table: &Value, kind: &str| table[kind]["total"].as_u64().unwrap();
        tables
            .iter()
            .map(|table| ["missing", "unexpected", "differing"].map(|kind| total(table, kind)))
            .collect()
    }
}

async fn exactly_what_is_wrong_is_named_and_mended(backend: Backend) -> Result<()> {
    let fixture = Fixture::new(backend).await?;
    let right = fixture.verify(&["--format", "json"]).await;
    right.result?;
    let tables = serde_json::from_str::<Value>(&right.text)?["tables"].clone();
    assert!(tables.as_array().unwrap().iter().all(|table| table["found"]["rows"] == 2_500));

    let other = fixture.verify(&["--seed", "7"]).await;
    assert!(other.result.unwrap_err().to_string().contains("not the flags of the run"));
    assert_eq!(other.text.lines().count(), 2, "{}", other.text);
    let (hint, first) =
        (format!("of run {}:", fixture.generator.run_id()), other.text.lines().next().unwrap());
    assert!(first.starts_with("NOT OK: no row is of run ") && other.text.contains(&hint), "{}", other.text);

    fixture.damage().await?;
    let wrong = fixture.verify(&["--format", "json"]).await;
    assert!(wrong.result.as_ref().unwrap_err().to_string().ends_with("3 difference(s)"));
    assert_eq!(wrong.totals(), [[0, 0, 1], [1, 0, 0], [0, 1, 0]]);
    let tables = wrong.json()["tables"].clone();
    assert_eq!(tables[1]["missing"]["first"][0]["index"], 17);
    assert_eq!(tables[0]["differing"]["first"][0]["index"], 1_234);
    assert_eq!(tables[0]["differing"]["first"][0]["cells"][0]["column"], "amount_info:value");
    assert_eq!(tables[0]["differing"]["first"][0]["cells"][0]["found"], "0.01");
    assert_eq!(tables[2]["unexpected"]["first"][0]["key"], "nobodys#row");
    assert_eq!(tables[2]["unexpected"]["first"][0]["runId"], Value::Null);

    let dry = fixture.verify(&["--repair"]).await;
    assert!(dry.result.unwrap_err().to_string().contains("would write 2 row(s)"));
    let see = "payments show --index 17 --num-records 2500 --num-customers 30 --format cells";
    assert!(dry.text.contains(see), "{}", dry.text);
    assert_eq!(fixture.verify(&["--format", "json"]).await.totals(), wrong.totals());
    let repaired = fixture.verify(&["--repair", "--yes"]).await;
    assert!(repaired.result.unwrap_err().to_string().contains("not all differences"));
    assert!(repaired.text.contains("1 missing and 0 differing row(s) written"), "{}", repaired.text);
    let left = fixture.verify(&["--format", "json"]).await;
    assert_eq!(left.totals(), [[0, 0, 0], [0, 0, 0], [0, 1, 0]]);
    fixture.delete(Table::ByTransaction, b"nobodys#row").await?;
    fixture.verify(&[]).await.result?;
    fixture.verify(&["--repair", "--yes"]).await.result
}

async fn the_three_tables_are_held_against_each_other(backend: Backend) -> Result<()> {
    let fixture = Fixture::new(backend).await?;
    fixture.verify(&["--consistency"]).await.result?;
    fixture.damage().await?;
    let found = consistency::check(&fixture.tables(), KeySuffix::None, LIMITS).await?;
    let missing = PerTable { by_customer: 1, by_date: 2, by_transaction: 0 };
    assert_eq!((found.missing, found.differing, found.disagreements.total), (missing, 1, 3));
    let misplaced = PerTable { by_transaction: 1, ..PerTable::default() };
    assert_eq!(found.misplaced.map(|rows| rows.total), misplaced);
    let told = fixture.verify(&["--consistency"]).await;
    assert!(told.result.unwrap_err().to_string().contains("do not agree"));
    for index in [17, 1_234] {
        assert!(told.text.contains(&fixture.generator.payment_id(index)), "{}", told.text);
    }
    assert!(told.text.contains("not in payments_by_date"), "{}", told.text);
    assert!(told.text.contains("in payments_by_customer from the other two"), "{}", told.text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disagreements_are_narrowed_down_with_room_for_few_rows() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    for index in (0..2_500).step_by(100) {
        fixture.delete(Table::ByTransaction, &fixture.key(Table::ByTransaction, index)).await?;
    }
    let limits = Limits { listed: 100, ..LIMITS };
    let whole = consistency::check(&fixture.tables(), KeySuffix::None, limits).await?;
    let refined =
        consistency::check(&fixture.tables(), KeySuffix::None, Limits { kept_rows: 25, ..limits }).await?;
    assert_eq!((whole.passes, whole.missing), (2, PerTable { by_transaction: 25, ..PerTable::default() }));
    assert!(refined.is_complete && refined.passes > 2, "{} passes", refined.passes);
    assert_eq!(refined.disagreements.first, whole.disagreements.first);
    Ok(())
}

mod embedded {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn exactly_what_is_wrong_is_named_and_mended() -> Result<()> {
        super::exactly_what_is_wrong_is_named_and_mended(Backend::embedded().await?).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_three_tables_are_held_against_each_other() -> Result<()> {
        super::the_three_tables_are_held_against_each_other(Backend::embedded().await?).await
    }
}

mod google {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn exactly_what_is_wrong_is_named_and_mended() -> Result<()> {
        match Backend::google().await? {
            Some(backend) => super::exactly_what_is_wrong_is_named_and_mended(backend).await,
            None => Ok(()),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_three_tables_are_held_against_each_other() -> Result<()> {
        match Backend::google().await? {
            Some(backend) => super::the_three_tables_are_held_against_each_other(backend).await,
            None => Ok(()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn narrowing_down_finds_the_same_with_room_for_few_rows() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    for index in (0..2_500).step_by(500) {
        fixture.delete(Table::ByDate, &fixture.key(Table::ByDate, index)).await?;
    }
    let whole = fixture.verification(LIMITS).run().await?;
    assert_eq!((whole.passes, whole.tables.by_date.missing.total), (2, 5));
    let refined = fixture.verification(Limits { kept_rows: 5, ..LIMITS }).run().await?;
    assert!(refined.is_complete && refined.passes > 2, "{} passes", refined.passes);
    assert_eq!(refined.tables.by_date.missing.first, whole.tables.by_date.missing.first);
    assert_eq!(refined.tables.by_date.to_repair, [0, 500, 1_000, 1_500, 2_000]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_seed_differs_everywhere_in_bounded_memory_and_time() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    // Whoever means to repair has lost the run; others have the wrong flags.
    let told = fixture.verify(&["--seed", "43", "--format", "json"]).await;
    assert_eq!(told.totals(), [[2_500, 0, 0]; 3]);
    assert_eq!((&told.json()["otherRunOnly"], &told.json()["complete"]), (&true.into(), &false.into()));
    let flags = ["--seed", "43", "--max-differences", "3", "--repair", "--format", "json"];
    let told = fixture.verify(&flags).await;
    assert!(told.result.as_ref().unwrap_err().to_string().contains("would write 7500 row(s)"));
    assert_eq!(told.totals(), [[2_500, 0, 0]; 3]);
    assert_eq!(told.json()["tables"][0]["otherRuns"]["byRun"][fixture.generator.run_id()], 2_500);
    assert_eq!(told.json()["tables"][0]["missing"]["first"].as_array().unwrap().len(), 3);
    let few = Limits { kept_rows: 30, parents: 4, listed: 3 };
    let other = Generator::new(generator::Config { seed: 43, ..fixture.generator.config().clone() })?;
    let mut verification = fixture.verification(few);
    verification.run.generator = Arc::new(other);
    verification.is_repair = true;
    let found = verification.run().await?;
    assert!(!found.is_complete);
    for table in found.tables.values() {
        assert!(table.missing.total > 0 && table.missing.total <= 30 && table.to_repair.len() <= 30);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_the_run_and_a_sample_are_verified_as_well() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    fixture.verify(&["--sample", "0.2"]).await.result?;
    let part = fixture.verify(&["--start-index", "1000", "--end-index", "2000", "--format", "json"]).await;
    assert!(part.result.is_err());
    assert_eq!(part.totals(), [[0, 1_500, 0]; 3]);
    fixture.damage().await?;
    let whole = fixture.verify(&["--sample", "1", "--format", "json"]).await;
    assert_eq!(whole.totals(), [[0, 0, 1], [1, 0, 0], [0, 0, 0]]);
    let repaired = fixture.verify(&["--sample", "1", "--repair", "--yes"]).await;
    repaired.result?;
    fixture.verify(&["--sample", "1"]).await.result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cells_that_no_payment_has_are_told_and_left() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    let key = fixture.key(Table::ByDate, 5);
    fixture.set(Table::ByDate, &key, ("metadata", "note"), "mine").await?;
    let told = fixture.verify(&[]).await;
    assert!(
        told.result.is_err() && told.text.contains("metadata:note: expected nothing, found \"mine\""),
        "{}",
        told.text
    );
    let repaired = fixture.verify(&["--repair", "--yes"]).await;
    assert!(repaired.result.is_err() && repaired.text.contains("metadata:note; a repair deletes no cells"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quality_tells_what_no_sound_pipeline_writes() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    let host = fixture.pipeline.backend.bigtable_addr().to_string();
    let run = async |format: &str, more: &[&str]| {
        let flags = [&["--bigtable-emulator-host", &host, "--format", format], more].concat();
        let args = flags_of(flags).unwrap();
        let mut out = Vec::new();
        let result = quality::run(&args, &mut out).await;
        (result, String::from_utf8(out).unwrap())
    };
    let (result, text) = run("table", &["--mix", "eu"]).await;
    assert!(result.is_err() && text.contains("share       ACH is 0.3000, declared 0.0000"), "{text}");
    let (result, text) = run("table", &["--mix", "seed"]).await;
    result?;
    assert!(text.contains("types       ACH") && text.contains(fixture.generator.run_id()), "{text}");
    fixture.damage().await?;
    let key = fixture.key(Table::ByDate, 40);
    fixture.set(Table::ByDate, &key, ("amount_info", "currency"), "usd").await?;
    let (result, text) = run("json", &[]).await;
    assert!(result.is_err());
    let tables = serde_json::from_str::<Value>(&text)?["tables"].clone();
    let total = |table: usize, kind: &str| tables[table][kind]["total"].as_u64().unwrap();
    assert_eq!([0, 1, 2].map(|at| total(at, "invalid")), [0, 1, 0]);
    assert_eq!([0, 1, 2].map(|at| total(at, "unreadable")), [0, 0, 1]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_with_a_suffix_are_verified_by_saying_so() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let config = generator::Config { num_records: 2_500, num_customers: 30, ..Default::default() };
    let generator = Arc::new(Generator::new(config)?);
    let fixture = Fixture { pipeline, generator };
    let payments: Vec<_> = (0..2_500).map(|index| fixture.generator.payment(index)).collect();
    tables::fill(&fixture.pipeline.bigtable, &payments, KeySuffix::TransactionId).await?;
    fixture.verify(&["--row-key-suffix", "transaction_id"]).await.result?;
    fixture.verify(&["--row-key-suffix", "transaction_id", "--consistency"]).await.result?;
    let told = fixture.verify(&["--format", "json"]).await;
    assert_eq!(told.totals(), [[2_500, 2_500, 0], [2_500, 2_500, 0], [0, 0, 0]]);
    assert!(fixture.verify(&["--consistency"]).await.result.is_err());
    // Once it is recorded nobody has to say it.
    let suffix = Some(sink::Suffix::TransactionId);
    let setup = payments::setup::Args { row_key_suffix: suffix, ..fixture.pipeline.setup.clone() };
    payments::setup::verdict(&payments::setup::run(&setup).await?)?;
    fixture.verify(&[]).await.result?;
    fixture.verify(&["--consistency"]).await.result?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_run_is_judged_and_the_others_are_named_and_counted() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    let flags = ["--num-records", "700", "--num-customers", "30", "--seed", "9"];
    let other = fixture.pipeline.produce(&flags).await?;
    fixture.pipeline.consume(&[]).await?;
    let judged = fixture.verify(&[]).await;
    judged.result?;
    let line = format!("not judged  payments_by_date rows: 700 of run {}", other.run_id());
    assert!(judged.text.contains(&line), "{}", judged.text);
    fixture.verify(&["--num-records", "700", "--seed", "9"]).await.result?;
    // What is wrong with this run is found among the others.
    fixture.damage().await?;
    let wrong = fixture.verify(&["--format", "json"]).await;
    assert_eq!(wrong.totals(), [[0, 0, 1], [1, 0, 0], [0, 1, 0]]);
    assert_eq!(wrong.json()["tables"][0]["otherRuns"]["byRun"][other.run_id()], 700);
    // A row that says another run, under a key of this one.
    let key = fixture.key(Table::ByCustomer, 3);
    fixture.set(Table::ByCustomer, &key, ("metadata", "run_id"), other.run_id()).await?;
    assert_eq!(fixture.verify(&["--format", "json"]).await.totals()[0], [0, 0, 2]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_row_another_one_took_is_named_with_both_ids() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    let mut twin = fixture.generator.payment(99);
    let header = twin.payment_header.as_mut().unwrap();
    let hidden = std::mem::replace(&mut header.payment_id, "00000000-0000-4000-8000-000000000099".into());
    let other = header.payment_id.clone();
    twin.metadata.as_mut().unwrap().run_id = "other".into();
    // Some milliseconds later than the cells that are there.
    tables::fill(&fixture.pipeline.bigtable, &[twin], KeySuffix::None).await?;
    let found = fixture.verify(&["--format", "json"]).await;
    assert!(found.result.is_err());
    let tables = found.json()["tables"].clone();
    for (table, collisions) in [(0, 1), (1, 1), (2, 0)] {
        assert_eq!(tables[table]["keyCollisions"], collisions);
    }
    assert_eq!(tables[0]["differing"]["first"][0]["hiddenBy"], other.as_str());
    let named =
        |text: &str| text.contains("key collisions: ") && text.contains(&hidden) && text.contains(&other);
    for flags in [&[][..], &["--consistency"], &["--repair", "--yes"], &["--sample", "1"]] {
        let told = fixture.verify(flags).await;
        assert!(told.result.is_err() && named(&told.text), "{flags:?}: {}", told.text);
    }
    // The repair took the row from nobody.
    assert_eq!(fixture.verify(&["--format", "json"]).await.json()["tables"], tables);
    let host = fixture.pipeline.backend.bigtable_addr().to_string();
    let mut out = Vec::new();
    let flags = flags_of(["--bigtable-emulator-host", &host])?;
    assert!(payments::quality::run(&flags, &mut out).await.is_err());
    let text = String::from_utf8(out)?;
    assert!(named(&text), "{text}");

    // A row that was missing, and has become another payment's before it is written again.
    let key = fixture.key(Table::ByDate, 98);
    fixture.delete(Table::ByDate, &key).await?;
    let verification = fixture.verification(LIMITS);
    let before = verification.run().await?;
    assert_eq!(before.tables.by_date.to_repair, [98]);
    let mut thief = fixture.generator.payment(98);
    thief.payment_header.as_mut().unwrap().payment_id = "00000000-0000-4000-8000-000000000098".into();
    tables::fill(&fixture.pipeline.bigtable, &[thief], KeySuffix::None).await?;
    verification.repair(&before).await?;
    let after = tables::read(&fixture.pipeline.bigtable, Table::ByDate).await?;
    assert!(after[&key]["payment_header:payment_id"][0].ends_with(b"98"), "it is still the other's");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trickles_rows_are_each_judged_by_their_own_state() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let lives = ["--update-share", "0.6", "--update-within", "1s", "--num-customers", "30"];
    let pace = ["--rate", "200/s", "--duration", "3s"];
    trickle::run(trickle::command(&pipeline, &[&pace[..], &lives].concat()))?;
    pipeline.consume(&[]).await?;
    let generator = Arc::new(Generator::new(generator::Config::default())?);
    let fixture = Fixture { pipeline, generator };
    let verify = async |flags: &[&str]| fixture.verify(&[&["--trickle"], &lives[..4], flags].concat()).await;
    let right = verify(&["--format", "json"]).await;
    assert!(right.result.is_ok(), "{}", right.text);
    let rows = right.json()["tables"][0]["rows"].as_u64().unwrap();
    assert!(rows > 100 && right.json()["tables"][2]["ended"].as_u64().unwrap() > 0, "{}", right.text);
    let wrong = fixture.verify(&["--trickle"]).await;
    assert!(wrong.result.is_err());
    assert!(wrong.text.starts_with("NOT OK: no row is of trickle "), "{}", wrong.text);

    let key = tables::read(&fixture.pipeline.bigtable, Table::ByDate).await?.into_keys().next().unwrap();
    fixture.set(Table::ByDate, &key, ("payment_header", "status"), "CANCELLED").await?;
    let found = verify(&["--format", "json"]).await;
    assert!(found.result.is_err());
    let of = |table: usize, kind: &str| found.json()["tables"][table][kind].as_u64().unwrap();
    assert_eq!([0, 1, 2].map(|table| of(table, "differing")), [0, 1, 0]);
    fixture.delete(Table::ByDate, &key).await?;
    let found = verify(&["--format", "json"]).await;
    assert!(found.result.is_err() && found.json()["same"] == false, "a row is missing in one table");
    fixture.set(Table::ByCustomer, b"nobodys#row", ("metadata", "description"), "nobody's").await?;
    let found = verify(&[]).await;
    assert!(found.text.contains("unexpected  payments_by_customer\n  nobodys#row"), "{}", found.text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_flags_are_told_by_name() -> Result<()> {
    let fixture = Fixture::new(Backend::embedded().await?).await?;
    for (flags, flag) in [
        (["--sample", "0"], "--sample"),
        (["--end-index", "2501"], "--end-index"),
        (["--start-index", "2500"], "--start-index"),
        (["--max-differences", "0"], "--max-differences"),
        (["--parallelism", "0"], "--parallelism"),
    ] {
        let error = fixture.verify(&flags).await.result.unwrap_err();
        assert!(error.to_string().contains(flag), "{error}");
    }
    Ok(())
}
