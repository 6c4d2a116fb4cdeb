//! What a measurement takes, from its start to its stop.

use crate::usage;
use serde::{Deserialize, Serialize};
use service::usage::Usage;
use std::time::Instant;

/// What some work took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// User and system, all threads.
    pub cpu_seconds: f64,
    pub seconds: f64,
    /// Of the whole process, in bytes; unknown where there is no `/proc`.
    pub peak_memory: Option<u64>,
}

/// A running measurement: what comes before it starts does not count.
#[derive(Debug)]
pub struct Clock {
    cpu_seconds: f64,
    started: Instant,
}

impl Clock {
    pub fn start() -> Self {
        Self { cpu_seconds: usage::cpu_seconds(), started: Instant::now() }
    }

    pub fn stop(self) -> Measurement {
        Measurement {
            cpu_seconds: usage::cpu_seconds() - self.cpu_seconds,
            seconds: self.started.elapsed().as_secs_f64(),
            peak_memory: Usage::own().map(|usage| usage.peak_bytes),
        }
    }
}
