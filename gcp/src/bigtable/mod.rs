//! Bigtable: connections and checks, scans, small writes, and what is hot. The sink's writer is the one for loads.

mod connect;
pub mod hot;
pub mod read;
pub mod write;

pub use connect::{Args, Bigtable, READER, TableAdmin, WRITER};
