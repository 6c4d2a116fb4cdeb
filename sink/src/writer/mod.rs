//! Writes batches to the three tables with MutateRows, and returns a verdict on each row that is not written.
//!
//! - [`request`]: a part of a batch that goes out at once, and its bytes on the wire.
//! - [`attempt`]: one call, answered per entry.
//! - [`verdict`]: what an answer means.
//! - [`sorting`]: what an attempt leaves of its request.
//! - [`pauses`]: how long to wait for the next attempt, and how many there are.
//! - [`limiter`]: the rate that the service asks for.
//! - [`outstanding`]: how many requests, rows and bytes may be unanswered.
//! - [`congestion`]: how many rows the service takes at once when it is overloaded.

mod attempt;
mod congestion;
mod limiter;
mod outstanding;
mod pauses;
mod request;
mod sorting;
#[cfg(test)]
mod tests;
mod verdict;

use crate::fanout::Batches;
use crate::outage::Patience;
use crate::progress::Progress;
use attempt::{Attempt, Caller};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use gcp::Transport;
use gcp::call::code_name;
use limiter::Limiter;
use outstanding::{Outstanding, Slot};
use pauses::Pauses;
use request::Request;
use schemas::layout::{PerTable, Table};
use sorting::sort;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic::metadata::MetadataMap;
use tracing::{Instrument, info_span};

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
    /// Cancelled when nobody waits for answers any more, not even those on their way.
    give_up: CancellationToken,
    /// Cancelled when more attempts make no sense; also by `give_up`.
    no_more: CancellationToken,
    /// What each table owes.
    patience: PerTable<Patience>,
    progress: Arc<Progress>,
}

/// How the wait for another attempt ended.
#[derive(Clone, Copy, Debug)]
enum Pause {
    Over,
    /// The table answers others again.
    CutShort,
    /// There is no point in another attempt.
    Pointless,
}

/// What is in place of a write timeout that no clock can count to.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

