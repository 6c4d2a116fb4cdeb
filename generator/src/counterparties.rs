//! Who is on a payment's other end.

use schemas::payment::{Party, PartyType};

use crate::customers::{Customer, Population};
use crate::dates::Zone;
use crate::draft::Draft;
use crate::lands::Land;
use crate::mix::Rail;
use crate::parties::Identity;
use crate::profile::Side;
use crate::random::{hash, scale, unit};
use crate::standing::Kind;
use crate::text::Put;
use crate::ties::{HOUSEHOLD, HOUSES, Search, country_abroad, neighbour, zipf};

/// The other end of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Counterparty {
    pub identity: Identity,
    /// The customer's number, from 1; 0 for who is no customer.
    pub number: u64,
    /// Whether the two deal with each other regularly.
    pub is_usual: bool,
    pub is_foreign: bool,
    /// Where it is at home; `None` for who is no customer.
    pub zone: Option<Zone>,
}

impl Counterparty {
    /// Somebody of the population.
    pub const fn of(customer: &Customer, is_usual: bool) -> Self {
        let (number, zone) = (customer.number, Some(customer.zone));
        Self { identity: customer.identity, number, is_usual, is_foreign: false, zone }
    }

    /// Somebody from elsewhere.
    pub const fn outside(identity: Identity, is_usual: bool) -> Self {
        Self { identity, number: 0, is_usual, is_foreign: false, zone: None }
    }

    /// Writes the party with its id: a customer's, or the kind and twelve digits of the key.
    pub fn put(&self, population: &Population, party: &mut Party) {
        self.identity.put(party);
        if self.number > 0 {
            return population.put_id(self.number, &mut party.party_id);
        }
        party.party_id.begin(16);
        party.party_id.push_str(match self.identity.kind {
            PartyType::Individual => "PRSN",
            PartyType::Merchant => "MRCH",
            PartyType::FinancialInstitution => "BANK",
            _ => "BIZN",
        });
        party.party_id.number(self.identity.key % 1_000_000_000_000, 12);
    }
}

/// The part of payments between companies and people of the euro area that cross one of its borders (our assumption).
fn across(rail: Rail, flow: &str) -> f64 {
    match (rail, flow) {
        (Rail::Sepa, "supplier" | "business_debit") => 0.12,
        (Rail::Sepa, "invoice") => 0.05,
        (Rail::Sepa, "instant") => 0.03,
        _ => 0.0,
    }
}

/// Draws of a counterparty that are one on their own.
const TRIES: u64 = 12;

impl Draft<'_> {
    /// The counterparty of a payment that is no card payment.
    pub fn find_counterparty(&mut self) -> Counterparty {
        for attempt in 0..TRIES {
            let found = self.candidate(attempt);
            if !self.shares_bank(&found.identity) {
                return found;
            }
            // No clearing system sees payments inside a bank. A company has an account elsewhere, too.
            if found.identity.kind == PartyType::Business {
                return Counterparty { identity: found.identity.at_second_bank(), ..found };
            }
            if self.customer.is_business {
                self.originator = self.originator.at_second_bank();
                return found;
            }
        }
        self.originator = self.originator.at_second_bank();
        self.candidate(TRIES)
    }

    /// Whether the originator has its account at the same bank.
    pub fn shares_bank(&self, other: &Identity) -> bool {
        self.originator.country == other.country && self.originator.bank() == other.bank()
    }

    /// The counterparty found at an attempt.
    fn candidate(&mut self, attempt: u64) -> Counterparty {
        let (world, land) = (self.world, self.land);
        let (population, ties) = (&world.population, &world.ties);
        if let Some(owner) = self.owner {
            return Counterparty::of(&owner, true);
        }
        if let Some(arrangement) = self.arrangement {
            return match (self.kind, self.spec.flow.to) {
                (Some(Kind::Rent), Side::Person) => {
                    Counterparty::of(&ties.flatmate(population, land, &self.customer, attempt).to, true)
                }
                (_, Side::Bank) => Counterparty::outside(self.bank(arrangement.key, attempt), true),
                _ => Counterparty::of(&ties.landlord(population, land, arrangement.key), true),
            };
        }
        let habit = self.spec.flow.habit;
        if self.spec.flow.to == Side::Bank {
            let is_usual = self.choice.chance(habit);
            let bits = if is_usual { self.customer.identity.key } else { self.choice.bits() };
            let foreign = unit(hash(bits, 0xf0)) < self.spec.flow.foreign;
            let bank = if foreign {
                Identity::of_bank(world.key, country_abroad(land, bits), hash(bits, 1) % 10)
            } else {
                self.bank(bits, attempt)
            };
            return Counterparty { is_foreign: foreign, ..Counterparty::outside(bank, is_usual) };
        }
        if let Some(other) = self.find_abroad(habit) {
            return other;
        }
        let (choice, people) = (&mut self.choice, self.people);
        let search = Search { population, land, of: &self.customer, habit, attempt };
        let tie = match (self.spec.flow.from, self.spec.flow.to) {
            (_, Side::Person) => ties.friend(&search, people, choice),
            (Side::Person, _) => {
                let trade =
                    choice.weighted(if self.spec.rail == Rail::Wire { &HOUSES[..] } else { &HOUSEHOLD });
                ties.provider(&search, trade, choice)
            }
            _ => ties.supplier(&search, self.what, choice),
        };
        Counterparty::of(&tie.to, tie.is_usual)
    }

    /// One of the country's banks, not the originator's.
    fn bank(&self, bits: u64, attempt: u64) -> Identity {
        Identity::of_bank(self.world.key, self.originator.country, hash(bits, 0xba) % 10 + attempt)
    }

    /// A counterparty in another country, where the payment goes to one. Who deals with somebody abroad does so again.
    fn find_abroad(&mut self, habit: f64) -> Option<Counterparty> {
        let (foreign, across) = (self.spec.flow.foreign, across(self.spec.rail, &self.spec.name));
        if foreign + across <= 0.0 {
            return None;
        }
        let is_usual = self.choice.chance(habit);
        let which = if is_usual { self.choice.below(8) } else { self.choice.bits() };
        let bits = hash(hash(self.customer.identity.key, self.what ^ 0xf0), which);
        let u = unit(bits);
        let world = self.world;
        let to = self.spec.flow.to != Side::Person;
        let resident = |land: Land| {
            let cohort = Population::cohort_of(land, to);
            let known = if to { world.ties.companies(land) } else { self.people };
            let at = if to { zipf(known, hash(bits, 2)) } else { scale(hash(bits, 2), known) };
            Counterparty::of(&world.population.resident(cohort, at), is_usual)
        };
        if u < foreign {
            let country = country_abroad(self.land, bits);
            let found = Land::of_country(country, unit(hash(bits, 3))).map_or_else(
                || Counterparty::outside(world.ties.abroad(country, hash(bits, 2)), is_usual),
                resident,
            );
            return Some(Counterparty { is_foreign: true, ..found });
        }
        (u < foreign + across).then(|| resident(neighbour(self.land, bits)))
    }
}

/// The currency of a country.
pub fn currency_of(country: &str) -> &'static str {
    match country {
        "US" => "USD",
        "GB" => "GBP",
        "JP" => "JPY",
        "CH" => "CHF",
        "CA" => "CAD",
        "MX" => "MXN",
        _ => "EUR",
    }
}
