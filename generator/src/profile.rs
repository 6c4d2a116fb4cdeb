//! The parameters of the generated data, as the built-in `profile.toml` states them and a user's file changes them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::mix::Rail;
use crate::nearest::nearest;

/// The built-in profile's text, with its sources.
pub const BUILT_IN: &str = include_str!("profile.toml");

static DEFAULT: LazyLock<Arc<Profile>> = LazyLock::new(|| {
    let profile = Profile::from_table(built_in_table());
    Arc::new(profile.expect("the built-in profile is checked by a test"))
});

/// Everything that shapes a run's payments apart from its size, dates and mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub calendars: BTreeMap<String, Calendar>,
    pub rails: BTreeMap<Rail, BTreeMap<String, Flow>>,
    pub customers: Customers,
    pub anomalies: Anomalies,
}

/// When payments of a kind are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Weights of the local hours, from midnight.
    pub hours: [f64; 24],
    /// Weights of the weekdays, from Monday.
    pub weekdays: [f64; 7],
    /// Factor on a day's weight if it is a bank holiday.
    pub holiday: f64,
    /// Factor of the first three days of a month.
    pub month_start: f64,
    /// Factor of the last three days of a month.
    pub month_end: f64,
    /// Factor of the days of December.
    pub december: f64,
    /// Whether only banking days count.
    pub banking_days: bool,
}

/// Who stands at either end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Person,
    Business,
    Merchant,
    Bank,
}

/// The rhythm of standing arrangements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rhythm {
    Monthly,
    Biweekly,
    Weekly,
    /// As employers do: some every week, most every other, others twice a month or monthly.
    Payroll,
}

/// Where in the month monthly arrangements fall due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Due {
    /// All over the month, more on the first, the fifteenth and the last day.
    #[default]
    Spread,
    /// Mostly on the first days, as rent.
    Start,
    /// Mostly on the last days, as salaries.
    End,
}

/// A kind of business that a rail carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Part of the rail's payments; the rail's flows are scaled to one.
    pub share: f64,
    /// The kind of originator, our customer.
    pub from: Side,
    /// The kind of counterparty.
    pub to: Side,
    /// Whether the originator pulls the money.
    #[serde(default)]
    pub debit: bool,
    /// A name in `calendars`.
    pub calendar: String,
    /// Mean amount by currency, in major units.
    pub mean: BTreeMap<String, f64>,
    /// Standard deviation of the body's logarithm.
    pub sigma: f64,
    #[serde(default)]
    pub tail_share: f64,
    #[serde(default = "two")]
    pub tail_alpha: f64,
    #[serde(default = "ten")]
    pub tail_from: f64,
    /// Multiple of the major unit to which `round_share` of the payments are rounded; 0 for none.
    #[serde(default)]
    pub round_to: u32,
    #[serde(default)]
    pub round_share: f64,
    /// Part of the payments that end in .99, .95 or .00.
    #[serde(default)]
    pub endings: f64,
    #[serde(default)]
    pub rhythm: Option<Rhythm>,
    #[serde(default)]
    pub due: Due,
    #[serde(default)]
    pub lead_days: u32,
    #[serde(default)]
    pub variation: f64,
    /// Part that goes to a customer's usual counterparties.
    #[serde(default)]
    pub habit: f64,
    /// Part that goes abroad.
    #[serde(default)]
    pub foreign: f64,
    #[serde(default)]
    pub failed: f64,
    #[serde(default)]
    pub rejected: f64,
    #[serde(default)]
    pub returned: f64,
    #[serde(default)]
    pub refunded: f64,
    #[serde(default)]
    pub cancelled: f64,
}

fn two() -> f64 {
    2.0
}

fn ten() -> f64 {
    10.0
}

/// How customers divide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customers {
    pub businesses: f64,
    pub eastern: f64,
    pub central: f64,
    pub mountain: f64,
    pub pacific: f64,
    pub central_europe: f64,
    pub western_europe: f64,
    pub london: f64,
}

/// The injected patterns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anomalies {
    pub card_testing: Pattern,
    pub structuring: Pattern,
    pub account_takeover: Pattern,
    pub mule_fan_in: Pattern,
    pub mule_fan_out: Pattern,
    pub mule_chain: Pattern,
    pub cycle: Pattern,
    pub scatter_gather: Pattern,
    pub duplicate_payment: Pattern,
    pub business_email_compromise: Pattern,
    pub authorised_push_payment: Pattern,
    /// Honest payments of the same shapes; their share comes on top.
    pub look_alike: Pattern,
}

/// How often and how large one injected pattern is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Part of all injected payments.
    pub share: f64,
    /// The time in which one instance happens, where the run has enough payments in it.
    pub minutes: u32,
    /// How many payments one instance has.
    pub size: u32,
}

/// Why a profile was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("the profile is not TOML: {0}")]
    Syntax(String),
    #[error("unknown key {path} in the profile: did you mean {nearest}?")]
    UnknownKey { path: String, nearest: String },
    #[error("{path} in the profile is {value}: it must be {expected}")]
    BadValue { path: String, value: String, expected: &'static str },
    #[error("the profile does not fit: {0}")]
    Shape(String),
}

