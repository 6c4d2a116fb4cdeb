//! Payments of a run without an end: the index of a payment is the microsecond of its creation.
//!
//! Ids, which are a keyed bijection of the index, never repeat therefore, whatever was published before and by whom, as
//! long as no microsecond is used twice. A payment in one of its states is a pure function of (seed, configuration,
//! index, number of changes).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use schemas::Payment;

use crate::config::{Config, ConfigError, GENERATOR_VERSION, digest};
use crate::dates::day_of;
use crate::draft::{Draft, Given};
use crate::generator::Buffer;
use crate::life::View;
use crate::message;
use crate::mix::Rail;
use crate::random::{hash, unit};
use crate::week::{Curve, Week};
use crate::world::World;

/// From when numbers are counted that rise with the time, such as those of checks.
pub const FIRST_DAY: i32 = day_of(2020, 1, 1);
/// Weeks kept: the present one, that of updates' payments, and one more where the clock stands between two.
const KEPT_WEEKS: usize = 3;
/// The shortest life, as a part of the longest.
const LEAST_SPAN: f64 = 0.25;

/// A run without an end: equal configurations give equal payments, byte for byte.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// Seed, customers, mix, skew and profile; records and dates are of no account.
    pub base: Config,
    pub curve: Curve,
    /// Part of the payments that are published as they begin and updated later; the others are published once, with what
    /// their rail answers within seconds.
    pub update_share: f64,
    /// The time into which a life is compressed that would last longer: this, or down to a quarter of it.
    pub update_within: Duration,
}

impl LiveConfig {
    fn digest(&self) -> u64 {
        let Config { seed, num_customers, mix, customer_skew, profile, .. } = &self.base;
        let Self { curve, update_share, update_within, .. } = self;
        digest(&format!(
            "live|{GENERATOR_VERSION}|{seed}|{num_customers}|{mix}|{customer_skew}|{profile:?}|{curve:?}|\
             {update_share}|{update_within:?}"
        ))
    }
}

/// Makes the payments of a run without an end.
#[derive(Debug)]
pub struct Live {
    config: LiveConfig,
    world: World,
    weeks: VecDeque<Arc<Week>>,
}

impl Live {
    pub fn new(config: LiveConfig) -> Result<Self, ConfigError> {
        config.base.check()?;
        if !(0.0..=1.0).contains(&config.update_share) {
            return Err(ConfigError::UpdateShare(config.update_share.to_string()));
        }
        let profile = &config.base.profile;
        let lacks_flows = |rail: &Rail| profile.rails.get(rail).is_none_or(BTreeMap::is_empty);
        let used = |rail: &Rail| config.base.mix.share(*rail) > 0.0;
        if let Some(rail) = Rail::ALL.into_iter().find(|rail| used(rail) && lacks_flows(rail)) {
            return Err(ConfigError::NoFlow { rail: rail.name() });
        }
        // The times of their creation keep the ids of a seed's runs without an end apart.
        let world = World::new(&config.base, config.digest(), config.base.seed);
        Ok(Self { config, world, weeks: VecDeque::new() })
    }

    /// Names the configuration: equal for equal configurations. Sixteen hexadecimal digits.
    pub fn run_id(&self) -> &str {
        &self.world.run_id
    }

    /// How many payments are made at a time (UTC microseconds), against the mean of its week, Monday to Sunday in UTC.
    /// With the flat curve it is 1, but 0 where none of the mix's rails works.
    pub fn intensity(&mut self, micros: i64) -> f64 {
        self.week(micros).intensity(micros)
    }

    /// Whether the payment is updated after its first message.
    pub fn is_followed(&self, index: u64) -> bool {
        unit(hash(self.world.key ^ 0xf0_110, index)) < self.config.update_share
    }

    /// The payment of an index after so many changes, 0 for its first message, and when it changes next, in UTC
    /// microseconds.
    pub fn fill<'b>(
        &mut self,
        index: u64,
        changes: u32,
        buffer: &'b mut Buffer,
    ) -> (&'b Payment, Option<i64>) {
        let week = self.week(index as i64);
        let (place, segment) = week.place(&self.world, index);
        let view = View::Change { number: changes, span_micros: self.span_micros(index) };
        let (days, first_day) = (&week.days, FIRST_DAY);
        let given = Given { index, place, segment, days, first_day, view, schedule: None, injected: None };
        let mut draft = Draft::new(&self.world, given);
        let payment = buffer.of(draft.rail());
        message::write(&mut draft, payment);
        (payment, draft.next_change_micros)
    }

    /// The payment of an index in its `version`, counted from 1, or in its last, and when it changes next; `None` where
    /// it never has as many.
    pub fn version(&mut self, index: u64, version: Option<u32>) -> Option<(Payment, Option<i64>)> {
        let (mut buffer, mut changes) = (Buffer::default(), 0);
        loop {
            let (payment, next) = self.fill(index, changes, &mut buffer);
            if version == Some(changes + 1) || version.is_none() && next.is_none() {
                return Some((payment.clone(), next));
            }
            next?;
            changes += 1;
        }
    }

    fn span_micros(&self, index: u64) -> i64 {
        if !self.is_followed(index) {
            return 0;
        }
        let part = LEAST_SPAN + (1.0 - LEAST_SPAN) * unit(hash(self.world.key ^ 0x5_9a4, index));
        ((self.config.update_within.as_micros() as f64 * part) as i64).max(1)
    }

    fn week(&mut self, micros: i64) -> Arc<Week> {
        if let Some(week) = self.weeks.iter().find(|week| week.contains(micros)) {
            return week.clone();
        }
        let week = Arc::new(Week::new(&self.config.base, self.config.curve, &self.world, micros));
        self.weeks.truncate(KEPT_WEEKS - 1);
        self.weeks.push_front(week.clone());
        week
    }
}

/// Whether an index is that of a payment without an end, created between the years 2000 and 2200; runs with an end have
/// far lower ones.
pub fn is_live(index: u64) -> bool {
    (946_684_800_000_000..7_258_118_400_000_000).contains(&index)
}

/// UTC microseconds at which a day begins.
pub fn midnight_micros(date: NaiveDate) -> i64 {
    (date - NaiveDate::default()).num_days() * 86_400_000_000
}
