//! The material that payments are made from, whenever they happen.

use crate::config::Config;
use crate::customers::Population;
use crate::flows::FlowSpec;
use crate::permutation::{Ids, Permutation};
use crate::random::hash;

/// Company ids that begin with a given digit: nine more follow.
pub const COMPANIES: u64 = 1_000_000_000;

/// The names, ids, flows and customers of a seed and a profile.
#[derive(Debug)]
pub struct World {
    pub run_id: String,
    pub key: u64,
    pub ids: Ids,
    pub uetrs: Ids,
    /// From companies' numbers to their ids in ACH entries, of which no two share one.
    pub companies: Permutation,
    pub flows: Vec<FlowSpec>,
    pub population: Population,
}

impl World {
    pub fn new(config: &Config, run_id: String) -> Self {
        let Config { seed, num_customers, mix, customer_skew, profile, .. } = config;
        Self {
            run_id,
            key: hash(*seed, 0x9a7),
            ids: Ids::new(hash(*seed, 0x1d5)),
            uetrs: Ids::new(hash(*seed, 0x0e72)),
            companies: Permutation::new(COMPANIES, hash(*seed, 0xc1d)),
            flows: FlowSpec::all(profile),
            population: Population::new(*num_customers, mix, &profile.customers, *customer_skew, *seed),
        }
    }
}
