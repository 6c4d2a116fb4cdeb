//! The operator's command: everything around the two stages.
//!
//! - [`setup`]: creates and verifies topics, subscriptions and tables.
//! - [`emulators`]: keeps the embedded servers up.
//! - [`inspect`]: generated payments as text, and the scorecard over them.
//! - [`reading`], [`rows`]: flags of every command that reads, payments as rows.
//! - [`query`]: payments from the tables, by customer, by date or by id.
//! - [`verify`]: whether the tables hold exactly what a run must have produced, and repairs.
//! - [`quality`]: whether what is in the tables makes sense, whoever wrote it.
//! - [`snapshot`], [`replay`]: messages delivered again, from a moment or a snapshot on.
//! - [`dead_letter`]: letters listed, looked at, published again or dropped.
//! - [`cleanup`]: rows, tables, topics and subscriptions removed.
//! - [`plan`]: what a load takes, by arithmetic.
//! - [`local`]: the whole pipeline in one process, with a summary read back from the tables.

pub mod audit;
pub mod cleanup;
pub mod dead_letter;
#[cfg(test)]
mod defaults;
pub mod emulators;
pub mod inspect;
pub mod local;
pub mod moment;
pub mod names;
pub mod output;
pub mod plan;
pub mod quality;
pub mod query;
pub mod reading;
pub mod replay;
pub mod rows;
pub mod setup;
pub mod snapshot;
pub mod verify;
