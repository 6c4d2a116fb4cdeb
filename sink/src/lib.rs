//! The second stage: from the subscription to the three tables.
//!
//! ```text
//! subscriber   pulls messages, while their memory fits the budget
//! decoder      Message -> Row, or a Reject, which goes to the dead-letter topic
//! window       Rows -> Panes: rows of one window that are written at once
//! pane         a task each:
//!   fanout       Pane -> three batches: the same rows under each table's keys, without the collisions
//!   writer       batches -> Answers -> Verdicts
//!   settle       Verdicts -> Fates -> Outcomes: ack, dead letter, nack
//!   tally        counts all that
//! report       Tallies -> one Report a window
//! ```
//!
//! [`run()`] puts this together, and `run.rs` is the loop that drives it. Nothing is acked before all three tables have
//! confirmed it; whatever else happens, its handle is dropped and the service delivers it again. Rows are idempotent,
//! so that does no harm.
//!
//! Six words for results, in the order in which they come about:
//!
//! | Word | Of | Is |
//! |---|---|---|
//! | `Answer` | a row in one table | the last that Bigtable said about it, or about the call that it was in |
//! | `Verdict` | a row in one table | what the answer means: written, again, poison, configuration, unconfirmed |
//! | `Fate` | a message | what is to become of it, by the verdicts of all three tables |
//! | `Outcome` | a message | what did become of it: acked, dead-lettered, nacked |
//! | `Tally` | a pane | counts of its payments and outcomes, which add up |
//! | `Report` | a window | the sum of its tallies, logged once the window is done |

mod backlog;
#[doc(hidden)]
pub mod bench_support;
mod budget;
pub mod cli;
mod collisions;
mod dead_letter;
mod decoder;
mod envelope;
mod error;
mod fanout;
#[doc(hidden)]
pub mod fuzzing;
mod keeper;
mod keys;
pub mod load;
mod options;
#[cfg(feature = "otlp")]
pub mod otlp;
mod outage;
mod owners;
mod pane;
mod progress;
mod reject;
mod report;
mod row;
mod run;
mod sampler;
mod settle;
mod subscriber;
pub mod suffix;
mod tally;
mod teller;
mod time;
mod watch;
mod window;
mod workload;
mod writer;

pub use error::Error;
pub use options::{Options, Suffix};
pub use progress::Progress;
pub use prometheus_client::metrics::counter::Counter;
pub use teller::Told;

use dead_letter::DeadLetters;
use gcp::bigtable::{Bigtable, WRITER};
use gcp::publishing::SteadyPublisher;
use gcp::pubsub::Pubsub;
use keeper::Keeper;
use pane::Stages;
use run::Run;
use schemas::layout::PerTable;
use settle::Settler;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
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
    let subscription = pubsub.subscription_name(&options.subscription);
    let dead_letter_topic = pubsub.topic_name(&options.dead_letter_topic);
    pubsub.require_subscription(&subscription).await?;
    let keeper = Keeper::open(pubsub.clone(), dead_letter_topic.clone()).await?;
    let tables = PerTable::from_fn(|table| bigtable.table_name(table.id()));
    for name in tables.values() {
        bigtable.require_table(WRITER, &options.app_profile, name).await?;
    }
    let key_suffix = suffix::of_tables(bigtable, &options.app_profile, options.row_key_suffix).await?;
    bigtable.warm_beside(&options.app_profile);

    let (connections, give_up) = (bigtable.transports(), CancellationToken::new());
    let writer = Writer::new(options.writer(), tables, connections, give_up.clone(), progress.clone());
    let publisher =
        SteadyPublisher::new(pubsub.clone(), dead_letter_topic, DEAD_LETTER_PATIENCE, None).await?;
    let settler = Settler::new(DeadLetters::new(publisher, keeper, subscription.clone()), progress.clone());
    let (streams, deliveries) = subscriber::open(pubsub, &subscription, options, &progress).await?;
    progress.memory_budget.set(i64::try_from(options.max_memory).unwrap_or(i64::MAX));
    progress.health.ready();
    let _looking = backlog::look(pubsub, &subscription, options, &progress);
    tracing::info!(subscription, "consuming");

    let owners = parking_lot::Mutex::default();
    let project = subscription.split('/').nth(1).unwrap_or_default().to_owned();
    let stages = Stages { key_suffix, owners, writer, settler, give_up, progress, project };
    Run::new(options, subscription, stages, streams).consume(options, deliveries, shutdown).await
}
