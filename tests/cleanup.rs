//! `payments cleanup`: what is to go goes, nothing else does.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::Result;
use generator::{Config, Generator};
use payments::cleanup;
use payments::setup::{self, Finding};
use schemas::layout::{KeySuffix, PerTable, Table, row_key};
use service::cli::flags as flags_of;
use whole_path::pipeline::Ended;
use whole_path::{Backend, Pipeline, on_both_backends, programs, tables};

const RECORDS: u64 = 300;

/// As `payments cleanup FLAGS`.
async fn cleanup(pipeline: &Pipeline, flags: &[&str]) -> Ended {
    let ([host, addr], [pubsub, pubsub_addr]) = (pipeline.bigtable_flags(), pipeline.pubsub_flags());
    let args = [flags, &[&host, &addr, &pubsub, &pubsub_addr]].concat();
    let mut out = Vec::new();
    let result = cleanup::run(&flags_of(args).unwrap(), &mut out).await;
    Ended::of(result, out, Vec::new())
}

/// Tables with the payments of two runs.
async fn with_two_runs(backend: Backend) -> Result<(Pipeline, [Generator; 2])> {
    let pipeline = Pipeline::set_up(backend).await?;
    let run = |seed| {
        let config = Config { num_records: RECORDS, num_customers: 12, seed, ..Config::default() };
        Generator::new(config).unwrap()
    };
    let generators = [1, 2].map(run);
    for generator in &generators {
        let payments: Vec<_> = (0..RECORDS).map(|index| generator.payment(index)).collect();
        tables::fill(&pipeline.bigtable, &payments, KeySuffix::None).await?;
    }
    Ok((pipeline, generators))
}

/// The keys of both runs' payments that are to stay.
fn keys(
    generators: &[Generator; 2],
    table: Table,
    stays: impl Fn(usize, &schemas::Payment) -> bool,
) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    for (run, generator) in generators.iter().enumerate() {
        let payments = (0..RECORDS).map(|index| generator.payment(index));
        let stay = payments.filter(|payment| stays(run, payment));
        keys.extend(stay.map(|payment| row_key(&payment, table, KeySuffix::None)));
    }
    keys.sort();
    keys
}

async fn assert_left(
    pipeline: &Pipeline,
    generators: &[Generator; 2],
    stays: impl Fn(Table, usize, &schemas::Payment) -> bool,
) -> Result<()> {
    for table in Table::ALL {
        let left: Vec<_> = tables::read(&pipeline.bigtable, table).await?.into_keys().collect();
        let expected = keys(generators, table, |run, payment| stays(table, run, payment));
        assert!(left == expected, "{}: {} rows left, expected {}", table.id(), left.len(), expected.len());
    }
    Ok(())
}

async fn a_run_goes_from_all_three_tables_and_the_other_stays(backend: Backend) -> Result<()> {
    let (pipeline, generators) = with_two_runs(backend).await?;
    let flags = ["rows", "--run-id", generators[0].run_id()];
    let dry = cleanup(&pipeline, &[&flags[..], &["--format", "json"]].concat()).await;
    assert!(dry.error().contains("add --yes") && !dry.is_configuration());
    assert!(dry.json()["note"].as_str().unwrap().contains("metadata:run_id"), "{}", dry.out);
    for table in dry.json()["cleanup"].as_array().unwrap() {
        assert_eq!((&table["rows"], &table["state"]), (&RECORDS.into(), &"would delete".into()));
    }
    assert_left(&pipeline, &generators, |_, _, _| true).await?;
    cleanup(&pipeline, &[&flags[..], &["--yes"]].concat()).await.result?;
    assert_left(&pipeline, &generators, |_, run, _| run == 1).await?;
    cleanup(&pipeline, &flags).await.result
}

async fn a_prefix_goes_from_its_table_only(backend: Backend) -> Result<()> {
    let (pipeline, generators) = with_two_runs(backend).await?;
    let flags = ["rows", "--table", "by-customer", "--prefix", "CUST000004#"];
    let dry = cleanup(&pipeline, &flags).await;
    assert!(
        dry.out.contains(
            "rows of projects/local/instances/payments/tables/payments_by_customer\n  from CUST000004#"
        ),
        "{}",
        dry.out
    );
    cleanup(&pipeline, &[&flags[..], &["--yes"]].concat()).await.result?;
    let of_customer = |payment: &schemas::Payment| {
        row_key(payment, Table::ByCustomer, KeySuffix::None).starts_with(b"CUST000004#")
    };
    assert!(keys(&generators, Table::ByCustomer, |_, payment| of_customer(payment)).len() > 1);
    assert_left(&pipeline, &generators, |table, _, payment| {
        table != Table::ByCustomer || !of_customer(payment)
    })
    .await
}

