//! A real binary at work.

use anyhow::ensure;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A started binary; killed when a test ends early.
#[derive(Debug)]
pub struct Running(pub Child);

impl Running {
    /// Starts any program.
    pub fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(command.spawn()?))
    }

    /// Sends a signal: `-TERM`, `-KILL`, `-STOP`, `-CONT`.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status()?;
        ensure!(status.success(), "kill {signal} failed");
        Ok(())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_some())
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
