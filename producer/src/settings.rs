//! The settings that payments depend on, as they stand in checkpoints and ledgers, and how two runs' differ.

use crate::digest::digest;
use generator::{Config, GENERATOR_VERSION};
use serde::Serialize;
use serde_json::Value;

/// The generator's settings. Their names and their order are those of the files: a field that a kind of run does not
/// have is left out of its file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GeneratorSettings {
    generator_version: &'static str,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_records: Option<u64>,
    num_customers: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<String>,
    mix: String,
    customer_skew: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly_rate: Option<f64>,
    /// A digest: a profile has hundreds of figures.
    profile: String,
}

impl GeneratorSettings {
    /// Of a run with an end, which depends on all that is configured.
    pub fn of_load(config: &Config) -> Self {
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
        } = config;
        Self {
            generator_version: GENERATOR_VERSION,
            seed: *seed,
            num_records: Some(*num_records),
            num_customers: *num_customers,
            start_date: Some(start_date.to_string()),
            end_date: Some(end_date.to_string()),
            mix: mix.to_string(),
            customer_skew: *customer_skew,
            anomaly_rate: Some(*anomaly_rate),
            profile: digest(&format!("{profile:?}")),
        }
    }

    /// Of a run without an end: records, dates and anomalies of its base are of no account.
    pub fn of_trickle(base: &Config) -> Self {
        Self {
            num_records: None,
            start_date: None,
            end_date: None,
            anomaly_rate: None,
            ..Self::of_load(base)
        }
    }
}

/// As [`difference`], of the settings that ours has; what else is stored does not matter.
pub fn difference_within(ours: &impl Serialize, stored: &Value) -> Option<String> {
    let mut stored = stored.clone();
    if let (Ok(Value::Object(ours)), Some(stored)) = (serde_json::to_value(ours), stored.as_object_mut()) {
        stored.retain(|name, _| ours.contains_key(name));
    }
    difference(ours, &stored)
}

/// How stored settings differ from ours, `seed is 1 there and 2 here`; `None` where they do not.
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
