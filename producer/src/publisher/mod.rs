//! Publish requests and the calls that carry them.

pub mod caller;
pub mod request;
