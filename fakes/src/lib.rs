//! Fake servers for tests and measurements, on real gRPC. No program that operators run links them.
//!
//! - [`null`]: servers that keep nothing, to measure what a client costs.
//! - [`scripted`]: a Bigtable, and a Pub/Sub for publishers, that answer as a test says, for faults.

pub mod null;
mod proto;
pub mod scripted;
