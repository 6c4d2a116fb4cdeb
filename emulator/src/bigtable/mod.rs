//! A Bigtable server in the process: the data and table admin services on loopback, tables on disk.
//!
//! # Layout
//!
//! ```text
//! server   start, address, shutdown
//! api      the two gRPC services                data, reads, admin; admission, jobs, codec
//! write    changes of rows                      bulk, conditional -> mutation, check -> writer -> apply; sweep
//! read     reads of rows                        scan -> keys, filter -> matcher, chunks; sample
//! store    the tables, and how they lie on disk
//!   catalog    the tables, and the store's records of them        families   changes of such a record
//!   table      schema and rows in force, and the lock on them
//!   schema, rule, columns, row, storage, present                  what lies on disk
//! ```
//!
//! Each imports from those below it alone: `read` knows nothing of `write`, `store` of neither.
//!
//! A row is one value of an LSM store (`fjall`), under its row key. A change reads the row, rewrites it and commits
//! it, so that rows are atomic. A write is answered once it is in the store's journal: a killed process loses no
//! answered write. A power cut may lose the last ones, unless the durability is `Disk`: then `api::jobs` syncs the
//! journal before it lets an answer go. Schema changes are synced in either case.

pub(crate) mod api;
mod clock;
mod error;
mod read;
mod server;
mod store;
mod write;

pub use error::Error;
pub use server::{Options, Server};
