//! The process edge, by the real binaries: where output cannot go, files that never end, exit codes. Each case is a
//! line of a table, which `cargo test --workspace --test edge -- --nocapture` shows.

#![allow(clippy::print_stdout, reason = "the table is for whoever runs the test")]

use anyhow::{Context, Result, ensure};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::Topic;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use whole_path::{Backend, Pipeline, Running, programs};

const PATIENCE: Duration = Duration::from_mins(1);

/// Runs to the end, and fails if there is none.
fn run(command: &mut Command, stdout: Stdio) -> Result<Output> {
    let mut child = Running::spawn(command.stdout(stdout).stderr(Stdio::piped()))?;
    let read = |from: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.map_or(Ok(0), |mut from| from.read_to_end(&mut bytes)).map(|_| bytes)
        })
    };
    let out = read(child.0.stdout.take().map(|out| Box::new(out) as _));
    let err = read(child.0.stderr.take().map(|err| Box::new(err) as _));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.0.try_wait()? {
            break status;
        }
        ensure!(Instant::now() < deadline, "{command:?} is still running");
        std::thread::sleep(Duration::from_millis(10));
    };
    let text = |read: std::thread::JoinHandle<std::io::Result<Vec<u8>>>| read.join().expect("a thread reads");
    Ok(Output { status, stdout: text(out)?, stderr: text(err)? })
}

/// Prints a line of the table, and fails if it is not as it must be: the exit code, and a part of what is said, or
/// nothing but log lines.
fn expect(case: &str, output: &Output, code: i32, said: &str) -> Result<()> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> =
        stderr.lines().filter(|line| !line.contains("INFO") && !line.contains("WARN")).collect();
    let shown: String = lines.join(" | ").chars().take(150).collect();
    println!(
        "{case:<64} {:>4}  {shown}",
        output.status.code().map_or("-".to_owned(), |code| code.to_string())
    );
    ensure!(output.status.code() == Some(code), "{case}: {}, not {code}: {stderr}", output.status);
    ensure!(!stderr.contains("panicked"), "{case}: {stderr}");
    let errors = lines.iter().filter(|line| line.starts_with("error: ")).count();
    ensure!(errors == usize::from(!said.is_empty()), "{case}: {errors} errors: {stderr}");
    ensure!(said.is_empty() || stderr.contains(said), "{case}: nothing of {said:?}: {stderr}");
    Ok(())
}

/// A pipe whose reader is gone.
fn closed() -> Result<Stdio> {
    Ok(std::io::pipe()?.1.into())
}

fn full() -> Result<Stdio> {
    Ok(File::options().write(true).open("/dev/full")?.into())
}

/// Whatever prints, by its arguments.
const PRINTING: [(&str, &str); 25] = [
    ("payments", "--help"),
    ("payments", "--version"),
    ("payments", "verify --help"),
    ("payments", "completions bash"),
    ("payments", "man"),
    ("payments", "local --num-records 300"),
    ("payments", "emulators --pubsub-port 0 --bigtable-port 0"),
    ("payments", "show --index 3"),
    ("payments", "show --index 3 --format cells"),
    ("payments", "sample"),
    ("payments", "sample --format csv"),
    ("payments", "sample --format json -n 2000"),
    ("payments", "sample --stats -n 2000"),
    ("payments", "plan --num-records 1000"),
    ("payments", "setup"),
    ("payments", "setup --format json"),
    ("payments", "query date 2024-03-14 --limit 0"),
    ("payments", "quality"),
    ("payments", "snapshot list"),
    ("payments", "cleanup rows --older-than 1d"),
    ("producer", "--help"),
    ("producer", "profile"),
    ("producer", "--dry-run --num-records 300"),
    ("producer", "--output - --num-records 300"),
    ("sink", "--version"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_pipe_ends_quietly_and_a_full_disk_in_one_line() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.produce(&["--num-records", "2000"]).await?;
    pipeline.consume(&[]).await?;
    tokio::task::block_in_place(|| {
        for (program, args) in PRINTING {
            let command = || {
                let mut command = pipeline.command(program);
                command.args(args.split(' '));
                command
            };
            let output = run(&mut command(), closed()?)?;
            expect(&format!("{program} {args} | true"), &output, 141, "")?;
            let output = run(&mut command(), full()?)?;
            let said = "standard output cannot be written: No space left on device";
            expect(&format!("{program} {args} > /dev/full"), &output, 1, said)?;
        }
        let mut command = programs::command("producer");
        command.args(["--dry-run", "--num-records", "300"]).stdout(Stdio::null()).stderr(closed()?);
        ensure!(command.status()?.code() == Some(0), "remarks that nobody reads are no failure");
        Ok(())
    })
}

/// A named pipe that nobody writes to, a device without an end, a folder, and a file that is larger than any of these.
fn endless(folder: &Path) -> Result<Vec<String>> {
    let [pipe, large] = ["pipe", "large"].map(|name| folder.join(name));
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success(), "mkfifo");
    // It has a hole: neither room nor time is lost on it.
    File::create(&large)?.set_len(8 << 30)?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a plain name");
    Ok(vec![text(&pipe)?, "/dev/zero".into(), "/dev/urandom".into(), text(folder)?, text(&large)?])
}

