//! Letters pulled from the dead-letter subscription, and given back, acked or published again.
//!
//! A pulled letter is leased: nobody else gets it. Letters that are not acked are given back at the end; after a kill
//! the leases end by themselves, within the subscription's ack deadline.

use super::letter::Letter;
use gcp::Resource;
use gcp::pubsub::Pubsub;
use gcp::retry::{Delays, asked_delay, may_pass};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use service::Error;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Response, Status};

/// Most letters in one pull.
const PULL_LETTERS: i32 = 100;
/// Between two pulls without letters.
const POLL: Duration = Duration::from_millis(250);
/// Leases are extended by this much, each time half of it is over.
const LEASE_SECS: i32 = 60;
/// Ids in one request: the service takes half a megabyte, and an id has a few hundred bytes.
const REQUEST_IDS: usize = 500;
/// Between attempts of a call.
const MIN_DELAY: Duration = Duration::from_millis(10);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// How long a call is tried.
const PATIENCE: Duration = Duration::from_secs(30);

/// The letters of one subscription.
#[derive(Debug)]
pub struct Mailbox<'p> {
    pubsub: &'p Pubsub,
    subscription: String,
    /// How long without a letter counts as the end.
    idle: Duration,
    /// The newest ack id of every letter held, by message id.
    held: HashMap<String, String>,
    leased: Instant,
}

impl<'p> Mailbox<'p> {
    /// Opens the subscription with this id or full name.
    pub async fn open(pubsub: &'p Pubsub, subscription: &str, idle: Duration) -> Result<Self, Error> {
        let subscription = pubsub.subscription_name(subscription);
        pubsub.require_subscription(&subscription).await?;
        Ok(Self { pubsub, subscription, idle, held: HashMap::new(), leased: Instant::now() })
    }

    /// The next letters, which are held from now on; none at the end. One that comes again is held already: left out.
    pub async fn next(&mut self) -> Result<Vec<Letter>, Error> {
        self.next_within(self.idle).await
    }

    /// As [`Mailbox::next`], with another time without a letter that counts as the end.
    pub async fn next_within(&mut self, idle: Duration) -> Result<Vec<Letter>, Error> {
        let deadline = Instant::now() + idle;
        loop {
            self.extend_leases().await?;
            let letters = self.pull().await?;
            let fresh: Vec<_> = letters.into_iter().filter_map(|letter| self.hold(letter)).collect();
            if !fresh.is_empty() || Instant::now() >= deadline {
                return Ok(fresh);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn hold(&mut self, letter: Letter) -> Option<Letter> {
        let known = self.held.insert(letter.id().to_owned(), letter.ack_id.clone()).is_some();
        (!known).then_some(letter)
    }

    /// A pull that returns at once. One that waits would have to be abandoned at the end, and letters on their way to
    /// an abandoned call stay leased for nothing.
    async fn pull(&self) -> Result<Vec<Letter>, Error> {
        #[expect(
            deprecated,
            reason = "a pull that waits cannot be given up without losing letters for a while"
        )]
        let request = proto::PullRequest {
            subscription: self.subscription.clone(),
            return_immediately: true,
            max_messages: PULL_LETTERS,
        };
        let answer = self.call(|| {
            let (mut client, request) = (self.pubsub.subscriptions(), request.clone());
            async move { client.pull(request).await }
        });
        let received = answer.await?.received_messages;
        let letter = |received: proto::ReceivedMessage| {
            Some(Letter { ack_id: received.ack_id, message: received.message? })
        };
        Ok(received.into_iter().filter_map(letter).collect())
    }

    /// Removes letters for good: only those whose copy is confirmed, or that the operator wants gone.
    pub async fn ack(&mut self, letters: &[Letter]) -> Result<(), Error> {
        for some in letters.chunks(REQUEST_IDS) {
            let ack_ids = some.iter().filter_map(|letter| self.held.get(letter.id()).cloned()).collect();
            let request = proto::AcknowledgeRequest { subscription: self.subscription.clone(), ack_ids };
            let answer = self.call(|| {
                let (mut client, request) = (self.pubsub.subscriptions(), request.clone());
                async move { client.acknowledge(request).await }
            });
            answer.await?;
            for letter in some {
                self.held.remove(letter.id());
            }
        }
        Ok(())
    }

    /// Gives back all letters held, for whoever looks next.
    pub async fn give_back(&mut self) -> Result<(), Error> {
        self.modify(0).await?;
        self.held.clear();
        Ok(())
    }

    async fn extend_leases(&mut self) -> Result<(), Error> {
        if self.held.is_empty() || self.leased.elapsed() < Duration::from_secs(LEASE_SECS as u64 / 2) {
            return Ok(());
        }
        self.leased = Instant::now();
        self.modify(LEASE_SECS).await
    }

    async fn modify(&self, ack_deadline_seconds: i32) -> Result<(), Error> {
        let ids: Vec<_> = self.held.values().cloned().collect();
        for ack_ids in ids.chunks(REQUEST_IDS) {
            let request = proto::ModifyAckDeadlineRequest {
                subscription: self.subscription.clone(),
                ack_ids: ack_ids.to_vec(),
                ack_deadline_seconds,
            };
            let answer = self.call(|| {
                let (mut client, request) = (self.pubsub.subscriptions(), request.clone());
                async move { client.modify_ack_deadline(request).await }
            });
            answer.await?;
        }
        Ok(())
    }

    async fn call<T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        make: impl Fn() -> F,
    ) -> Result<T, Error> {
        let resource =
            Resource { kind: "subscription", name: &self.subscription, role: "roles/pubsub.subscriber" };
        retrying(make).await.map_err(|status| resource.explain(&status))
    }
}

/// Publishes messages, and waits until the service has all of them.
///
/// # Errors
/// If it is not certain that the service has them. It may have: then they come twice.
pub async fn publish(pubsub: &Pubsub, topic: &str, messages: Vec<proto::PubsubMessage>) -> Result<(), Error> {
    let count = messages.len();
    let resource = Resource { kind: "topic", name: topic, role: "roles/pubsub.publisher" };
    let request = proto::PublishRequest { topic: topic.to_owned(), messages };
    let answer = retrying(|| {
        let (mut client, request) = (pubsub.topics(), request.clone());
        async move { client.publish(request).await }
    });
    let confirmed = answer.await.map_err(|status| resource.explain(&status))?.message_ids.len();
    if confirmed == count {
        return Ok(());
    }
    let reason = format!("confirmed {confirmed} of {count} messages; run again");
    Err(Error::Refused { kind: "topic", name: topic.to_owned(), reason })
}

async fn retrying<T, F: Future<Output = Result<Response<T>, Status>>>(
    make: impl Fn() -> F,
) -> Result<T, Status> {
    let (mut delays, started) = (Delays::new(MIN_DELAY, MAX_DELAY), Instant::now());
    loop {
        let status = match tokio::time::timeout(PATIENCE, make()).await {
            Ok(Ok(answer)) => return Ok(answer.into_inner()),
            Ok(Err(status)) => status,
            Err(_) => Status::deadline_exceeded("no answer in time"),
        };
        let delay = delays.next(asked_delay(&status));
        if !may_pass(&status) || started.elapsed() + delay >= PATIENCE {
            return Err(status);
        }
        tokio::time::sleep(delay).await;
    }
}
