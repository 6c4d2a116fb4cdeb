//! Memory that messages may take between pull and ack.

use gcp::share::{Permit, Share};

/// Cost of a message beside its bytes: lease, handle, attributes, row keys.
const MESSAGE_OVERHEAD: u64 = 2_560;
/// The bytes of a message exist as the message, and as an encoded row with its column names and times.
const COPIES: u64 = 7;

/// Bytes of the budget that a message of so many bytes takes.
pub fn memory(message_bytes: usize) -> u64 {
    MESSAGE_OVERHEAD + COPIES * message_bytes as u64
}

/// How many messages, and how many bytes of them, each of so many streams may have sent that nobody has taken yet.
///
/// Such messages lie in the client's memory, so the service's limits share the budget out too: half of it may go into
/// the messages' overhead and half into their bytes, and a little more, so that the budget binds first.
pub fn unclaimed_per_stream(max_memory: u64, streams: i64) -> (i64, i64) {
    let max_memory = i64::try_from(max_memory).unwrap_or(i64::MAX);
    let share = max_memory / 2 / streams / 10 * 11;
    ((share / MESSAGE_OVERHEAD as i64).max(1), (share / COPIES as i64).max(1))
}

/// The budget, shared by all streams.
#[derive(Debug)]
pub struct Budget(Share);

impl Budget {
    pub fn new(bytes: u64) -> Self {
        Self(Share::of_bytes(usize::try_from(bytes).unwrap_or(usize::MAX)))
    }

    /// Bytes that are reserved.
    pub fn taken(&self) -> u64 {
        self.0.taken_bytes() as u64
    }

    /// Reserves the memory of a message of so many bytes, if there is as much.
    pub fn try_take(&self, message_bytes: usize) -> Option<Permit> {
        self.0.try_take_bytes(usize::try_from(memory(message_bytes)).unwrap_or(usize::MAX))
    }

    /// Reserves the memory of a message of so many bytes, waiting while there is none.
    pub async fn take(&self, message_bytes: usize) -> Permit {
        self.0.take_bytes(usize::try_from(memory(message_bytes)).unwrap_or(usize::MAX)).await
    }
}
