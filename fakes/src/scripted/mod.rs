//! Servers whose answers are a function, each for one rpc: for tests of what a client does under faults.
//!
//! - [`writes`]: Bigtable's MutateRows.
//! - [`reads`]: Bigtable's ReadRows.
//! - [`publishes`]: Pub/Sub's Publish.

pub mod publishes;
pub mod reads;
mod server;
pub mod writes;

pub use server::Server;
