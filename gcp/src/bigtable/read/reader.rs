//! Scans that come to their end although connections break.

use super::cursor::Cursor;
use super::merger::Malformed;
use super::scan::delays;
use super::{Error, Patience, Row, Scan, Scanned, call};
use crate::Transport;
use crate::bigtable::Bigtable;
use crate::retry::{asked_delay, may_pass};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::SampleRowKeysRequest;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{Instant, timeout};
use tonic::Status;

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
    /// A stream that breaks is taken up again behind the last row. A row that the callback has seen never comes again,
    /// and none is left out.
    pub async fn scan(
        &self,
        scan: Scan,
        mut each: impl FnMut(Row<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, Error> {
        let mut cursor = Cursor::new(self.bigtable.table_name(&scan.table), scan);
        let mut pauses = delays();
        let mut last_progress = Instant::now();
        while !cursor.is_done() {
            // A key that rises says so for rows, and for what a filter leaves out.
            let last_key = cursor.merger.last_key().to_vec();
            let Err(status) = self.attempt(&mut cursor, &mut each).await? else { break };
            if !may_pass(&status) {
                return Err(Error::refused(&cursor.table_name, &status));
            }
            if last_key != cursor.merger.last_key() {
                (pauses, last_progress) = (delays(), Instant::now());
            }
            let delay = pauses.next(asked_delay(&status));
            if last_progress.elapsed() + delay >= self.patience.give_up {
                return Err(cursor.broken(self.patience, &status));
            }
            tracing::debug!(table = cursor.table_name, rows = cursor.scanned.rows, ?delay, %status, "reading on");
            tokio::time::sleep(delay).await;
            cursor.resume();
        }
        Ok(cursor.scanned)
    }

    /// One call. The inner error is what broke it.
    async fn attempt(
        &self,
        cursor: &mut Cursor,
        each: &mut impl FnMut(Row<'_>) -> ControlFlow<()>,
    ) -> Result<Result<(), Status>, Error> {
        cursor.scanned.calls += 1;
        let request = cursor.request(&self.app_profile);
        let started = timeout(self.patience.silence, call::read_rows(self.transport(), request)).await;
        let mut stream = match started.unwrap_or_else(|_| Err(silent())) {
            Ok(stream) => stream,
            Err(status) => return Ok(Err(status)),
        };
        loop {
            let message = timeout(self.patience.silence, stream.message()).await;
            match message.unwrap_or_else(|_| Err(silent())) {
                Ok(Some(message)) => {
                    if cursor
                        .take(&message, each)
                        .map_err(|Malformed(problem)| cursor.malformed(problem))?
                        .is_break()
                    {
                        return Ok(Ok(()));
                    }
                }
                Ok(None) => {
                    cursor.merger.finish().map_err(|Malformed(problem)| cursor.malformed(problem))?;
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
    pub async fn sample_keys(&self, table: &str) -> Result<Vec<Vec<u8>>, Error> {
        let table_name = self.bigtable.table_name(table);
        let mut delays = delays();
        let started = Instant::now();
        loop {
            let asked = timeout(self.patience.silence, self.try_sample_keys(&table_name)).await;
            let status = match asked {
                Ok(Ok(keys)) => return Ok(keys),
                Ok(Err(status)) => status,
                Err(_) => silent(),
            };
            let delay = delays.next(asked_delay(&status));
            if !may_pass(&status) || started.elapsed() + delay >= self.patience.give_up {
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
