//! What a process says of itself at `/status`.

use crate::spread::Quantiles;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether a process does its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    #[default]
    Starting,
    Ready,
    /// It runs, but could not do anything for a while.
    Unready,
    /// It is told to stop, and ends what it has begun.
    Draining,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Unready => "unready",
            Self::Draining => "draining",
        }
    }
}

/// A process, its state and its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `sink`, `producer`, `trickle`, `emulators`, `local`.
    pub binary: String,
    pub version: String,
    pub pid: u32,
    pub host: String,
    /// RFC 3339, UTC.
    pub started: String,
    pub uptime_seconds: f64,
    pub state: State,
    /// Why it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it works on, and the flags that matter for its speed.
    pub settings: BTreeMap<String, String>,
    /// The samples of `/metrics` but buckets, by `name{label="value"}`.
    pub totals: BTreeMap<String, f64>,
    /// The histograms of `/metrics` since the start, in seconds.
    pub latency: BTreeMap<String, Quantiles>,
}
