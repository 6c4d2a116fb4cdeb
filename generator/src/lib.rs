//! Payments as a pure function of (seed, configuration, index).
//!
//! [`Generator::payment`] makes any payment of a run alone: no state passes from one to the next, so runs can be sharded,
//! resumed and verified by index. The way of an index:
//!
//! 1. `permutation`: the index becomes an id (a keyed bijection into UUIDs) and a position (a keyed permutation of the run).
//! 2. `schedule`: the position lies in a flow of a rail, in a time zone, in an hour, and there on a microsecond of its own.
//! 3. `customers`, `recurrence`, `counterparties`: whose payment it is and to whom.
//! 4. `amounts`, `life`: how much, and what becomes of it.
//! 5. `anomalies`: some payments become members of injected patterns, if any are asked for.
//! 6. `rails`: the fields that this rail's messages carry.
//!
//! [`Live`] makes payments of a run that has no end: there the index is the microsecond itself, `week` takes the place of `schedule`, and
//! a payment is seen in its successive states.
//!
//! Floating point is used with operations that IEEE 754 fixes (`math`), so equal configurations give equal bytes everywhere.

mod amounts;
mod anomalies;
mod categories;
mod config;
mod counterparties;
mod customers;
mod dates;
mod days;
mod draft;
mod flows;
mod identifiers;
mod intensity;
mod life;
mod live;
mod math;
mod mix;
mod names;
mod nearest;
mod parties;
mod permutation;
mod profile;
mod rails;
pub mod random;
mod recurrence;
mod schedule;
mod scorecard;
mod text;
mod week;
mod world;

use schemas::Payment;

pub use config::{Config, ConfigError, GENERATOR_VERSION, MAX_DAYS};
pub use live::{Live, LiveConfig, is_live, midnight_micros};
pub use mix::{Mix, MixError, Rail};
pub use profile::{BUILT_IN as BUILT_IN_PROFILE, Profile, ProfileError};
pub use scorecard::{Line, Scorecard};
pub use week::Curve;

use anomalies::Injection;
use days::Days;
use draft::{Draft, Given};
use life::View;
use permutation::{Permutation, parse_uuid, push_uuid};
use random::hash;
use schedule::Schedule;
use world::World;

/// Room for a payment of each rail, whose strings are used again.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    payments: [Payment; 7],
}

/// Makes the payments of a run.
#[derive(Debug)]
pub struct Generator {
    config: Config,
    world: World,
    positions: Permutation,
    days: Days,
    schedule: Schedule,
    injection: Option<Injection>,
}

impl Generator {
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let (start, end) = config.days();
        let world = World::new(&config, config.run_id());
        let days = Days::new(start, end);
        let schedule = Schedule::new(&config, &world.flows, &world.population, &days)?;
        let injection = Injection::new(&config, &schedule, &world.flows);
        let positions = Permutation::new(config.num_records, hash(config.seed, 0x9051));
        Ok(Self { config, world, positions, days, schedule, injection })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Names the run's configuration: equal for equal configurations (but for the anomaly rate). Sixteen hexadecimal digits.
    pub fn run_id(&self) -> &str {
        &self.world.run_id
    }

    /// The payment of an index below `num_records`.
    pub fn payment(&self, index: u64) -> Payment {
        let mut payment = Payment::default();
        self.draft(index).write(&mut payment);
        payment
    }

    /// The payment of an index, made in a buffer: with one buffer kept over many calls, hardly anything is allocated.
    pub fn fill<'b>(&self, index: u64, buffer: &'b mut Buffer) -> &'b Payment {
        let mut draft = self.draft(index);
        let payment = &mut buffer.payments[draft.rail() as usize];
        draft.write(payment);
        payment
    }

    fn draft(&self, index: u64) -> Draft<'_> {
        let place = self.schedule.place(self.positions.apply(index));
        let injected = self.injection.as_ref().and_then(|rules| rules.find(&self.schedule, &place, index));
        let given = Given {
            index,
            place,
            segment: &self.schedule.segments[place.segment],
            days: &self.days,
            first_day: self.config.days().0,
            view: View::At(self.schedule.end_micros()),
            injected,
        };
        Draft::new(&self.world, given)
    }

    /// The id of the payment of an index: a version 4 UUID, lower case.
    pub fn payment_id(&self, index: u64) -> String {
        let mut id = String::with_capacity(36);
        push_uuid(self.world.ids.id(index), &mut id);
        id
    }

    /// The index whose payment has this id; `None` where the run has no such payment.
    pub fn index_of(&self, payment_id: &str) -> Option<u64> {
        self.index_of_any(payment_id).filter(|index| *index < self.config.num_records)
    }

    /// The index whose payment has this id in the runs of this seed, of whatever length; in those without an end it is the
    /// time of its creation.
    pub fn index_of_any(&self, payment_id: &str) -> Option<u64> {
        self.world.ids.index(parse_uuid(payment_id)?)
    }
}
