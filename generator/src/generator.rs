//! A run with an end: any of its payments by index.

use schemas::Payment;

use crate::anomalies::Injection;
use crate::config::{Config, ConfigError};
use crate::days::Days;
use crate::draft::{Draft, Given};
use crate::life::View;
use crate::live::is_live;
use crate::message;
use crate::mix::Rail;
use crate::permutation::{Ids, Permutation, parse_uuid, push_uuid};
use crate::random::hash;
use crate::schedule::Schedule;
use crate::world::World;

/// Room for a payment of each rail, whose strings are used again.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    payments: [Payment; 7],
}

impl Buffer {
    #[inline]
    pub(crate) fn of(&mut self, rail: Rail) -> &mut Payment {
        &mut self.payments[rail as usize]
    }
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
        let run = config.digest();
        let world = World::new(&config, run, run);
        let days = Days::new(start, end);
        let schedule = Schedule::new(&config, &world.flows, &world.population, &days)?;
        let injection = Injection::new(&config, &schedule, &world.flows, &world.population);
        let positions = Permutation::new(config.num_records, hash(config.seed, 0x9051));
        Ok(Self { config, world, positions, days, schedule, injection })
    }

    /// When the payments happen, for those who compare with what was declared.
    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Names the run's configuration: equal for equal configurations (but for the anomaly rate). Sixteen hexadecimal
    /// digits.
    pub fn run_id(&self) -> &str {
        &self.world.run_id
    }

    /// The payment of an index below `num_records`.
    pub fn payment(&self, index: u64) -> Payment {
        let mut payment = Payment::default();
        message::write(&mut self.draft(index), &mut payment);
        payment
    }

    /// The payment of an index, made in a buffer: with one buffer kept over many calls, hardly anything is allocated.
    pub fn fill<'b>(&self, index: u64, buffer: &'b mut Buffer) -> &'b Payment {
        let mut draft = self.draft(index);
        let payment = buffer.of(draft.rail());
        message::write(&mut draft, payment);
        payment
    }

    fn draft(&self, index: u64) -> Draft<'_> {
        let place = self.schedule.place(self.positions.apply(index));
        let injected = self.injection.as_ref().and_then(|rules| rules.find(&place));
        let given = Given {
            index,
            place,
            segment: &self.schedule.segments[place.segment],
            days: &self.days,
            first_day: self.config.days().0,
            view: View::At(self.schedule.end_micros()),
            schedule: Some(&self.schedule),
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
        let index = self.world.ids.index(parse_uuid(payment_id)?);
        index.filter(|index| *index < self.config.num_records)
    }

    /// The time of its creation, in UTC microseconds, where the id is of a run without an end of this seed.
    pub fn trickle_index_of(&self, payment_id: &str) -> Option<u64> {
        let index = Ids::of_payments(self.config.seed).index(parse_uuid(payment_id)?);
        index.filter(|index| is_live(*index))
    }
}
