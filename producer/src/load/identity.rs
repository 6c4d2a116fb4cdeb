//! The settings that a load depends on, as they stand in checkpoints and ledgers.

use crate::faults::{Faults, Rates};
use crate::load::options::Publishing;
use crate::settings::GeneratorSettings;
use generator::Generator;
use serde::Serialize;

/// Every setting that decides which bytes go where. Two producers with equal identities publish the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identity {
    #[serde(flatten)]
    generator: GeneratorSettings,
    #[serde(flatten)]
    faults: Rates,
    /// None for payments that go to a file.
    topic: Option<String>,
    shard: String,
    start_index: u64,
    end_index: Option<u64>,
}

impl Identity {
    pub fn new(generator: &Generator, options: &Publishing, faults: &Faults, topic: Option<&str>) -> Self {
        Self {
            generator: GeneratorSettings::of_load(generator.config()),
            faults: faults.rates(),
            topic: topic.map(str::to_owned),
            shard: options.shard.unwrap_or_default().to_string(),
            start_index: options.start_index,
            end_index: options.end_index,
        }
    }
}
