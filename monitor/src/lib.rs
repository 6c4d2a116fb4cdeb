//! A process at work, as others see it.
//!
//! - [`spread`]: histograms of durations. [`exposition`]: metrics as Prometheus' text, written and read.
//! - [`heat`]: which row keys were written when. [`status`]: what a process says of itself.

pub mod exposition;
pub mod heat;
pub mod report;
pub mod spread;
pub mod status;
