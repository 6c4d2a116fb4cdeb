//! Subscriptions: who is given which message, and until when.

pub mod ack_id;
pub mod backlog;
pub mod filter;
mod leases;
mod ordering;
pub mod outgoing;
mod subscription;
pub mod taking;

pub use subscription::Subscription;
