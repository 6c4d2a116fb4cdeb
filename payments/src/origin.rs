//! Whose payment an id is. Pure.

use generator::{Generator, is_live};
use service::Error;
use uuid::fmt::Hyphenated;

/// What an id says by itself, with the seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The payment at this index of the run.
    Run(u64),
    /// The payment at this index of a longer run of the same seed.
    LongerRun(u64),
    /// A trickle's payment; its index is the microsecond of its creation.
    Trickle(u64),
    /// Of no run of this seed.
    Elsewhere,
}

impl Origin {
    pub fn of(id: &str, generator: &Generator) -> Self {
        match generator.index_of_any(id) {
            Some(index) if is_live(index) => Self::Trickle(index),
            Some(index) if index >= generator.config().num_records => Self::LongerRun(index),
            Some(index) => Self::Run(index),
            None => Self::Elsewhere,
        }
    }
}

/// A payment's id as row keys spell it; refuses what can be none.
pub fn parse_id(given: &str) -> Result<String, Error> {
    let id = given.to_ascii_lowercase();
    if id.parse::<Hyphenated>().is_err() {
        let (flag, problem) = ("UUID", "is not a payment's id: 36 characters".to_owned());
        return Err(Error::Flag { flag, value: id, problem });
    }
    Ok(id)
}
