//! The process edge, by the real binaries: where output cannot go, files that never end, exit codes. Each case is a
//! line of a table, which `cargo test --workspace --test edge -- --nocapture` shows.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use whole_path::{Backend, Pipeline, Running, programs};

const PATIENCE: Duration = Duration::from_secs(60);

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
