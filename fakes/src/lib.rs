//! Servers for tests and measurements, on real gRPC: what a client costs shows against them, and what it does when a server
//! fails. Not linked into any program that operators run.
//!
//! - [`null`]: servers that keep nothing, so that what a client costs can be measured.
//! - [`scripted`]: a Bigtable, and a Pub/Sub for publishers, that answer as a test says, for faults.

pub mod null;
mod proto;
pub mod scripted;
