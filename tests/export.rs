//! `payments export`: what is written says what the payments say, and is whole or not there.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::{Result, ensure};
use generator::Generator;
use payments::export;
use payments::rows::{entry, now_micros};
use schemas::Payment;
use schemas::layout::{KeySuffix, Table};
use service::cli::flags as flags_of;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use whole_path::exported::{self, Line, expected, split};
use whole_path::pipeline::Ended;
use whole_path::{Backend, Pipeline, Running, on_both_backends, programs, tables};

const FORMATS: [&str; 3] = ["csv", "ndjson", "parquet"];
/// All rails, all patterns.
const RUN: [&str; 4] = ["--num-records", "5000", "--anomaly-rate", "0.3"];

async fn export(folder: &Path, format: &str, flags: &[&str]) -> Ended {
    export_until(folder, format, flags, CancellationToken::new()).await
}

async fn export_until(folder: &Path, format: &str, flags: &[&str], stop: CancellationToken) -> Ended {
    let usual = ["--format", format, "--out", folder.to_str().unwrap()];
    let args: export::Args = flags_of([&usual, flags].concat()).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let result = export::run(&args, &mut out, &mut notes, stop).await;
    Ended::of(result, out, notes)
}

fn generator(flags: &[&str]) -> Generator {
    let args: export::Args = flags_of([&["--format", "csv", "--out", "x"], flags].concat()).unwrap();
    Generator::new(args.generation.config().unwrap()).unwrap()
}

/// All payments of a run.
fn payments(generator: &Generator) -> Vec<Payment> {
    (0..generator.config().num_records).map(|index| generator.payment(index)).collect()
}

/// Rows and labels that payments must give.
fn wanted(payments: &[Payment]) -> (Vec<Line>, Vec<Line>) {
    let (rows, labels): (Vec<_>, Vec<_>) = payments.iter().map(|payment| split(expected(payment))).unzip();
    (rows, labels.into_iter().flatten().collect())
}

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[tokio::test]
async fn every_format_says_of_every_payment_what_its_cells_say_and_the_truth_beside_it() -> Result<()> {
    let (rows, labels) = wanted(&payments(&generator(&RUN)));
    let rails: Vec<_> = rows.iter().map(|row| &*row["payment_type"]).collect();
    assert!(["ACH", "WIRE", "CARD", "RTP", "SEPA", "CHECK", "P2P"].iter().all(|rail| rails.contains(rail)));
    assert!(labels.len() > 300, "{}", labels.len());
    let groups: HashSet<_> = labels.iter().map(|label| &*label["anomaly_group"]).collect();
    for format in FORMATS {
        let folder = tempfile::tempdir()?;
        let ended = export(folder.path(), format, &[&RUN[..], &["--rows-per-file", "1300"]].concat()).await;
        ended.result?;
        let found = exported::read(folder.path(), "payments")?;
        assert!(found.iter().flat_map(Line::values).all(|value| !groups.contains(&**value)), "{format}");
        assert_eq!(found, rows, "{format}");
        assert_eq!(exported::read(folder.path(), "labels")?, labels, "{format}");
        let manifest = exported::manifest(folder.path())?;
        assert_eq!(manifest["payments"]["files"].as_array().unwrap().len(), 4);
    }
    Ok(())
}

#[tokio::test]
async fn equal_flags_give_equal_bytes_however_many_threads_there_are() -> Result<()> {
    for format in FORMATS {
        let mut first = None;
        for threads in ["1", "2", "5"] {
            let folder = tempfile::tempdir()?;
            let flags = [&RUN[..], &["--rows-per-file", "1700", "--parallelism", threads]].concat();
            export(folder.path(), format, &flags).await.result?;
            let found = files(folder.path());
            assert!(found.keys().all(|name| !name.contains("partial")), "{:?}", found.keys());
            assert_eq!(*first.get_or_insert(found.clone()), found, "{format}, {threads} threads");
        }
    }
    Ok(())
}

