//! `payments tap`: shows payments as they are published, through a subscription of its own.
//!
//! - `subscription`: the tap's subscription, removed whatever happens; and what killed taps have left.
//! - `show`: which payments are shown, and how. Pure.
//!
//! It pulls and acks on the subscription that it has made a moment ago, and knows no other.

mod options;
mod show;
mod subscription;

pub use options::{Args, Format};
pub use show::Counts;

use anyhow::bail;
use gcp::pubsub::Pubsub;
use gcp::pubsub::pull;
use service::{Error, terminal};
use show::Shower;
use std::io::{ErrorKind, Write};
use std::time::Duration;
use subscription::Tap;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// What may wait for a slow reader: the service keeps the rest.
const MAX_OUTSTANDING_MESSAGES: i64 = 1_000;
const MAX_OUTSTANDING_BYTES: i64 = 16 << 20;
/// A message is shown at once, or waits for a reader; none is worth a lease longer than this.
const MAX_LEASE: Duration = Duration::from_mins(1);
/// Between two looks at whether anybody reads the output, while nothing comes.
const LOOK: Duration = Duration::from_millis(500);

/// Writes payments to `out` until their number, the time or `stop` ends it, and remarks to `notes`. `is_unread` tells
/// that nobody reads `out` any more, though nothing is written.
pub async fn run(
    args: &Args,
    out: &mut impl Write,
    notes: &mut impl Write,
    stop: CancellationToken,
    is_unread: impl Fn() -> bool,
) -> anyhow::Result<()> {
    args.check()?;
    let prepared = stop.run_until_cancelled(prepare(args, notes)).await;
    let (pubsub, topic) = prepared.unwrap_or(Err(Error::Stopped))?;
    let mut shower = Shower::new(args)?;
    // From here on no signal breaks in: the subscription is made and removed in order.
    let end = Instant::now() + args.duration;
    let tap = Tap::open(&pubsub, &topic, end, &stop).await?;
    let _ = writeln!(notes, "tapping {topic} by subscription {} for {:?} at most", tap.name, args.duration);
    let shown = stream(&pubsub, &tap, &mut shower, out, is_unread).await;
    let name = tap.name.clone();
    let removed = tap.close().await;
    let Counts { shown: count, others, undecodable } = shower.counts;
    let _ = writeln!(
        notes,
        "{count} shown, {others} left out by the filters, {undecodable} that cannot be decoded"
    );
    if let Err(error) = &removed {
        let _ = writeln!(notes, "subscription {name} could not be removed, it expires in a day: {error}");
    }
    shown?;
    Ok(removed?)
}

/// Connects, and clears away what killed taps have left. The topic's name.
async fn prepare(args: &Args, notes: &mut impl Write) -> Result<(Pubsub, String), Error> {
    let pubsub = Pubsub::connect(&args.pubsub, &args.project).await?;
    let topic = pubsub.topic_name(&args.topic);
    pubsub.require_topic(&topic).await?;
    match subscription::remove_forgotten(&pubsub, &topic).await {
        Ok(names) => {
            for name in names {
                let _ = writeln!(notes, "removed subscription {name}, left by a tap that was killed");
            }
        }
        // They expire by themselves.
        Err(error) => {
            let _ = writeln!(notes, "forgotten taps could not be looked for: {error}");
        }
    }
    Ok((pubsub, topic))
}

/// Shows what comes until the tap is over, or there is enough.
async fn stream(
    pubsub: &Pubsub,
    tap: &Tap,
    shower: &mut Shower<'_>,
    out: &mut impl Write,
    is_unread: impl Fn() -> bool,
) -> anyhow::Result<()> {
    let options = pull::Options {
        subscription: tap.name.clone(),
        streams: 1,
        lease: Duration::from_secs(subscription::ACK_DEADLINE_SECS as u64),
        max_lease: MAX_LEASE,
        max_outstanding_messages: MAX_OUTSTANDING_MESSAGES,
        max_outstanding_bytes: MAX_OUTSTANDING_BYTES,
    };
    let (streams, mut receivers) = pull::open(pubsub, &options).await?;
    let Some(mut deliveries) = receivers.pop() else { return Ok(()) };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !shower.is_done() {
        let delivery = tokio::select! {
            () = tap.over.cancelled() => break,
            delivery = deliveries.recv() => delivery,
            _ = looks.tick() => {
                if is_unread() {
                    return Err(terminal::unwritten(ErrorKind::BrokenPipe.into()).into());
                }
                continue;
            }
        };
        let messages = match delivery {
            Some(Ok(messages)) => messages,
            // The subscription goes, and its stream before the word of it.
            Some(Err(_)) if tap.over.is_cancelled() => break,
            Some(Err(status)) => {
                bail!("subscription {} gives no more: {:?}: {}", tap.name, status.code(), status.message())
            }
            None => break,
        };
        for received in messages {
            if shower.is_done() {
                break;
            }
            shower.show(&received.message.data, out)?;
            // One that comes again is shown again: the service promises no more.
            let _ = received.handle.ack().await;
        }
        out.flush()?;
    }
    drop(streams);
    Ok(())
}
