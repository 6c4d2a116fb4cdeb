//! Embedded Pub/Sub and Bigtable servers for laptops and tests: real gRPC on loopback, state on disk.
//!
//! Not for production: no authentication, loopback only.
//!
//! - [`Servers`]: both servers, on a data folder of their own or a temporary one.
//! - [`pubsub`], [`bigtable`]: each server.
//! - [`proto`]: Google's message types, which they speak.
//! - [`connection`]: connections that a server can cut.

pub mod bigtable;
pub mod connection;
mod disk;
pub mod proto;
pub mod pubsub;
mod servers;

pub use servers::{Error, Options, Servers};
