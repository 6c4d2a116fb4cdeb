//! The payments of the tables: the rows of the one by transaction, in the order of their keys.
//!
//! One stream reads, and threads encode what it brings: the order, and with it every byte, is that of the table.

use super::batch::{Batch, MOST_BYTES};
use super::folder::{Folder, Made, Making};
use super::format::Format;
use super::generated::has_label;
use super::{STOPPED, lanes};
use crate::audit::{Listed, Runs};
use crate::output::Progress;
use crate::rows;
use anyhow::ensure;
use gcp::bigtable::read::{self, Reader, Row, Scan};
use schemas::layout::{Table, flat};
use service::blocking;
use std::mem;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

pub const TABLE: Table = Table::ByTransaction;

/// Most rows named that are no payments.
const MOST_LISTED: usize = 10;

/// What was in the table.
#[derive(Clone, Debug)]
pub struct Found {
    pub runs: Runs,
    /// Rows that are no payments: their keys, and why.
    pub left_out: Listed<(Vec<u8>, String)>,
}

/// Rows to be encoded, and the labels among them.
type Job = (Batch, Batch);

/// Rows on their way from the table to the threads.
struct Collector {
    threads: Vec<SyncSender<Job>>,
    format: Format,
    rows_per_file: u64,
    empty: Job,
    next: Job,
    /// Payments so far, and jobs.
    payments: u64,
    jobs: u64,
    found: Found,
    /// Why no more rows are taken, unless it is that the threads have ended.
    failed: anyhow::Result<()>,
}

impl Collector {
    /// `Break` once nobody takes any more.
    fn take(&mut self, row: Row<'_>) -> ControlFlow<()> {
        let payment = match rows::payment(row) {
            Ok(payment) => payment,
            Err(reason) => return self.leave_out(row, reason),
        };
        let flat = match flat::row(&payment) {
            Ok(flat) => flat,
            Err(unfit) => return self.leave_out(row, unfit.to_string()),
        };
        let label = if has_label(&payment) { self.next.1.push(&flat) } else { Ok(()) };
        self.failed = self.next.0.push(&flat).and(label);
        if self.failed.is_err() {
            return ControlFlow::Break(());
        }
        self.payments += 1;
        self.found.runs.count(payment.metadata.as_ref().map_or("", |metadata| &metadata.run_id), 1);
        let is_full = self.next.0.rows as u64 >= self.format.most_rows()
            || self.next.0.text_bytes + self.next.1.text_bytes >= MOST_BYTES
            || self.payments.is_multiple_of(self.rows_per_file);
        if is_full { self.hand_on() } else { ControlFlow::Continue(()) }
    }

    fn leave_out(&mut self, row: Row<'_>, reason: String) -> ControlFlow<()> {
        self.found.left_out.push(|| (row.key().to_vec(), reason));
        ControlFlow::Continue(())
    }

    fn hand_on(&mut self) -> ControlFlow<()> {
        let job = mem::replace(&mut self.next, self.empty.clone());
        let thread = &self.threads[self.jobs as usize % self.threads.len()];
        self.jobs += 1;
        // Waits for a thread while the others of the runtime go on.
        match blocking::busy(|| thread.send(job)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// Writes every payment of the table; rows that are none are left out.
pub async fn export(
    reader: &Reader,
    rows_per_file: u64,
    threads: usize,
    folder: Folder,
    stop: &CancellationToken,
) -> anyhow::Result<(Folder, Found)> {
    let (making, (payments, labels)) = (folder.making(), folder.columns());
    let (format, empty) = (making.format, (Batch::new(&payments), Batch::new(&labels)));
    let (jobs, lanes): (Vec<_>, Vec<_>) = (0..threads).map(|_| encoder(making)).unzip();
    let taking = spawn_blocking(move || take_all(&lanes, folder));
    let found = Found { runs: Runs::default(), left_out: Listed::new(MOST_LISTED) };
    let next = empty.clone();
    let failed = Ok(());
    let mut collector =
        Collector { threads: jobs, format, rows_per_file, empty, next, payments: 0, jobs: 0, found, failed };
    let scanned = tokio::select! {
        scanned = scan(reader, &mut collector) => scanned.map_err(anyhow::Error::new),
        () = stop.cancelled() => Err(anyhow::anyhow!(STOPPED)),
    };
    let scanned = scanned.and(mem::replace(&mut collector.failed, Ok(())));
    if scanned.is_ok() && collector.next.0.rows > 0 {
        let _ = collector.hand_on();
    }
    let Collector { threads, jobs, found, .. } = collector;
    // Without them the threads end, and whoever takes from them. Why they failed says more than that the scan
    // found nobody.
    drop(threads);
    let (folder, taken) = taking.await??;
    scanned?;
    ensure!(taken == jobs, "a thread that encodes rows has ended before its work: this is a bug");
    Ok((folder, found))
}

/// A thread that encodes what comes.
fn encoder(making: Making) -> (SyncSender<Job>, Receiver<anyhow::Result<Made>>) {
    let ((jobs, coming), (done, made)) = (lanes::lane::<Job>(), lanes::lane());
    spawn_blocking(move || {
        for (payments, labels) in coming {
            if done.send(making.make(payments, labels)).is_err() {
                return;
            }
        }
    });
    (jobs, made)
}

fn take_all(lanes: &[Receiver<anyhow::Result<Made>>], mut folder: Folder) -> anyhow::Result<(Folder, u64)> {
    let taken = lanes::in_turn(lanes, |made| folder.take(made?))?;
    Ok((folder, taken))
}

async fn scan(reader: &Reader, collector: &mut Collector) -> Result<(), read::Error> {
    let bar = Progress::new("exporting payments", None);
    let newest = Scan { filter: Some(read::newest()), ..Scan::of(TABLE.id()) };
    let mut rows = 0_u64;
    let each = |row: Row<'_>| {
        rows += 1;
        if rows.is_multiple_of(1_000) {
            bar.add(1_000);
        }
        collector.take(row)
    };
    reader.scan(newest, each).await?;
    bar.finish();
    Ok(())
}
