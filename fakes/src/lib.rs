//! Fake servers for tests and measurements, on real gRPC. No program that operators run links them.
//!
//! - [`null`]: servers that keep nothing, to measure what a client costs.
//! - [`relay`]: a relay whose connections can be made to die without a word.
//! - [`scripted`]: Bigtable, Pub/Sub and Cloud Monitoring that answer as a test says, for faults.

pub mod null;
mod proto;
pub mod relay;
pub mod scripted;
