//! A run as one document that can be sent: what was run, how fast, how long things took, what came of it.
//!
//! - [`History`]: gathers a [`Timeline`] from looks at `/metrics`.
//! - [`html`], [`json`]: the document, to read and to keep.

mod chart;
#[cfg(test)]
pub(crate) mod examples;
mod figures;
mod history;
mod html;
mod tables;
mod timeline;

pub(crate) use figures::Figures;
pub use history::{History, MAX_TIMES};
pub use html::html;

use crate::heat::Heat;
use crate::status::Status;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run, from its start to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The process at the end of the run: version, settings, totals and latencies.
    pub status: Status,
    /// As it was typed.
    pub command_line: Vec<String>,
    pub machine: Machine,
    /// The whole run.
    pub seconds: f64,
    pub timeline: Timeline,
    #[serde(default)]
    pub heat: Heat,
    /// What a check of the tables has found, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Of `--threshold`.
    #[serde(default)]
    pub thresholds: Vec<Outcome>,
}

/// Where it ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub system: String,
    pub cpus: usize,
    pub memory_bytes: u64,
}

/// Figures over time. Each series has a value for each time, or none where there was no figure yet.
///
/// Names are those of `/metrics`, `name{label="value"}`, with values as they stood then (counters grow); and `p50:` or `p99:`
/// before the name of a histogram, in seconds, of what came since the time before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Seconds since the start.
    pub times: Vec<f64>,
    pub series: BTreeMap<String, Vec<Option<f64>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub is_ok: bool,
    /// The first says it all.
    pub lines: Vec<String>,
}

/// A threshold and whether it held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// As it was asked for: `p99<500ms`.
    pub threshold: String,
    /// In the threshold's own unit; none where the run has no such figure, which is a failure.
    pub observed: Option<String>,
    pub holds: bool,
}

/// The run as JSON that is fit to be read.
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("names of fields and keys of maps are texts or numbers")
}

#[cfg(test)]
mod tests;
