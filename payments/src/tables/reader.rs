//! Scans that come to their end although connections break.

use super::merger::Malformed;
use super::progress::Progress;
use super::retry::{Delays, is_transient};
use super::{Error, Row, Span, call};
use data::{ReadIterationStats, RowFilter, SampleRowKeysRequest};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use schemas::layout::Table;
use service::Transport;
use service::bigtable::Bigtable;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tonic::Status;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest silence of a server; then the stream counts as broken.
    pub silence: Duration,
    /// Longest time without a row, over all attempts; then the scan fails.
    pub give_up: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_mins(1), give_up: Duration::from_mins(2) }
    }
}

/// What to read of a table.
#[derive(Clone, Debug)]
pub struct Scan {
    pub table: Table,
    /// Keys to read; none overlap, and they are in order.
    pub spans: Vec<Span>,
    pub filter: Option<RowFilter>,
    /// Most rows to answer.
    pub limit: Option<u64>,
    /// Whether to ask the server how much it looked at.
    pub stats: bool,
}

impl Scan {
    /// All rows, all versions.
    pub fn of(table: Table) -> Self {
        Self { table, spans: vec![Span::all()], filter: None, limit: None, stats: false }
    }
}

/// What a scan came to.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// Rows handed on.
    pub rows: u64,
    /// Bytes of messages received.
    pub bytes: u64,
    /// Calls made: one, and one more for each time the stream broke.
    pub calls: u64,
    /// What the server says that it looked at and answered; summed over the calls that said so.
    pub stats: Option<ReadIterationStats>,
}

/// Reads the tables of one instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    bigtable: Bigtable,
    app_profile: Arc<str>,
    patience: Patience,
    turn: Arc<AtomicUsize>,
}

impl Reader {
    pub fn new(bigtable: Bigtable, app_profile: &str, patience: Patience) -> Self {
        Self { bigtable, app_profile: app_profile.into(), patience, turn: Arc::default() }
    }

    pub fn bigtable(&self) -> &Bigtable {
        &self.bigtable
    }

    pub fn patience(&self) -> Patience {
        self.patience
    }

    pub fn app_profile(&self) -> &str {
        &self.app_profile
    }

    /// Hands on each row once, in key order, until the end, the limit, or the callback's `Break`.
    ///
    /// A stream that breaks is taken up again behind the last row. A row that the callback has seen never comes again, and
    /// none is left out.
    pub async fn scan(
        &self,
        scan: Scan,
        mut each: impl FnMut(Row<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, Error> {
        let mut progress = Progress::new(self.bigtable.table_name(scan.table.id()), scan);
        let mut delays = Delays::new();
        let mut last_progress = Instant::now();
        while !progress.is_done() {
            // A key that rises says so for rows, and for what a filter leaves out.
            let last_key = progress.merger.last_key().to_vec();
            let Err(status) = self.attempt(&mut progress, &mut each).await? else { break };
            if !is_transient(&status) {
                return Err(Error::refused(&progress.table_name, &status));
            }
            if last_key != progress.merger.last_key() {
                (delays, last_progress) = (Delays::new(), Instant::now());
            }
            let delay = delays.after(&status);
            if last_progress.elapsed() + delay >= self.patience.give_up {
                return Err(progress.broken(self.patience, &status));
            }
            tracing::debug!(table = progress.table_name, rows = progress.scanned.rows, ?delay, %status, "reading on");
            tokio::time::sleep(delay).await;
            progress.resume();
        }
        Ok(progress.scanned)
    }

    /// One call. The inner error is what broke it.
    async fn attempt(
        &self,
        progress: &mut Progress,
        each: &mut impl FnMut(Row<'_>) -> ControlFlow<()>,
    ) -> Result<Result<(), Status>, Error> {
        progress.scanned.calls += 1;
        let request = progress.request(&self.app_profile);
        let started = timeout(self.patience.silence, call::read_rows(self.transport(), request)).await;
        let mut stream = match started.unwrap_or_else(|_| Err(silent())) {
            Ok(stream) => stream,
            Err(status) => return Ok(Err(status)),
        };
        loop {
            let message = timeout(self.patience.silence, stream.message()).await;
            match message.unwrap_or_else(|_| Err(silent())) {
                Ok(Some(message)) => {
                    if progress
                        .take(&message, each)
                        .map_err(|Malformed(problem)| progress.malformed(problem))?
                        .is_break()
                    {
                        return Ok(Ok(()));
                    }
                }
                Ok(None) => {
                    progress.merger.finish().map_err(|Malformed(problem)| progress.malformed(problem))?;
                    return Ok(Ok(()));
                }
                Err(status) => return Ok(Err(status)),
            }
        }
    }

    fn transport(&self) -> Transport {
        let transports = self.bigtable.transports();
        transports[self.turn.fetch_add(1, Ordering::Relaxed) % transports.len()].clone()
    }

    /// Keys that divide the table into parts of about the same size, in order; few or none for a small table.
    pub async fn sample_keys(&self, table: Table) -> Result<Vec<Vec<u8>>, Error> {
        let table_name = self.bigtable.table_name(table.id());
        let mut delays = Delays::new();
        let started = Instant::now();
        loop {
            let asked = timeout(self.patience.silence, self.try_sample_keys(&table_name)).await;
            let status = match asked {
                Ok(Ok(keys)) => return Ok(keys),
                Ok(Err(status)) => status,
                Err(_) => silent(),
            };
            let delay = delays.after(&status);
            if !is_transient(&status) || started.elapsed() + delay >= self.patience.give_up {
                return Err(Error::refused(&table_name, &status));
            }
            tokio::time::sleep(delay).await;
        }
    }

    async fn try_sample_keys(&self, table_name: &str) -> Result<Vec<Vec<u8>>, Status> {
        let request = SampleRowKeysRequest {
            table_name: table_name.to_owned(),
            app_profile_id: self.app_profile.to_string(),
            ..Default::default()
        };
        let mut stream = self.bigtable.client().sample_row_keys(request).await?.into_inner();
        let mut keys = Vec::new();
        while let Some(sample) = stream.message().await? {
            // The last sample is the table's end, an empty key.
            keys.extend(Some(sample.row_key).filter(|key| !key.is_empty()));
        }
        keys.sort();
        keys.dedup();
        Ok(keys)
    }
}

fn silent() -> Status {
    Status::deadline_exceeded("the server said nothing for too long")
}