impl Writer {
    /// `table_names` in full. Once `give_up` is cancelled every write returns at once: calls in flight are cut, none is
    /// made any more.
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
            limiter: Limiter::new(),
            options,
            no_more: give_up.child_token(),
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
        let now = Instant::now();
        let deadline = now.checked_add(self.options.total_timeout).unwrap_or(now + FOR_EVER);
        let requests = Request::split(
            &self.table_names[table],
            &self.options.app_profile,
            batches,
            table,
            self.options.request_rows,
            self.options.request_bytes,
        );
        let write = |request| self.write_request(table, request, deadline);
        let mut writes: FuturesUnordered<_> = requests.into_iter().map(write).collect();
        let mut unwritten = Vec::new();
        while let Some((rows, parts)) = writes.next().await {
            unwritten.extend(rows);
            writes.extend(parts.into_iter().map(write));
        }
        self.tell(table, &unwritten);
        unwritten
    }

    /// Sends a request until each of its entries has a verdict other than `Again`; returns those that are not written,
    /// and parts of the request that are left to be written each for itself.
    async fn write_request(
        &self,
        table: Table,
        mut request: Request,
        deadline: Instant,
    ) -> (Unwritten, Vec<Request>) {
        let (mut pauses, mut cookies) = (Pauses::new(), MetadataMap::new());
        let (mut unwritten, mut last) = (Vec::new(), None);
        let _waiting = self.patience[table].wait();
        let mut recoveries = self.patience[table].recoveries();
        loop {
            let attempt = match self.send(table, &request, deadline, &mut cookies, &mut recoveries).await {
                Ok(attempt) => attempt,
                Err(unsent) => {
                    give_back(&request, &last.unwrap_or(unsent), &mut unwritten);
                    return (unwritten, Vec::new());
                }
            };
            let sorted = sort(&request, attempt, pauses.are_patient());
            self.progress.add_written(table, sorted.written);
            match &sorted.again {
                Some(again) if again.entries.len() == request.len() => {
                    self.patience[table].failed(&again.last);
                }
                _ => {
                    self.patience[table].answered();
                    // Its own answer is no news to what is left of it.
                    recoveries.mark_unchanged();
                }
            }
            if sorted.unwritten.iter().any(|(_, verdict, _)| *verdict == Verdict::Configuration) {
                // Nothing else will fare better: let the other requests make no more attempts either.
                self.no_more.cancel();
            }
            unwritten.extend(sorted.unwritten);
            let Some(again) = sorted.again else { return (unwritten, Vec::new()) };
            let (rows, code) = (again.entries.len() as u64, again.last.code);
            request.keep(&again.entries);
            let delay = pauses.next(&again);
            let recovery = async {
                if again.asked.is_some() || again.is_overload {
                    pending::<()>().await;
                }
                let _ = recoveries.changed().await;
            };
            match self.pause(delay, recovery, deadline).await {
                Pause::Over => {}
                Pause::CutShort => pauses = pauses.afresh(),
                Pause::Pointless => {
                    give_back(&request, &again.last, &mut unwritten);
                    return (unwritten, Vec::new());
                }
            }
            self.progress.add_retried(table, code, rows);
            tracing::debug!(rows = request.len(), ?delay, answer = %again.last, "writing again");
            if again.in_halves {
                return (unwritten, request.halves());
            }
            last = Some(again.last);
        }
    }

    /// Makes one attempt, once there is room for it.
    ///
    /// # Errors
    /// None was made; what is to be said of the rows for that.
    async fn send(
        &self,
        table: Table,
        request: &Request,
        deadline: Instant,
        cookies: &mut MetadataMap,
        recoveries: &mut watch::Receiver<()>,
    ) -> Result<Attempt, Answer> {
        let slot = self.admit(request, deadline).await?;
        recoveries.mark_unchanged();
        self.progress.requests[table].inc();
        self.progress.sent[table].inc_by(request.len() as u64);
        let sent = Instant::now();
        let attempt = self.caller.call(request, deadline, &self.give_up, cookies).await;
        self.progress.add_call(table, outcome(&attempt), sent.elapsed());
        self.progress.requests[table].dec();
        self.progress.call_rate.set(self.limiter.observe(&attempt).unwrap_or(0.0));
        slot.settle(&attempt);
        Ok(attempt)
    }

    /// Waits until the request may go out, but not beyond its deadline or the end of all attempts.
    async fn admit(&self, request: &Request, deadline: Instant) -> Result<Slot, Answer> {
        let turn = async {
            let asked = Instant::now();
            let slot = self.outstanding.acquire(request).await;
            let admitted = Instant::now();
            self.limiter.acquire().await;
            self.progress.admission.inc_by((admitted - asked).as_secs_f64());
            self.progress.throttled.inc_by(admitted.elapsed().as_secs_f64());
            slot
        };
        tokio::select! {
            biased;
            () = self.no_more.cancelled() => Err(Answer::stopped()),
            () = sleep_until(deadline) => Err(Answer::no_turn()),
            slot = turn => Ok(slot),
        }
    }

    /// Waits for the next attempt: for `delay`, or until the table has recovered.
    async fn pause(&self, delay: Duration, recovery: impl Future<Output = ()>, deadline: Instant) -> Pause {
        if delay >= deadline.saturating_duration_since(Instant::now()) {
            return Pause::Pointless;
        }
        tokio::select! {
            biased;
            () = self.no_more.cancelled() => Pause::Pointless,
            () = sleep(delay) => Pause::Over,
            () = recovery => Pause::CutShort,
        }
    }

    /// Says in the log why messages go back to the subscription, unless everybody knows.
    fn tell(&self, table: Table, unwritten: &Unwritten) {
        for (_, _, answer) in unwritten {
            self.progress.add_unwritten(table, answer.code);
        }
        let mut unconfirmed = unwritten.iter().filter(|(_, verdict, _)| *verdict == Verdict::Unconfirmed);
        if let Some((_, _, answer)) = unconfirmed.next()
            && !self.no_more.is_cancelled()
        {
            let rows = 1 + unconfirmed.count();
            tracing::warn!(rows, %answer, "rows are not confirmed; their messages go back");
        }
    }
}

/// A call that ended well, but not for all of its rows.
pub(crate) const PARTIAL: &str = "PARTIAL";

/// How a call ended, in a word: by its own code, or by whether all its rows are written.
fn outcome(attempt: &Attempt) -> &'static str {
    let is_ok = |answer: &Option<Answer>| answer.as_ref().is_some_and(|answer| answer.code == Code::Ok);
    match &attempt.end {
        Some(end) => code_name(end.code),
        None if attempt.entries.iter().all(is_ok) => code_name(Code::Ok),
        None => PARTIAL,
    }
}

/// No more attempts: the rows of the request count as not written.
fn give_back(request: &Request, answer: &Answer, unwritten: &mut Unwritten) {
    let rows = (0..request.len()).map(|at| request.row(at));
    unwritten.extend(rows.map(|row| (row, Verdict::Unconfirmed, answer.clone())));
}
