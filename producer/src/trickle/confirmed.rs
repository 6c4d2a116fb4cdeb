//! How far a trickle has come, by its checkpoint, for whoever looks at it from outside.

use super::checkpoint::Saved;
use super::lives::Lives;
use crate::settings::{GeneratorSettings, difference_within};
use crate::state_file::refusal;
use generator::Config;
use serde::Serialize;
use serde_json::Value;
use service::Error;
use std::collections::HashMap;
use std::path::Path;

/// What a trickle's checkpoint says.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The latest event time that payments may have been made at, UTC microseconds.
    pub last_micros: i64,
    /// By index: how many changes the next message of a payment will have seen.
    pending: HashMap<u64, u32>,
}

/// How much of a payment has been published by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Nothing,
    /// The first versions; the others are to come.
    Versions(u32),
    /// No version is to come any more.
    All,
}

/// The settings that the payments depend on.
#[derive(Serialize)]
struct Settings {
    #[serde(flatten)]
    generator: GeneratorSettings,
    rate_curve: String,
    update_share: f64,
    update_within_seconds: f64,
}

impl Confirmed {
    /// Reads the checkpoint of a trickle of these settings; it may be written meanwhile.
    ///
    /// # Errors
    /// When it cannot be read, or is of another trickle: the settings that differ are named.
    pub fn read(path: &Path, base: &Config, lives: Lives) -> Result<Self, Error> {
        let saved = Saved::read_beside(path)?;
        let ours = Settings {
            generator: GeneratorSettings::of_trickle(base),
            rate_curve: format!("{:?}", lives.rate_curve).to_lowercase(),
            update_share: lives.update_share,
            update_within_seconds: lives.update_within.as_secs_f64(),
        };
        let stored: Value = serde_json::from_str(&saved.run).unwrap_or_default();
        if let Some(difference) = difference_within(&ours, &stored) {
            return Err(refusal(path, format!("is of another run: {difference}; use the same flags")));
        }
        let pending = saved.pending.iter().map(|update| (update.index, update.changes)).collect();
        Ok(Self { last_micros: saved.last_micros, pending })
    }

    /// How much is published of the payment that was created then, if the trickle made one.
    pub fn extent(&self, index: u64) -> Extent {
        match self.pending.get(&index) {
            Some(changes) => Extent::Versions(*changes),
            None if i64::try_from(index).is_ok_and(|micros| micros <= self.last_micros) => Extent::All,
            None => Extent::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_file::StateFile;
    use crate::trickle::options::Options;
    use crate::trickle::settings::Settings as Stored;
    use crate::trickle::updates::Update;

    #[test]
    fn a_trickles_checkpoint_tells_how_many_versions_of_a_payment_are_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let options: Options = service::cli::defaults();
        let base = Config::default();
        let run = Stored::new(&options, &base, "t").to_line();
        let pending = vec![Update { due_micros: 9, index: 5, changes: 2 }];
        let file = StateFile::open(&path).unwrap();
        Saved { run, last_micros: 7, pending }.write(&file).unwrap();
        let confirmed = Confirmed::read(&path, &base, options.lives).unwrap();
        assert_eq!(
            [5, 7, 8].map(|index| confirmed.extent(index)),
            [Extent::Versions(2), Extent::All, Extent::Nothing]
        );
        let lives = Lives { update_share: 0.9, ..options.lives };
        let refused = Confirmed::read(&path, &base, lives).unwrap_err().to_string();
        assert!(refused.contains("update_share is 0.3 there and 0.9 here"), "{refused}");
        std::fs::write(&path, b"{}").unwrap();
        assert!(Confirmed::read(&path, &base, options.lives).is_err());
    }
}
