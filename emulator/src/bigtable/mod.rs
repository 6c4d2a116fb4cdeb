//! A Bigtable server in the process: the data and table admin services on loopback, tables on disk.
//!
//! # Layout
//!
//! ```text
//! server       start, addresses, shutdown        admission, jobs, codec: what crosses the network, and when
//! data, reads, admin  the two gRPC services
//!   bulk, conditional (mutation -> check) -> writer (apply, gc) changes of rows
//!   scan (keys, filter -> matcher, chunks), sample             reads of rows
//!   families                                                   changes of the schema
//! catalog      the tables and the store's records of them
//!   table      schema and rows in force, and the lock on them
//!     schema, columns, row, storage (present)                  what is on disk
//! ```
//!
//! A row is one value of an LSM store (`fjall`), under its row key. A change reads the row, rewrites it and commits
//! it, so that rows are atomic. A write is answered once it is in the store's journal: a killed process loses no
//! answered write, a power cut may lose the last ones. Schema changes are synced to disk.

mod admin;
mod admission;
mod apply;
mod bulk;
mod catalog;
mod check;
mod chunks;
mod clock;
pub(crate) mod codec;
mod columns;
mod conditional;
mod data;
mod error;
mod families;
mod fields;
mod filter;
mod gc;
mod jobs;
mod keys;
mod limits;
mod matcher;
mod mutation;
mod pattern;
mod present;
mod reads;
mod row;
mod sample;
mod scan;
mod schema;
mod server;
mod storage;
mod sweep;
mod table;
mod wire;
mod writer;

pub use error::Error;
pub use server::{Options, Server};
