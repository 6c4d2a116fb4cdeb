//! Payments without Pub/Sub: counted, or written in the order of their indices to a file or to standard output.

mod format;
mod tally;
mod target;

pub use tally::Tally;

use crate::encode::encode;
use crate::error::Error;
use crate::faults::Fault;
use crate::load::chunks::Pass;
use crate::load::options::{Batch, Output, Publishing};
use crate::load::work::Work;
use format::Encoder;
use generator::{Buffer, Generator};
use service::blocking::busy;
use std::collections::VecDeque;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;
use target::Target;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

/// Payments made by one task: some hundred kilobytes.
const CHUNK: u64 = 1_000;

/// Makes this shard's payments and counts or writes them; a file appears when it is whole.
///
/// # Errors
/// When a flag is wrong, or the file exists or cannot be written. A run that is stopped leaves no file.
pub async fn write(
    generator: Arc<Generator>,
    options: &Publishing,
    batch: &Batch,
    output: &Output,
    shutdown: CancellationToken,
) -> Result<Tally, Error> {
    output.check(batch)?;
    let mut target = Target::open(output)?;
    let work = busy(|| Work::prepare(batch, &generator, options, None, &shutdown))?;
    let encoder = if output.dry_run { Encoder::none() } else { Encoder::new(output.output_format)? };
    let maker = Arc::new(Maker { generator, work, encoder });
    let started = Instant::now();
    let mut tally = Tally::default();
    for pass in [Pass::OnTime, Pass::Late] {
        if pass == Pass::OnTime || maker.work.faults.has_late() {
            make_all(&maker, pass, &mut target, &mut tally, &shutdown).await?;
        }
    }
    tally.is_stopped = shutdown.is_cancelled();
    if tally.is_stopped {
        tracing::warn!("stopped before the end; a file is only kept when it is whole");
    } else {
        busy(|| target.complete())?;
    }
    tally.elapsed = started.elapsed();
    Ok(tally)
}

/// Some chunks are being made while the oldest is written: in order, on all cores, in bounded memory.
async fn make_all(
    maker: &Arc<Maker>,
    pass: Pass,
    target: &mut Target,
    tally: &mut Tally,
    shutdown: &CancellationToken,
) -> Result<(), Error> {
    let ahead = 2 * std::thread::available_parallelism().map_or(1, NonZero::get);
    let Range { start: mut next, end } = maker.work.range;
    let mut making: VecDeque<JoinHandle<Result<Made, Error>>> = VecDeque::with_capacity(ahead);
    loop {
        while making.len() < ahead && next < end && !shutdown.is_cancelled() {
            let chunk = next..end.min(next.saturating_add(CHUNK));
            next = chunk.end;
            let maker = maker.clone();
            making.push_back(spawn_blocking(move || maker.make(chunk, pass)));
        }
        let Some(oldest) = making.pop_front() else { return Ok(()) };
        let made = oldest.await.map_err(|error| Error::Bug(error.to_string()))??;
        busy(|| target.write(&made.text))?;
        tally.add(&made.tally);
    }
}

struct Maker {
    generator: Arc<Generator>,
    work: Work,
    encoder: Encoder,
}

/// A chunk, ready to be written.
#[derive(Default)]
struct Made {
    text: Vec<u8>,
    tally: Tally,
}

impl Maker {
    fn make(&self, chunk: Range<u64>, pass: Pass) -> Result<Made, Error> {
        let (mut made, mut buffer, mut bytes) = (Made::default(), Buffer::default(), Vec::new());
        let faults = &self.work.faults;
        for index in chunk.filter(|index| pass.takes(faults.of(*index))) {
            let payment = self.generator.fill(index, &mut buffer);
            encode(payment, index, faults, &mut bytes);
            let copies = faults.of(index).map_or(1, Fault::copies);
            made.tally.count(payment, copies, bytes.len());
            for _ in 0..copies {
                self.encoder.append(&bytes, &mut made.text)?;
            }
        }
        Ok(made)
    }
}
