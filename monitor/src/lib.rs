//! A process at work, as others see it.
//!
//! - [`spread`]: histograms of durations. [`exposition`]: metrics as Prometheus' text, written and read.
//! - [`heat`]: which row keys were written when, and maps of it ([`heat::grid()`], [`heat::terminal()`], [`heat::svg()`],
//!   [`heat::html()`]). [`status`]: what a process says of itself.
//! - [`report`]: a run as one document ([`report::html()`], [`report::json()`]), and what a [`report::History`] saw of it
//!   over time. [`threshold`]: what a run must hold.

pub mod exposition;
pub mod heat;
mod page;
pub mod report;
pub mod spread;
pub mod status;
pub mod threshold;
