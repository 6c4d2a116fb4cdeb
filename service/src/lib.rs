//! What every binary needs at the process edge.
//!
//! - [`Error`]: what can be wrong with flags, resources or credentials, each with what to do next.
//! - [`signals`], [`telemetry`], [`exit`]: stopping, logging, exit codes.
//! - [`terminal`], [`escape`]: what people read, with nothing in it that others could do to them.
//! - [`usage`]: CPU time and memory.
//! - [`files`]: files that flags name. [`clock`]: the wall clock.
//! - [`units`], [`cli`], [`blocking`]: durations and bytes in flags, command lines with their completions and manual
//!   pages, work that keeps a CPU busy.

pub mod blocking;
pub mod cli;
pub mod clock;
mod cloud_logging;
mod dotenv;
mod error;
pub mod escape;
pub mod exit;
pub mod files;
mod manual;
pub mod signals;
pub mod telemetry;
pub mod terminal;
pub mod units;
pub mod usage;

pub use error::Error;
