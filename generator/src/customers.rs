//! Who lives and trades in each land: customers, whose payments these are, and their neighbours, who bank elsewhere
//! and are paid or collected from. All are pure functions of the seed and a number.

use schemas::payment::PartyType;

use crate::activity::Activity;
use crate::dates::Zone;
use crate::lands::Land;
use crate::mix::{Mix, Rail};
use crate::parties::{Identity, Trade};
use crate::permutation::Permutation;
use crate::profile::{Customers as Shares, Side};
use crate::random::hash;
use crate::text::Put;

/// People or companies of a land: its customers by falling activity, then neighbours without an end.
#[derive(Clone, Debug)]
pub struct Cohort {
    pub land: Land,
    pub is_business: bool,
    /// The customers are the ranks `first..first + customers`.
    first: u64,
    pub customers: u64,
    pub activity: Activity,
}

/// All who may stand at an end of a run's payments.
#[derive(Debug)]
pub struct Population {
    cohorts: Vec<Cohort>,
    numbers: Permutation,
    id_width: usize,
    key: u64,
}

/// Somebody of a cohort.
#[derive(Clone, Copy, Debug)]
pub struct Customer {
    /// From 1; 0 for neighbours.
    pub number: u64,
    pub identity: Identity,
    pub land: Land,
    pub zone: Zone,
    pub is_business: bool,
    /// The cohort, and the member's place in it.
    pub cohort: usize,
    pub at: u64,
}

/// What companies do, by their place in their cohort modulo sixteen: so the companies of a trade can be counted off.
const TRADES: [Trade; 16] = [
    Trade::Industry,
    Trade::Wholesale,
    Trade::Utility,
    Trade::Industry,
    Trade::Landlord,
    Trade::Services,
    Trade::Insurer,
    Trade::Crafts,
    Trade::Industry,
    Trade::Telecom,
    Trade::Care,
    Trade::Services,
    Trade::Lender,
    Trade::Membership,
    Trade::Wholesale,
    Trade::Staffing,
];

/// The trade of the company at a place of its cohort.
pub const fn trade_at(at: u64) -> Trade {
    TRADES[(at % TRADES.len() as u64) as usize]
}

/// The place of a trade's nth company, counted from 0.
pub fn nth_of_trade(trade: Trade, n: u64) -> u64 {
    let places = || (0..TRADES.len() as u64).filter(|at| trade_at(*at) == trade);
    let each = places().count().max(1) as u64;
    let within = places().nth((n % each) as usize).unwrap_or(0);
    n / each * TRADES.len() as u64 + within
}

/// How many of a cohort's first `size` companies have a trade.
pub fn count_of_trade(trade: Trade, size: u64) -> u64 {
    let whole = size / TRADES.len() as u64;
    let places = || (0..TRADES.len() as u64).filter(|at| trade_at(*at) == trade);
    whole * places().count() as u64 + places().filter(|at| *at < size % TRADES.len() as u64).count() as u64
}

impl Population {
    pub fn new(size: u64, mix: &Mix, shares: &Shares, skew: f64, seed: u64) -> Self {
        let weight = |land: Land| -> f64 {
            Rail::ALL.into_iter().map(|rail| mix.share(rail) * land.share(rail, mix, shares)).sum()
        };
        let total: f64 = Land::ALL.into_iter().map(weight).sum();
        let parts = Land::ALL.into_iter().flat_map(|land| {
            let part = weight(land) / total;
            [(land, false, part * (1.0 - shares.businesses)), (land, true, part * shares.businesses)]
        });
        let parts: Vec<_> = parts.collect();
        let sizes = divide(size, parts.iter().map(|(.., part)| *part));
        let mut first = 0;
        let cohorts = parts.iter().zip(sizes).map(|((land, is_business, _), customers)| {
            let activity = if *is_business {
                Activity::of_companies(customers, skew)
            } else {
                Activity::of_people(customers, skew)
            };
            let cohort = Cohort { land: *land, is_business: *is_business, first, customers, activity };
            first += customers;
            cohort
        });
        Self {
            cohorts: cohorts.collect(),
            numbers: Permutation::new(size, hash(seed, 0xc057)),
            id_width: (size.checked_ilog10().unwrap_or(0) as usize + 1).max(6),
            key: hash(seed, 0xc0de),
        }
    }

    /// The cohort of a land's people or companies.
    pub const fn cohort_of(land: Land, is_business: bool) -> usize {
        land as usize * 2 + is_business as usize
    }

    pub fn cohort(&self, cohort: usize) -> &Cohort {
        &self.cohorts[cohort]
    }

