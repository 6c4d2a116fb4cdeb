//! `producer trickle` as a process.

use crate::{Pipeline, programs};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::{Command, Stdio};

/// `producer trickle` on the pipeline's servers.
pub fn command(pipeline: &Pipeline, args: &[&str]) -> Command {
    let mut command = programs::command("producer");
    command
        .env("PUBSUB_EMULATOR_HOST", pipeline.backend.pubsub_addr().to_string())
        .args(["trickle", "--log-format", "json"])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs a trickle to its end; what its last line of progress says.
pub fn run(mut command: impl std::borrow::BorrowMut<Command>) -> Result<Value> {
    let output = command.borrow_mut().output()?;
    let stderr = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{stderr}");
    last_line(&stderr)
}

pub fn last_line(stderr: &str) -> Result<Value> {
    let mut lines = stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.rfind(|line| line["published"].is_u64()).context("no line of progress")
}

pub fn count(line: &Value, field: &str) -> u64 {
    line[field].as_u64().unwrap_or_default()
}
