//! An embedded Google Cloud Pub/Sub: the gRPC services `Publisher` and `Subscriber`, durable on disk.
//!
//! # Layout
//! Requests come in through `publisher`, `subscriber` and `streaming` (with `codec` and `wire`, which pass message bodies
//! through as bytes), and find topics and subscriptions in the `broker`. A publish goes to the `writer`, which appends
//! `chunk`s to the topic's `log` in the `store`. Each subscription has a `backlog`, a state machine of `ranges`,
//! `leases` and ordering keys, fed by its `reader`; `saver` writes its progress down, `schemas` keeps what topics check their messages with, `retention` frees what nobody
//! needs any more.
//!
//! # What survives
//! A published message once its request is answered, also if the process is killed (the operating system has it; a power
//! cut may take the last second). Acknowledgements 100 ms later; with exactly-once delivery before they are confirmed.

mod ack_id;
mod backlog;
pub(crate) mod batch;
mod broker;
mod checks;
mod chunk;
pub(crate) mod codec;
mod error;
mod filter;
mod invalid_ids;
mod leases;
mod log;
mod names;
mod ordering;
pub(crate) mod outgoing;
mod pages;
mod publisher;
mod ranges;
mod reader;
mod records;
mod retention;
mod saver;
mod schema;
mod schema_service;
mod schemas;
mod server;
mod snapshots;
mod store;
mod streaming;
mod subscriber;
mod subscription;
mod subscriptions;
mod taking;
mod tasks;
mod topic;
mod topics;
mod wire;
mod writer;

pub use error::Error;
pub use server::{Options, Server, SubscriptionStats};
