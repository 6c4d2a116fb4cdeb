//! Embedded Pub/Sub and Bigtable servers for laptops and tests: real gRPC on loopback, state on disk.
//!
//! Not for production: no authentication, loopback only.
//!
//! - [`Servers`]: both servers, on a data folder of their own or a temporary one.
//! - [`pubsub`], [`bigtable`]: each server.
//! - [`Durability`]: what their answers survive.
//! - [`proto`]: Google's message types, which they speak.
//! - [`connection`]: connections that a server can cut.

#[cfg(test)]
extern crate self as emulator;

pub mod bigtable;
pub mod connection;
mod disk;
mod durability;
pub mod figures;
mod folder;
mod journal;
pub mod proto;
pub mod pubsub;
mod servers;

pub use durability::Durability;
pub use folder::Fault;
pub use servers::{Error, Options, Servers};
