//! The payment message as it travels, generated from `proto/payment.proto`, and that contract itself.

#[allow(clippy::all, clippy::pedantic, missing_docs)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/payments.v1.rs"));
}

pub use generated::Payment;
/// The parts of a [`Payment`].
pub use generated::payment;

/// The contract's source text, as Pub/Sub's schema service takes it.
pub const PROTO: &str = include_str!("../proto/payment.proto");

/// The contract compiled: a serialized `google.protobuf.FileDescriptorSet`, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/payment.descriptors"));

/// The value of the attribute `schema` on every message that carries a [`Payment`].
pub const SCHEMA: &str = "payments.v1.Payment";
