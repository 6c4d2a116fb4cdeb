//! A process at work, as others see it.
//!
//! - [`watched`], [`http`]: a process that can be looked at, and where. [`health`]: whether it does its work.
//! - [`spread`]: histograms of durations. [`exposition`]: metrics as Prometheus' text, written and read.
//! - [`heat`]: which row keys were written when, and maps of it ([`heat::grid()`], [`heat::terminal()`], [`heat::svg()`],
//!   [`heat::html()`]). [`status`]: what a process says of itself.
//! - [`report`]: a run as one document ([`report::html()`], [`report::json()`]), and what a [`report::History`] saw of it
//!   over time. [`threshold`]: what a run must hold. [`Monitor`] puts it all together.
//! - `otlp` (a feature): metrics pushed to a collector by OpenTelemetry's names.
//! - [`lines`], [`rate`]: what a program says of itself while it runs.

pub mod exposition;
pub mod health;
pub mod heat;
pub mod http;
pub mod lines;
mod monitor;
#[cfg(feature = "otlp")]
pub mod otlp;
mod page;
pub mod process;
pub mod rate;
mod recorder;
pub mod report;
pub mod spread;
pub mod status;
pub mod threshold;
pub mod watched;

pub use monitor::{Args, Monitor};
