//! The second stage: from the subscription to the three tables.
//!
//! ```text
//! subscriber -> decoder -> window -> fanout -> writer -> settle
//!   pull          Row       Pane     3 batches  3 reports  ack | dead letter | return
//! ```
//!
//! [`run()`] is the whole path. Nothing is acked before all three tables have confirmed it; whatever else happens, its
//! handle is dropped and the service delivers it again. Rows are idempotent, so that does no harm.

#[doc(hidden)]
pub mod bench_support;
mod budget;
mod collisions;
mod dead_letter;
mod decoder;
mod envelope;
mod error;
mod fanout;
#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod options;
mod progress;
mod reject;
mod report;
mod row;
mod run;
mod settle;
mod subscriber;
mod window;
mod writer;

pub use error::Error;
pub use options::{Options, Suffix};
pub use progress::Progress;
pub use service::metrics::Counter;

use dead_letter::DeadLetters;
use envelope::{Envelope, Received};
use fanout::FanOut;
use gcp::{bigtable::Bigtable, pubsub::Pubsub};
use report::Tally;
use run::{Done, Run};
use schemas::layout::{KeySuffix, Table};
use service::{blocking::busy, clock::now_micros};
use settle::Settler;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use window::Pane;
use writer::Writer;

/// How long a dead letter's publish is retried.
const DEAD_LETTER_PATIENCE: Duration = Duration::from_mins(1);

/// Consumes until `shutdown`, until idle (`--exit-when-idle`), or until something is wrong that no retry can mend.
///
/// On the way out it stops pulling, writes what it holds within the grace period, and waits for the acks to be sent.
pub async fn run(
    options: &Options,
    pubsub: &Pubsub,
    bigtable: &Bigtable,
    progress: Arc<Progress>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    options.check()?;
    let sink = Arc::new(Sink::prepare(options, pubsub, bigtable, progress.clone()).await?);
    let subscriber = pubsub.subscriber(options.streams).await?;
    let (streams, deliveries) = subscriber::open(&subscriber, &sink.subscription, options, &progress);
    tracing::info!(subscription = sink.subscription, "consuming");
    Run::new(options, sink, streams).consume(options, deliveries, shutdown).await
}

/// What every pane's task uses.
struct Sink {
    subscription: String,
    key_suffix: KeySuffix,
    writer: Writer,
    settler: Settler,
    give_up: CancellationToken,
    table_names: [String; 3],
    progress: Arc<Progress>,
}

impl Sink {
    /// Checks that everything the path needs is there.
    async fn prepare(
        options: &Options,
        pubsub: &Pubsub,
        bigtable: &Bigtable,
        progress: Arc<Progress>,
    ) -> Result<Self, Error> {
        let subscription = pubsub.subscription_name(&options.subscription);
        let dead_letter_topic = pubsub.topic_name(&options.dead_letter_topic);
        pubsub.require_subscription(&subscription).await?;
        pubsub.require_topic(&dead_letter_topic).await?;
        let table_names = Table::ALL.map(|table| bigtable.table_name(table.id()));
        for name in &table_names {
            bigtable.require_table(name).await?;
        }
        bigtable.warm(&options.app_profile).await;
        let give_up = CancellationToken::new();
        let (tables, lanes) = (table_names.clone(), bigtable.transports());
        let writer = Writer::new(options.writer(), tables, lanes, give_up.clone(), progress.clone());
        let publisher = pubsub.publisher(DEAD_LETTER_PATIENCE).await?.publisher(dead_letter_topic).build();
        let settler = Settler::new(DeadLetters::new(publisher, subscription.clone()), progress.clone());
        let key_suffix = options.row_key_suffix.into();
        Ok(Self { subscription, key_suffix, writer, settler, give_up, table_names, progress })
    }

    /// fan out -> write -> settle
    async fn write(self: Arc<Self>, pane: Pane<Envelope<Received>>) -> Done {
        let (window, started) = (pane.window_start_micros, Instant::now());
        let part = |Envelope { value: Received { row, message }, handle }| {
            (row, Envelope { value: message, handle })
        };
        let (rows, messages): (Vec<_>, Vec<_>) = pane.elements.into_iter().map(part).unzip();
        let FanOut { batches, rivals } = busy(|| FanOut::of(rows, self.key_suffix));
        let mut tally = Tally::of_pane(&batches.rows, rivals.duplicates);
        let reports = self.writer.write(&batches).await;
        let written_micros = now_micros();
        let settled = self.settler.settle(messages, rivals, reports).await;
        tally.conclude(&settled.ends, written_micros, &self.progress.latency);
        tracing::debug!(window, payments = tally.payments, elapsed = ?started.elapsed(), "pane written");
        Done { window_start_micros: Some(window), tally, settled }
    }
}
