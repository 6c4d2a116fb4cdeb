//! Topics: how messages get into their logs, and the schemas that check them.

pub mod batch;
pub mod schema;
mod topic;
pub mod writer;

pub use topic::{Topic, now_micros};
