//! Whose payment an id is. Pure.

use generator::Generator;
use service::Error;
use uuid::fmt::Hyphenated;

/// What an id says by itself, with the flags of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The payment at this index of the run.
    Run(u64),
    /// The payment of a trickle of the same seed; its index is the microsecond of its creation.
    Trickle(u64),
    /// Of another run: ids depend on all its flags but the anomaly rate.
    Elsewhere,
}

impl Origin {
    pub fn of(id: &str, generator: &Generator) -> Self {
        let of_trickle = || generator.trickle_index_of(id).map(Self::Trickle);
        generator.index_of(id).map(Self::Run).or_else(of_trickle).unwrap_or(Self::Elsewhere)
    }
}

/// What to do about an id that is not the run's.
pub const OTHER_RUN: &str = "of another run: give all its flags (--seed, --num-records, --num-customers, dates, --mix, --customer-skew, --profile)";

/// A payment's id as row keys spell it; refuses what can be none.
pub fn parse_id(given: &str) -> Result<String, Error> {
    let id = given.to_ascii_lowercase();
    if id.parse::<Hyphenated>().is_err() {
        let (flag, problem) = ("UUID", "is not a payment's id: 36 characters".to_owned());
        return Err(Error::Flag { flag, value: id, problem });
    }
    Ok(id)
}
