//! The three gRPC services and their requests.
//!
//! `publisher`, `subscriber` with `streaming`, and `schema_service` are the services; `topics`, `subscriptions`,
//! `snapshots` and `schemas` hold the broker's methods that create, change and delete.

pub mod codec;
mod invalid_ids;
mod pages;
pub mod publisher;
pub mod schema_service;
mod schemas;
mod snapshots;
mod streaming;
pub mod subscriber;
mod subscriptions;
mod topics;
