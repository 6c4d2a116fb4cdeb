//! One measurement's process: does the work, then says what it took.

mod producer;
mod sink;
mod verify;
mod write;

use crate::options::{Measure, Subject};
use crate::{servers, usage};
use anyhow::bail;
use serde::{Deserialize, Serialize};
use service::usage::Usage;
use std::io::Read;
use std::time::Instant;
use tokio::sync::oneshot;

/// What some work took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// User and system, all threads.
    pub cpu_seconds: f64,
    pub seconds: f64,
    /// Of the whole process, in bytes; unknown where there is no `/proc`.
    pub peak_memory: Option<u64>,
}

/// A running measurement: what comes before it starts does not count.
#[derive(Debug)]
struct Clock {
    cpu_seconds: f64,
    started: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { cpu_seconds: usage::cpu_seconds(), started: Instant::now() }
    }

    fn stop(self) -> Measurement {
        Measurement {
            cpu_seconds: usage::cpu_seconds() - self.cpu_seconds,
            seconds: self.started.elapsed().as_secs_f64(),
            peak_memory: Usage::own().map(|usage| usage.peak_bytes),
        }
    }
}

/// Measures, and says the [`Measurement`] on standard output. Ends early if the starting process does.
pub fn run(args: &Measure) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let orphaned = orphaned();
    let measurement = runtime.block_on(async {
        tokio::select! {
            measurement = measure(&args.subject) => measurement,
            _ = orphaned => bail!("the bench has ended before this measurement"),
        }
    })?;
    servers::say(&measurement)
}

async fn measure(subject: &Subject) -> anyhow::Result<Measurement> {
    match subject {
        Subject::Write { writer, payload, records, bigtable } => {
            write::measure(*writer, *payload, *records, *bigtable).await
        }
        Subject::Sink { records, pubsub, bigtable, flags } => {
            sink::measure(*records, *pubsub, *bigtable, flags).await
        }
        Subject::Producer { records, pubsub, flags } => producer::measure(*records, *pubsub, flags).await,
        Subject::Verify { records, bigtable, flags } => verify::measure(*records, *bigtable, flags).await,
    }
}

/// Resolves when standard input ends, and with it the process that started this one.
fn orphaned() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = sender.send(());
    });
    receiver
}
