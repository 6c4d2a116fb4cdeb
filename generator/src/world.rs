//! The material that payments are made from, whenever they happen.

use crate::config::Config;
use crate::customers::Population;
use crate::flows::FlowSpec;
use crate::journeys::{Journeys, Origin};
use crate::lands::Land;
use crate::permutation::{Ids, Permutation};
use crate::random::hash;
use crate::ties::Ties;

/// Company ids that begin with a given digit: nine more follow.
pub const COMPANIES: u64 = 1_000_000_000;

/// The names, ids, flows, customers, ties and journeys of a seed and a profile.
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
    pub ties: Ties,
    pub journeys: Journeys,
}

impl World {
    /// `run` stands for the run's configuration; `ids_key` decides its payments' ids and all that is
    /// drawn for one payment alone, so that runs of one seed share customers and no payments.
    pub fn new(config: &Config, run: u64, ids_key: u64) -> Self {
        let Config { seed, num_customers, mix, customer_skew, profile, .. } = config;
        let population = Population::new(*num_customers, mix, &profile.customers, *customer_skew, *seed);
        let origins = Land::ALL.map(|land| Origin {
            land,
            persons: population.cohort(Population::cohort_of(land, false)).customers,
        });
        Self {
            journeys: Journeys::new(origins.to_vec(), hash(*seed, 0x7e45)),
            run_id: format!("{run:016x}"),
            key: hash(ids_key, 0x9a7),
            ids: Ids::of_payments(ids_key),
            uetrs: Ids::of_wires(ids_key),
            companies: Permutation::new(COMPANIES, hash(*seed, 0xc1d)),
            flows: FlowSpec::all(profile),
            ties: Ties::new(&population, hash(*seed, 0x71e5)),
            population,
        }
    }
}