impl Default for Profile {
    fn default() -> Self {
        Self::built_in().as_ref().clone()
    }
}

impl Profile {
    /// The built-in profile.
    pub fn built_in() -> Arc<Self> {
        Arc::clone(&DEFAULT)
    }

    /// The built-in profile changed by the text of a TOML file.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        let changes: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| ProfileError::Syntax(one_line(&error.to_string())))?;
        let mut table = built_in_table();
        overlay(&mut table, changes, "")?;
        Self::from_table(table)
    }

    fn from_table(table: toml::Table) -> Result<Self, ProfileError> {
        let profile: Self = table
            .try_into()
            .map_err(|error: toml::de::Error| ProfileError::Shape(one_line(&error.to_string())))?;
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), ProfileError> {
        for (name, calendar) in &self.calendars {
            let path = |key: &str| format!("calendars.{name}.{key}");
            weights(&path("hours"), &calendar.hours)?;
            weights(&path("weekdays"), &calendar.weekdays)?;
            let factors = [calendar.holiday, calendar.month_start, calendar.month_end, calendar.december];
            for (key, value) in ["holiday", "month_start", "month_end", "december"].into_iter().zip(factors) {
                between(path(key), value, 0.0, 1e6, "from 0 to 1000000")?;
            }
        }
        for (rail, flows) in &self.rails {
            let shares: Vec<f64> = flows.values().map(|flow| flow.share).collect();
            weights(&format!("rails.{}: the shares", rail.name()), &shares)?;
            for (name, flow) in flows {
                self.check_flow(&format!("rails.{}.{name}", rail.name()), flow)?;
            }
        }
        self.check_customers()?;
        for (name, pattern) in self.anomalies.patterns() {
            between(format!("anomalies.{name}.share"), pattern.share, 0.0, 1e6, "from 0 up")?;
            between(
                format!("anomalies.{name}.minutes"),
                pattern.minutes.into(),
                1.0,
                43_200.0,
                "1 to 43200",
            )?;
            between(format!("anomalies.{name}.size"), pattern.size.into(), 2.0, 1e3, "2 to 1000")?;
        }
        Ok(())
    }

    fn check_flow(&self, path: &str, flow: &Flow) -> Result<(), ProfileError> {
        let at = |key: &str| format!("{path}.{key}");
        if !self.calendars.contains_key(&flow.calendar) {
            let nearest =
                nearest(&flow.calendar, self.calendars.keys().map(String::as_str)).unwrap_or("office");
            return Err(ProfileError::UnknownKey {
                path: format!("{} = {:?}", at("calendar"), flow.calendar),
                nearest: nearest.to_owned(),
            });
        }
        for (currency, mean) in &flow.mean {
            between(at(&format!("mean.{currency}")), *mean, 0.01, 1e9, "from 0.01 to 1000000000")?;
        }
        between(at("sigma"), flow.sigma, 0.0, 3.0, "from 0 to 3")?;
        between(at("tail_alpha"), flow.tail_alpha, 1.05, 100.0, "from 1.05 to 100")?;
        between(at("tail_from"), flow.tail_from, 1.0, 1e6, "from 1 to 1000000")?;
        between(at("lead_days"), flow.lead_days.into(), 0.0, 10.0, "0 to 10")?;
        let parts = [
            ("tail_share", flow.tail_share),
            ("round_share", flow.round_share),
            ("endings", flow.endings),
            ("variation", flow.variation),
            ("habit", flow.habit),
            ("foreign", flow.foreign),
            ("failed", flow.failed),
            ("rejected", flow.rejected),
            ("returned", flow.returned),
            ("refunded", flow.refunded),
            ("cancelled", flow.cancelled),
        ];
        for (key, value) in parts {
            between(at(key), value, 0.0, 1.0, "from 0 to 1")?;
        }
        let lost = flow.failed + flow.rejected + flow.returned + flow.refunded + flow.cancelled;
        between(at("failed + rejected + returned + refunded + cancelled"), lost, 0.0, 1.0, "1 or less")
    }

    fn check_customers(&self) -> Result<(), ProfileError> {
        let c = &self.customers;
        between("customers.businesses".into(), c.businesses, 0.0, 1.0, "from 0 to 1")?;
        between("customers.london".into(), c.london, 0.0, 1.0, "from 0 to 1")?;
        weights("customers: the American time zones", &[c.eastern, c.central, c.mountain, c.pacific])?;
        weights("customers: the European time zones", &[c.central_europe, c.western_europe])
    }
}