#[tokio::test]
async fn by_rail_a_payment_is_in_the_files_of_its_rail_with_no_other_rails_columns() -> Result<()> {
    let (rows, labels) = wanted(&payments(&generator(&RUN)));
    let rails = ["ach", "wire", "card", "rtp", "sepa", "check", "p2p"];
    for format in FORMATS {
        let mut first = None;
        for threads in ["1", "3"] {
            let folder = tempfile::tempdir()?;
            let flags = ["--by-rail", "--rows-per-file", "700", "--parallelism", threads];
            let ended = export(folder.path(), format, &[&RUN[..], &flags].concat()).await;
            ended.result?;
            for rail in rails {
                let own: Vec<_> =
                    rows.iter().filter(|row| row["payment_type"] == rail.to_uppercase()).cloned().collect();
                assert!(!own.is_empty(), "{rail}");
                assert_eq!(
                    exported::read(folder.path(), &format!("payments-{rail}"))?,
                    own,
                    "{format} {rail}"
                );
                let manifest = exported::manifest(folder.path())?;
                let files = manifest[format!("payments-{rail}")]["files"].as_array().unwrap();
                assert_eq!(files.len(), own.len().div_ceil(700));
                let schema = fs::read_to_string(folder.path().join(format!("payments-{rail}.schema.json")))?;
                let columns: Vec<serde_json::Value> = serde_json::from_str(&schema)?;
                let names: Vec<_> = columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
                let is_of = |rail: &str| names.iter().any(|name| name.starts_with(&format!("{rail}_")));
                assert!(rails.iter().all(|other| is_of(other) == (*other == rail)), "{names:?}");
                assert!(names.contains(&"amount_value") && names.contains(&"run_id"), "{names:?}");
            }
            assert_eq!(exported::read(folder.path(), "labels")?, labels, "{format}");
            let found = files(folder.path());
            assert!(
                !found.contains_key("schema.json")
                    && !found.keys().any(|name| name.starts_with("payments-0"))
            );
            assert_eq!(*first.get_or_insert(found.clone()), found, "{format}, {threads} threads");
        }
    }
    // In the place of an export by rail, and the other way round.
    let folder = tempfile::tempdir()?;
    let few = ["--num-records", "40", "--overwrite", "--by-rail"];
    for flags in [&few[..], &few[..3], &few[..]] {
        export(folder.path(), "csv", flags).await.result?;
        let is_by_rail = flags.contains(&"--by-rail");
        let names: Vec<_> = files(folder.path()).into_keys().collect();
        assert_eq!(names.iter().any(|name| name.starts_with("payments-card")), is_by_rail, "{names:?}");
        assert_eq!(names.iter().any(|name| name == "schema.json"), !is_by_rail, "{names:?}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_replaced_but_the_files_of_an_earlier_export_and_only_if_asked() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let few = ["--num-records", "40"];
    fs::write(folder.path().join("notes.txt"), "mine")?;
    let refused = export(folder.path(), "csv", &few).await;
    assert!(refused.is_configuration() && refused.error().contains("notes.txt"), "{}", refused.error());
    let replacing = [&few[..], &["--overwrite"]].concat();
    export(folder.path(), "csv", &[&replacing[..], &["--rows-per-file", "10"]].concat()).await.result?;
    assert_eq!(files(folder.path()).len(), 4 + 1 + 3 + 1);
    export(folder.path(), "ndjson", &replacing).await.result?;
    let names: Vec<_> = files(folder.path()).into_keys().collect();
    let expected = [
        "labels-00000.ndjson",
        "labels.schema.json",
        "manifest.json",
        "notes.txt",
        "payments-00000.ndjson",
        "schema.json",
    ];
    assert_eq!(names, expected);
    // As after an export that was killed.
    fs::write(folder.path().join("payments-00001.ndjson"), "")?;
    let before = files(folder.path());
    let refused = export(folder.path(), "csv", &replacing).await;
    assert!(refused.is_configuration() && refused.error().contains("payments-00001.ndjson"));
    // A manifest may name anything.
    fs::remove_file(folder.path().join("payments-00001.ndjson"))?;
    let manifest = String::from_utf8(before["manifest.json"].clone())?;
    fs::write(folder.path().join("manifest.json"), manifest.replace("payments-00000.ndjson", "notes.txt"))?;
    let refused = export(folder.path(), "csv", &replacing).await;
    assert!(refused.is_configuration() && refused.error().contains("manifest.json"));
    assert_eq!(fs::read(folder.path().join("notes.txt"))?, b"mine");
    let refused = export(&folder.path().join("notes.txt/below"), "csv", &few).await;
    assert!(refused.is_configuration() && refused.error().contains("below"), "{}", refused.error());
    Ok(())
}

/// More than any of these tests waits for.
const ENDLESS: [&str; 2] = ["--num-records", "50000000"];

/// Starts an export that takes long, and waits until its second file is in the making.
async fn at_work(folder: &Path, format: &str, flags: &[&str]) -> Result<Running> {
    let mut command = programs::command("payments");
    command.args(["export", "--rows-per-file", "3000", "--format", format]).args(flags);
    let running =
        Running::spawn(command.arg("--out").arg(folder).stdout(Stdio::null()).stderr(Stdio::null()))?;
    let begun = Instant::now();
    while !folder.join(format!(".payments-00001.{format}.partial")).exists() {
        ensure!(begun.elapsed() < Duration::from_mins(1), "no second file within a minute");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(running)
}

#[tokio::test]
async fn a_killed_export_leaves_only_files_that_nobody_takes_for_whole_and_the_next_one_removes_them()
-> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut running = at_work(folder.path(), "csv", &ENDLESS).await?;
    running.signal("-KILL")?;
    running.end(Duration::from_secs(10)).await?;
    let found = files(folder.path());
    assert!(found.len() > 1, "{:?}", found.keys());
    assert!(
        found.keys().all(|name| name.starts_with('.') && name.ends_with(".partial")),
        "{:?}",
        found.keys()
    );
    let few = ["--num-records", "10"];
    let refused = export(folder.path(), "csv", &few).await;
    assert!(refused.is_configuration() && refused.error().contains("--overwrite"), "{}", refused.error());
    let ended = export(folder.path(), "csv", &[&few[..], &["--overwrite"]].concat()).await;
    ended.result?;
    assert!(ended.notes.contains(&format!("{} file(s)", found.len())), "{}", ended.notes);
    let found = files(folder.path());
    assert!(found.len() == 5 && !found.keys().any(|name| name.starts_with('.')), "{:?}", found.keys());
    Ok(())
}

#[tokio::test]
async fn what_is_to_be_replaced_stays_whole_when_its_replacement_is_stopped_or_fails_at_its_end() -> Result<()>
{
    let folder = tempfile::tempdir()?;
    export(folder.path(), "csv", &["--num-records", "40"]).await.result?;
    let mut before = files(folder.path());
    let stopped = CancellationToken::new();
    stopped.cancel();
    for format in FORMATS {
        let flags = ["--num-records", "40", "--overwrite"];
        let ended = export_until(folder.path(), format, &flags, stopped.clone()).await;
        assert!(ended.error().contains("stopped before the end"), "{}", ended.error());
        assert_eq!(files(folder.path()), before, "{format}");
    }
    // It finds a name taken when it has everything else.
    let flags = ["--num-records", "40000", "--overwrite"];
    let mut running = at_work(folder.path(), "ndjson", &flags).await?;
    running.signal("-STOP")?;
    assert!(before.iter().all(|(name, content)| fs::read(folder.path().join(name)).unwrap() == *content));
    fs::write(folder.path().join("payments-00010.ndjson"), "another's")?;
    running.signal("-CONT")?;
    assert_eq!(running.end(Duration::from_mins(2)).await?, Some(1));
    before.insert("payments-00010.ndjson".to_owned(), b"another's".to_vec());
    assert_eq!(files(folder.path()), before);
    Ok(())
}

/// Makes of an export what is there when its replacement is killed as it gives its files their names.
fn cut_off(folder: &Path, new: &Path) {
    for name in files(folder).keys() {
        fs::rename(folder.join(name), folder.join(format!(".{name}.replaced"))).unwrap();
    }
    for (name, content) in files(new) {
        let has_its_name = name.starts_with("payments") || name == "schema.json";
        let name = if has_its_name { name } else { format!(".{name}.partial") };
        fs::write(folder.join(name), content).unwrap();
    }
}

#[tokio::test]
async fn an_export_whose_replacement_was_killed_at_its_end_is_brought_back_before_the_next() -> Result<()> {
    let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (few, more) = (["--num-records", "40"], ["--num-records", "50"]);
    let stopped = CancellationToken::new();
    stopped.cancel();
    for format in ["csv", "ndjson"] {
        export(folder.path(), "csv", &[&few[..], &["--overwrite"]].concat()).await.result?;
        let before = files(folder.path());
        export(other.path(), format, &[&more[..], &["--overwrite"]].concat()).await.result?;
        cut_off(folder.path(), other.path());
        let refused = export(folder.path(), format, &more).await;
        assert!(refused.is_configuration() && refused.error().contains("--overwrite"));
        let replacing = [&more[..], &["--overwrite"]].concat();
        let ended = export_until(folder.path(), format, &replacing, stopped.clone()).await;
        assert!(ended.error().contains("stopped") && ended.notes.contains("whole again"), "{}", ended.notes);
        assert_eq!(files(folder.path()), before, "{format}");
        cut_off(folder.path(), other.path());
        export(folder.path(), format, &replacing).await.result?;
        assert_eq!(files(folder.path()), files(other.path()), "{format}");
    }
    // The first export of a folder has nothing to bring back.
    let first = tempfile::tempdir()?;
    cut_off(first.path(), other.path());
    let ended = export(first.path(), "csv", &[&few[..], &["--overwrite"]].concat()).await;
    ended.result?;
    assert!(ended.notes.contains("5 file(s)"), "{}", ended.notes);
    assert_eq!(files(first.path()).len(), 5);
    Ok(())
}

#[tokio::test]
async fn of_two_exports_into_one_folder_the_second_is_refused_and_the_first_is_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut running = at_work(folder.path(), "csv", &["--num-records", "30000"]).await?;
    // So that it is not done before the other has come.
    running.signal("-STOP")?;
    let before = files(folder.path());
    for flags in [&["--num-records", "10"][..], &["--num-records", "10", "--overwrite"]] {
        let refused = export(folder.path(), "csv", flags).await;
        assert!(refused.is_configuration() && refused.error().contains("in use"), "{}", refused.error());
        assert!(files(folder.path()).keys().eq(before.keys()));
    }
    running.signal("-CONT")?;
    assert_eq!(running.end(Duration::from_mins(2)).await?, Some(0));
    assert_eq!(exported::read(folder.path(), "payments")?.len(), 30_000);
    assert!(!files(folder.path()).keys().any(|name| name.starts_with('.')));
    Ok(())
}

#[tokio::test]
async fn an_export_stops_while_bigtable_is_away() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("new");
    // Takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let addr = silent.local_addr()?.to_string();
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stopping.cancel();
    });
    let flags = ["--from", "tables", "--bigtable-emulator-host", &addr, "--connect-timeout", "2m"];
    let ended =
        tokio::time::timeout(Duration::from_mins(1), export_until(&path, "csv", &flags, stop)).await?;
    assert!(ended.error().contains("stopped before the end") && !ended.is_configuration());
    assert!(!path.exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_of_many_bytes_do_not_pile_up() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let mut payments = payments(&generator(&["--num-records", "9"]));
    let long = "x".repeat(8 << 20);
    for payment in &mut payments {
        let metadata = payment.metadata.as_mut().unwrap();
        metadata.anomaly_type = "VELOCITY".into();
        metadata.anomaly_group.clone_from(&long);
        let row = entry(payment, Table::ByTransaction, KeySuffix::None, now_micros());
        tables::reader(&pipeline.bigtable).write(Table::ByTransaction.id(), vec![row]).await?;
    }
    let folder = tempfile::tempdir()?;
    let server = pipeline.bigtable_flags();
    export(folder.path(), "parquet", &["--from", "tables", &server[0], &server[1]]).await.result?;
    // Eight have 64 MiB.
    for kind in ["payments", "labels"] {
        assert_eq!(exported::row_groups(folder.path(), kind)?, [8, 1], "{kind}");
    }
    let labels = exported::read(folder.path(), "labels")?;
    let lengths: Vec<_> = labels.iter().map(|label| label["anomaly_group"].len()).collect();
    assert_eq!(lengths, [long.len(); 9]);
    Ok(())
}

