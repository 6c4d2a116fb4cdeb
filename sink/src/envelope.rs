//! A value on its way, and the handle that settles its message.

use crate::budget::memory;
use crate::row::Row;
use crate::window::Element;
use gcp::pubsub::pull::{Handle, Message, Unacked};
use gcp::share::Permit;

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
    /// When it was pulled, UTC microseconds.
    pub pulled_micros: i64,
    /// It had been given back before.
    pub redelivered: bool,
}

/// When the service took a message, UTC microseconds.
pub fn publish_micros(message: &Message) -> Option<i64> {
    let published = message.publish_time.as_ref()?;
    published.seconds.checked_mul(1_000_000)?.checked_add(i64::from(published.nanos / 1_000))
}

/// Settles one message. Dropped, it nacks, and the service delivers the message again.
#[derive(Debug)]
pub struct AckHandle {
    handle: Handle,
    delivery_attempt: Option<i32>,
    /// The message's share of the memory budget, given back when it is settled.
    _memory: Permit,
}

impl AckHandle {
    pub fn new(handle: Handle, delivery_attempt: Option<i32>, memory: Permit) -> Self {
        Self { handle, delivery_attempt, _memory: memory }
    }

    /// How often the service has tried, where the subscription has a dead-letter policy.
    pub fn delivery_attempt(&self) -> Option<i32> {
        self.delivery_attempt
    }

    /// Acks. On an exactly-once subscription this waits for the service's word; otherwise it is sent in the background.
    pub async fn ack(self) -> Result<(), Unacked> {
        self.handle.ack().await
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
