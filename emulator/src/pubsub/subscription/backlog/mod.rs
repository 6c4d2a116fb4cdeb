//! Everything a subscription still has to deliver: a state machine without I/O and without a clock of its own.
//!
//! A message of the topic's log is, for one subscription, in exactly one place: not read yet (at or above the cursor),
//! acknowledged, to be read again, delayed by the retry policy, ready in memory, leased, or due for the dead-letter
//! topic. `state` holds these places, `delivery` moves messages towards subscribers, `settlement` moves them back or
//! away.

mod delivery;
mod settlement;
mod state;
#[cfg(test)]
mod tests;

pub use delivery::{Plan, Taken};
pub use settlement::Settled;
pub use state::{Backlog, Settings};
