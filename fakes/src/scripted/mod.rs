//! Servers whose answers are a function, each for one rpc: for tests of what a client does under faults.
//!
//! - [`writes`]: Bigtable's MutateRows.
//! - [`reads`]: Bigtable's ReadRows.
//! - [`publishes`]: Pub/Sub's Publish.
//! - [`pulls`]: Pub/Sub's StreamingPull, and the calls about leases.
//! - [`instances`]: Bigtable's ListHotTablets.
//! - [`monitoring`]: Cloud Monitoring's ListTimeSeries.

pub mod instances;
pub mod monitoring;
pub mod publishes;
pub mod pulls;
pub mod reads;
mod server;
pub mod writes;

pub use server::Server;
