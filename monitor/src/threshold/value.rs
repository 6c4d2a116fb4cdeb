//! The values of thresholds, in their units.

use crate::page::numbers::digits;
use service::units::{parse_bytes, parse_duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Duration,
    Bytes,
    Ratio,
    Number,
}

impl Unit {
    /// Errors say what it is instead.
    pub fn parse(self, text: &str) -> Result<f64, String> {
        match self {
            Self::Duration => parse_duration(text).map(|duration| duration.as_secs_f64()),
            Self::Bytes => parse_bytes(text).map(|bytes| bytes as f64),
            Self::Ratio => match text.strip_suffix('%') {
                Some(percent) => number(percent.trim_end()).map(|percent| percent / 100.0),
                None => number(text),
            }
            .ok_or_else(|| "not a part; write 0.01 or 1%".into()),
            Self::Number => {
                number(text).ok_or_else(|| "not a number; write 20000, 20_000, 20k, 1M or 1e6".into())
            }
        }
    }

    /// As it would be written.
    pub fn show(self, value: f64, wanted: usize) -> String {
        match self {
            Self::Duration if value < 1.0 => digits(value * 1e3, wanted) + "ms",
            Self::Duration => digits(value, wanted) + "s",
            Self::Bytes => {
                let units = [(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB")];
                match units.into_iter().find(|(scale, _)| value >= *scale) {
                    Some((scale, unit)) => digits(value / scale, wanted) + unit,
                    None => digits(value, wanted),
                }
            }
            Self::Ratio => digits(value * 100.0, wanted) + "%",
            Self::Number => digits(value, wanted),
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let scales = [("k", 1e3), ("M", 1e6), ("G", 1e9)];
    let with_unit = scales.into_iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)));
    let (number, scale) = with_unit.unwrap_or((text, 1.0));
    // Only what begins with a digit: "inf" and "nan" are numbers to Rust.
    if !number.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let value = number.replace('_', "").parse::<f64>().ok()? * scale;
    value.is_finite().then_some(value)
}
