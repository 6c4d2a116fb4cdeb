//! How far a load is confirmed, by its checkpoint, for whoever looks at it from outside.

use super::checkpoint::{FORMAT, Floors, MOST_BYTES, Stored};
use super::options::Publishing;
use crate::faults::{Fault, Faults, Rates};
use crate::settings::{GeneratorSettings, difference_within};
use crate::state_file::{is_trickles, read_beside, refusal};
use generator::Config;
use serde::Deserialize;
use service::Error;
use std::ops::Range;
use std::path::Path;

/// What a shard's checkpoint says.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The indices that are this shard's to publish.
    pub range: Range<u64>,
    floors: Floors,
    faults: Faults,
}

/// The settings that say which indices are published and how, as [`super::identity::Identity`] has written them.
#[derive(Deserialize)]
struct Settings {
    corrupt_rate: f64,
    invalid_rate: f64,
    duplicate_rate: f64,
    late_rate: f64,
    shard: String,
    start_index: u64,
    end_index: Option<u64>,
}

impl Confirmed {
    /// Reads the checkpoint of a run of these settings; a producer may be writing it meanwhile.
    ///
    /// # Errors
    /// When it cannot be read, or is of another run: the settings that differ are named.
    pub fn read(path: &Path, config: &Config) -> Result<Self, Error> {
        let bytes = read_beside(path, MOST_BYTES)?;
        if is_trickles(&bytes) {
            return Err(refusal(path, "is a trickle's, not a load's".to_owned()));
        }
        let damaged = |error: String| refusal(path, format!("is no checkpoint of a producer: {error}"));
        let stored: Stored = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if stored.checkpoint_format != FORMAT {
            let (found, ours) = (stored.checkpoint_format, FORMAT);
            return Err(refusal(path, format!("has checkpoint_format {found}, this version reads {ours}")));
        }
        if let Some(difference) = difference_within(&GeneratorSettings::of_load(config), &stored.settings) {
            return Err(refusal(path, format!("is of another run: {difference}; use the same flags")));
        }
        let settings: Settings =
            serde_json::from_value(stored.settings).map_err(|error| damaged(error.to_string()))?;
        let Settings { corrupt_rate, invalid_rate, duplicate_rate, late_rate, .. } = settings;
        let rates = Rates { corrupt_rate, invalid_rate, duplicate_rate, late_rate };
        let publishing = Publishing {
            shard: Some(settings.shard.parse().map_err(damaged)?),
            start_index: settings.start_index,
            end_index: settings.end_index,
            ..Publishing::default()
        };
        Ok(Self {
            range: publishing.range(config.num_records)?,
            floors: stored.floors,
            faults: Faults::new(rates, config.seed)?,
        })
    }

    /// What is wrong on purpose with the payment of an index.
    pub fn fault(&self, index: u64) -> Option<Fault> {
        self.faults.of(index)
    }

    /// The index below which everything is confirmed of what is published when this one is: those held back as late
    /// follow after all others.
    pub fn floor(&self, index: u64) -> u64 {
        let late = self.floors.late_confirmed_below.filter(|_| self.fault(index) == Some(Fault::Late));
        late.unwrap_or(self.floors.confirmed_below)
    }

    /// Whether the payment of an index is confirmed; `None` if it is another shard's.
    pub fn has(&self, index: u64) -> Option<bool> {
        self.range.contains(&index).then(|| index < self.floor(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::checkpoint::Checkpoint;
    use crate::load::identity::Identity;
    use generator::Generator;

    #[test]
    fn a_checkpoint_is_read_while_its_producer_has_it_and_tells_shard_floor_and_faults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.json");
        let config = Config { num_records: 1_000, ..Config::default() };
        let generator = Generator::new(config.clone()).unwrap();
        let rates = Rates { late_rate: 0.5, ..Rates::default() };
        let faults = Faults::new(rates, config.seed).unwrap();
        let publishing = Publishing { shard: "1/2".parse().ok(), ..Publishing::default() };
        let identity = Identity::new(&generator, &publishing, &faults, Some("t"));
        let range = 500..1_000;
        let (checkpoint, _) = Checkpoint::open(&path, generator.run_id(), &identity, &range, true).unwrap();
        let floors = Floors { confirmed_below: 1_000, late_confirmed_below: Some(500) };
        checkpoint.save(floors).unwrap();
        let confirmed = Confirmed::read(&path, &config).unwrap();
        assert_eq!(confirmed.range, range);
        assert_eq!(confirmed.has(499), None);
        let is_late = |index: &u64| faults.of(*index) == Some(Fault::Late);
        let (late, on_time) = ((500..1_000).find(is_late), (500..1_000).find(|index| !is_late(index)));
        assert_eq!(confirmed.has(late.unwrap()), Some(false));
        assert_eq!(confirmed.has(on_time.unwrap()), Some(true));

        let refused = |config: &Config| Confirmed::read(&path, config).unwrap_err().to_string();
        let other = refused(&Config { seed: 7, ..config.clone() });
        assert!(other.contains("seed is 42 there and 7 here"), "{other}");
        std::fs::write(&path, b"payments-trickle-2 x").unwrap();
        assert!(refused(&config).contains("is a trickle's"));
        std::fs::write(&path, b"{\"checkpoint_format\":").unwrap();
        assert!(refused(&config).contains("--checkpoint"));
        std::fs::remove_file(&path).unwrap();
        assert!(refused(&config).contains("cannot be read"));
    }
}
