//! One measurement's process: does the work, then says what it took.

mod clock;
mod producer;
mod sink;
mod verify;
mod write;

use crate::options::{Measure, Subject};
use crate::servers;
use anyhow::bail;
use std::io::Read;
use tokio::sync::oneshot;

pub use clock::Measurement;

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
        Subject::Sink { records, pubsub, bigtable, watched, flags } => {
            sink::measure(*records, *pubsub, *bigtable, *watched, flags).await
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
