//! The payment as the run has it, and how much of it is published.

use super::options::Args;
use crate::moment;
use crate::origin::{OTHER_RUN, Origin};
use generator::{Config, Generator};
use producer::trickle::{self, Extent};
use producer::{Confirmed, Fault};
use schemas::Payment;
use schemas::layout::{KeySuffix, PerTable, row_key};
use service::Error;
use std::path::Path;

/// A payment of the run.
#[derive(Clone, Debug)]
pub struct Expected {
    pub run_id: String,
    pub index: u64,
    /// The payment in each of its states, the first one first; at least one.
    pub states: Vec<Payment>,
    pub keys: PerTable<Vec<u8>>,
}

/// An id that is no payment's of the run.
#[derive(Clone, Debug)]
pub struct Foreign {
    pub run_id: String,
    /// What else is known of it, and what to do.
    pub hint: String,
}

/// What a checkpoint says of the payment.
#[derive(Clone, Debug)]
pub struct Published {
    /// Unknown without a checkpoint.
    pub is_confirmed: Option<bool>,
    /// How that is known.
    pub because: String,
    /// As many states are published at least.
    pub states: usize,
    /// What its producer has done to it on purpose.
    pub fault: Option<Fault>,
}

impl Expected {
    /// # Errors
    /// When a flag is wrong. That the payment is not of the run is the inner one.
    pub fn of(id: &str, args: &Args, suffix: KeySuffix) -> anyhow::Result<Result<Self, Foreign>> {
        let generator = args.generation.generator()?;
        let origin = Origin::of(id, &generator);
        let found = if args.trickle {
            of_trickle(origin, args, generator.config())?
        } else {
            of_load(origin, &generator)
        };
        Ok(found.map(|(run_id, index, states)| {
            let keys = PerTable::from_fn(|table| row_key(&states[0], table, suffix));
            Self { run_id, index, states, keys }
        }))
    }

    /// The payment in a state.
    pub fn state(&self, version: u32) -> Option<&Payment> {
        self.states.iter().find(|payment| self::version(payment) == version)
    }

    pub fn last(&self) -> &Payment {
        &self.states[self.states.len() - 1]
    }

    /// Reads how much of the payment is published.
    pub fn published(&self, args: &Args) -> Result<Published, Error> {
        let Some(path) = &args.checkpoint else {
            let because = "unknown without --checkpoint".to_owned();
            return Ok(Published { is_confirmed: None, because, states: 0, fault: None });
        };
        let config = args.generation.config()?;
        if args.trickle { self.by_trickle(path, &config, args) } else { self.by_load(path, &config) }
    }

    fn by_load(&self, path: &Path, config: &Config) -> Result<Published, Error> {
        let confirmed = Confirmed::read(path, config)?;
        let (index, floor) = (self.index, confirmed.floor(self.index));
        let is_confirmed = confirmed.has(index);
        let because = match is_confirmed {
            Some(true) => format!("yes: all below index {floor} is confirmed"),
            Some(false) => format!("not confirmed: all below index {floor} is, this is {index}"),
            None => {
                let range = &confirmed.range;
                format!("unknown: the checkpoint is of the shard {}..{}", range.start, range.end)
            }
        };
        let (states, fault) = (usize::from(is_confirmed == Some(true)), confirmed.fault(index));
        Ok(Published { is_confirmed, because, states, fault })
    }

    fn by_trickle(&self, path: &Path, config: &Config, args: &Args) -> Result<Published, Error> {
        let confirmed = trickle::Confirmed::read(path, config, args.lives)?;
        let (last, all) = (moment::text_of(confirmed.last_micros), self.states.len());
        let (states, because) = match confirmed.extent(self.index) {
            Extent::Nothing => (0, format!("no: the trickle has come to {last}")),
            Extent::Versions(some) => {
                (some as usize, format!("its first {some} of {all} versions; the others are to come"))
            }
            Extent::All => (all, format!("yes, if the trickle made it: it has come to {last}")),
        };
        Ok(Published { is_confirmed: Some(states > 0), because, states, fault: None })
    }
}

/// Run id, index and states.
type Found = Result<(String, u64, Vec<Payment>), Foreign>;

fn of_load(origin: Origin, generator: &Generator) -> Found {
    let run_id = generator.run_id().to_owned();
    let hint = match origin {
        Origin::Run(index) => return Ok((run_id, index, vec![generator.payment(index)])),
        Origin::Trickle(index) => {
            let created = moment::text_of(index as i64);
            format!("it is a trickle's of {created}: give --trickle and the trickle's flags")
        }
        Origin::Elsewhere => format!("it is {OTHER_RUN}"),
    };
    Err(Foreign { run_id, hint })
}

fn of_trickle(origin: Origin, args: &Args, config: &Config) -> Result<Found, Error> {
    let mut live = args.lives.live(args.generation.config()?)?;
    let run_id = live.run_id().to_owned();
    let hint = match origin {
        Origin::Trickle(index) => {
            let states = (1..).map_while(|version| live.version(index, Some(version)));
            let states: Vec<_> = states.map(|(payment, _)| payment).collect();
            return Ok(Ok((run_id, index, states)));
        }
        Origin::Run(index) => {
            format!("it is payment {index} of a load: leave out --trickle, and give the load's flags")
        }
        Origin::Elsewhere => {
            format!("no trickle of --seed {} has it; if it is of a load, leave out --trickle", config.seed)
        }
    };
    Ok(Err(Foreign { run_id, hint }))
}

pub fn version(payment: &Payment) -> u32 {
    payment.payment_header.as_ref().map_or(0, |header| header.version)
}
