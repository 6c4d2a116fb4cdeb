//! Fake servers for tests and measurements, on real gRPC. No program that operators run links them.
//!
//! - [`null`]: servers that keep nothing, to measure what a client costs.
//! - [`relay`]: a way to a server that can go quiet.
//! - [`scripted`]: a Bigtable, and a Pub/Sub for publishers, that answer as a test says, for faults.

pub mod null;
mod proto;
pub mod relay;
pub mod scripted;
