//! The operator's command: everything around the two stages.
//!
//! - [`setup`]: creates and verifies topics, subscriptions and tables.
//! - [`emulators`]: keeps the embedded servers up.
//! - [`inspect`]: generated payments as text, and the scorecard over them.
//! - [`local`]: the whole pipeline in one process, with a summary read back from the tables.

pub mod emulators;
pub mod inspect;
pub mod local;
pub mod setup;
pub mod tables;
