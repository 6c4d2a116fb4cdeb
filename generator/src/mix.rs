//! The seven rails and how a run divides over them.

use std::fmt;
use std::str::FromStr;

use schemas::payment::PaymentType;
use serde::{Deserialize, Serialize};

use crate::nearest::nearest;

/// A payment rail; the discriminant is its place in [`Rail::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[repr(u8)]
pub enum Rail {
    Ach,
    Wire,
    Card,
    Rtp,
    Sepa,
    Check,
    P2p,
}

impl Rail {
    pub const ALL: [Self; 7] =
        [Self::Ach, Self::Wire, Self::Card, Self::Rtp, Self::Sepa, Self::Check, Self::P2p];

    /// The name in row keys, mixes and profiles: `ACH`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ach => "ACH",
            Self::Wire => "WIRE",
            Self::Card => "CARD",
            Self::Rtp => "RTP",
            Self::Sepa => "SEPA",
            Self::Check => "CHECK",
            Self::P2p => "P2P",
        }
    }

    pub const fn payment_type(self) -> PaymentType {
        match self {
            Self::Ach => PaymentType::Ach,
            Self::Wire => PaymentType::Wire,
            Self::Card => PaymentType::Card,
            Self::Rtp => PaymentType::Rtp,
            Self::Sepa => PaymentType::Sepa,
            Self::Check => PaymentType::Check,
            Self::P2p => PaymentType::P2p,
        }
    }
}

/// The part of a run's payments that each rail carries; the parts add up to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    shares: [f64; 7],
}

/// Why a mix was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MixError {
    #[error(
        "{name:?} is neither a preset (seed, us, eu) nor RAIL=SHARE (ACH, WIRE, CARD, RTP, SEPA, CHECK, P2P): \
         did you mean {nearest}?"
    )]
    UnknownPreset { name: String, nearest: String },
    #[error(
        "unknown rail {name:?} (the rails are ACH, WIRE, CARD, RTP, SEPA, CHECK, P2P): did you mean {nearest}?"
    )]
    UnknownRail { name: String, nearest: String },
    #[error("the share of {rail}, {share:?}, is not a number from 0 up: write for example {rail}=0.4")]
    BadShare { rail: &'static str, share: String },
    #[error("{rail} is named twice: give each rail one share")]
    Twice { rail: &'static str },
    #[error("no rail has a share above 0: write for example ACH=0.4,CARD=0.6")]
    Empty,
}

const PRESETS: [&str; 3] = ["seed", "us", "eu"];

impl Mix {
    /// The mix of the original data set.
    pub const fn seed() -> Self {
        Self { shares: [0.30, 0.15, 0.25, 0.10, 0.10, 0.05, 0.05] }
    }

    /// The United States by number of payments: Federal Reserve Payments Study 2022 (cards 157.0, ACH 36.3, checks 11.2
    /// of 204.5 billion in 2021) and its P2P supplement; RTP and wires raised to be seen at all.
    pub const fn us() -> Self {
        Self { shares: [0.175, 0.002, 0.735, 0.003, 0.0, 0.045, 0.04] }
    }

    /// The euro area by number of payments: ECB, payments statistics, second half of 2024 (cards 57 %, credit transfers
    /// 21 %, direct debits 15 %, e-money 6 %).
    pub const fn eu() -> Self {
        Self { shares: [0.0, 0.01, 0.57, 0.0, 0.36, 0.0, 0.06] }
    }

    /// The part of the payments that the rail carries, 0 to 1.
    pub const fn share(&self, rail: Rail) -> f64 {
        self.shares[rail as usize]
    }

    fn preset(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "seed" => Some(Self::seed()),
            "us" => Some(Self::us()),
            "eu" => Some(Self::eu()),
            _ => None,
        }
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self::seed()
    }
}

impl FromStr for Mix {
    type Err = MixError;

    /// Reads a preset's name or shares such as `ACH=0.4,CARD=0.6`, which need not add up to one.
    fn from_str(text: &str) -> Result<Self, MixError> {
        if let Some(preset) = Self::preset(text.trim()) {
            return Ok(preset);
        }
        let mut shares = [None; 7];
        for part in text.split(',') {
            let (name, share) = part.split_once('=').ok_or_else(|| unknown_preset(part.trim()))?;
            let rail = parse_rail(name.trim())?;
            let share = share.trim();
            let value = share.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
            let value =
                value.ok_or_else(|| MixError::BadShare { rail: rail.name(), share: share.to_owned() })?;
            if shares[rail as usize].replace(value).is_some() {
                return Err(MixError::Twice { rail: rail.name() });
            }
        }
        let shares = shares.map(Option::unwrap_or_default);
        let total: f64 = shares.iter().sum();
        if total > 0.0 && total.is_finite() {
            Ok(Self { shares: shares.map(|share| share / total) })
        } else {
            Err(MixError::Empty)
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for rail in Rail::ALL.into_iter().filter(|rail| self.share(*rail) > 0.0) {
            write!(out, "{comma}{}={}", rail.name(), self.share(rail))?;
            comma = ",";
        }
        Ok(())
    }
}

fn parse_rail(name: &str) -> Result<Rail, MixError> {
    let found = Rail::ALL.into_iter().find(|rail| rail.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let near = nearest(&name.to_ascii_uppercase(), Rail::ALL.map(Rail::name));
        MixError::UnknownRail { name: name.to_owned(), nearest: near.unwrap_or("ACH").to_owned() }
    })
}

fn unknown_preset(name: &str) -> MixError {
    let nearest = match Rail::ALL.into_iter().find(|rail| rail.name().eq_ignore_ascii_case(name)) {
        Some(rail) => format!("{}=1", rail.name()),
        None => nearest(&name.to_ascii_lowercase(), PRESETS).unwrap_or("seed").to_owned(),
    };
    MixError::UnknownPreset { name: name.to_owned(), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_scaled_to_one() {
        let mix: Mix = "ACH=1, card=3".parse().unwrap();
        assert!((mix.share(Rail::Ach) - 0.25).abs() < 1e-12);
        assert!((mix.share(Rail::Card) - 0.75).abs() < 1e-12);
        for preset in ["seed", "us", "eu"] {
            let mix: Mix = preset.parse().unwrap();
            let total: f64 = Rail::ALL.into_iter().map(|rail| mix.share(rail)).sum();
            assert!((total - 1.0).abs() < 1e-12, "{preset}");
            let shown: Mix = mix.to_string().parse().unwrap();
            assert!(Rail::ALL.into_iter().all(|rail| (shown.share(rail) - mix.share(rail)).abs() < 1e-12));
        }
    }

    #[test]
    fn a_wrong_mix_is_refused_with_what_was_probably_meant() {
        let message = |text: &str| text.parse::<Mix>().unwrap_err().to_string();
        let unknown = message("ACHH=0.4,CARD=0.6");
        assert!(unknown.contains("\"ACHH\"") && unknown.contains("did you mean ACH?"), "{unknown}");
        assert!(unknown.contains("WIRE, CARD, RTP"), "{unknown}");
        assert!(message("sede").contains("did you mean seed?"));
        assert!(message("CARD").contains("did you mean CARD=1?"));
        assert!(message("ACH=x").contains("share of ACH"));
        assert!(message("ACH=-1").contains("share of ACH"));
        assert!(message("ACH=1,ACH=1").contains("named twice"));
        assert!(message("ACH=0").contains("no rail"));
        assert!(message("").contains("neither a preset"));
    }
}