    /// The cohort that carries a flow in a land: its own, or the nearest that has customers.
    pub fn cohort_for(&self, land: Land, side: Side) -> usize {
        let wants_business = side != Side::Person;
        let badness = |cohort: &Cohort| {
            let abroad = cohort.land.zone().banking() != land.zone().banking();
            // Abroad a company is the likelier holder of a foreign account than a person.
            let kind = if abroad { !cohort.is_business } else { cohort.is_business != wants_business };
            (cohort.customers == 0, abroad, kind, cohort.land != land, cohort.land.zone() != land.zone())
        };
        let best = (0..self.cohorts.len()).min_by_key(|at| badness(&self.cohorts[*at]));
        best.expect("there are twenty-eight cohorts")
    }

    /// A customer of the cohort, the active ones more often; `bits` is random.
    pub fn member(&self, cohort: usize, bits: u64) -> Customer {
        self.resident(cohort, self.cohorts[cohort].activity.draw(bits))
    }

    /// Who has a place in a cohort: a customer, or a neighbour from the number of customers on.
    pub fn resident(&self, cohort: usize, at: u64) -> Customer {
        let Cohort { land, is_business, first, customers, .. } = self.cohorts[cohort];
        let (number, key) = if at < customers {
            let number = self.numbers.apply(first + at) + 1;
            (number, hash(self.key, number))
        } else {
            (0, hash(hash(self.key, !(cohort as u64)), at))
        };
        let (kind, trade) = if is_business {
            (PartyType::Business, trade_at(at))
        } else {
            (PartyType::Individual, Trade::Industry)
        };
        let identity = Identity::new(key, land.country(), kind, trade);
        Customer { number, identity, land, zone: land.zone(), is_business, cohort, at }
    }

    /// The customer of a number from 1 to the population's size.
    #[cfg(test)]
    pub fn customer(&self, number: u64) -> Customer {
        let rank = self.numbers.invert(number - 1);
        let cohort = self
            .cohorts
            .iter()
            .position(|cohort| (cohort.first..cohort.first + cohort.customers).contains(&rank));
        let cohort = cohort.expect("the cohorts divide all ranks");
        self.resident(cohort, rank - self.cohorts[cohort].first)
    }

    /// A customer's rank among all, from 0: as the scorecard counts.
    pub fn rank(&self, cohort: usize, at: u64) -> u64 {
        self.cohorts[cohort].first + at
    }

    /// Replaces `out` by the customer's id: `CUST000042`.
    pub fn put_id(&self, number: u64, out: &mut String) {
        out.begin(4 + self.id_width);
        out.push_str("CUST");
        out.number(number, self.id_width);
    }
}

/// Parts of `size` in proportion to the weights, the remainders to those that lost most by rounding.
fn divide(size: u64, weights: impl Iterator<Item = f64>) -> Vec<u64> {
    let mut exact: Vec<f64> = weights.map(|weight| size as f64 * weight).collect();
    let mut left = size;
    let mut sizes: Vec<u64> = exact
        .iter_mut()
        .map(|exact| {
            let size = (exact.floor() as u64).min(left);
            left -= size;
            *exact -= size as f64;
            size
        })
        .collect();
    while left > 0 {
        let most = (0..exact.len()).max_by(|a, b| exact[*a].total_cmp(&exact[*b])).unwrap_or(0);
        sizes[most] += 1;
        exact[most] -= 1.0;
        left -= 1;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn population(size: u64) -> Population {
        Population::new(size, &Mix::seed(), &Profile::built_in().customers, 0.8, 42)
    }

    #[test]
    fn every_number_is_a_member_of_one_cohort() {
        for size in [1, 2, 3, 10, 1_000] {
            let population = population(size);
            assert_eq!(population.cohorts.iter().map(|cohort| cohort.customers).sum::<u64>(), size);
            for number in 1..=size {
                assert_eq!(population.customer(number).number, number);
            }
        }
    }

    #[test]
    fn a_drawn_member_is_the_customer_of_its_number() {
        let population = population(1_000);
        for bits in (0..5_000_u64).map(crate::random::mix) {
            let cohort = population.cohort_for(Land::UsCentral, Side::Business);
            let drawn = population.member(cohort, bits);
            assert_eq!(drawn.identity.key, population.customer(drawn.number).identity.key);
            assert!(drawn.is_business && drawn.zone == Zone::Central);
        }
    }

    #[test]
    fn the_companies_of_a_trade_are_counted_off() {
        for trade in [Trade::Industry, Trade::Landlord, Trade::Services, Trade::Staffing] {
            let places: Vec<u64> = (0..200).filter(|at| trade_at(*at) == trade).collect();
            assert_eq!(count_of_trade(trade, 200), places.len() as u64);
            for (n, at) in places.into_iter().enumerate() {
                assert_eq!(nth_of_trade(trade, n as u64), at);
            }
        }
    }

    #[test]
    fn ids_have_six_digits_or_as_many_as_are_needed() {
        let id = |size, number| {
            let mut out = String::new();
            population(size).put_id(number, &mut out);
            out
        };
        assert_eq!(id(1_000, 42), "CUST000042");
        assert_eq!(id(10_000_000, 42), "CUST00000042");
    }
}
