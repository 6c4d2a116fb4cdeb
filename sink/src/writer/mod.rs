//! Writes batches to the three tables with MutateRows, and says of each row what became of it.
//!
//! - [`request`]: a part of a batch that goes out at once, and its bytes on the wire.
//! - [`attempt`]: one call, answered per entry.
//! - [`verdict`]: what an answer means: written, try again, poison, or a fault of the configuration.
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
use crate::progress::Progress;
use attempt::{Answers, Caller};
use futures_util::future::join_all;
use gcp::Transport;
use gcp::retry::Delays;
use limiter::Limiter;
use outstanding::Outstanding;
use request::Request;
use schemas::layout::Table;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use verdict::{Verdict, classify};

pub use outstanding::Bounds;
pub use verdict::{Answer, Failure};

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

/// The rows of one table that were not written; all others were.
#[derive(Debug, Default)]
pub struct Report {
    /// Row and what went wrong.
    pub failed: Vec<(usize, Failure)>,
}

/// Writes to the three tables over shared connections.
#[derive(Debug)]
pub struct Writer {
    options: Options,
    table_names: [Arc<str>; 3],
    caller: Caller,
    limiter: Limiter,
    outstanding: Outstanding,
    /// Cancelled when more attempts make no sense.
    give_up: CancellationToken,
    progress: Arc<Progress>,
}

/// First pause between attempts; it doubles up to [`MAX_DELAY`], with jitter.
const MIN_DELAY: Duration = Duration::from_millis(10);
const MAX_DELAY: Duration = Duration::from_mins(1);

impl Writer {
    /// `table_names` in the order of [`Table::ALL`], in full. Once `give_up` is cancelled nothing is tried again.
    pub fn new(
        options: Options,
        table_names: [String; 3],
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
            progress,
        }
    }

    /// Writes all three batches at once, and comes back when every row is written or has failed.
    pub async fn write(&self, batches: &Batches) -> [Report; 3] {
        let table = |at: usize| self.write_table(at, batches);
        let (customer, date, transaction) = tokio::join!(table(0), table(1), table(2));
        [customer, date, transaction]
    }

    async fn write_table(&self, table: usize, batches: &Batches) -> Report {
        let requests = Request::split(
            &self.table_names[table],
            &self.options.app_profile,
            batches,
            table,
            self.options.request_rows,
            self.options.request_bytes,
        );
        let failed = join_all(requests.into_iter().map(|request| self.write_request(table, request))).await;
        Report { failed: failed.into_iter().flatten().collect() }
    }

    /// Sends a request until each of its entries is written or has failed for good; what comes back failed.
    async fn write_request(&self, table: usize, mut request: Request) -> Vec<(usize, Failure)> {
        let deadline = Instant::now() + self.options.total_timeout;
        let mut delays = Delays::new(MIN_DELAY, MAX_DELAY);
        let mut cookies = MetadataMap::new();
        let mut failed = Vec::new();
        loop {
            let answers = self.send(&request, deadline, &mut cookies).await;
            let (again, last) = self.sort_out(table, &request, answers.entries, &mut failed);
            let Some(last) = last else { return failed };
            request.keep(&again);
            self.progress.retries.inc_by(again.len() as u64);
            let delay = delays.next(answers.retry_delay);
            if Instant::now() + delay >= deadline || !self.pause(delay).await {
                failed.extend(
                    (0..request.len()).map(|at| (request.row(at), Failure::Unconfirmed(last.clone()))),
                );
                return failed;
            }
            let table = Table::ALL[table].id();
            tracing::debug!(table, rows = request.len(), ?delay, answer = %last, "writing again");
        }
    }

    /// Counts what is written, collects what has failed; what is left must be sent again, with the last answer to it.
    fn sort_out(
        &self,
        table: usize,
        request: &Request,
        answers: Vec<Answer>,
        failed: &mut Vec<(usize, Failure)>,
    ) -> (Vec<usize>, Option<Answer>) {
        let (mut again, mut last, mut written) = (Vec::new(), None, 0);
        for (at, answer) in answers.into_iter().enumerate() {
            match classify(&answer) {
                Verdict::Written => written += 1,
                Verdict::Retry => {
                    again.push(at);
                    last = Some(answer);
                }
                Verdict::Failed(failure) => {
                    if matches!(failure, Failure::Configuration(_)) {
                        // Nothing else will fare better: let the other requests give up too.
                        self.give_up.cancel();
                    }
                    failed.push((request.row(at), failure));
                }
            }
        }
        self.progress.written[table].inc_by(written);
        (again, last)
    }

    async fn send(&self, request: &Request, deadline: Instant, cookies: &mut MetadataMap) -> Answers {
        let _slot = self.outstanding.acquire(request).await;
        self.limiter.acquire().await;
        self.progress.requests.inc();
        let answers = self.caller.call(request, deadline, cookies).await;
        self.progress.requests.dec();
        if let Some(calls_per_sec) = self.limiter.observe(&answers) {
            self.progress.call_rate.set(calls_per_sec);
        }
        answers
    }

    /// Whether there still is a point in another attempt after the pause.
    async fn pause(&self, delay: Duration) -> bool {
        tokio::select! {
            () = self.give_up.cancelled() => false,
            () = tokio::time::sleep(delay) => true,
        }
    }
}
