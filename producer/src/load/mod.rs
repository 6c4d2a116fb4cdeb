//! A load that has an end: a shard of a run, published once.

pub mod checkpoint;
pub mod chunks;
pub mod identity;
pub mod ledger;
pub mod output;
pub mod progress;
pub mod saver;
pub mod work;
pub mod workers;
