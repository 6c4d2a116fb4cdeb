//! The contract between the stages: the payment message, what makes one valid, and how it lies in the tables.
//!
//! - [`Payment`]: the message on the topic, generated from `proto/payment.proto` ([`PROTO`]).
//! - [`validate`]: what a payment must satisfy before it may become rows.
//! - [`layout`]: the three tables: names, column families with their retention, row keys, cells.
//! - [`comment`]: what the contract says of a field.
//! - [`text`]: how times and amounts are written in keys and cells.
//! - `json`, behind the feature of that name: payments as JSON and as protobuf's text format.

mod comments;
#[cfg(feature = "json")]
pub mod json;
pub mod layout;
mod proto;
pub mod text;
pub mod trace;
mod validate;

/// The attribute of a message that came back from the dead letters: when it was first published, as [`text::time`]
/// writes it.
pub const FIRST_PUBLISH_TIME: &str = "first_publish_time";

pub use comments::comment;
pub use proto::{DESCRIPTORS, PROTO, Payment, SCHEMA, payment};
pub use validate::{Invalid, validate};