#[test]
fn files_that_never_end_are_refused_by_the_flag_that_names_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // A checkpoint is looked for beside a topic.
    let flags: [(&str, &str, &str); 7] = [
        ("payments", "sample --profile", "--profile"),
        ("payments", "local --profile", "--profile"),
        ("producer", "--dry-run --profile", "--profile"),
        ("producer", "trickle --profile", "--profile"),
        ("producer", "--dry-run --ledger", "--ledger"),
        ("payments", "verify --ledger", "--ledger"),
        ("producer", "--project p GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"),
    ];
    for path in endless(folder.path())? {
        let name = path.rsplit('/').next().unwrap_or_default();
        for (program, args, said) in flags {
            let mut command = programs::command(program);
            match args.strip_suffix(" GOOGLE_APPLICATION_CREDENTIALS") {
                Some(args) => command.args(args.split(' ')).env("GOOGLE_APPLICATION_CREDENTIALS", &path),
                None => command.args(args.split(' ')).arg(&path),
            };
            let output = run(&mut command, Stdio::piped())?;
            expect(&format!("{program} {args} {name}"), &output, 2, said)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkpoints_that_never_end_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    tokio::task::block_in_place(|| {
        for path in endless(folder.path())? {
            let name = path.rsplit('/').next().unwrap_or_default();
            for args in ["--num-records 10 --checkpoint", "trickle --num-records 1 --checkpoint"] {
                let mut command = pipeline.command("producer");
                let output = run(command.args(args.split(' ')).arg(&path), Stdio::piped())?;
                let said = if name == "large" { "has more than" } else { "--checkpoint" };
                expect(&format!("producer {args} {name}"), &output, 2, said)?;
            }
        }
        Ok(())
    })
}

#[test]
fn a_file_of_variables_that_never_ends_is_refused() -> Result<()> {
    for at in 0..3 {
        let (folder, others) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let path = endless(others.path())?.swap_remove(if at == 2 { 4 } else { at });
        std::os::unix::fs::symlink(&path, folder.path().join(".env"))?;
        let mut command = programs::command("payments");
        let output = run(command.current_dir(folder.path()).args(["show", "--index", "3"]), Stdio::piped())?;
        expect(&format!(".env -> {}", path.rsplit('/').next().unwrap_or_default()), &output, 2, ".env")?;
    }
    Ok(())
}

#[tokio::test]
async fn what_has_nothing_to_bring_to_an_end_ends_at_the_first_signal() -> Result<()> {
    for (program, args) in [
        ("payments", "sample -n 1000000000 --num-records 1000000000"),
        ("payments", "sample --stats -n 1000000"),
    ] {
        let mut command = programs::command(program);
        let mut running =
            Running::spawn(command.args(args.split(' ')).stdout(Stdio::null()).stderr(Stdio::null()))?;
        tokio::time::sleep(Duration::from_millis(700)).await;
        running.signal("-TERM")?;
        ensure!(running.end(Duration::from_secs(5)).await?.is_none(), "{args} has ended before");
        let status = running.0.wait()?;
        println!(
            "{:<64} {:>4}",
            format!("{program} {args}, SIGTERM"),
            128 + status.signal().unwrap_or_default()
        );
        ensure!(status.signal() == Some(15), "{status}");
    }
    Ok(())
}

#[test]
fn what_a_run_does_not_have_is_a_wrong_flag() -> Result<()> {
    let later = generator::Generator::new(generator::Config::default())?.payment_id(999_999);
    for (args, code, said) in [
        ("show --index 3".to_owned(), 0, ""),
        ("show --index 1000000".to_owned(), 2, "--num-records"),
        ("show --id foo".to_owned(), 2, "36 characters"),
        (format!("show --id {later} --num-records 1000"), 2, "of another run"),
        (format!("show --id {later} --payment-version 1"), 2, "--payment-version"),
        ("sample --stats -n 0".to_owned(), 0, ""),
        ("sample --stats -n 1".to_owned(), 0, ""),
        ("sample --stats -n 2".to_owned(), 0, ""),
        ("sample --stats -n 50 --anomaly-rate 0.1".to_owned(), 0, ""),
    ] {
        let output = run(programs::command("payments").args(args.split(' ')), Stdio::piped())?;
        let stdout = String::from_utf8(output.stdout.clone())?;
        ensure!(!stdout.contains("NaN") && !stdout.contains("inf"), "{args}: {stdout}");
        expect(&format!("payments {args}"), &output, code, said)?;
    }
    Ok(())
}

/// The variables that a help text names.
fn variables(program: &str, args: &[&str]) -> Result<BTreeSet<OsString>> {
    let help = programs::run(program, &[args, &["--help"]].concat())?;
    let help = String::from_utf8(help.stdout)?;
    let names = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    Ok(names.map(OsString::from).collect())
}

/// Program, command, flags, exit code, and a part of what is said.
type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], i32, &'a str);

