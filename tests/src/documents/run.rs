//! Runs a document's script in a folder of its own, with nothing that leads elsewhere, and leaves nothing behind.

use crate::programs;
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Several times what a document takes while the machine has other work.
const LIMIT: Duration = Duration::from_mins(5);
const PRELUDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/documents/programs.sh");
/// Lines of what was said that tell enough of a failure.
const TAIL: usize = 20;

/// A document that was run: what its commands printed.
#[derive(Debug)]
pub struct Ran(TempDir);

impl Ran {
    /// What the command in a console at this line printed; none if it printed elsewhere.
    pub fn printed(&self, line: usize) -> Result<String> {
        let path = self.0.path().join("out").join(line.to_string());
        std::fs::read_to_string(&path).with_context(|| format!("line {line} has no output"))
    }
}

/// Runs the script to its end; an error names the document and the line whose command did not end as it should.
pub fn run(document: &str, script: &str) -> Result<Ran> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    for name in ["work", "out"] {
        std::fs::create_dir(at(name))?;
    }
    std::fs::write(at("script"), script)?;
    let said = File::create(at("said"))?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", ". \"$0\"; . \"$1\"", PRELUDE]).arg(at("script"));
    bash.env_clear().env("PATH", format!("{}:{path}", programs::folder().display()));
    // A home without credentials.
    bash.env("HOME", at("work"))
        .env("OUT", at("out"))
        .env("DOCUMENT", document)
        .env("COLUMNS", "80")
        .current_dir(at("work"));
    bash.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said).process_group(0);
    let mut group = Group(bash.spawn().context("bash must be installed: it runs the documents' commands")?);
    let is_done = group.end()?;
    let wrong = std::fs::read_to_string(at("out").join("wrong")).unwrap_or_default();
    let wrong = if wrong.is_empty() { format!("{document}: bash ended early\n") } else { wrong };
    ensure!(is_done, "{wrong}{}", tail(&at("said")));
    ensure!(!group.is_alive()?, "{document}: a command has left processes behind");
    Ok(Ran(folder))
}

fn tail(path: &Path) -> String {
    let said = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = said.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

/// Bash and whatever it has started; killed when a test ends early.
struct Group(Child);

impl Group {
    /// Whether it ended well, within the limit.
    fn end(&mut self) -> Result<bool> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status.success());
            }
            if Instant::now() > deadline {
                bail!("still running after {LIMIT:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_alive(&self) -> Result<bool> {
        self.signal("-0")
    }

    fn signal(&self, signal: &str) -> Result<bool> {
        let mut kill = Command::new("kill");
        let group = format!("-{}", self.0.id());
        Ok(kill.args([signal, "--", &group]).stderr(Stdio::null()).status()?.success())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.signal("-KILL");
        let _ = self.0.wait();
    }
}
