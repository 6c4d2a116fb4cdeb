//! An embedded Google Cloud Pub/Sub: the gRPC services `Publisher`, `Subscriber` and `SchemaService`, durable on disk.
//!
//! # Layout
//! Each folder uses only those before it:
//! - `store`: topics' `log`s, cut into `chunk`s, and `records` of everything that has a name.
//! - `topic`: a publish request is a `batch`; the `writer` appends it to the log. A `schema` may check it first.
//! - `subscription`: its `backlog` is a state machine of `ranges`, `leases` and ordering keys; `taking` gives messages
//!   to streams and pulls.
//! - `broker`: finds topics, subscriptions, snapshots and schemas by name.
//! - `api`: the services and their requests. `tasks`: for each subscription a `reader` that feeds its backlog; the
//!   `saver` writes progress down, `retention` frees what nobody needs any more.
//! - `server`: starts and stops.
//!
//! Below all of them: `names`, `checks`, `error`, and `message`, so that bodies pass from publisher to subscriber as
//! the bytes they came in.
//!
//! # What survives
//! A published message, once its request is answered, even if the process is killed. Acknowledgements after 100 ms;
//! with exactly-once delivery before they are confirmed. With the durability `Disk` all that survives a power cut, too;
//! without it the operating system has the last second only in memory. Changes of what has a name are synced in either
//! case.

// The generated services name types in these three.
pub(crate) mod api;
pub(crate) mod subscription;
pub(crate) mod topic;

mod broker;
mod checks;
mod error;
mod message;
mod names;
mod server;
mod store;
mod tasks;

pub use error::Error;
pub use server::{Options, Server, SubscriptionStats};
