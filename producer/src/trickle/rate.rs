//! How many messages a second, and when for a while more.

use service::units::parse_duration;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Messages a second, above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub per_second: f64,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a rate is COUNT/s, COUNT/min or COUNT/h with a count above 0, as in 50/s";
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3_600.0,
            _ => return Err(form.to_owned()),
        };
        let count: f64 = count.trim().parse().map_err(|_| form)?;
        if !count.is_finite() || count <= 0.0 {
            return Err(form.to_owned());
        }
        Ok(Self { per_second: count / seconds })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per_second {
            rate if rate >= 1.0 => write!(out, "{rate}/s"),
            rate => write!(out, "{}/h", rate * 3_600.0),
        }
    }
}

/// `factor` times the rate for `length`, once in `every`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    pub factor: f64,
    pub length: Duration,
    pub every: Duration,
}

impl FromStr for Burst {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a burst is FACTORx/LENGTH@EVERY with a factor above 0 and LENGTH shorter than EVERY, as in \
                    5x/30s@10m";
        let (factor, times) = text.split_once("x/").ok_or(form)?;
        let (length, every) = times.split_once('@').ok_or(form)?;
        let factor: f64 = factor.trim().parse().map_err(|_| form)?;
        let (length, every) = (parse_duration(length)?, parse_duration(every)?);
        let fits = factor.is_finite() && factor > 0.0 && !length.is_zero() && length < every;
        if fits { Ok(Self { factor, length, every }) } else { Err(form.to_owned()) }
    }
}

impl Burst {
    /// The first burst begins when `every` has passed for the first time.
    fn is_on(&self, elapsed: Duration) -> bool {
        elapsed >= self.every && elapsed.as_nanos() % self.every.as_nanos() < self.length.as_nanos()
    }

    /// The factor on the rate: the greatest of the bursts that are on.
    pub fn factor_of(bursts: &[Self], elapsed: Duration) -> f64 {
        let on = bursts.iter().filter(|burst| burst.is_on(elapsed)).map(|burst| burst.factor);
        on.reduce(f64::max).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_by_second_minute_and_hour() {
        let rate = |text: &str| text.parse::<Rate>().unwrap().per_second;
        assert!((rate("50/s") - 50.0).abs() < 1e-12);
        assert!((rate("3000/min") - 50.0).abs() < 1e-12);
        assert!((rate("2/h") - 1.0 / 1_800.0).abs() < 1e-12);
        assert!((rate("50") - 50.0).abs() < 1e-12);
        for wrong in ["", "/s", "0/s", "-1/s", "50/day", "inf/s", "NaN/s", "x/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_burst_is_on_for_its_length_once_in_its_period() {
        let bursts = ["5x/30s@10m".parse().unwrap(), "2x/1m@5m".parse().unwrap()];
        let factor = |seconds| Burst::factor_of(&bursts, Duration::from_secs(seconds));
        for (seconds, expected) in [
            (0, 1.0),
            (29, 1.0),
            (300, 2.0),
            (359, 2.0),
            (360, 1.0),
            (600, 5.0),
            (629, 5.0),
            (630, 2.0),
            (660, 1.0),
        ] {
            assert!((factor(seconds) - expected).abs() < 1e-12, "{seconds} s: {}", factor(seconds));
        }
        for wrong in ["5/30s@10m", "5x/30s", "5x/10m@30s", "0x/1s@1m", "5x/0s@1m", "x/1s@1m", "5x/30@10m"] {
            assert!(wrong.parse::<Burst>().is_err(), "{wrong}");
        }
    }
}
