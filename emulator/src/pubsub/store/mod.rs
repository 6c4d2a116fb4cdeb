//! Everything on disk: a log for each topic, a record for each topic, subscription, snapshot and schema. All calls
//! block.

pub mod chunk;
pub mod log;
pub mod ranges;
pub mod records;
mod store;

pub use store::Store;