impl Anomalies {
    /// The patterns with their names, in a fixed order.
    pub fn patterns(&self) -> [(&'static str, &Pattern); 12] {
        [
            ("card_testing", &self.card_testing),
            ("structuring", &self.structuring),
            ("account_takeover", &self.account_takeover),
            ("mule_fan_in", &self.mule_fan_in),
            ("mule_fan_out", &self.mule_fan_out),
            ("mule_chain", &self.mule_chain),
            ("cycle", &self.cycle),
            ("scatter_gather", &self.scatter_gather),
            ("duplicate_payment", &self.duplicate_payment),
            ("business_email_compromise", &self.business_email_compromise),
            ("authorised_push_payment", &self.authorised_push_payment),
            ("look_alike", &self.look_alike),
        ]
    }
}

fn built_in_table() -> toml::Table {
    BUILT_IN.parse().expect("the built-in profile is checked by a test")
}

/// Keys of a flow that the built-in profile may leave out where they are none.
const FLOW_KEYS: [&str; 24] = [
    "share",
    "from",
    "to",
    "debit",
    "calendar",
    "mean",
    "sigma",
    "tail_share",
    "tail_alpha",
    "tail_from",
    "round_to",
    "round_share",
    "endings",
    "rhythm",
    "due",
    "lead_days",
    "variation",
    "habit",
    "foreign",
    "failed",
    "rejected",
    "returned",
    "refunded",
    "cancelled",
];

fn overlay(base: &mut toml::Table, changes: toml::Table, path: &str) -> Result<(), ProfileError> {
    let is_flow = path.starts_with("rails.") && path.matches('.').count() == 2;
    // The amounts of a flow may be given in a currency that the built-in profile has no figure for.
    let is_open = is_mean(path);
    for (key, change) in changes {
        let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let optional = is_open || is_flow && FLOW_KEYS.contains(&key.as_str());
        match (base.get_mut(&key), change) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(changes)) => overlay(inner, changes, &here)?,
            (Some(value), change) => *value = change,
            (None, change) if optional => {
                base.insert(key, change);
            }
            (None, _) => {
                let known = base.keys().map(String::as_str).chain(FLOW_KEYS.into_iter().filter(|_| is_flow));
                let nearest = nearest(&key, known).unwrap_or("nothing here").to_owned();
                return Err(ProfileError::UnknownKey { path: here, nearest });
            }
        }
    }
    Ok(())
}

/// Whether the path is a flow's amounts: `rails.ACH.bills.mean`.
fn is_mean(path: &str) -> bool {
    path.starts_with("rails.") && path.rsplit('.').next() == Some("mean")
}

fn weights(path: &str, values: &[f64]) -> Result<(), ProfileError> {
    let sound = values.iter().all(|value| value.is_finite() && (0.0..=1e9).contains(value));
    if sound && values.iter().sum::<f64>() > 0.0 {
        return Ok(());
    }
    let expected = "weights from 0 up, at least one above 0";
    Err(ProfileError::BadValue { path: path.to_owned(), value: format!("{values:?}"), expected })
}

fn between(
    path: String,
    value: f64,
    low: f64,
    high: f64,
    expected: &'static str,
) -> Result<(), ProfileError> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(ProfileError::BadValue { path, value: value.to_string(), expected })
    }
}

fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_profile_is_sound_and_whole() {
        let profile = Profile::from_toml("").unwrap();
        assert_eq!(profile, *Profile::built_in());
        for rail in Rail::ALL {
            let total: f64 = profile.rails[&rail].values().map(|flow| flow.share).sum();
            assert!((total - 1.0).abs() < 1e-9, "{}", rail.name());
        }
    }

    #[test]
    fn a_file_changes_only_what_it_names() {
        let profile = Profile::from_toml("[rails.RTP.bill]\nsigma = 0.5\nrefunded = 0.1").unwrap();
        let flow = &profile.rails[&Rail::Rtp]["bill"];
        assert!((flow.sigma - 0.5).abs() < 1e-12 && (flow.refunded - 0.1).abs() < 1e-12);
        assert!((flow.share - 0.15).abs() < 1e-12);
        assert_eq!(profile.calendars, Profile::built_in().calendars);
    }

    #[test]
    fn a_wrong_file_is_refused_in_one_line_that_says_what_to_do() {
        let message = |text: &str| {
            let message = Profile::from_toml(text).unwrap_err().to_string();
            assert!(!message.contains('\n'), "{message}");
            message
        };
        assert_eq!(
            message("[rails.RTP.bill]\nsigam = 0.5"),
            "unknown key rails.RTP.bill.sigam in the profile: did you mean sigma?"
        );
        assert!(message("[rails.ACHH]").contains("unknown key rails.ACHH in the profile: did you mean ACH?"));
        assert!(message("[calendar.shops]").contains("did you mean calendars?"));
        assert!(message("[rails.RTP.bill]\nsigma = 9").contains("rails.RTP.bill.sigma in the profile is 9"));
        assert!(message("[rails.RTP.bill]\ncalendar = \"shop\"").contains("did you mean shops?"));
        assert!(message("[rails.RTP.bill]\nsigma = \"x\"").contains("does not fit"));
        assert!(message("[rails").contains("not TOML"));
        assert!(message("[calendars.shops]\nweekdays = [0,0,0,0,0,0,0]").contains("at least one above 0"));
    }
}
