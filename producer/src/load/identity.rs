//! What a producer's work depends on, as it stands in checkpoints and ledgers.

use crate::faults::Faults;
use crate::load::options::Publishing;
use generator::{Config, GENERATOR_VERSION, Generator};
use serde::Serialize;
use serde_json::Value;

/// Every setting that decides which bytes go where. Two producers with equal identities publish the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identity {
    generator_version: &'static str,
    seed: u64,
    num_records: u64,
    num_customers: u64,
    start_date: String,
    end_date: String,
    mix: String,
    customer_skew: f64,
    anomaly_rate: f64,
    /// A digest: a profile has hundreds of figures.
    profile: String,
    #[serde(flatten)]
    faults: crate::faults::Rates,
    /// None for payments that go to a file.
    topic: Option<String>,
    shard: String,
    start_index: u64,
    end_index: Option<u64>,
}

impl Identity {
    pub fn new(generator: &Generator, options: &Publishing, faults: &Faults, topic: Option<&str>) -> Self {
        // Taken apart whole, so that a setting added to the generator cannot be forgotten here.
        let Config {
            seed,
            num_records,
            num_customers,
            start_date,
            end_date,
            mix,
            customer_skew,
            anomaly_rate,
            profile,
        } = generator.config();
        Self {
            generator_version: GENERATOR_VERSION,
            seed: *seed,
            num_records: *num_records,
            num_customers: *num_customers,
            start_date: start_date.to_string(),
            end_date: end_date.to_string(),
            mix: mix.to_string(),
            customer_skew: *customer_skew,
            anomaly_rate: *anomaly_rate,
            profile: crate::digest::digest(&format!("{profile:?}")),
            faults: faults.rates(),
            topic: topic.map(str::to_owned),
            shard: options.shard.unwrap_or_default().to_string(),
            start_index: options.start_index,
            end_index: options.end_index,
        }
    }
}

/// What stored settings have otherwise than ours: `seed is 1 there and 2 here`, or nothing.
pub fn difference(ours: &impl Serialize, stored: &Value) -> Option<String> {
    // Through text, as the stored ones have been: a number may round on its way.
    let text = serde_json::to_string(ours).unwrap_or_default();
    let ours: Value = serde_json::from_str(&text).unwrap_or_default();
    let (Some(ours), Some(stored)) = (ours.as_object(), stored.as_object()) else {
        return Some("it has no settings".to_owned());
    };
    let names = ours.keys().chain(stored.keys().filter(|name| !ours.contains_key(*name)));
    let show = |value: Option<&Value>| value.map_or_else(|| "not set".to_owned(), Value::to_string);
    let differing = names
        .filter(|name| ours.get(*name) != stored.get(*name))
        .map(|name| format!("{name} is {} there and {} here", show(stored.get(name)), show(ours.get(name))));
    let all = differing.collect::<Vec<_>>().join(", ");
    (!all.is_empty()).then_some(all)
}
