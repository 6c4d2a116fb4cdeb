//! Who the customers are and how active each is: a pure function of the seed and the customer's number.

use schemas::payment::PartyType;

use crate::dates::Zone;
use crate::math::{exp2, log2};
use crate::mix::{Mix, Rail};
use crate::parties::{Identity, Trade};
use crate::permutation::Permutation;
use crate::profile::{Customers as Shares, Side};
use crate::random::{Stream, hash, scale, unit};
use crate::text::Put;

/// Customers who share a time zone and are all people or all businesses.
#[derive(Clone, Copy, Debug)]
pub struct Cohort {
    pub zone: Zone,
    pub is_business: bool,
    /// The cohort's members are the ranks `first..first + size`.
    first: u64,
    size: u64,
    range: Range,
}

/// All customers of a run.
#[derive(Debug)]
pub struct Population {
    cohorts: Vec<Cohort>,
    numbers: Permutation,
    activity: Activity,
    id_width: usize,
    key: u64,
}

/// One customer.
#[derive(Clone, Copy, Debug)]
pub struct Customer {
    /// From 1.
    pub number: u64,
    pub identity: Identity,
    pub zone: Zone,
    pub is_business: bool,
}

impl Population {
    pub fn new(size: u64, mix: &Mix, shares: &Shares, skew: f64, seed: u64) -> Self {
        let mut cohorts = Vec::with_capacity(14);
        let weights: Vec<f64> = Zone::ALL.iter().map(|zone| zone_weight(*zone, mix, shares)).collect();
        let total: f64 = weights.iter().sum();
        for (zone, weight) in Zone::ALL.into_iter().zip(&weights) {
            for (is_business, part) in [(false, 1.0 - shares.businesses), (true, shares.businesses)] {
                cohorts.push((
                    Cohort { zone, is_business, first: 0, size: 0, range: Range(0.0) },
                    weight / total * part,
                ));
            }
        }
        let activity = Activity { skew };
        let mut cohorts = divide(size, cohorts);
        for cohort in &mut cohorts {
            cohort.range = activity.range(cohort.size);
        }
        Self {
            cohorts,
            numbers: Permutation::new(size, hash(seed, 0xc057)),
            activity,
            id_width: (size.checked_ilog10().unwrap_or(0) as usize + 1).max(6),
            key: hash(seed, 0xc0de),
        }
    }

    /// The cohort that carries a flow in a time zone: its own, or the nearest that has members.
    pub fn cohort_for(&self, zone: Zone, side: Side) -> usize {
        let wants_business = side != Side::Person;
        let badness = |cohort: &Cohort| {
            let abroad = cohort.zone.banking() != zone.banking();
            // Abroad a company is the likelier holder of a foreign account than a person.
            let kind = if abroad { !cohort.is_business } else { cohort.is_business != wants_business };
            (cohort.size == 0, abroad, kind, cohort.zone != zone)
        };
        let best = (0..self.cohorts.len()).min_by_key(|at| badness(&self.cohorts[*at]));
        best.expect("there are fourteen cohorts")
    }

    /// A member of the cohort, the active ones more often; `bits` is random.
    pub fn member(&self, cohort: usize, bits: u64) -> Customer {
        let cohort = &self.cohorts[cohort];
        let rank = cohort.first + self.activity.draw(cohort.size, cohort.range, bits);
        self.at(cohort, self.numbers.apply(rank) + 1)
    }

    /// The ranks of a cohort's members and the part of its payments that each has.
    pub fn shares(&self, cohort: usize) -> impl Iterator<Item = (u64, f64)> {
        let (Cohort { first, size, .. }, activity) = (self.cohorts[cohort], self.activity);
        (0..size).map(move |rank| (first + rank, activity.share(size, rank)))
    }

    /// The customer of a number from 1 to the population's size.
    #[cfg(test)]
    pub fn customer(&self, number: u64) -> Customer {
        let rank = self.numbers.invert(number - 1);
        let cohort =
            self.cohorts.iter().find(|cohort| (cohort.first..cohort.first + cohort.size).contains(&rank));
        self.at(cohort.expect("the cohorts divide all ranks"), number)
    }

    fn at(&self, cohort: &Cohort, number: u64) -> Customer {
        let key = hash(self.key, number);
        let kind = if cohort.is_business { PartyType::Business } else { PartyType::Individual };
        let identity = Identity { key, country: country(cohort.zone, key), kind, trade: Trade::Industry };
        Customer { number, identity, zone: cohort.zone, is_business: cohort.is_business }
    }

    /// Replaces `out` by the customer's id: `CUST000042`.
    pub fn put_id(&self, number: u64, out: &mut String) {
        out.begin(4 + self.id_width);
        out.push_str("CUST");
        out.number(number, self.id_width);
    }
}

/// A country of the zone.
pub fn country(zone: Zone, key: u64) -> &'static str {
    const CENTRAL: [(u32, &str); 7] =
        [(30, "DE"), (24, "FR"), (18, "IT"), (13, "ES"), (7, "NL"), (4, "BE"), (4, "AT")];
    match zone {
        Zone::CentralEurope => Stream::new(key, 0xc0).weighted(&CENTRAL),
        Zone::WesternEurope => Stream::new(key, 0xc0).pick(&["IE", "PT"]),
        Zone::London => "GB",
        _ => "US",
    }
}

