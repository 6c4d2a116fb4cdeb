//! `payments emulators`: what its data directory may be, when its ports open, and what it leaves.

use anyhow::{Context, Result, ensure};
use gcp::bigtable::Bigtable;
use schemas::layout::PerTable;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use whole_path::{Running, programs, tables};

const ANY_PORTS: [&str; 5] = ["emulators", "--pubsub-port", "0", "--bigtable-port", "0"];

/// Starts the servers and waits for the lines that say where.
fn started(command: &mut Command) -> Result<(Running, Lines<BufReader<ChildStdout>>)> {
    let mut servers = Running::spawn(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let mut lines = BufReader::new(servers.0.stdout.take().context("it is piped")?).lines();
    for _ in 0..2 {
        lines.next().context("the servers end early")??;
    }
    Ok((servers, lines))
}

/// Runs the servers on a folder that they must refuse, and gives their one line.
fn refusal(data_dir: &Path) -> Result<String> {
    let data_dir = data_dir.to_string_lossy();
    let args = [&ANY_PORTS[..], &["--data-dir", &data_dir]].concat();
    let output = programs::run("payments", &args)?;
    let stderr = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2), "{:?}: {stderr}", output.status);
    ensure!(stderr.lines().count() == 1, "{stderr}");
    Ok(stderr)
}

#[tokio::test]
async fn each_fault_of_a_data_directory_is_told_in_one_line_with_exit_code_2() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    let line = refusal(&file)?;
    assert!(line.contains("is not a directory"), "{line}");
    let line = refusal(folder.path())?;
    assert!(line.contains("is not ours: it holds \"file\""), "{line}");

    let data = folder.path().join("data");
    let mut command = programs::command("payments");
    let (mut servers, _lines) = started(command.args(ANY_PORTS).arg("--data-dir").arg(&data))?;
    let line = refusal(&data)?;
    assert!(line.contains(&format!("is locked by process {};", servers.0.id())), "{line}");
    servers.signal("-TERM")?;
    assert_eq!(servers.end(Duration::from_secs(20)).await?, Some(0));

    fs::write(data.join("payments-emulators.version"), "7")?;
    let line = refusal(&data)?;
    assert!(line.contains("is of another version: \"7\", where this program reads 1"), "{line}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_port_finds_the_tables_behind_it() -> Result<()> {
    let [pubsub, bigtable] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").map(|free| free.local_addr()));
    let (pubsub, bigtable) = (pubsub??, bigtable??);
    let mut command = programs::command("payments");
    command.args(["emulators", "--pubsub-port", &pubsub.port().to_string()]);
    command.args(["--bigtable-port", &bigtable.port().to_string()]);
    let mut servers = Running::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let deadline = Instant::now() + Duration::from_mins(1);
    while TcpStream::connect(pubsub).is_err() {
        ensure!(!servers.has_ended()? && Instant::now() < deadline, "the port does not open");
        std::thread::sleep(Duration::from_millis(1));
    }
    let args = gcp::bigtable::Args {
        instance: "payments".to_owned(),
        bigtable_emulator_host: Some(bigtable.to_string()),
    };
    let tables = Bigtable::connect(&args, &gcp::Project::default(), 1).await?;
    assert_eq!(tables::counts(&tables).await?, PerTable::same(0));
    Ok(())
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    Ok(fs::read_dir(parent)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn temporary_data_of_a_killed_run_is_removed_by_the_next_start_and_that_of_a_living_one_is_not()
-> Result<()> {
    let parent = tempfile::tempdir()?;
    let mut command = programs::command("payments");
    command.args(ANY_PORTS).env("TMPDIR", parent.path());
    let (mut killed, _lines) = started(&mut command)?;
    let left = folders(parent.path())?;
    killed.signal("-KILL")?;
    killed.end(Duration::from_secs(5)).await?;
    assert_eq!(left, folders(parent.path())?);

    let (mut first, _first_lines) = started(&mut command)?;
    let of_first = folders(parent.path())?;
    assert!(of_first.len() == 1 && of_first != left, "{left:?} {of_first:?}");
    let (mut second, _second_lines) = started(&mut command)?;
    assert!(of_first[0].exists());
    for servers in [&mut first, &mut second] {
        servers.signal("-TERM")?;
        assert_eq!(servers.end(Duration::from_secs(20)).await?, Some(0));
    }
    assert_eq!(folders(parent.path())?, Vec::<PathBuf>::new());
    Ok(())
}
