//! What a trickle's checkpoint depends on, as it stands in the file.

use super::options::Options;
use crate::load::identity;
use generator::{Config, GENERATOR_VERSION};
use serde::Serialize;

/// Every setting that decides which payments there are and where they go; the rate is none of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    generator_version: &'static str,
    seed: u64,
    num_customers: u64,
    mix: String,
    customer_skew: f64,
    /// A digest: a profile has hundreds of figures.
    profile: String,
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
            generator_version: GENERATOR_VERSION,
            seed: base.seed,
            num_customers: base.num_customers,
            mix: base.mix.to_string(),
            customer_skew: base.customer_skew,
            profile: crate::digest::digest(&format!("{:?}", base.profile)),
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

    /// What a checkpoint has otherwise, if it does.
    pub fn difference(&self, line: &str) -> Option<String> {
        identity::difference(self, &serde_json::from_str(line).unwrap_or_default())
    }
}
