//! The settings that a trickle's checkpoint depends on, as they stand in the file.

use super::options::Options;
use crate::settings::GeneratorSettings;
use generator::Config;
use serde::Serialize;

/// Every setting that decides which payments there are and where they go; the rate is none of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    #[serde(flatten)]
    generator: GeneratorSettings,
    rate_curve: String,
    update_share: f64,
    update_within_seconds: f64,
    topic: String,
    shard: String,
    /// The machine's, or a simulated one: what of its time is used says nothing about the other's.
    clock: &'static str,
    start_date: Option<String>,
}

impl Settings {
    pub fn new(options: &Options, base: &Config, topic: &str) -> Self {
        Self {
            generator: GeneratorSettings::of_trickle(base),
            rate_curve: format!("{:?}", options.lives.rate_curve).to_lowercase(),
            update_share: options.lives.update_share,
            update_within_seconds: options.lives.update_within.as_secs_f64(),
            topic: topic.to_owned(),
            shard: options.shard().to_string(),
            clock: if options.is_simulated() { "simulated" } else { "wall" },
            start_date: options.start_date.map(|date| date.to_string()),
        }
    }

    /// As the checkpoint has them.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
