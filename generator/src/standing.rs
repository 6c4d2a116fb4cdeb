//! Who has the standing arrangements of a segment: each of its arrangements belongs to one worker, tenant or debtor.

use crate::customers::Cohort;
use crate::flows::FlowSpec;
use crate::mix::Rail;
use crate::permutation::Permutation;
use crate::profile::Side;
use crate::recurrence::Arrangements;

/// What an arrangement ties together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A company pays a person.
    Wages,
    /// A company collects from a person.
    Bill,
    /// A person pays a landlord, or a flatmate who pays the landlord.
    Rent,
    /// A shop charges a person's card.
    Subscription,
    /// A company and a company.
    Trade,
}

impl Kind {
    /// `None` where the flow has no arrangements.
    pub fn of(spec: &FlowSpec) -> Option<Self> {
        spec.flow.rhythm?;
        Some(match (spec.flow.from, spec.flow.to) {
            (Side::Person, Side::Merchant) => Self::Subscription,
            (Side::Person, _) => Self::Rent,
            (_, Side::Person) if spec.flow.debit => Self::Bill,
            (_, Side::Person) => Self::Wages,
            _ => Self::Trade,
        })
    }
}

/// The part of the people who rent from a landlord; the others who rent pay a flatmate, so that nobody pays twice. (Our
/// assumption; in the United States 34 % of households rent, more of those who pay by check.)
const TENANTS: f64 = 0.6;

/// Subscriptions and collected bills that a person has at most (our assumption).
const SUBSCRIPTIONS: u64 = 5;
pub const BILLS: u64 = 4;

/// The most arrangements that a cohort's customers can have in a flow; `None` where neighbours have them too.
pub fn most(spec: &FlowSpec, cohort: &Cohort) -> Option<u64> {
    match Kind::of(spec)? {
        Kind::Rent => Some(renters(spec, cohort).1),
        Kind::Subscription => Some(cohort.customers * SUBSCRIPTIONS),
        Kind::Wages | Kind::Bill | Kind::Trade => None,
    }
}

/// The first and the number of those, in the shuffled order of the cohort's customers, who pay their rent in the flow.
fn renters(spec: &FlowSpec, cohort: &Cohort) -> (u64, u64) {
    let tenants = (cohort.customers as f64 * TENANTS + 0.5) as u64;
    match spec.flow.to {
        Side::Person => (tenants, cohort.customers - tenants),
        _ => (0, tenants),
    }
}

/// A segment's arrangements and the people in them.
#[derive(Debug, Default)]
pub struct Standing {
    pub kind: Option<Kind>,
    pub arrangements: Arrangements,
    /// Takes a place to a member of the cohort that has the arrangements.
    order: Option<Permutation>,
    /// The first place, and how many; an arrangement whose number is higher is its owner's second, third, ...
    first: u64,
    places: u64,
}

impl Standing {
    /// For a cohort's customers, or for wages and bills for the `people` of the land. `jobs` counts the land's jobs so
    /// far: nobody has two while there are people.
    pub fn new(
        spec: &FlowSpec,
        arrangements: Arrangements,
        cohort: &Cohort,
        people: u64,
        jobs: &mut u64,
        key: u64,
    ) -> Self {
        let Some(kind) = Kind::of(spec) else { return Self::default() };
        let (size, first, places) = match kind {
            Kind::Wages => {
                let first = *jobs % people;
                *jobs += arrangements.len();
                (people, first, people)
            }
            Kind::Bill => (people, 0, people),
            Kind::Rent => {
                let (first, places) = renters(spec, cohort);
                // Where all the rail's flows are rents there may be more than tenants.
                if places == 0 {
                    (cohort.customers, 0, cohort.customers)
                } else {
                    (cohort.customers, first, places)
                }
            }
            Kind::Subscription => (cohort.customers, 0, cohort.customers),
            Kind::Trade => (companies(cohort), 0, companies(cohort)),
        };
        let order = Some(Permutation::new(size.max(1), key ^ kind as u64));
        Self { kind: Some(kind), arrangements, order, first, places: places.max(1) }
    }

    /// Who has an arrangement: the place in its cohort, and which of the owner's it is, from 0.
    pub fn owner(&self, number: u64) -> (u64, u64) {
        let place = number % self.places;
        let size = self.order.as_ref().map_or(1, Permutation::size);
        let at = self.order.as_ref().map_or(0, |order| order.apply((self.first + place) % size));
        (at, number / self.places)
    }

    /// The first arrangement of a member, where it has one: the inverse of [`Self::owner`].
    pub fn of_owner(&self, at: u64) -> Option<u64> {
        let order = self.order.as_ref().filter(|order| at < order.size())?;
        let place = (order.invert(at) + order.size() - self.first % order.size()) % order.size();
        (place < self.places && place < self.arrangements.len()).then_some(place)
    }
}

/// How many companies of a land the run knows: a cohort's customers and neighbours.
pub const fn companies(cohort: &Cohort) -> u64 {
    cohort.customers * 4 + 60
}

/// How many people of a land the run knows at least.
pub const fn acquaintances(cohort: &Cohort) -> u64 {
    cohort.customers * 5 / 4 + 40
}

/// Whether whose payments of a flow come by turns: where they are numbered by the account.
pub fn is_dealt(spec: &FlowSpec) -> bool {
    spec.rail == Rail::Check && spec.flow.rhythm.is_none()
}
