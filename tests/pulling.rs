//! Leases, acks and handing back, on the embedded Pub/Sub and on Google's emulator.

use anyhow::{Context, Result, ensure};
use gcp::pubsub::pull::{self, Options, Received, Streams};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{PubsubMessage, Subscription};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use whole_path::{Backend, Pipeline, on_both_backends};

on_both_backends! {
    what_is_acked_never_comes_again
    a_message_that_is_held_beyond_its_lease_goes_to_nobody_else
    a_message_whose_handle_is_dropped_comes_again
    a_stopped_puller_leaves_nothing_leased_and_the_next_one_has_everything
    acks_of_an_exactly_once_subscription_are_confirmed
    messages_of_an_ordering_key_keep_their_order
}

const SUBSCRIPTION: &str = "held";
/// The shortest lease that Pub/Sub has.
const LEASE: Duration = Duration::from_secs(10);

struct Puller {
    streams: Streams,
    messages: Receiver<pull::Delivery>,
}

impl Puller {
    async fn open(pipeline: &Pipeline) -> Result<Self> {
        let options = Options {
            subscription: pipeline.pubsub.subscription_name(SUBSCRIPTION),
            streams: 1,
            lease: LEASE,
            max_lease: Duration::from_hours(1),
            max_outstanding_messages: 10_000,
            max_outstanding_bytes: 64 << 20,
        };
        let (streams, mut receivers) = pull::open(&pipeline.pubsub, &options).await?;
        Ok(Self { streams, messages: receivers.remove(0) })
    }

    /// As many messages, or those that come within a while.
    async fn take(&mut self, count: usize, within: Duration) -> Result<Vec<Received>> {
        let (deadline, mut taken) = (Instant::now() + within, Vec::new());
        while taken.len() < count {
            let Ok(next) = timeout_at(deadline, self.messages.recv()).await else { break };
            taken.extend(next.context("the streams go on")??);
        }
        Ok(taken)
    }

    async fn close(self) -> Result<()> {
        drop(self.messages);
        ensure!(self.streams.closed(Duration::from_secs(10)).await, "not all was settled");
        Ok(())
    }
}

/// A subscription to the pipeline's topic, with so many messages in it.
async fn filled(backend: Backend, change: impl Fn(&mut Subscription), messages: usize) -> Result<Pipeline> {
    let pipeline = Pipeline::set_up(backend).await?;
    let mut subscription = Subscription {
        name: pipeline.pubsub.subscription_name(SUBSCRIPTION),
        topic: pipeline.pubsub.topic_name(&pipeline.setup.names.topic),
        ack_deadline_seconds: 10,
        ..Subscription::default()
    };
    change(&mut subscription);
    pipeline.pubsub.subscriptions().create_subscription(subscription).await?;
    let message =
        |number: usize| PubsubMessage { data: number.to_string().into(), ..PubsubMessage::default() };
    for start in (0..messages).step_by(500) {
        pipeline.publish((start..messages.min(start + 500)).map(message).collect()).await?;
    }
    Ok(pipeline)
}

fn distinct(received: &[Received]) -> usize {
    received.iter().map(|received| &received.message.message_id).collect::<HashSet<_>>().len()
}

async fn what_is_acked_never_comes_again(backend: Backend) -> Result<()> {
    let pipeline = filled(backend, |_| {}, 1_000).await?;
    let mut puller = Puller::open(&pipeline).await?;
    let taken = puller.take(1_000, Duration::from_secs(20)).await?;
    assert_eq!(distinct(&taken), 1_000);
    for received in taken {
        received.handle.ack().await?;
    }
    puller.close().await?;
    let mut next = Puller::open(&pipeline).await?;
    assert_eq!(next.take(1, LEASE + Duration::from_secs(3)).await?.len(), 0);
    next.close().await
}

async fn a_message_that_is_held_beyond_its_lease_goes_to_nobody_else(backend: Backend) -> Result<()> {
    let pipeline = filled(backend, |_| {}, 50).await?;
    let mut puller = Puller::open(&pipeline).await?;
    let held = puller.take(50, Duration::from_secs(20)).await?;
    assert_eq!(held.len(), 50);
    let mut other = Puller::open(&pipeline).await?;
    assert_eq!(other.take(1, 2 * LEASE + Duration::from_secs(2)).await?.len(), 0, "the leases are extended");
    assert_eq!(puller.take(1, Duration::from_millis(100)).await?.len(), 0);
    for received in held {
        received.handle.ack().await?;
    }
    puller.close().await?;
    other.close().await
}

async fn a_message_whose_handle_is_dropped_comes_again(backend: Backend) -> Result<()> {
    let pipeline = filled(backend, |_| {}, 3).await?;
    let mut puller = Puller::open(&pipeline).await?;
    let first = puller.take(3, Duration::from_secs(20)).await?;
    assert_eq!(first.len(), 3);
    drop(first);
    let again = puller.take(3, Duration::from_secs(5)).await?;
    assert_eq!(distinct(&again), 3, "well before their leases are over");
    for received in again {
        received.handle.ack().await?;
    }
    puller.close().await
}

/// Google's emulator goes on serving a stream that was reset, and starves whoever comes next; half-closed, it does not.
async fn a_stopped_puller_leaves_nothing_leased_and_the_next_one_has_everything(
    backend: Backend,
) -> Result<()> {
    let pipeline = filled(backend, |_| {}, 2_000).await?;
    for round in 0..4 {
        let mut puller = Puller::open(&pipeline).await?;
        let taken = puller.take(2_000, Duration::from_secs(5)).await?;
        assert_eq!(distinct(&taken), 2_000, "in round {round}");
        drop(taken);
        puller.close().await?;
    }
    Ok(())
}

async fn acks_of_an_exactly_once_subscription_are_confirmed(backend: Backend) -> Result<()> {
    let exactly_once = |subscription: &mut Subscription| subscription.enable_exactly_once_delivery = true;
    let pipeline = filled(backend, exactly_once, 500).await?;
    let mut puller = Puller::open(&pipeline).await?;
    let taken = puller.take(500, Duration::from_secs(20)).await?;
    assert_eq!(taken.len(), 500);
    let mut acks: JoinSet<_> = taken.into_iter().map(|received| received.handle.ack()).collect();
    while let Some(confirmed) = timeout(Duration::from_secs(20), acks.join_next()).await? {
        confirmed??;
    }
    assert_eq!(puller.take(1, LEASE + Duration::from_secs(2)).await?.len(), 0);
    puller.close().await
}

async fn messages_of_an_ordering_key_keep_their_order(backend: Backend) -> Result<()> {
    let pipeline = filled(backend, |subscription| subscription.enable_message_ordering = true, 0).await?;
    let message = |number: u32| PubsubMessage {
        data: number.to_string().into(),
        ordering_key: "k".to_owned(),
        ..PubsubMessage::default()
    };
    pipeline.publish((0..300).map(message).collect()).await?;
    let mut puller = Puller::open(&pipeline).await?;
    let mut numbers = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    while numbers.len() < 300 && Instant::now() < deadline {
        for received in puller.take(1, Duration::from_secs(5)).await? {
            numbers.push(std::str::from_utf8(&received.message.data)?.parse::<u32>()?);
            received.handle.ack().await?;
        }
        sleep(Duration::from_millis(1)).await;
    }
    assert!(numbers.iter().copied().eq(0..300), "{numbers:?}");
    puller.close().await
}
