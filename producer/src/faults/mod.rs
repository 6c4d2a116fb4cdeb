//! Faults on purpose: which payments are spoilt, sent twice or held back is a pure function of seed and index.
//!
//! So shards and resumed runs agree without talking, and a ledger can be computed instead of collected.

pub mod spoil;

use generator::random::{hash, unit};
use serde::Serialize;
use service::Error;
use std::ops::Range;

/// Keeps the choice of faults apart from everything else that is drawn from the seed.
const PURPOSE: u64 = 0xfa_17;

/// How often faults are made; a payment has at most one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, clap::Args)]
pub struct Rates {
    /// Part of the payments whose bytes are made undecodable; the sink must turn them into dead letters. 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_rate, value_name = "RATE", allow_negative_numbers = true)]
    pub corrupt_rate: f64,
    /// Part of the payments that decode but break a rule of validation, each time another one. 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_rate, value_name = "RATE", allow_negative_numbers = true)]
    pub invalid_rate: f64,
    /// Part of the payments that are published twice. 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_rate, value_name = "RATE", allow_negative_numbers = true)]
    pub duplicate_rate: f64,
    /// Part of the payments that are published after all others of the shard. 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_rate, value_name = "RATE", allow_negative_numbers = true)]
    pub late_rate: f64,
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| "not a rate; write a number from 0 to 1, as in 0.001".to_owned())
}

/// A fault made on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    Corrupt,
    Invalid,
    Duplicate,
    Late,
}

impl Fault {
    /// How often a payment with the fault is sent.
    pub fn copies(self) -> u64 {
        if self == Self::Duplicate { 2 } else { 1 }
    }
}

/// The faults of a run.
#[derive(Clone, Debug)]
pub struct Faults {
    rates: Rates,
    key: u64,
}

impl Faults {
    /// # Errors
    /// When the rates add up to more than one.
    pub fn new(rates: Rates, seed: u64) -> Result<Self, Error> {
        let total = rates.corrupt_rate + rates.invalid_rate + rates.duplicate_rate + rates.late_rate;
        if total > 1.0 {
            return Err(Error::Config(format!(
                "--corrupt-rate, --invalid-rate, --duplicate-rate and --late-rate add up to {total}: a payment has one \
                 fault at most, so use 1 or less"
            )));
        }
        Ok(Self { rates, key: hash(seed, PURPOSE) })
    }

    pub fn rates(&self) -> Rates {
        self.rates
    }

    pub fn has_late(&self) -> bool {
        self.rates.late_rate > 0.0
    }

    /// The fault of the payment at an index.
    pub fn of(&self, index: u64) -> Option<Fault> {
        if self.rates == Rates::default() {
            return None;
        }
        let mut draw = unit(hash(self.key, index));
        let kinds = [
            (self.rates.corrupt_rate, Fault::Corrupt),
            (self.rates.invalid_rate, Fault::Invalid),
            (self.rates.duplicate_rate, Fault::Duplicate),
            (self.rates.late_rate, Fault::Late),
        ];
        kinds.into_iter().find_map(|(rate, fault)| {
            let hit = draw < rate;
            draw -= rate;
            hit.then_some(fault)
        })
    }

    /// The first index of a range whose payment is held back.
    pub fn first_late(&self, mut range: Range<u64>) -> Option<u64> {
        if self.has_late() { range.find(|index| self.of(*index) == Some(Fault::Late)) } else { None }
    }

    /// The random bits that decide how a payment is spoilt.
    pub fn bits(&self, index: u64) -> u64 {
        hash(self.key ^ PURPOSE, index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(rate: f64) -> Faults {
        let rates = Rates { corrupt_rate: rate, invalid_rate: rate, duplicate_rate: rate, late_rate: rate };
        Faults::new(rates, 42).unwrap()
    }

    #[test]
    fn each_fault_is_as_frequent_as_asked_for() {
        let faults = faults(0.1);
        for fault in [Fault::Corrupt, Fault::Invalid, Fault::Duplicate, Fault::Late] {
            let count = (0..100_000).filter(|index| faults.of(*index) == Some(fault)).count();
            assert!((9_600..10_400).contains(&count), "{fault:?}: {count}");
        }
    }

    #[test]
    fn rates_of_zero_change_nothing_and_rates_beyond_one_are_refused() {
        assert!((0..10_000).all(|index| faults(0.0).of(index).is_none()));
        let rates = Rates { corrupt_rate: 0.6, late_rate: 0.5, ..Rates::default() };
        assert!(Faults::new(rates, 42).unwrap_err().to_string().contains("1.1"));
        for wrong in ["-0.1", "1.1", "NaN", "x", ""] {
            assert!(parse_rate(wrong).is_err(), "{wrong}");
        }
    }
}
