//! Injected patterns with their ground truth.
//!
//! A pattern takes over payments that the run has anyway: in some windows of time of some segments, most payments
//! become members of one or more groups, which share a customer, a counterparty or an amount as the pattern wants.
//! Windows and members are decided by hashing, so a payment knows its group without seeing the others, and payments
//! that are in no group stay as they are.

use crate::config::Config;
use crate::flows::FlowSpec;
use crate::intensity::Place;
use crate::mix::Rail;
use crate::random::{hash, scale, unit};
use crate::schedule::Schedule;

/// The part of a window's payments that a pattern takes where there are plenty, and where there are few.
const TAKEN: f64 = 0.5;
const MOST_TAKEN: f64 = 0.9;

/// Windows of thin runs are widened to hold a whole group, up to this.
const MAX_WINDOW_HOURS: u64 = 96;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Many small charges on one card, most of them declined.
    CardTesting,
    /// One customer stays just below the reporting threshold of 10,000, again and again.
    Structuring,
    /// A stolen account is emptied to new payees.
    AccountTakeover,
    /// Many customers pay one new account.
    MuleFanIn,
    /// One customer passes money on to many new payees.
    MuleFanOut,
    /// The same payment twice.
    DuplicatePayment,
}

impl Kind {
    /// In the order of the profile's patterns.
    const ALL: [Self; 6] = [
        Self::CardTesting,
        Self::Structuring,
        Self::AccountTakeover,
        Self::MuleFanIn,
        Self::MuleFanOut,
        Self::DuplicatePayment,
    ];

    /// As written in `metadata.anomaly_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CardTesting => "CARD_TESTING",
            Self::Structuring => "STRUCTURING",
            Self::AccountTakeover => "ACCOUNT_TAKEOVER",
            Self::MuleFanIn => "MULE_FAN_IN",
            Self::MuleFanOut => "MULE_FAN_OUT",
            Self::DuplicatePayment => "DUPLICATE_PAYMENT",
        }
    }

    fn takes(self, spec: &FlowSpec) -> bool {
        let instant = matches!(
            (spec.rail, spec.name.as_str()),
            (Rail::Rtp, "transfer") | (Rail::P2p, "friends") | (Rail::Sepa, "instant")
        );
        spec.flow.rhythm.is_none()
            && match self {
                Self::CardTesting => spec.rail == Rail::Card && spec.name == "online",
                Self::Structuring => matches!(
                    (spec.rail, spec.name.as_str()),
                    (Rail::Ach | Rail::Rtp, "transfer")
                        | (Rail::Check, "household")
                        | (Rail::Sepa, "invoice" | "instant")
                ),
                Self::AccountTakeover => instant || (spec.rail == Rail::Wire && spec.name == "personal"),
                Self::MuleFanIn | Self::MuleFanOut => instant,
                Self::DuplicatePayment => {
                    matches!(spec.name.as_str(), "vendor" | "supplier" | "corporate" | "in_store")
                        || (spec.rail == Rail::Check && spec.name == "business")
                }
            }
    }
}

/// A payment's part in a pattern.
#[derive(Clone, Copy, Debug)]
pub struct Injected {
    pub kind: Kind,
    /// Equal for the members of a group.
    pub group: u64,
    /// Of this member alone.
    pub member: u64,
}

/// A pattern in one segment.
#[derive(Clone, Copy, Debug)]
struct Rule {
    kind: Kind,
    /// The part of the segment's payments that is taken.
    rate: f64,
    size: f64,
    /// A whole number of hours, or a part of one.
    window_micros: u64,
}

/// Which patterns are injected where.
#[derive(Debug)]
pub struct Injection {
    /// By segment.
    rules: Vec<Vec<Rule>>,
    key: u64,
}

impl Injection {
    /// `None` where the rate is 0.
    pub fn new(config: &Config, schedule: &Schedule, flows: &[FlowSpec]) -> Option<Self> {
        if config.anomaly_rate <= 0.0 {
            return None;
        }
        let segments = || schedule.segments.iter().enumerate();
        let takes = |kind: Kind, flow: usize| kind.takes(&flows[flow]);
        let eligible = Kind::ALL.map(|kind| {
            let open = segments().filter(|(_, segment)| takes(kind, segment.flow));
            open.map(|(at, _)| schedule.segment_payments(at)).sum::<u64>() as f64
        });
        let patterns = config.profile.anomalies.patterns();
        let used =
            || Kind::ALL.into_iter().zip(patterns).zip(eligible).filter(|(_, eligible)| *eligible > 0.0);
        let total: f64 = used().map(|((_, (_, pattern)), _)| pattern.share).sum();
        let rules = segments().map(|(at, segment)| {
            used()
                .filter(|((kind, (_, pattern)), _)| takes(*kind, segment.flow) && pattern.share > 0.0)
                .map(|((kind, (_, pattern)), eligible)| {
                    let wanted = config.anomaly_rate * pattern.share / total * config.num_records as f64;
                    let rate = (wanted / eligible).min(TAKEN);
                    let size = f64::from(pattern.size);
                    let hourly = schedule.segment_payments(at) as f64 / schedule.hours() as f64;
                    Rule { kind, rate, size, window_micros: window_micros(pattern.minutes, size, hourly) }
                })
                .collect()
        });
        Some(Self { rules: rules.collect(), key: hash(config.seed, 0xa404) })
    }

    /// The pattern that the payment belongs to, if any.
    pub fn find(&self, schedule: &Schedule, place: &Place, index: u64) -> Option<Injected> {
        let elapsed = (place.micros - schedule.slot_micros(0)) as u64;
        self.rules[place.segment].iter().enumerate().find_map(|(number, rule)| {
            let window = elapsed / rule.window_micros;
            let key = hash(self.key ^ number as u64, hash(place.segment as u64, window));
            let expected = schedule.payments_between(
                place.segment,
                window * rule.window_micros,
                (window + 1) * rule.window_micros,
            );
            let groups = (expected * TAKEN / rule.size).floor().max(1.0);
            let taken = (groups * rule.size / expected.max(1e-9)).min(MOST_TAKEN);
            let is_active = unit(key) * taken < rule.rate;
            let member = hash(key, index);
            (is_active && unit(member) < taken).then(|| Injected {
                kind: rule.kind,
                group: hash(key, 1 + scale(hash(member, 1), groups as u64)),
                member,
            })
        })
    }
}

/// The pattern's time, widened where the segment is thin; whole hours or a divisor of one.
fn window_micros(minutes: u32, size: f64, hourly: f64) -> u64 {
    let needed = size / MOST_TAKEN / hourly.max(1e-6) * 60.0;
    let minutes = f64::from(minutes).max(needed.min(MAX_WINDOW_HOURS as f64 * 60.0)) as u64;
    let whole = match minutes {
        0..=10 => 10,
        11..=15 => 15,
        16..=30 => 30,
        _ => minutes.div_ceil(60) * 60,
    };
    whole * 60_000_000
}
