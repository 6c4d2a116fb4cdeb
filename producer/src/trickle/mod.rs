//! The first stage as a steady trickle: payments of now, one after the other, and what becomes of them.
//!
//! ```text
//! pacer ---- slots ----> feed ---- message ----> publisher -> topic
//! rate x curve x burst   updates due, or a        | confirmed
//!                        new payment at the       v
//!                        event clock's time  <- updates to come -> checkpoint
//! ```
//!
//! [`Trickle::run`] is the whole path. An update is published only after the version before it is confirmed, and a
//! little later, so that its publish time, which becomes its cells' time, is the later one however messages overtake
//! each other after that.

mod checkpoint;
mod clock;
mod confirmed;
mod error;
mod feed;
mod in_flight;
mod lives;
mod options;
mod pacer;
mod rate;
mod report;
mod run;
mod saver;
mod settings;
mod updates;

pub use confirmed::{Confirmed, Extent};
pub use error::Error;
pub use lives::Lives;
pub use options::Options;
pub use rate::Rate;
pub use report::Outcome;

use crate::audience;
use crate::progress::Progress;
use crate::state_file::StateFile;
use checkpoint::Saved;
use clock::{EventClock, Source};
use feed::Feed;
use gcp::publishing::{Batching, SteadyPublisher};
use gcp::pubsub::Pubsub;
use generator::{Config, Live};
use run::Run;
use saver::Saver;
use service::clock::now_micros as wall_micros;
use settings::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use updates::Updates;

/// Limits of a request, as the service has them or below.
///
/// Messages wait as long for others to be sent along: longer costs latency, shorter costs requests.
const BATCHING: Batching = Batching { messages: 1_000, bytes: 1_000_000, delay: Duration::from_millis(5) };

/// A trickle whose flags make sense, not yet begun.
#[derive(Debug)]
pub struct Trickle {
    options: Options,
    base: Config,
    live: Live,
}

impl Trickle {
    /// Checks the flags; the error names what is wrong.
    pub fn new(options: Options) -> Result<Self, service::Error> {
        options.check()?;
        let base = options.config()?;
        let live = options.lives.live(base.clone())?;
        Ok(Self { options, base, live })
    }

    /// Publishes until it is stopped, or until the duration or the number of records is reached; then waits for what is
    /// in flight and saves the checkpoint.
    ///
    /// # Errors
    /// When the checkpoint is another run's, when the topic is missing or refuses, when messages could not be
    /// confirmed, or when the last checkpoint could not be written.
    pub async fn run(
        self,
        pubsub: &Pubsub,
        progress: Arc<Progress>,
        shutdown: CancellationToken,
    ) -> Result<Outcome, Error> {
        let topic = pubsub.topic_name(&self.options.topic);
        pubsub.require_topic(&topic).await?;
        let audience = audience::warn_without(pubsub, &topic);
        let Resumed { options, feed, source, saved, file } = self.resume(&topic)?;
        let (pubsub, patience) = (pubsub.clone(), options.publish_timeout);
        let publisher = SteadyPublisher::new(pubsub, topic.clone(), patience, Some(BATCHING)).await?;
        let saver = file.map(|file| Saver::start(file, source, saved)).transpose()?;
        let (shard, from) = (options.shard(), options.shard_source);
        tracing::info!(topic, rate = %options.rate, run_id = feed.run_id(), %shard, shard_from = from, "trickling");
        progress.health.ready();
        let run = Run::new(options, feed, source, publisher, topic, saver, progress.clone());
        let ended = run.publish(shutdown).await;
        progress.health.draining();
        let _ = audience.await;
        ended
    }

    /// Takes up what a run before has left.
    fn resume(self, topic: &str) -> Result<Resumed, service::Error> {
        let Self { options, base, live } = self;
        let settings = Settings::new(&options, &base, topic);
        let file = options.checkpoint.as_deref().map(StateFile::open).transpose()?;
        let saved = match &file {
            Some(file) => read_checkpoint(file, &settings)?,
            None => None,
        };
        if let Some(Saved { last_micros, pending, .. }) = &saved {
            let behind = (last_micros - wall_micros()) / 1_000_000;
            if !options.is_simulated() && behind > 0 {
                tracing::warn!("the clock is {behind} s behind the run before; event times wait for it");
            }
            tracing::info!(updates = pending.len(), "going on from the checkpoint");
        }
        let last = saved.as_ref().map(|saved| saved.last_micros);
        let source = options.source(last, wall_micros());
        let clock = EventClock::new(options.shard(), last.unwrap_or(0));
        let mut feed = Feed::new(live, clock, Updates::new(options.max_pending_updates));
        let saved = saved.unwrap_or(Saved { run: settings.to_line(), last_micros: 0, pending: Vec::new() });
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
        Ok(Resumed { options, feed, source, saved: Saved { last_micros, ..saved }, file })
    }
}

/// A trickle that knows where it goes on.
struct Resumed {
    options: Options,
    feed: Feed,
    source: Source,
    saved: Saved,
    /// Locked: two runs that go on from one checkpoint would make the same ids.
    file: Option<StateFile>,
}

/// The state that a run of the same settings has left, if one has.
fn read_checkpoint(file: &StateFile, settings: &Settings) -> Result<Option<Saved>, service::Error> {
    let Some(saved) = Saved::read(file)? else { return Ok(None) };
    file.require_own(settings, &serde_json::from_str(&saved.run).unwrap_or_default())?;
    Ok(Some(saved))
}
