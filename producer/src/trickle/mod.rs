//! The first stage as a steady trickle: payments of now, one after the other, and what becomes of them.
//!
//! ```text
//! pacer ---- slots ----> feed ---- message ----> publisher -> topic
//! rate x curve x burst   updates due, or a        | confirmed
//!                        new payment at the       v
//!                        event clock's time  <- updates to come -> checkpoint
//! ```
//!
//! [`Trickle::run`] is the whole path. An update is published only after the version before it is confirmed, and a little later, so that
//! its publish time, which becomes its cells' time, is the later one however messages overtake each other after that.

mod checkpoint;
mod clock;
mod error;
mod feed;
mod in_flight;
mod options;
mod pacer;
mod rate;
mod report;
mod run;
mod saver;
mod updates;

pub use error::Error;
pub use options::Options;
pub use report::Outcome;

use checkpoint::Saved;
use clock::{EventClock, Source};
use feed::Feed;
use run::Run;
use saver::Saver;
use service::clock::now_micros as wall_micros;
use service::pubsub::Pubsub;
use std::fs::File;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use updates::Updates;

/// Limits of a request, as the service has them or below.
const BATCH_MESSAGES: u32 = 1_000;
const BATCH_BYTES: u32 = 1_000_000;
/// Messages wait this long for others to be sent along: longer costs latency, shorter costs requests.
const BATCH_DELAY: Duration = Duration::from_millis(5);

/// A trickle whose flags make sense, not yet begun.
#[derive(Debug)]
pub struct Trickle {
    options: Options,
    feed: Feed,
    source: Source,
    saved: Saved,
    /// Two runs that go on from one checkpoint would make the same ids.
    _lock: Option<File>,
}

impl Trickle {
    /// Checks the flags and takes up what a run before has left; the error names what is wrong.
    pub fn new(options: Options) -> Result<Self, service::Error> {
        options.check()?;
        let live = options.live()?;
        let name = options.run_name(live.run_id());
        let (lock, saved) = match &options.checkpoint {
            Some(path) => {
                let lock = crate::files::lock(path).map_err(|problem| refuse(path, problem))?;
                (Some(lock), read_checkpoint(path, &name)?)
            }
            None => (None, None),
        };
        let last = saved.as_ref().map(|saved| saved.last_micros);
        let source = options.source(last, wall_micros());
        let clock = EventClock::new(options.shard, last.unwrap_or(0));
        let mut feed = Feed::new(live, clock, Updates::new(options.max_pending_updates));
        let saved = saved.unwrap_or(Saved { run: name, last_micros: 0, pending: Vec::new() });
        let kept = saved.pending.iter().filter(|update| feed.keep(**update)).count();
        if kept < saved.pending.len() {
            let (flag, value) = ("--max-pending-updates", options.max_pending_updates.to_string());
            let problem = format!("is less than the {} updates of the checkpoint", saved.pending.len());
            return Err(service::Error::Flag { flag, value, problem });
        }
        // The first week is worked out here, so that its slots need not wait for it.
        feed.intensity(source.micros(wall_micros(), Duration::ZERO));
        // A simulated clock that has not run yet claims time from its start on.
        let start = source.micros(0, Duration::ZERO);
        let last_micros =
            if source == Source::Wall { saved.last_micros } else { saved.last_micros.max(start) };
        Ok(Self { options, feed, source, saved: Saved { last_micros, ..saved }, _lock: lock })
    }

    /// Publishes until told to stop, or until the duration or the number of records is reached; then waits for what is in flight
    /// and saves the checkpoint.
    ///
    /// # Errors
    /// When the topic is missing or refuses, when messages could not be confirmed, or when the last checkpoint could not be written.
    pub async fn run(self, pubsub: &Pubsub, shutdown: CancellationToken) -> Result<Outcome, Error> {
        let Self { options, feed, source, saved, _lock } = self;
        let topic = pubsub.topic_name(&options.topic);
        pubsub.require_topic(&topic).await?;
        let publisher = pubsub
            .publisher(options.publish_timeout)
            .await?
            .publisher(&topic)
            .set_message_count_threshold(BATCH_MESSAGES)
            .set_byte_threshold(BATCH_BYTES)
            .set_delay_threshold(BATCH_DELAY)
            .build();
        let saver = match &options.checkpoint {
            Some(path) => Some(Saver::start(path, saved.run.clone(), source, saved)?),
            None => None,
        };
        tracing::info!(topic, rate = %options.rate, run_id = feed.run_id(), shard = %options.shard, "trickling");
        Run::new(options, feed, source, publisher, topic, saver).publish(shutdown).await
    }
}

fn read_checkpoint(path: &Path, name: &str) -> Result<Option<Saved>, service::Error> {
    let saved = Saved::read(path).map_err(|error| refuse(path, format!("cannot be read: {error}")))?;
    let Some(saved) = saved else { return Ok(None) };
    if saved.run != name {
        let problem = format!(
            "belongs to run {}, not to {name}: use the flags of that run, or another file",
            saved.run
        );
        return Err(refuse(path, problem));
    }
    let (behind, updates) = ((saved.last_micros - wall_micros()) / 1_000_000, saved.pending.len());
    if name.ends_with("now") && behind > 0 {
        tracing::warn!("the clock is {behind} s behind the run before; event times wait for it");
    }
    tracing::info!(updates, "going on from the checkpoint");
    Ok(Some(saved))
}

fn refuse(path: &Path, problem: String) -> service::Error {
    service::Error::Flag { flag: "--checkpoint", value: path.display().to_string(), problem }
}