#[test]
fn an_empty_variable_counts_as_unset_for_every_flag() -> Result<()> {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let servers = ["--pubsub-emulator-host", &free, "--connect-timeout", "1s"];
    let both = [&servers[..], &["--bigtable-emulator-host", &free]].concat();
    let cases: [Case; 9] = [
        ("payments", &["show"], &["--index", "999999"], 0, ""),
        ("payments", &["local"], &["--num-records", "10"], 0, ""),
        ("payments", &["setup"], &both, 1, "cannot reach"),
        ("payments", &["query", "date"], &both[2..], 1, "cannot reach"),
        ("payments", &["cleanup", "rows"], &both, 1, "cannot reach"),
        ("producer", &[], &servers, 1, "cannot reach"),
        ("producer", &["trickle"], &servers, 1, "cannot reach"),
        ("sink", &[], &both, 1, "cannot reach"),
        ("payments", &["dead-letter", "list"], &servers, 1, "cannot reach"),
    ];
    for (program, command, flags, code, said) in cases {
        let names = variables(program, command)?;
        ensure!(names.iter().any(|name| name == "LOG_FORMAT") || program == "payments", "{names:?}");
        let own: &[&str] = match command {
            ["query", "date"] => &["2024-03-14"],
            ["cleanup", "rows"] => &["--older-than", "1d"],
            _ => &[],
        };
        let mut started = programs::command(program);
        started.args(command).args(own).args(flags).envs(names.iter().map(|name| (name, "")));
        let output = run(started.env("RUST_LOG", ""), Stdio::piped())?;
        let case = format!("{}= {program} {}", names.len(), command.join(" "));
        expect(&case, &output, code, said)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_leaves_work_undone_and_says_so_by_its_exit_code() -> Result<()> {
    let mut command = programs::command("payments");
    let args = ["emulators", "--pubsub-port", "0", "--bigtable-port", "0"];
    let mut servers = Running::spawn(command.args(args).stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let exported = BufReader::new(servers.0.stdout.take().context("stdout is piped")?).lines().next();
    let exported = exported.context("the servers are up")??;
    let addr = exported.rsplit('=').next().context("an address")?;
    let mut command = programs::command("producer");
    command.args(["--pubsub-emulator-host", addr, "--num-records", "10000000"]);
    let mut producer = Running::spawn(command.stderr(Stdio::piped()))?;
    let stderr = BufReader::new(producer.0.stderr.take().context("stderr is piped")?);
    let mut lines = stderr.lines();
    ensure!(lines.any(|line| line.is_ok_and(|line| line.contains("publishing"))), "nothing is published");
    tokio::time::sleep(Duration::from_millis(500)).await;
    servers.signal("-STOP")?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    producer.signal("-TERM")?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    ensure!(!producer.has_ended()?, "what is in flight has not been waited for");
    producer.signal("-TERM")?;
    let code = producer.end(Duration::from_secs(5)).await?;
    println!("{:<64} {code:?}", "producer, SIGTERM twice");
    ensure!(code == Some(1), "{code:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_run_told_to_stop_has_ended_well() -> Result<()> {
    let mut command = programs::command("payments");
    command.args(["local", "--num-records", "1000000"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut local = Running::spawn(&mut command)?;
    let mut lines = BufReader::new(local.0.stderr.take().context("stderr is piped")?).lines();
    let is_under_way = |line: &str| {
        line.contains("published ") && !line.contains("published 0 ") && !line.contains("  rows 0 ")
    };
    ensure!(lines.any(|line| line.is_ok_and(|line| is_under_way(&line))), "nothing is published");
    local.signal("-INT")?;
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    let summary = std::io::read_to_string(local.0.stdout.take().context("stdout is piped")?)?;
    let code = local.end(PATIENCE).await?;
    println!("{:<64} {code:?}  {}", "payments local, SIGINT", rest.last().map_or("", String::as_str));
    ensure!(code == Some(0), "{code:?}: {rest:?}");
    ensure!(summary.starts_with("stopped after "), "{summary}{rest:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_without_a_subscription_is_warned_of_by_loads_and_trickles() -> Result<()> {
    let pipeline = Pipeline::connect(Backend::embedded().await?).await?;
    let topic = Topic { name: pipeline.pubsub.topic_name("payments"), ..Default::default() };
    pipeline.pubsub.topics().create_topic(topic).await?;
    let look = |is_warned: bool| -> Result<()> {
        for args in ["--num-records 10", "trickle --num-records 3"] {
            let output = run(pipeline.command("producer").args(args.split(' ')), Stdio::piped())?;
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            expect(&format!("producer {args}, subscriptions: {}", u8::from(!is_warned)), &output, 0, "")?;
            let told =
                stderr.lines().any(|line| line.contains("WARN") && line.contains("has no subscription"));
            ensure!(told == is_warned, "{args}: {stderr}");
        }
        Ok(())
    };
    tokio::task::block_in_place(|| look(true))?;
    payments::setup::run(&pipeline.setup).await?;
    tokio::task::block_in_place(|| look(false))
}
