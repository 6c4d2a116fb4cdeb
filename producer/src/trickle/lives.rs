//! The flags that decide what a trickle's payments are like beside those of every run.

use generator::{Config, Curve, Live, LiveConfig};
use service::Error;
use service::units::parse_duration;
use std::fmt::Write;
use std::time::Duration;

/// How the rate goes up and down over a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RateCurve {
    /// Always the same rate.
    #[default]
    Flat,
    /// The profile's calendars: office hours, evenings, weekends, holidays; the mean over a week is the rate.
    Calendar,
}

impl From<RateCurve> for Curve {
    fn from(curve: RateCurve) -> Self {
        match curve {
            RateCurve::Flat => Self::Flat,
            RateCurve::Calendar => Self::Calendar,
        }
    }
}

/// How payments without an end come and change.
#[derive(Clone, Copy, Debug, PartialEq, clap::Args)]
#[group(id = "lives")]
pub struct Lives {
    /// How the rate goes up and down over the week. The rails follow their calendars either way: no ACH on a Sunday.
    #[arg(long, value_enum, default_value_t, value_name = "CURVE")]
    pub rate_curve: RateCurve,
    /// Part of the payments that begin as PENDING and are updated until they end; the others are published once, with what
    /// their rail answers within seconds: most are then on their way.
    #[arg(long, default_value_t = Self::default().update_share, value_name = "SHARE", allow_negative_numbers = true)]
    pub update_share: f64,
    /// Time on the event clock within which the last update of a payment comes: days of settlement are compressed into it.
    #[arg(long, default_value = "10m", value_parser = parse_duration, value_name = "DURATION")]
    pub update_within: Duration,
}

impl Default for Lives {
    fn default() -> Self {
        Self { rate_curve: RateCurve::Flat, update_share: 0.3, update_within: Duration::from_mins(10) }
    }
}

impl Lives {
    /// These flags as a command line needs them, without those that say what is usual.
    pub fn flags(&self) -> String {
        let usual = Self::default();
        let mut flags = String::new();
        if self.rate_curve == RateCurve::Calendar {
            flags.push_str(" --rate-curve calendar");
        }
        if self.update_share.to_bits() != usual.update_share.to_bits() {
            let _ = write!(flags, " --update-share {}", self.update_share);
        }
        if self.update_within != usual.update_within {
            let _ = write!(flags, " --update-within {}s", self.update_within.as_secs_f64());
        }
        flags
    }

    /// Makes such payments for the customers, rails and seed of `base`; the error names the flag that cannot work.
    pub fn live(self, base: Config) -> Result<Live, Error> {
        let Self { rate_curve: curve, update_share, update_within } = self;
        if update_within < Duration::from_secs(1) {
            let (flag, value) = ("--update-within", format!("{update_within:?}"));
            return Err(Error::Flag { flag, value, problem: "is too small: use at least 1s".into() });
        }
        Live::new(LiveConfig { base, curve: curve.into(), update_share, update_within })
            .map_err(|error| Error::Config(error.to_string()))
    }
}
