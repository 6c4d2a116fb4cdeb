//! One pane's task: fan out, write, settle, count.

use crate::envelope::{Envelope, Received};
use crate::error::Error;
use crate::fanout::{Batches, FanOut};
use crate::owners::Owners;
use crate::progress::{Progress, Stage};
use crate::reject::Reject;
use crate::row::Row;
use crate::settle::{Outcome, Settled, Settler};
use crate::tally::Tally;
use crate::time::Time;
use crate::window::Pane;
use crate::writer::{Unwritten, Writer};
use gcp::pubsub::pull::Message;
use monitor::spread::Spread;
use parking_lot::Mutex;
use schemas::layout::{KeySuffix, PerTable};
use schemas::trace::{TRACE_PARENT, sampled_trace};
use service::blocking::busy;
use service::clock::now_micros;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Keys of a pane and table that its heat is told from.
const HEAT_KEYS: usize = 32;

/// The stages that every pane goes through, shared by all tasks.
#[derive(Debug)]
pub struct Stages {
    pub key_suffix: KeySuffix,
    pub owners: Mutex<Owners>,
    pub writer: Writer,
    pub settler: Settler,
    /// The writer's: once cancelled, nothing is tried again.
    pub give_up: CancellationToken,
    pub progress: Arc<Progress>,
    /// The project of the subscription, which traces are named by.
    pub project: String,
}

/// How a task ended.
#[derive(Debug)]
pub struct PaneOutcome {
    /// The task's.
    pub number: u64,
    /// `None` for a reject without a publish time.
    pub window_start_micros: Option<i64>,
    pub tally: Tally,
    /// Message by message.
    pub outcomes: Vec<Outcome>,
    /// Set when a table, a permission or the login is wrong.
    pub configuration: Option<Error>,
    /// Why a message went back.
    pub cause: Option<String>,
}

impl Stages {
    /// Takes a pane to the three tables and settles its messages.
    pub async fn write(self: Arc<Self>, number: u64, pane: Pane<Envelope<Received>>) -> PaneOutcome {
        let (started, fired_micros) = (Instant::now(), now_micros());
        let pulled: Vec<i64> = pane.elements.iter().map(|element| element.value.pulled_micros).collect();
        let traces = traces(&pane.elements);
        let redelivered = pane.elements.iter().filter(|element| element.value.redelivered).count() as u64;
        let split = |Envelope { value: Received { row, message, .. }, handle }| {
            (row, Envelope { value: message, handle })
        };
        let (rows, messages): (Vec<_>, Vec<_>) = pane.elements.into_iter().map(split).unzip();
        let FanOut { batches, collisions } =
            busy(|| FanOut::of(rows, self.key_suffix, &mut self.owners.lock()));
        let pane_duplicates = collisions.duplicates;
        let unwritten = self.writer.write(&batches).await;
        let written_micros = now_micros();
        self.note_heat(&batches, &unwritten, written_micros);
        let Settled { outcomes, configuration, unconfirmed } =
            self.settler.settle(messages, collisions, unwritten).await;
        let mut tally = Tally::of(&outcomes);
        (tally.panes, tally.pane_duplicates, tally.redelivered) = (1, pane_duplicates, redelivered);
        tally.add_rows(&batches.rows, &outcomes, written_micros);
        self.progress.latency.add(&tally.latency);
        let moments = Moments { fired: fired_micros, written: written_micros, acked: now_micros() };
        self.note_stages(&batches.rows, &pulled, &outcomes, moments);
        for (at, trace) in traces {
            self.tell(&trace, &batches.rows[at], pulled[at], &outcomes[at], moments);
        }
        tracing::debug!(payments = tally.payments, elapsed = ?started.elapsed(), "pane written");
        PaneOutcome {
            number,
            window_start_micros: Some(pane.window_start_micros),
            tally,
            outcomes,
            configuration: configuration
                .map(|(table, answer)| Error::table(self.writer.table_name(table), &answer)),
            cause: unconfirmed.map(|(table, answer)| format!("table {}: {answer}", table.id())),
        }
    }

