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
//! Floating point is used with operations that IEEE 754 fixes (`math`), so equal configurations give equal bytes everywhere.

mod amounts;
mod anomalies;
mod config;
mod counterparties;
mod customers;
mod dates;
mod days;
mod draft;
mod flows;
mod identifiers;
mod life;
mod math;
mod mix;
mod names;
mod nearest;
mod parties;
mod permutation;
mod profile;
mod rails;
mod random;
mod recurrence;
mod schedule;
mod scorecard;
mod text;

use schemas::Payment;

pub use config::{Config, ConfigError, MAX_DAYS};
pub use mix::{Mix, MixError, Rail};
pub use profile::{BUILT_IN as BUILT_IN_PROFILE, Profile, ProfileError};
pub use scorecard::{Line, Scorecard};

use anomalies::Injection;
use customers::Population;
use days::Days;
use draft::Draft;
use flows::FlowSpec;
use permutation::{Ids, Permutation, parse_uuid, push_uuid};
use random::hash;
use schedule::Schedule;

/// Changes whenever any payment of any configuration changes by a byte; travels in `metadata.generator_version`.
pub const GENERATOR_VERSION: &str = "1";

/// Room for a payment of each rail, whose strings are used again.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    payments: [Payment; 7],
}

/// Makes the payments of a run.
#[derive(Debug)]
pub struct Generator {
    config: Config,
    run_id: String,
    key: u64,
    ids: Ids,
    uetrs: Ids,
    positions: Permutation,
    flows: Vec<FlowSpec>,
    population: Population,
    days: Days,
    schedule: Schedule,
    injection: Option<Injection>,
}

impl Generator {
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let (start, end) = config.days();
        let profile = &config.profile;
        let flows = FlowSpec::all(profile);
        let days = Days::new(start, end);
        let population = Population::new(
            config.num_customers,
            &config.mix,
            &profile.customers,
            config.customer_skew,
            config.seed,
        );
        let schedule = Schedule::new(&config, &flows, &population, &days)?;
        let injection = Injection::new(&config, &schedule, &flows);
        Ok(Self {
            run_id: config.run_id(),
            key: hash(config.seed, 0x9a7),
            ids: Ids::new(hash(config.seed, 0x1d5)),
            uetrs: Ids::new(hash(config.seed, 0x0e72)),
            positions: Permutation::new(config.num_records, hash(config.seed, 0x9051)),
            flows,
            population,
            days,
            schedule,
            injection,
            config,
        })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Names the run's configuration: equal for equal configurations (but for the anomaly rate). Sixteen hexadecimal digits.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The payment of an index below `num_records`.
    pub fn payment(&self, index: u64) -> Payment {
        let mut payment = Payment::default();
        Draft::new(self, index).write(&mut payment);
        payment
    }

    /// The payment of an index, made in a buffer: with one buffer kept over many calls, hardly anything is allocated.
    pub fn fill<'b>(&self, index: u64, buffer: &'b mut Buffer) -> &'b Payment {
        let mut draft = Draft::new(self, index);
        let payment = &mut buffer.payments[draft.rail() as usize];
        draft.write(payment);
        payment
    }

    /// The id of the payment of an index: a version 4 UUID, lower case.
    pub fn payment_id(&self, index: u64) -> String {
        let mut id = String::with_capacity(36);
        push_uuid(self.ids.id(index), &mut id);
        id
    }

    /// The index whose payment has this id; `None` where the run has no such payment.
    pub fn index_of(&self, payment_id: &str) -> Option<u64> {
        let index = self.ids.index(parse_uuid(payment_id)?)?;
        (index < self.config.num_records).then_some(index)
    }
}