async fn old_payments_go_from_all_three_tables_alike(backend: Backend) -> Result<()> {
    let (pipeline, generators) = with_two_runs(backend).await?;
    let cutoff = Config::default().start_date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_micros()
        + 12 * 86_400_000_000;
    let age = payments::rows::now_micros() - cutoff;
    let age = format!("{}s", age / 1_000_000);
    let flags = ["rows", "--older-than", &age, "--yes"];
    cleanup(&pipeline, &flags).await.result?;
    let made = |payment: &schemas::Payment| payment.payment_header.as_ref().unwrap().created_at_micros;
    // The cut-off moves on while this runs; no payment of these runs lies within the minute.
    let near = |payment: &schemas::Payment| (made(payment) - cutoff).abs() < 60_000_000;
    assert_eq!(keys(&generators, Table::ByDate, |_, payment| near(payment)).len(), 0);
    let stays = |payment: &schemas::Payment| made(payment) > cutoff;
    let left = keys(&generators, Table::ByDate, |_, payment| stays(payment)).len();
    assert!(left > 0 && left < 2 * RECORDS as usize);
    assert_left(&pipeline, &generators, |_, _, payment| stays(payment)).await
}

async fn everything_goes_and_setting_up_makes_it_anew(backend: Backend) -> Result<()> {
    let (pipeline, generators) = with_two_runs(backend).await?;
    let dry = cleanup(&pipeline, &["all", "--topics", "--tables"]).await;
    assert!(dry.error().contains("add --yes") && dry.out.contains("would delete 600 rows"), "{}", dry.out);
    assert_left(&pipeline, &generators, |_, _, _| true).await?;
    cleanup(&pipeline, &["all", "--yes"]).await.result?;
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(0));
    let present = setup::run(&setup::Args { dry_run: true, ..pipeline.setup.clone() }).await?;
    assert!(present.iter().all(|line| line.finding == Finding::Present), "only rows are gone");
    cleanup(&pipeline, &["all", "--topics", "--tables", "--yes"]).await.result?;
    let absent = setup::run(&setup::Args { dry_run: true, ..pipeline.setup.clone() }).await?;
    assert!(absent.iter().all(|line| line.finding == Finding::Absent), "{absent:?}");
    let again = cleanup(&pipeline, &["all", "--topics", "--tables", "--yes"]).await;
    again.result?;
    assert!(again.out.lines().all(|line| line.starts_with("not there")), "{}", again.out);
    setup::verdict(&setup::run(&pipeline.setup).await?)
}

on_both_backends! {
    a_run_goes_from_all_three_tables_and_the_other_stays
    a_prefix_goes_from_its_table_only
    old_payments_go_from_all_three_tables_alike
    everything_goes_and_setting_up_makes_it_anew
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_no_payments_are_told_and_left_by_age() -> Result<()> {
    let (pipeline, _) = with_two_runs(Backend::embedded().await?).await?;
    let mut entry = payments::rows::entry(
        &Generator::new(Config::default())?.payment(0),
        Table::ByDate,
        KeySuffix::None,
        payments::rows::now_micros(),
    );
    entry.row_key = b"!nobodys".to_vec();
    tables::reader(&pipeline.bigtable).write(Table::ByDate.id(), vec![entry]).await?;
    let ended = cleanup(&pipeline, &["rows", "--older-than", "1d", "--yes"]).await;
    ended.result?;
    assert!(ended.out.contains("1 rows of") && ended.out.contains("none of a payment"), "{}", ended.out);
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable { by_date: 1, ..PerTable::default() });
    Ok(())
}

#[test]
fn wrong_flags_are_refused() {
    for wrong in [
        &["rows"][..],
        &["rows", "--prefix", "x"],
        &["rows", "--prefix", "x", "--run-id", "y", "--table", "by-date"],
        &["rows", "--run-id", "y", "--table", "by-date"],
        &["rows", "--older-than", "90"],
    ] {
        assert!(flags_of::<cleanup::Args>(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn on_googles_service_the_project_must_be_typed_out() -> Result<()> {
    for args in [&["cleanup", "all", "--yes"][..], &["cleanup", "rows", "--run-id", "x", "--yes"]] {
        let mut command = programs::command("payments");
        let output = command.env("GOOGLE_CLOUD_PROJECT", "somebodys").args(args).output()?;
        let stderr = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("--project on the command line"), "{stderr}");
    }
    Ok(())
}
