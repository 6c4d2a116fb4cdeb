//! How streams and pulls wait for messages and take them.

use super::ack_id;
use super::backlog::{Backlog, Settings, Taken};
use super::outgoing::Delivery;
use super::subscription::Subscription;
use crate::proto::pubsub::streaming_pull_response::SubscriptionProperties;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A stream's registration with its subscription. When it is dropped, its leases live on until their deadlines.
pub struct Stream {
    pub subscription: Arc<Subscription>,
    pub id: u32,
    room: Arc<Notify>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.subscription.lock().close_stream(self.id);
        // The message that this stream may have been woken for is for another now.
        self.subscription.notify_ready();
    }
}

impl Subscription {
    pub fn open_stream(self: &Arc<Self>, max_messages: i64, max_bytes: i64) -> Stream {
        let (id, room) = self.lock().open_stream(max_messages, max_bytes);
        self.reader.notify_one();
        Stream { subscription: self.clone(), id, room }
    }

    /// Waits for messages for a unary pull, at most until `give_up`.
    pub async fn pull(&self, limit: usize, give_up: Instant) -> Option<Delivery> {
        let _puller = Puller::start(self);
        tokio::select! {
            delivery = self.take_for_pull(limit) => Some(delivery),
            () = tokio::time::sleep_until(give_up) => None,
            () = self.ended.cancelled() => None,
        }
    }

    async fn take_for_pull(&self, limit: usize) -> Delivery {
        loop {
            self.turn().await;
            let ready = self.ready.notified();
            if let Some(delivery) = self.try_take(|backlog, deadline| backlog.take_for_pull(limit, deadline))
            {
                return delivery;
            }
            if self.ordered {
                ready.await;
            }
        }
    }

    /// Waits for this taker's turn. Takers stand in a queue, and whoever has taken goes to its end, so that a busy
    /// stream does not starve the others. An ordered subscription has no queue: a key's next message may be for one
    /// stream only, so all of them look.
    async fn turn(&self) {
        if !self.ordered {
            self.ready.notified().await;
        }
    }

    fn try_take(&self, take: impl FnOnce(&mut Backlog, Instant) -> Option<Taken>) -> Option<Delivery> {
        let (taken, low, more, properties) = {
            let mut backlog = self.lock();
            let deadline = Instant::now() + backlog.settings().ack_deadline;
            let taken = take(&mut backlog, deadline);
            (taken, backlog.is_low(), backlog.has_ready(), properties(backlog.settings()))
        };
        if low {
            self.reader.notify_one();
        }
        let Taken { generation, messages } = taken?;
        if more && !self.ordered {
            self.ready.notify_one();
        }
        let ack_prefix = ack_id::prefix(self.number, generation);
        Some(Delivery { ack_prefix, messages, properties, ..Delivery::default() })
    }
}

impl Stream {
    /// Waits for messages for this stream. Safe to drop while it waits.
    pub async fn next(&self, ack_deadline: Option<Duration>) -> Delivery {
        let subscription = &self.subscription;
        loop {
            subscription.turn().await;
            let ready = subscription.ready.notified();
            let room = self.room.notified();
            let taken = subscription.try_take(|backlog, default| {
                let deadline = ack_deadline.map_or(default, |lease| Instant::now() + lease);
                backlog.take_for_stream(self.id, deadline)
            });
            if let Some(delivery) = taken {
                return delivery;
            }
            if !subscription.lock().has_room(self.id) {
                // Another stream may have room for the message that this one was woken for.
                subscription.notify_ready();
                room.await;
            } else if subscription.ordered {
                ready.await;
            }
        }
    }
}

/// Counts a waiting pull.
struct Puller<'a>(&'a Subscription);

impl<'a> Puller<'a> {
    fn start(subscription: &'a Subscription) -> Self {
        subscription.lock().pull_started();
        subscription.reader.notify_one();
        Self(subscription)
    }
}

impl Drop for Puller<'_> {
    fn drop(&mut self) {
        self.0.lock().pull_ended();
        self.0.notify_ready();
    }
}

fn properties(settings: &Settings) -> Option<SubscriptionProperties> {
    (settings.exactly_once || settings.ordered).then_some(SubscriptionProperties {
        exactly_once_delivery_enabled: settings.exactly_once,
        message_ordering_enabled: settings.ordered,
    })
}