/// How the payments of a rail divide over time zones; the parts add up to one.
pub fn zone_share(rail: Rail, zone: Zone, mix: &Mix, shares: &Shares) -> f64 {
    let american = mix.share(Rail::Ach) + mix.share(Rail::Rtp) + mix.share(Rail::Check);
    let european = mix.share(Rail::Sepa);
    let (american, european) = match rail {
        Rail::Ach | Rail::Rtp | Rail::Check => (1.0, 0.0),
        Rail::Sepa => (0.0, 1.0),
        _ if american + european > 0.0 => {
            (american / (american + european), european / (american + european))
        }
        _ => (0.5, 0.5),
    };
    // British customers only where there are European ones, and on the rails that cross regions.
    let crosses = matches!(rail, Rail::Wire | Rail::Card | Rail::P2p);
    let british = if crosses && european > 0.0 { shares.london } else { 0.0 };
    let (american, european) = (american * (1.0 - british), european * (1.0 - british));
    let usa = shares.eastern + shares.central + shares.mountain + shares.pacific;
    let euro = shares.central_europe + shares.western_europe;
    match zone {
        Zone::Eastern => american * shares.eastern / usa,
        Zone::Central => american * shares.central / usa,
        Zone::Mountain => american * shares.mountain / usa,
        Zone::Pacific => american * shares.pacific / usa,
        Zone::CentralEurope => european * shares.central_europe / euro,
        Zone::WesternEurope => european * shares.western_europe / euro,
        Zone::London => british,
    }
}

fn zone_weight(zone: Zone, mix: &Mix, shares: &Shares) -> f64 {
    Rail::ALL.into_iter().map(|rail| mix.share(rail) * zone_share(rail, zone, mix, shares)).sum()
}

/// Gives each cohort its part of `size` members, the remainders to those that lost most by rounding.
fn divide(size: u64, cohorts: Vec<(Cohort, f64)>) -> Vec<Cohort> {
    let mut exact: Vec<f64> = cohorts.iter().map(|(_, weight)| size as f64 * weight).collect();
    let mut cohorts: Vec<Cohort> = cohorts.into_iter().map(|(cohort, _)| cohort).collect();
    let mut left = size;
    for (cohort, exact) in cohorts.iter_mut().zip(&mut exact) {
        cohort.size = (exact.floor() as u64).min(left);
        left -= cohort.size;
        *exact -= cohort.size as f64;
    }
    while left > 0 {
        let most = (0..exact.len()).max_by(|a, b| exact[*a].total_cmp(&exact[*b])).unwrap_or(0);
        cohorts[most].size += 1;
        exact[most] -= 1.0;
        left -= 1;
    }
    let mut first = 0;
    for cohort in &mut cohorts {
        cohort.first = first;
        first += cohort.size;
    }
    cohorts
}

/// The integral of the activity over all ranks of a cohort.
#[derive(Clone, Copy, Debug)]
pub struct Range(f64);

/// Zipf-like activity: the member of rank r is drawn in proportion to r^-skew.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    pub skew: f64,
}

impl Activity {
    /// A rank in `0..size` (0 for a size of 0), the most active first; `range` is that of the size.
    pub fn draw(self, size: u64, range: Range, bits: u64) -> u64 {
        if self.skew == 0.0 {
            return scale(bits, size);
        }
        let u = unit(bits);
        let power = 1.0 - self.skew;
        let x = if power.abs() < 1e-9 { exp2(range.0 * u) } else { exp2(log2(1.0 + u * range.0) / power) };
        ((x as u64).saturating_sub(1)).min(size.saturating_sub(1))
    }

    /// The range that [`Self::draw`] needs for a size.
    pub fn range(self, size: u64) -> Range {
        let (end, power) = ((size + 1) as f64, 1.0 - self.skew);
        Range(if power.abs() < 1e-9 { log2(end) } else { exp2(log2(end) * power) - 1.0 })
    }

    /// The part of a cohort's payments that the member of a rank has.
    pub fn share(self, size: u64, rank: u64) -> f64 {
        let below = |x: f64| {
            let power = 1.0 - self.skew;
            if power.abs() < 1e-9 { log2(x) } else { exp2(log2(x) * power) - 1.0 }
        };
        (below((rank + 2) as f64) - below((rank + 1) as f64)) / below((size + 1) as f64)
    }
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
            assert_eq!(population.cohorts.iter().map(|cohort| cohort.size).sum::<u64>(), size);
            for number in 1..=size {
                assert_eq!(population.customer(number).number, number);
            }
        }
    }

    #[test]
    fn a_drawn_member_is_the_customer_of_its_number() {
        let population = population(1_000);
        for bits in (0..5_000_u64).map(crate::random::mix) {
            let cohort = population.cohort_for(Zone::Central, Side::Business);
            let drawn = population.member(cohort, bits);
            assert_eq!(drawn.identity.key, population.customer(drawn.number).identity.key);
            assert!(drawn.is_business && drawn.zone == Zone::Central);
        }
    }

    #[test]
    fn ranks_are_drawn_as_often_as_declared() {
        for skew in [0.0, 0.5, 1.0, 1.6] {
            let activity = Activity { skew };
            let draws = 200_000_u64;
            let mut counts = [0_u64; 20];
            for bits in (0..draws).map(crate::random::mix) {
                counts[activity.draw(20, activity.range(20), bits) as usize] += 1;
            }
            for (rank, count) in counts.into_iter().enumerate() {
                let expected = activity.share(20, rank as u64) * draws as f64;
                assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "skew {skew} rank {rank}");
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
