//! All processes at one time: what the views show, and the document that `--once --format json` prints.
//!
//! Rates are `null` before a second answer has come. Durations are in seconds, sizes in bytes.

use super::watched::Flow;
use monitor::status::State;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Snapshot {
    pub processes: Vec<Process>,
    /// Sums over the processes that answer.
    pub totals: Totals,
    /// Of what waits in subscriptions; `null` while nobody tells.
    pub backlog: Option<Backlog>,
    /// MutateRows calls by table.
    pub latency: BTreeMap<String, TableTimes>,
    /// A message's way by stage: publish_to_pulled, pane_wait, write, ack; and publish_to_written, the first three together.
    pub stages: BTreeMap<String, Times>,
    /// Publish calls by outcome.
    pub publishing: BTreeMap<String, Times>,
    pub errors: Errors,
}

/// One process, or an endpoint that does not answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Process {
    pub endpoint: String,
    /// Why there is nothing to be said of it now; the rest is what was known before, rates none.
    pub no_answer: Option<String>,
    pub binary: Option<String>,
    pub version: Option<String>,
    pub pid: Option<u32>,
    pub host: Option<String>,
    pub state: Option<State>,
    /// Why it is not ready.
    pub reason: Option<String>,
    /// What it works on, and the flags that matter for its speed.
    pub settings: BTreeMap<String, String>,
    pub uptime_seconds: Option<f64>,
    /// CPUs in use: 1.0 is one of them, all the time.
    pub cpus: Option<f64>,
    /// Share of the runtime's threads that is busy, 0 to 1.
    pub busy_ratio: Option<f64>,
    pub resident_bytes: Option<f64>,
    pub open_fds: Option<f64>,
    /// Messages that are pulled and not settled, or published and not confirmed.
    pub held_messages: Option<f64>,
    /// Acked, confirmed, or taken by an embedded server: the first that the process has.
    pub messages: Option<Flow>,
    pub rows: Option<Flow>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    pub producers: usize,
    pub sinks: usize,
    pub emulators: usize,
    /// Endpoints that do not answer.
    pub silent: usize,
    pub generated: Flow,
    /// Published and confirmed.
    pub confirmed: Flow,
    /// Of all that have an end.
    pub planned: f64,
    /// Messages a second; 0 where one goes as fast as it can.
    pub target_rate: Option<f64>,
    pub publishing: f64,
    pub pulled: Flow,
    pub acked: Flow,
    pub dead_lettered: Flow,
    /// Messages that sinks hold.
    pub held: f64,
    pub oldest_held_seconds: Option<f64>,
    pub rows: Flow,
    pub rows_by_table: BTreeMap<String, Flow>,
    pub requests_in_flight: f64,
    pub rows_a_request: Option<f64>,
    /// Seconds, so that the rate is seconds a second of all writers together.
    pub throttled: Flow,
    pub admission: Flow,
    /// Calls a second that Bigtable allows, of sinks that it has told so.
    pub call_rate_limit: Option<f64>,
    pub memory_reserved_bytes: f64,
    pub memory_budget_bytes: f64,
}

/// What waits to be pulled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backlog {
    pub messages: f64,
    pub oldest_seconds: Option<f64>,
    /// How long ago that was so, where a service tells late.
    pub lag_seconds: Option<f64>,
    #[serde(flatten)]
    pub drain: Drain,
}

/// How a backlog develops at the rates of now: settled less published.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "trend", rename_all = "lowercase")]
pub enum Drain {
    /// Rates are not known yet.
    Unknown,
    Empty,
    Draining {
        drain_seconds: f64,
    },
    /// As much comes as goes.
    Steady,
    Growing {
        messages_per_second: f64,
    },
}

/// How long something takes: between the last two answers, or since the start where nothing came in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Times {
    pub calls: Flow,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
    /// The longest since the start.
    pub max: Option<f64>,
    pub since_start: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TableTimes {
    pub all: Times,
    pub by_outcome: BTreeMap<String, Times>,
}

/// What went wrong or was done again. By table and code: rows; by code or reason: messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Errors {
    pub rows_retried: BTreeMap<String, BTreeMap<String, Flow>>,
    pub rows_unwritten: BTreeMap<String, BTreeMap<String, Flow>>,
    pub publishes_failed: BTreeMap<String, Flow>,
    pub publishes_retried: BTreeMap<String, Flow>,
    pub rejected: BTreeMap<String, Flow>,
    pub dead_lettered: Flow,
    pub returned: Flow,
    pub leases_expired: Flow,
    pub redelivered: Flow,
    pub late: Flow,
    pub duplicates_in_panes: Flow,
    pub streams_opened: Flow,
}

impl Errors {
    /// Rows that are written again, by code, whatever their table.
    pub fn retried_by_code(&self) -> BTreeMap<&str, Flow> {
        by_code(&self.rows_retried)
    }

    pub fn unwritten_by_code(&self) -> BTreeMap<&str, Flow> {
        by_code(&self.rows_unwritten)
    }
}

fn by_code(tables: &BTreeMap<String, BTreeMap<String, Flow>>) -> BTreeMap<&str, Flow> {
    let mut codes = BTreeMap::<_, Flow>::new();
    for (code, flow) in tables.values().flatten() {
        codes.entry(&**code).or_default().add(*flow);
    }
    codes
}

impl Process {
    /// Whether somebody should look at it.
    pub fn is_troubled(&self) -> bool {
        self.no_answer.is_some() || self.state == Some(State::Unready)
    }
}

/// A state in one word.
pub fn state_word(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Ready => "ready",
        State::Unready => "unready",
        State::Draining => "draining",
    }
}
