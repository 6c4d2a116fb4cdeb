//! One pane's task: fan out, write, settle, count.

use crate::envelope::{Envelope, Received};
use crate::error::Error;
use crate::fanout::FanOut;
use crate::owners::Owners;
use crate::progress::Progress;
use crate::reject::Reject;
use crate::settle::{Outcome, Settled, Settler};
use crate::tally::Tally;
use crate::window::Pane;
use crate::writer::Writer;
use gcp::pubsub::pull::Message;
use parking_lot::Mutex;
use schemas::layout::KeySuffix;
use service::blocking::busy;
use service::clock::now_micros;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

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
}

/// How a task ended.
#[derive(Debug)]
pub struct PaneOutcome {
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
    pub async fn write(self: Arc<Self>, pane: Pane<Envelope<Received>>) -> PaneOutcome {
        let started = Instant::now();
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
        let Settled { outcomes, configuration, unconfirmed } =
            self.settler.settle(messages, collisions, unwritten).await;
        let mut tally = Tally::of(&outcomes);
        (tally.panes, tally.pane_duplicates, tally.redelivered) = (1, pane_duplicates, redelivered);
        tally.add_rows(&batches.rows, &outcomes, written_micros, &self.progress.latency);
        tracing::debug!(payments = tally.payments, elapsed = ?started.elapsed(), "pane written");
        PaneOutcome {
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
        window_start_micros: Option<i64>,
        envelope: Envelope<(Reject, Message)>,
    ) -> PaneOutcome {
        let outcomes = vec![self.settler.reject(envelope).await];
        let tally = Tally::of(&outcomes);
        PaneOutcome { window_start_micros, tally, outcomes, configuration: None, cause: None }
    }
}
