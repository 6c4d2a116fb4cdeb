//! StreamingPull: messages in; leases, acks and nacks out.
//!
//! Over the generated stubs, because the official client's pull cannot be supervised: on a connection that died quietly
//! its acks wait for ever, a stream that the service ends in order is not opened again, heartbeats are swallowed, and a
//! stream cannot be half-closed, so that messages on their way stay leased after a stop.
//!
//! - `lane`: one stream at a time and all that came over it, on as many connections as that takes.
//! - `stream`: one stream on one connection, and whether the server is still there.
//! - `leases`: the ack ids of messages that nobody has settled, and when to extend them.
//! - `calls`: acks, nacks and extensions on their way.
//! - `handle`: the right to settle one message.

mod calls;
mod handle;
mod lane;
mod leases;
mod stream;
#[cfg(test)]
mod tests;

pub use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage as Message;
pub use handle::{Handle, Unacked};

use super::Pubsub;
use lane::{Lane, Order, State};
use parking_lot::Mutex;
use service::Error;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Status;

/// What to pull, and how much of it at once.
#[derive(Clone, Debug)]
pub struct Options {
    /// Full name.
    pub subscription: String,
    pub streams: usize,
    /// How long the service waits for a word about a message before it delivers it again.
    pub lease: Duration,
    /// How long a message's lease is extended in all.
    pub max_lease: Duration,
    /// What the service may have sent over each stream and not seen settled.
    pub max_outstanding_messages: i64,
    pub max_outstanding_bytes: i64,
}

/// A message, leased to whoever holds it.
#[derive(Debug)]
pub struct Received {
    pub message: Message,
    /// How often the service has tried, where the subscription has a dead-letter policy.
    pub delivery_attempt: Option<i32>,
    pub handle: Handle,
}

/// The messages of one response, in the service's order; or why the stream is over for good, which comes last.
pub type Delivery = Result<Vec<Received>, Status>;

/// Responses of a stream that wait for their taker.
const QUEUE: usize = 2;

/// The open streams of one subscription.
#[derive(Debug)]
pub struct Streams {
    lanes: JoinSet<()>,
    orders: Vec<mpsc::UnboundedSender<Order>>,
    states: Vec<Arc<Mutex<State>>>,
}

/// How the streams are.
#[derive(Clone, Debug)]
pub struct Health {
    /// When the service was last heard on any of them.
    pub heard: Instant,
    /// How a stream ended that has not been replaced by one on which the service was heard.
    pub trouble: Option<String>,
    /// Leases extended so far.
    pub extended: u64,
    /// Messages whose lease ran out so far: extended for long enough, or no longer known to the service.
    pub expired: u64,
    /// Streams opened so far.
    pub opened: u64,
}

/// Opens the streams, each with a connection of its own. A receiver ends once its stream is stopped.
///
/// # Errors
/// Without credentials. Whether the subscription is there shows on the streams.
pub async fn open(
    pubsub: &Pubsub,
    options: &Options,
) -> Result<(Streams, Vec<mpsc::Receiver<Delivery>>), Error> {
    let dialer = pubsub.dialer().await?;
    let (mut lanes, mut orders, mut states, mut receivers) = (JoinSet::new(), vec![], vec![], vec![]);
    for _ in 0..options.streams.max(1) {
        let (out, receiver) = mpsc::channel(QUEUE);
        let (order, ordered) = mpsc::unbounded_channel();
        let lane = Lane::new(dialer.clone(), options, out, ordered);
        states.push(lane.state());
        lanes.spawn(lane.run());
        orders.push(order);
        receivers.push(receiver);
    }
    Ok((Streams { lanes, orders, states }, receivers))
}

impl Streams {
    /// Asks the service for no more. What has been handed on can still be settled.
    pub fn stop(&self) {
        for order in &self.orders {
            let _ = order.send(Order::Stop);
        }
    }

    /// Comes back once the service has answered on the connection of every stream: it is there, and has sent what it
    /// has.
    pub fn check(&self) -> impl Future<Output = ()> + Send + use<> {
        let ask = |order: &mpsc::UnboundedSender<Order>| {
            let (answer, answered) = oneshot::channel();
            let _ = order.send(Order::Check(answer));
            answered
        };
        let answers: Vec<_> = self.orders.iter().map(ask).collect();
        async move {
            for answer in answers {
                if answer.await.is_err() {
                    // A stream that is over has nothing to say.
                    pending::<()>().await;
                }
            }
        }
    }

    pub fn health(&self) -> Health {
        let states = self.states.iter().map(|state| state.lock());
        let mut health = Health { heard: Instant::now(), trouble: None, extended: 0, expired: 0, opened: 0 };
        let mut heard = None;
        for state in states {
            heard = heard.max(Some(state.heard));
            health.trouble = state.trouble.clone().or(health.trouble);
            health.extended += state.extended;
            health.expired += state.expired;
            health.opened += state.opened;
        }
        health.heard = heard.unwrap_or(health.heard);
        health
    }

    /// Waits until every message is settled, by its handle's use or drop, and the service has been told. A process that
    /// leaves earlier leaves messages leased.
    ///
    /// Returns whether that happened within `limit`.
    pub async fn closed(mut self, limit: Duration) -> bool {
        self.stop();
        let all = async { while self.lanes.join_next().await.is_some() {} };
        tokio::time::timeout(limit, all).await.is_ok()
    }
}
