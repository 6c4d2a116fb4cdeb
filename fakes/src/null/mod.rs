//! Servers that keep nothing and count, to measure what a client costs, and to see what it does when they are slow.
//!
//! - [`NullBigtable`]: every MutateRows entry is OK, at once or not until a test says so.
//! - [`NullPubsub`]: pushes ready-made messages, each once, as fast as the client's flow control allows; takes every
//!   publish.
//!
//! Both listen on a free port of loopback, and stop when dropped.

mod bigtable;
pub(crate) mod codec;
pub(crate) mod delivery;
mod listener;
mod outbox;
mod pubsub;

pub use bigtable::NullBigtable;
pub use pubsub::{Counts, NullPubsub};
