//! Bigtable: connections and checks, scans, and small writes. The sink's writer is the one for loads.

mod connect;
pub mod read;
pub mod write;

pub use connect::{Args, Bigtable, READER, TableAdmin, WRITER};
