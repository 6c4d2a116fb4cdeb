//! The real binaries, as an operator starts them.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Builds the three binaries, once, in the profile that the tests have, and says where they are.
///
/// `cargo test` builds another package's binaries only where it has integration tests of its own.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| build().expect("the binaries build"))
}

fn build() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).context("a test lies in PROFILE/deps")?.to_owned();
    let target = folder.parent().context("a profile's folder lies in the target folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package=producer", "--package=sink", "--package=payments"]);
    cargo.arg("--target-dir").arg(target).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "cargo build failed");
    Ok(folder)
}

/// One of the binaries, in an environment without anything that points elsewhere.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(folder().join(program));
    for (name, _) in std::env::vars_os() {
        if !["PATH", "HOME", "TMPDIR"].iter().any(|kept| name == *kept) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// A started binary; killed when a test ends early.
#[derive(Debug)]
pub struct Running(pub Child);

impl Running {
    pub fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(command.spawn()?))
    }

    /// Sends a signal: `-TERM`, `-KILL`, `-STOP`, `-CONT`.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status()?;
        ensure!(status.success(), "kill {signal} failed");
        Ok(())
    }

    /// Waits for the end, at most `limit`; the exit code, none for an end by signal.
    pub async fn end(&mut self, limit: Duration) -> anyhow::Result<Option<i32>> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status.code());
            }
            ensure!(Instant::now() < deadline, "still running after {limit:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs to the end, within a minute.
pub fn run(program: &str, args: &[&str]) -> anyhow::Result<Output> {
    let child = command(program).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    Ok(child.wait_with_output()?)
}
