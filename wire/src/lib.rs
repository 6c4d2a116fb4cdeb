//! Protobuf and gRPC bytes by hand, for the few places where structs cost more than the work itself.
//!
//! - [`varint`]: numbers of variable length.
//! - [`Reader`], [`reader`]: fields read from borrowed bytes; [`Fields`]: each with the span that it takes.
//! - [`writer`]: fields appended to a buffer.
//! - [`frames`]: gRPC's frame around each message.
//!
//! Source: the protobuf encoding guide and "gRPC over HTTP2". `prost` is the reference in the tests.

mod fields;
pub mod frames;
pub mod reader;
pub mod varint;
pub mod writer;

pub use fields::{Field, Fields};
pub use reader::Reader;
pub use varint::Malformed;