    /// Settles a message that can never have its rows, and belongs to no pane for that.
    pub async fn reject(
        self: Arc<Self>,
        number: u64,
        window_start_micros: Option<i64>,
        envelope: Envelope<(Reject, Message)>,
    ) -> PaneOutcome {
        let outcomes = vec![self.settler.reject(envelope).await];
        let tally = Tally::of(&outcomes);
        PaneOutcome { number, window_start_micros, tally, outcomes, configuration: None, cause: None }
    }

    /// The last span of a payment that somebody wants to follow: from publish to row.
    fn tell(&self, trace: &str, row: &Row, pulled_micros: i64, outcome: &Outcome, moments: Moments) {
        let Moments { fired, written, acked } = moments;
        let millis = |from, to| between(from, to).as_millis() as u64;
        tracing::info!(
            trace = format!("projects/{}/traces/{trace}", self.project),
            published = %Time(row.publish_micros),
            publish_to_pulled_ms = millis(row.publish_micros, pulled_micros),
            pane_wait_ms = millis(pulled_micros, fired),
            write_ms = millis(fired, written),
            ack_ms = millis(written, acked),
            outcome = match outcome {
                Outcome::Acked => "acked",
                Outcome::DeadLettered => "dead-lettered",
                Outcome::Nacked(_) => "returned",
            },
            "traced payment"
        );
    }

    /// How long the parts of the acked messages' way took. Written and acked they were at once, all of them.
    fn note_stages(&self, rows: &[Row], pulled: &[i64], outcomes: &[Outcome], moments: Moments) {
        let Moments { fired, written, acked } = moments;
        let (mut to_pulled, mut wait, mut held) = (Spread::default(), Spread::default(), Spread::default());
        for ((row, &pulled), _) in
            rows.iter().zip(pulled).zip(outcomes).filter(|(_, end)| **end == Outcome::Acked)
        {
            to_pulled.record(between(row.publish_micros, pulled));
            wait.record(between(pulled, fired));
            held.record(between(pulled, acked));
        }
        self.progress.add_stage(Stage::PublishToPulled, &to_pulled);
        self.progress.add_stage(Stage::PaneWait, &wait);
        self.progress.held.add(&held);
        for (stage, from, to) in [(Stage::Write, fired, written), (Stage::Ack, written, acked)] {
            let mut spread = Spread::default();
            spread.record_many(between(from, to), held.count());
            self.progress.add_stage(stage, &spread);
        }
    }

    /// Notes a few of the keys that each table has taken, at even distances.
    fn note_heat(&self, batches: &Batches, unwritten: &PerTable<Unwritten>, written_micros: i64) {
        let seconds = u64::try_from(written_micros / 1_000_000).unwrap_or(0);
        let mut heat = self.progress.heat.lock();
        for (table, keys) in &batches.keys {
            let rows = keys.len().saturating_sub(unwritten[table].len());
            let step = keys.len().div_ceil(HEAT_KEYS).max(1);
            let sampled: Vec<_> = (step / 2..keys.len()).step_by(step).map(|at| keys.key(at)).collect();
            let sampled = sampled.iter().map(|key| std::str::from_utf8(key).unwrap_or_default());
            heat.note(table.id(), seconds, rows as u64, sampled);
        }
    }
}

/// The places and the traces of messages that are to be followed.
fn traces(elements: &[Envelope<Received>]) -> Vec<(usize, String)> {
    let trace = |(at, element): (usize, &Envelope<Received>)| {
        let parent = element.value.message.attributes.get(TRACE_PARENT)?;
        Some((at, sampled_trace(parent)?.to_owned()))
    };
    elements.iter().enumerate().filter_map(trace).collect()
}

/// When a pane came how far, UTC microseconds.
#[derive(Clone, Copy, Debug)]
struct Moments {
    fired: i64,
    written: i64,
    acked: i64,
}

/// Nothing, if the clock was set back.
fn between(from_micros: i64, to_micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(to_micros.saturating_sub(from_micros)).unwrap_or(0))
}
