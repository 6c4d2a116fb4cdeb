//! The first stage: makes payments and publishes them, each until the service has confirmed it.
//!
//! The way of a load, which has an end ([`run`]):
//!
//! ```text
//! load/work        which indices are this shard's, and how far they are confirmed already
//! load/workers     one a core, each takes a chunk of indices at a time, and for each payment:
//!   generator        makes it: a pure function of the configuration and its index
//!   encode           its bytes, spoilt on purpose where faults/ wants that
//!   publisher/       into a request of up to 1,000, which waits for room and is tried until it is confirmed
//! load/chunks      notes what is confirmed without a gap
//! load/saver       writes that into the checkpoint, never more; a producer that dies goes on from there
//! ```
//!
//! As a payment depends on nothing but its index, whatever is sent again after a failure is the same, byte for byte.
//! [`write()`] goes the same way to a file instead of a topic (`load/output`); [`trickle`] is a run without an end.
//!
//! Loads and trickles share whether anybody listens (`audience`), which payments there are (`generation`,
//! `settings`), how far it is (`progress`), which part of them this producer has (`shard`, `placement`) and the file that outlives a run
//! (`state_file`, `files`). Neither knows the other.

mod audience;
pub mod cli;
mod customers;
mod digest;
mod encode;
mod error;
mod faults;
mod files;
mod generation;
mod load;
#[cfg(feature = "otlp")]
pub mod otlp;
mod placement;
mod progress;
mod publisher;
mod settings;
mod shard;
mod state_file;
mod teller;
pub mod trickle;

pub use customers::{Customers, remark};
pub use encode::encode;
pub use error::Error;
pub use faults::{Fault, Faults, Rates};
pub use generation::Generation;
pub use load::{Batch, Confirmed, Outcome, Output, Publishing, Tally, run, spoilt_indices, write};
pub use placement::is_task;
pub use progress::Progress;
pub use shard::Shard;
pub use teller::Told;
