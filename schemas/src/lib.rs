//! The contract between the stages: the payment message, what makes one valid, and how it lies in the tables.
//!
//! - [`Payment`]: the message on the topic, generated from `proto/payment.proto` ([`PROTO`]).
//! - [`validate`]: what a payment must satisfy before it may become rows.
//! - [`layout`]: the three tables: names, column families with their retention, row keys, cells.
//! - [`text`]: how times and amounts are written in keys and cells.

pub mod layout;
pub mod text;
mod validate;

#[allow(clippy::all, clippy::pedantic, missing_docs)]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/payments.v1.rs"));
}

pub use proto::Payment;
/// The parts of a [`Payment`].
pub use proto::payment;
pub use validate::{Invalid, validate};

/// The contract's source text, as Pub/Sub's schema service takes it.
pub const PROTO: &str = include_str!("../proto/payment.proto");

/// The contract compiled: a serialized `google.protobuf.FileDescriptorSet`, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/payment.descriptors"));

/// Value of the message attribute `schema` on every message that carries a [`Payment`].
pub const SCHEMA: &str = "payments.v1.Payment";