#[tokio::test]
async fn a_stopped_export_is_incomplete_and_leaves_nothing() -> Result<()> {
    for format in FORMATS {
        let folder = tempfile::tempdir()?;
        let mut running = at_work(folder.path(), format, &ENDLESS).await?;
        running.signal("-TERM")?;
        assert_eq!(running.end(Duration::from_secs(20)).await?, Some(1));
        assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()).keys());
    }
    Ok(())
}

async fn the_tables_give_what_the_generator_gives_and_rows_that_are_no_payments_are_named(
    backend: Backend,
) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    let flags = ["--num-records", "300", "--anomaly-rate", "0.3"];
    let generator = generator(&flags);
    let mut payments = payments(&generator);
    // Others write what they like.
    let party = payments[3].parties.as_mut().unwrap().counterparty.as_mut().unwrap();
    party.name = String::from("=1+1,\"a\"\r\nb\n\u{1b}[31m\u{202e}\u{e9}\t'\0\\");
    tables::fill(&pipeline.bigtable, &payments, KeySuffix::None).await?;
    let (mut rows, mut labels) = wanted(&payments);
    // The order of the keys.
    rows.sort_by(|a, b| a["payment_id"].cmp(&b["payment_id"]));
    labels.sort_by(|a, b| a["payment_id"].cmp(&b["payment_id"]));
    let server = pipeline.bigtable_flags();
    let from = ["--from", "tables", &server[0], &server[1], "--rows-per-file", "70"];
    for format in FORMATS {
        let folder = tempfile::tempdir()?;
        export(folder.path(), format, &from).await.result?;
        assert_eq!(exported::read(folder.path(), "payments")?, rows, "{format}");
        assert_eq!(exported::read(folder.path(), "labels")?, labels, "{format}");
        let manifest = exported::manifest(folder.path())?;
        assert_eq!(manifest["runs"][generator.run_id()], 300);
        assert_eq!(manifest["payments"]["files"].as_array().unwrap().len(), 5);
    }
    let mut foreign = payments[7].clone();
    foreign.processing_info.as_mut().unwrap().settlement_date = "soon".into();
    foreign.payment_header.as_mut().unwrap().payment_id = "ffffffff-0000-4000-8000-000000000000".into();
    tables::fill(&pipeline.bigtable, &[foreign], KeySuffix::None).await?;
    let folder = tempfile::tempdir()?;
    let ended = export(folder.path(), "csv", &from).await;
    assert!(
        ended.notes.contains("ffffffff-0000") && ended.notes.contains("settlement_date"),
        "{}",
        ended.notes
    );
    assert!(ended.error().contains("1 row(s)") && !ended.is_configuration(), "{}", ended.error());
    assert_eq!(exported::read(folder.path(), "payments")?, rows);
    assert_eq!(exported::manifest(folder.path())?["rows_left_out"], 1);
    tables::drop_table(&pipeline.setup, Table::ByTransaction).await?;
    let folder = tempfile::tempdir()?;
    let ended = export(folder.path(), "csv", &from).await;
    assert!(ended.is_configuration() && ended.error().contains("payments_by_transaction"));
    assert!(files(folder.path()).is_empty());
    Ok(())
}

on_both_backends! {
    the_tables_give_what_the_generator_gives_and_rows_that_are_no_payments_are_named
}
