//! One task a subscription: reads ahead, wakes streams, lets leases expire, forwards dead letters.

use crate::proto::pubsub::PubsubMessage;
use crate::pubsub::broker::Broker;
use crate::pubsub::store::log::{Log, Read};
use crate::pubsub::subscription::Subscription;
use crate::pubsub::subscription::backlog::Plan;
use crate::pubsub::topic::batch::PublishBatch;
use crate::pubsub::{message, names};
use bytes::Bytes;
use prost::Message;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// One read takes about this much at most.
const READ_BYTES: usize = 1024 * 1024;
/// Messages read ahead are put back when nobody has wanted them for this long.
const PARK_AFTER: Duration = Duration::from_secs(5);
/// A failed read or dead letter is tried again after this long.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Runs until the subscription ends.
pub async fn run(subscription: Arc<Subscription>, broker: Weak<Broker>) {
    let mut head = subscription.topic.watch();
    loop {
        let now = Instant::now();
        let dead = {
            let mut backlog = subscription.lock();
            backlog.tick(now);
            backlog.take_dead()
        };
        for (sequence, attempts) in dead {
            dead_letter(&subscription, &broker, sequence, attempts).await;
        }
        let end = *head.borrow_and_update();
        let (plan, epoch, wake) = {
            let mut backlog = subscription.lock();
            let park = (!backlog.is_wanted() && backlog.has_ready()).then(|| now + PARK_AFTER);
            (backlog.plan(end), backlog.epoch(), backlog.next_tick().into_iter().chain(park).min())
        };
        if let Some(plan) = plan {
            read(&subscription, plan, epoch).await;
            continue;
        }
        tokio::select! {
            () = subscription.ended.cancelled() => return,
            () = subscription.reader.notified() => {}
            changed = head.changed() => if changed.is_err() { return },
            () = wait_until(wake) => park(&subscription, now),
        }
    }
}

async fn wait_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

fn park(subscription: &Subscription, since: Instant) {
    let mut backlog = subscription.lock();
    if !backlog.is_wanted() && since.elapsed() >= PARK_AFTER {
        backlog.park();
    }
}

async fn read(subscription: &Subscription, plan: Plan, epoch: u64) {
    let (log, planned) = (subscription.topic.log.clone(), plan.clone());
    let read = tokio::task::spawn_blocking(move || read_plan(&log, &planned)).await;
    match read.map_err(|error| error.to_string()).and_then(|read| read.map_err(|error| error.to_string())) {
        Ok(Read { messages, end }) => {
            subscription.lock().accept(&plan, epoch, messages, end);
            subscription.notify_ready();
        }
        Err(error) => {
            tracing::error!(
                subscription = subscription.name(),
                error,
                "reading messages failed; trying again"
            );
            subscription.lock().reject(plan, epoch);
            subscription.ended.run_until_cancelled(tokio::time::sleep(RETRY_AFTER)).await;
        }
    }
}

/// Carries out a plan. Blocks.
fn read_plan(log: &Log, plan: &Plan) -> fjall::Result<Read> {
    match plan {
        Plan::Fresh(range) => log.read(range.clone(), READ_BYTES),
        Plan::Again(ranges) => {
            let mut all = Read::default();
            for range in ranges {
                let read = log.read(range.clone(), usize::MAX)?;
                all.messages.extend(read.messages);
                all.end = read.end;
            }
            Ok(all)
        }
    }
}

/// Forwards a message that is out of attempts to the dead-letter topic; if that fails, it is delivered again later.
async fn dead_letter(subscription: &Arc<Subscription>, broker: &Weak<Broker>, sequence: u64, attempts: u32) {
    match forward(subscription, broker, sequence, attempts).await {
        Ok(()) => subscription.lock().settle(sequence..sequence + 1),
        Err(error) => {
            let (name, message_id) = (subscription.name(), subscription.topic.message_id(sequence));
            tracing::warn!(
                subscription = name,
                message_id,
                error,
                "a dead letter was not taken; delivering it again"
            );
            subscription.lock().revive(sequence, Instant::now() + RETRY_AFTER);
        }
    }
}

async fn forward(
    subscription: &Arc<Subscription>,
    broker: &Weak<Broker>,
    sequence: u64,
    attempts: u32,
) -> Result<(), String> {
    let broker = broker.upgrade().ok_or("the server is stopping")?;
    let policy = subscription.config().dead_letter_policy.ok_or("the dead-letter policy was removed")?;
    let topic = broker.topic(&policy.dead_letter_topic).map_err(|status| status.message().to_owned())?;
    let log = subscription.topic.log.clone();
    let read = tokio::task::spawn_blocking(move || log.read(sequence..sequence + 1, usize::MAX)).await;
    let read = read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    // Of a message that is no longer in the log there is nothing to forward.
    let Some((_, body)) = read.messages.into_iter().next() else { return Ok(()) };
    let letter = letter(&subscription.name(), &body, attempts).map_err(|error| error.to_string())?;
    let batch = PublishBatch::of_one(&policy.dead_letter_topic, letter);
    broker.writer().publish(topic, batch, None).await.map(drop).map_err(|status| status.message().to_owned())
}

/// The message with the attributes that the service adds to dead letters.
fn letter(subscription: &str, body: &Bytes, attempts: u32) -> Result<Vec<u8>, prost::DecodeError> {
    let mut message = PubsubMessage::decode(body.clone())?;
    let publish_micros = message.publish_time.take().map(|time| message::micros(&time));
    message.message_id.clear();
    let mut add = |name: &str, value: String| {
        message.attributes.insert(format!("CloudPubSubDeadLetterSource{name}"), value);
    };
    add("DeliveryCount", attempts.to_string());
    add("Subscription", names::id(subscription).to_owned());
    add("SubscriptionProject", names::project(subscription).to_owned());
    if let Some(micros) = publish_micros {
        add("TopicPublishTime", message::timestamp(micros).to_string());
    }
    Ok(message.encode_to_vec())
}
