//! Scans that come to their end although connections break.

use super::call::{self, Cookies};
use super::cursor::Cursor;
use super::scan::delays;
use super::{Error, Patience, Row, Scan, Scanned};
use crate::Transport;
use crate::bigtable::{Bigtable, READER};
use crate::headers::routed;
use crate::retry::{asked_delay, may_pass};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::SampleRowKeysRequest;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
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
        let mut progress = Progress::new(self.patience);
        let mut cookies = Cookies::default();
        while !cursor.is_done() {
            let before = progress.last;
            let attempt = self.attempt(&mut cursor, &mut progress, &mut cookies, &mut each);
            let Err(status) = attempt.await? else { break };
            if !may_pass(&status) {
                return Err(Error::refused(&cursor.table_name, READER, &status));
            }
            if progress.last != before {
                pauses = delays();
            }
            let delay = pauses.next(asked_delay(&status));
            if delay >= progress.left() {
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
        progress: &mut Progress,
        cookies: &mut Cookies,
        each: &mut impl FnMut(Row<'_>) -> ControlFlow<()>,
    ) -> Result<Result<(), Status>, Error> {
        cursor.scanned.calls += 1;
        let request = cursor.request(&self.app_profile);
        let started = timeout(progress.limit(), call::read_rows(self.transport(), request, cookies)).await;
        let mut stream = match started.unwrap_or_else(|_| Err(silent())) {
            Ok(stream) => stream,
            Err(status) => return Ok(Err(status)),
        };
        loop {
            let message = timeout(progress.limit(), stream.message()).await;
            match message.unwrap_or_else(|_| Err(silent())) {
                Ok(Some(message)) => {
                    let flow = cursor.take(&message, each).map_err(|fault| cursor.refuse(fault))?;
                    if flow.is_break() {
                        return Ok(Ok(()));
                    }
                    progress.note(cursor.merger.last_key());
                }
                Ok(None) => {
                    cursor.merger.finish().map_err(|malformed| cursor.refuse(malformed.into()))?;
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
            let limit = self.patience.silence.min(self.patience.give_up.saturating_sub(started.elapsed()));
            let asked = timeout(limit, self.try_sample_keys(&table_name)).await;
            let status = match asked {
                Ok(Ok(keys)) => return Ok(keys),
                Ok(Err(status)) => status,
                Err(_) => silent(),
            };
            if !may_pass(&status) {
                return Err(Error::refused(&table_name, READER, &status));
            }
            let delay = delays.next(asked_delay(&status));
            if started.elapsed() + delay >= self.patience.give_up {
                return Err(Error::broken(table_name, Vec::new(), self.patience, &status));
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
        let request = routed(request, &[("table_name", table_name), ("app_profile_id", &self.app_profile)]);
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

/// When a scan last came further.
struct Progress {
    patience: Patience,
    last: Instant,
    /// A key that rises says so for rows, and for what a filter leaves out.
    key: Vec<u8>,
}

impl Progress {
    fn new(patience: Patience) -> Self {
        Self { patience, last: Instant::now(), key: Vec::new() }
    }

    fn note(&mut self, key: &[u8]) {
        if *self.key != *key {
            self.key.clear();
            self.key.extend_from_slice(key);
            self.last = Instant::now();
        }
    }

    /// How long the scan may still go without progress.
    fn left(&self) -> Duration {
        self.patience.give_up.saturating_sub(self.last.elapsed())
    }

    /// How long the next message may take.
    fn limit(&self) -> Duration {
        self.patience.silence.min(self.left())
    }
}

fn silent() -> Status {
    Status::deadline_exceeded("the server said nothing for too long")
}
