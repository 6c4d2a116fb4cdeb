//! Embedded Pub/Sub and Bigtable servers for laptops and tests: real gRPC on loopback, state on disk.
//!
//! Not for production: no authentication, loopback only.

pub mod bigtable;
pub mod proto;
pub mod pubsub;
pub mod scripted;
mod servers;

pub use servers::{Error, Options, Servers};
