//! What every binary needs at the process edge.
//!
//! - [`endpoint`]: where a Google service is (an emulator, or Google) and how to speak to it: [`Transport`].
//! - [`pubsub`], [`bigtable`]: flags, resource names, clients, and the checks made before any work starts.
//! - [`Error`]: what can be wrong with flags, resources or credentials, each with what to do next.
//! - [`signals`], [`telemetry`], [`metrics`], [`exit`]: stopping, logging, being watched, exit codes.
//! - [`latency`], [`memory`]: quantiles of durations, peak memory.
//! - [`clock`]: the wall clock.
//! - [`call`], [`wire`], [`share`]: gRPC calls whose messages the caller encodes, and bounds on what is on its way.
//! - [`units`], [`cli`], [`blocking`]: durations and bytes in flags, command lines with their completions and manual pages,
//!   work that keeps a CPU busy.

pub mod bigtable;
pub mod blocking;
pub mod call;
pub mod cli;
pub mod clock;
mod dotenv;
pub mod endpoint;
mod error;
pub mod exit;
pub mod latency;
mod manual;
pub mod memory;
pub mod metrics;
pub mod pubsub;
pub mod share;
pub mod signals;
pub mod telemetry;
mod transport;
pub mod units;
pub mod wire;

/// The system's allocator keeps an arena for each thread, and message buffers that one thread fills and another frees
/// pile up in them: a local run took twice the memory and a quarter less payments a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use endpoint::{Endpoint, Project};
pub use error::{Error, Resource};
pub use transport::Transport;
