//! Writes batches to the three tables with MutateRows, and returns a verdict on each row that is not written.
//!
//! - [`request`]: a part of a batch that goes out at once, and its bytes on the wire.
//! - [`attempt`]: one call, answered per entry.
//! - [`verdict`]: what an answer means.
//! - [`limiter`]: the rate that the service asks for.
//! - [`outstanding`]: how many requests, rows and bytes may be unanswered.

mod attempt;
mod limiter;
mod outstanding;
mod request;
#[cfg(test)]
mod tests;
mod verdict;

use crate::fanout::Batches;
use crate::outage::Patience;
use crate::progress::Progress;
use attempt::{Attempt, Caller};
use futures_util::future::join_all;
use gcp::Transport;
use gcp::retry::Delays;
use limiter::Limiter;
use outstanding::Outstanding;
use request::Request;
use schemas::layout::{PerTable, Table};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use tracing::{Instrument, info_span};
use verdict::classify;

pub use outstanding::Bounds;
pub use verdict::{Answer, Verdict};

/// The rows of a batch that a table does not have, by their places in the pane, with the last answer to each.
pub type Unwritten = Vec<(usize, Verdict, Answer)>;

/// Bounds of the write path.
#[derive(Clone, Debug)]
pub struct Options {
    pub app_profile: String,
    pub request_rows: usize,
    pub request_bytes: usize,
    pub in_flight: Bounds,
    /// Longest time for one call, from sending to the last answer.
    pub attempt_timeout: Duration,
    /// Longest time for an entry with all its retries.
    pub total_timeout: Duration,
}

/// Writes to the three tables over shared connections.
#[derive(Debug)]
pub struct Writer {
    options: Options,
    table_names: PerTable<Arc<str>>,
    caller: Caller,
    limiter: Limiter,
    outstanding: Outstanding,
    /// Cancelled when more attempts make no sense.
    give_up: CancellationToken,
    /// What each table owes.
    patience: PerTable<Patience>,
    progress: Arc<Progress>,
}

/// First pause between attempts; it doubles up to [`MAX_DELAY`], with jitter.
const MIN_DELAY: Duration = Duration::from_millis(10);
const MAX_DELAY: Duration = Duration::from_mins(1);

impl Writer {
    /// `table_names` in full. Once `give_up` is cancelled nothing is tried again.
    pub fn new(
        options: Options,
        table_names: PerTable<String>,
        transports: &[Transport],
        give_up: CancellationToken,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            outstanding: Outstanding::new(options.in_flight),
            table_names: table_names.map(Into::into),
            caller: Caller::new(transports, options.attempt_timeout),
            limiter: Limiter::default(),
            options,
            give_up,
            patience: PerTable::from_fn(|_| Patience::default()),
            progress,
        }
    }

    /// What a table owes.
    pub fn patience(&self, table: Table) -> &Patience {
        &self.patience[table]
    }

    /// A table's full name.
    pub fn table_name(&self, table: Table) -> &str {
        &self.table_names[table]
    }

    /// Writes all three batches at once; returns for each table the rows that it does not have. No
    /// verdict among them is `Written` or `Again`.
    pub async fn write(&self, batches: &Batches) -> PerTable<Unwritten> {
        let write = |table: Table| {
            self.write_table(table, batches).instrument(info_span!("table", table = table.id()))
        };
        let tables = PerTable::from_fn(write);
        let (by_customer, by_date, by_transaction) =
            tokio::join!(tables.by_customer, tables.by_date, tables.by_transaction);
        PerTable { by_customer, by_date, by_transaction }
    }

    async fn write_table(&self, table: Table, batches: &Batches) -> Unwritten {
        let requests = Request::split(
            &self.table_names[table],
            &self.options.app_profile,
            batches,
            table,
            self.options.request_rows,
            self.options.request_bytes,
        );
        let writes = requests.into_iter().map(|request| self.write_request(table, request));
        join_all(writes).await.into_iter().flatten().collect()
    }

    /// Sends a request until each of its entries has a verdict other than `Again`; returns those that are not written.
    async fn write_request(&self, table: Table, mut request: Request) -> Unwritten {
        let deadline = Instant::now() + self.options.total_timeout;
        let mut delays = Delays::new(MIN_DELAY, MAX_DELAY);
        let mut cookies = MetadataMap::new();
        let mut unwritten = Vec::new();
        let _waiting = self.patience[table].wait();
        loop {
            let attempt = self.send(&request, deadline, &mut cookies).await;
            let (again, last) = self.sort_out(table, &request, attempt.answers, &mut unwritten);
            let Some(last) = last else { return unwritten };
            request.keep(&again);
            self.progress.retries.inc_by(again.len() as u64);
            let delay = delays.next(attempt.retry_delay);
            if Instant::now() + delay >= deadline || !self.pause(delay).await {
                let rows = (0..request.len()).map(|at| request.row(at));
                unwritten.extend(rows.map(|row| (row, Verdict::Unconfirmed, last.clone())));
                return unwritten;
            }
            tracing::debug!(rows = request.len(), ?delay, answer = %last, "writing again");
        }
    }

    /// Counts the entries that are written and collects those that never will be; returns the ones to be sent again,
    /// with the last answer to any of them.
    fn sort_out(
        &self,
        table: Table,
        request: &Request,
        answers: Vec<Answer>,
        unwritten: &mut Unwritten,
    ) -> (Vec<usize>, Option<Answer>) {
        let (mut again, mut last, mut written) = (Vec::new(), None, 0);
        for (at, answer) in answers.into_iter().enumerate() {
            match classify(&answer) {
                Verdict::Written => written += 1,
                Verdict::Again => {
                    again.push(at);
                    last = Some(answer);
                }
                verdict @ (Verdict::Poison | Verdict::Configuration | Verdict::Unconfirmed) => {
                    if verdict == Verdict::Configuration {
                        // Nothing else will fare better: let the other requests give up too.
                        self.give_up.cancel();
                    }
                    unwritten.push((request.row(at), verdict, answer));
                }
            }
        }
        self.progress.written[table].inc_by(written);
        match &last {
            Some(answer) if again.len() == request.len() => self.patience[table].failed(answer),
            _ => self.patience[table].answered(),
        }
        (again, last)
    }

    async fn send(&self, request: &Request, deadline: Instant, cookies: &mut MetadataMap) -> Attempt {
        let _slot = self.outstanding.acquire(request).await;
        self.limiter.acquire().await;
        self.progress.requests.inc();
        let attempt = self.caller.call(request, deadline, cookies).await;
        self.progress.requests.dec();
        if let Some(calls_per_sec) = self.limiter.observe(&attempt) {
            self.progress.call_rate.set(calls_per_sec);
        }
        attempt
    }

    /// Whether there still is a point in another attempt after the pause.
    async fn pause(&self, delay: Duration) -> bool {
        tokio::select! {
            () = self.give_up.cancelled() => false,
            () = tokio::time::sleep(delay) => true,
        }
    }
}
