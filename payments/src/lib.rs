//! The operator's command: everything around the two stages. [`cli`] is its command line; each command is a module with a
//! `run`:
//!
//! - [`local`]: the whole pipeline in one process, with a summary read back from the tables.
//! - [`emulators`]: the embedded servers alone.
//! - [`inspect`]: generated payments as text, and the scorecard over them.
//! - [`export`]: payments as files for databases and data frames.
//! - [`setup`]: creates and checks topics, subscriptions and tables.
//! - [`query`]: payments from the tables, by customer, by date or by id.
//! - [`verify`]: compares the tables with the payments of a run, and repairs them.
//! - [`quality`]: checks that the tables make sense, whoever wrote them.
//! - [`snapshot`], [`replay`]: deliver messages again, from a moment or a snapshot on.
//! - [`why`]: traces one payment through checkpoint, dead letters and tables, with a verdict.
//! - [`tap`]: shows what is being published, through a subscription of its own that goes with it.
//! - [`dead_letter`]: lists, shows, publishes again or drops dead letters.
//! - [`cleanup`]: deletes rows, tables, topics, subscriptions and snapshots.
//! - [`read_load`]: reads from the tables at a steady rate, by keys that must be there.
//! - [`heatmap`]: which ranges of row keys were written when.
//! - [`plan`]: the resources that a load needs, by arithmetic.
//!
//! Commands share [`audit`] (tables read and judged), [`rows`] (payments as rows), [`letters`] (dead letters), `origin`
//! (whose payment an id is), `formats` (payments as other people's files), [`splits`] (where a load's tables are cut), `rails` (their names in flags), [`reading`] and [`names`] (flags), `moment` (times) and
//! [`output`] (reports). None imports another one, but local takes emulators, emulators takes setup, replay
//! and cleanup take snapshot, and query prints as inspect does.

pub mod audit;
pub mod cleanup;
pub mod cli;
pub mod dead_letter;
#[cfg(test)]
mod defaults;
pub mod emulators;
pub mod export;
mod formats;
pub mod heatmap;
pub mod inspect;
pub mod letters;
pub mod local;
mod moment;
pub mod names;
mod origin;
pub mod output;
pub mod plan;
pub mod quality;
pub mod query;
mod rails;
pub mod read_load;
pub mod reading;
pub mod replay;
pub mod rows;
pub mod setup;
pub mod snapshot;
pub mod splits;
pub mod tap;
pub mod verify;
pub mod why;
