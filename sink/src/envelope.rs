//! A value on its way, and the handle that settles its message.

use crate::budget::memory;
use crate::row::Row;
use crate::window::Element;
use gcp::share::Permit;
use google_cloud_pubsub::error::AckError;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;

/// Something made from one message, with that message's ack handle.
///
/// Dropping it nacks: nothing is ever acked by accident.
#[derive(Debug)]
pub struct Envelope<T> {
    pub value: T,
    pub handle: AckHandle,
}

/// A valid payment's row with the message it came in.
#[derive(Debug)]
pub struct Received {
    pub row: Row,
    pub message: Message,
}

/// When the service took a message, UTC microseconds.
pub fn publish_micros(message: &Message) -> Option<i64> {
    let published = message.publish_time.as_ref()?;
    Some(published.seconds() * 1_000_000 + i64::from(published.nanos() / 1_000))
}

/// Settles one message. Dropped, it nacks, and the service delivers the message again.
#[derive(Debug)]
pub struct AckHandle {
    handler: Handler,
    /// The message's share of the memory budget, given back when it is settled.
    _memory: Permit,
}

impl AckHandle {
    pub fn new(handler: Handler, memory: Permit) -> Self {
        Self { handler, _memory: memory }
    }

    /// How often the service has tried, where the subscription has a dead-letter policy.
    pub fn delivery_attempt(&self) -> Option<i32> {
        self.handler.delivery_attempt()
    }

    /// Acks. On an exactly-once subscription this waits for the service's word; otherwise it is sent in the background.
    pub async fn ack(self) -> Result<(), AckError> {
        match self.handler {
            Handler::ExactlyOnce(handler) => handler.confirmed_ack().await,
            handler => {
                handler.ack();
                Ok(())
            }
        }
    }
}

impl Element for Envelope<Received> {
    fn publish_micros(&self) -> i64 {
        self.value.row.publish_micros
    }

    fn bytes(&self) -> usize {
        self.value.message.data.len()
    }

    fn memory(&self) -> u64 {
        memory(self.bytes())
    }
}
