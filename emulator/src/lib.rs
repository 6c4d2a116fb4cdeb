//! Embedded Pub/Sub and Bigtable servers for laptops and tests: real gRPC on loopback, state on disk.
//!
//! Not for production: no authentication, loopback only.
//!
//! - [`Servers`]: both servers, on a data folder of their own or a temporary one.
//! - [`pubsub`], [`bigtable`]: each server.
//! - [`scripted`]: a Bigtable, and a Pub/Sub for publishers, that answer as a test says, for faults.
//! - [`null`]: servers that keep nothing, so that what a client costs can be measured.

pub mod bigtable;
mod connection;
pub mod null;
pub mod proto;
pub mod pubsub;
pub mod scripted;
mod servers;

pub use servers::{Error, Options, Servers};
