//! This program started again, spoken to in lines.

use anyhow::{Context, bail, ensure};
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A child process that ends with its handle. It also ends when this process does, because its standard input closes.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// None once it has been told to end.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts this program with other arguments.
    pub fn start(args: &[String]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for this process alone; the child ends by itself then, and cleans up.
            .process_group(0)
            .spawn()
            .context("cannot start this program again")?;
        let stdin = Some(child.stdin.take().context("stdin is piped")?);
        let stdout = BufReader::new(child.stdout.take().context("stdout is piped")?);
        Ok(Self { child, stdin, stdout })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn say(&mut self, line: &str) -> anyhow::Result<()> {
        let stdin = self.stdin.as_mut().context("the process has been told to end")?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    /// Lets the process end by itself, and waits for that.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.stdin = None;
        let status = self.child.wait()?;
        ensure!(status.success(), "a process of the measurement has ended with {status}");
        Ok(())
    }

    /// The next line, which is JSON; an error if the process has ended instead.
    pub fn read<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("a process of the measurement has ended with {}", self.child.wait()?);
        }
        serde_json::from_str(&line).with_context(|| format!("a process of the measurement said {line:?}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
