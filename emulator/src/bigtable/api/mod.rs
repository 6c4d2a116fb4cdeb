//! The two gRPC services: what crosses the network, and when.

pub mod admin;
pub mod admission;
pub mod codec;
pub mod data;
pub mod jobs;
pub mod reads;
