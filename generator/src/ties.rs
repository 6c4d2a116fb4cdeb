//! Who deals with whom: friends, suppliers, the companies that a household pays, landlords and employers.
//!
//! Payees are drawn from the population itself, so several pay the same, friends pay back, and who is paid here pays
//! elsewhere under the same name, account and bank. Each tie is a pure function of its ends' places in their cohorts.

use crate::activity::Activity;
use crate::customers::{Customer, Population, count_of_trade, nth_of_trade, trade_at};
use crate::lands::Land;
use crate::math::{exp2, log2};
use crate::parties::{Identity, Trade, country_bits};
use crate::permutation::Permutation;
use crate::random::{Stream, hash, unit};
use crate::standing::{acquaintances, companies};

/// Circles of friends that a person belongs to, and how many are in each: degree 16, clustering 0.2 as in Venmo's network
/// (Zhang et al., arXiv 1806.06328).
const CIRCLES: usize = 4;
const CIRCLE: u64 = 5;
/// Kinds of friends: by circle, and near or far in it; two of each kind.
const KINDS: u64 = CIRCLES as u64 * 2;

/// How often friends of each kind are paid: the best friend most (our assumption, a power law of exponent 1).
const FRIENDS: [(u32, u64); KINDS as usize] =
    [(368, 0), (184, 1), (123, 2), (92, 3), (74, 4), (61, 5), (53, 6), (45, 7)];

/// The part of payments to others than friends that go to people among whom the customers live (our assumption).
const ACQUAINTED: f64 = 0.75;

/// The same for a company's suppliers, and for the companies that a household pays in one trade.
const SUPPLIERS: [(u32, u64); 12] = [
    (320, 0),
    (180, 1),
    (125, 2),
    (95, 3),
    (70, 4),
    (55, 5),
    (45, 6),
    (35, 7),
    (27, 8),
    (20, 9),
    (15, 10),
    (13, 11),
];

/// The part of a company's supplies that it buys from a company that buys from it too: Fedwire's banks pay back at 22 %
/// of their links (Soramaki et al. 2007, as cited; for companies our assumption).
const MUTUAL: f64 = 0.2;

/// Exponent of the popularity of companies as payees: in-degrees with a tail near 2.1 (Soramaki et al. 2007, as cited).
const POPULARITY: f64 = 0.9;

/// Companies known in a country in which no customers live.
const ABROAD: u64 = 2_000;

/// What a household pays companies for besides rent and collected bills, in parts of the payments.
pub const HOUSEHOLD: [(u32, Trade); 6] = [
    (26, Trade::Utility),
    (14, Trade::Insurer),
    (12, Trade::Telecom),
    (20, Trade::Care),
    (20, Trade::Crafts),
    (8, Trade::Membership),
];
/// Who gets a person's wires: who sells, finances or lets a house, or sees to the papers.
pub const HOUSES: [(u32, Trade); 3] = [(50, Trade::Services), (25, Trade::Lender), (25, Trade::Landlord)];
/// Who collects from households.
pub const COLLECTORS: [Trade; 6] =
    [Trade::Insurer, Trade::Utility, Trade::Lender, Trade::Telecom, Trade::Membership, Trade::Care];

/// A land's ties.
#[derive(Debug)]
struct Circle {
    people: u64,
    circles: [Permutation; CIRCLES],
    companies: u64,
    partners: Permutation,
    popularity: Activity,
}

/// Somebody else, and whether one deals with them regularly.
#[derive(Clone, Copy, Debug)]
pub struct Tie {
    pub to: Customer,
    pub is_usual: bool,
}

/// Whose tie is looked for, and where.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    pub population: &'a Population,
    pub land: Land,
    pub of: &'a Customer,
    /// The part of the payments that goes to those with whom one deals regularly.
    pub habit: f64,
    /// How many were found before who would not do.
    pub attempt: u64,
}

/// The ties of all lands.
#[derive(Debug)]
pub struct Ties {
    lands: [Circle; Land::ALL.len()],
    abroad: Activity,
    key: u64,
}

impl Ties {
    pub fn new(population: &Population, key: u64) -> Self {
        let lands = Land::ALL.map(|land| {
            let key = hash(key, land as u64);
            let people = acquaintances(population.cohort(Population::cohort_of(land, false)));
            let companies = companies(population.cohort(Population::cohort_of(land, true)));
            Circle {
                people,
                circles: std::array::from_fn(|circle| Permutation::new(people, hash(key, circle as u64))),
                companies,
                partners: Permutation::new(companies, hash(key, 0x9a7)),
                popularity: Activity::of_companies(companies, POPULARITY),
            }
        });
        Self { lands, abroad: Activity::of_companies(ABROAD, POPULARITY), key }
    }

    /// How many companies of a land are known.
    pub const fn companies(&self, land: Land) -> u64 {
        self.lands[land as usize].companies
    }

    /// A friend, or somebody of the land's `people`.
    pub fn friend(&self, search: &Search<'_>, people: u64, choice: &mut Stream) -> Tie {
        let Search { population, land, of, habit, attempt } = *search;
        let cohort = Population::cohort_of(land, false);
        if attempt < 6 && choice.chance(habit) {
            let at = self.place(land, of);
            let kind = choice.weighted(&FRIENDS);
            let (mine, side) = (self.sociability(land, at), choice.below(2));
            // The kinds that both have: who has few friends is nobody's distant one.
            let mut kind = (kind + attempt) % mine;
            let friend = loop {
                let friend = self.friend_of(land, at, kind, side ^ (attempt & 1));
                if kind < self.sociability(land, friend) || kind == 0 {
                    break friend;
                }
                kind /= 2;
            };
            if friend != at {
                return Tie { to: population.resident(cohort, friend), is_usual: true };
            }
        }
        // Most of whom one pays once are friends' friends, who are paid by others, too.
        let known = if choice.chance(ACQUAINTED) { self.lands[land as usize].people } else { people };
        Tie { to: population.resident(cohort, choice.below(known)), is_usual: false }
    }

    /// Who shares a flat with somebody, and pays the landlord.
    pub fn flatmate(&self, population: &Population, land: Land, of: &Customer, attempt: u64) -> Tie {
        let at = self.place(land, of);
        let friend = self.friend_of(land, at, attempt / 2 % KINDS, attempt & 1);
        Tie { to: population.resident(Population::cohort_of(land, false), friend), is_usual: true }
    }

    fn place(&self, land: Land, of: &Customer) -> u64 {
        let people = self.lands[land as usize].people;
        if of.land == land && !of.is_business { of.at % people } else { of.identity.key % people }
    }

    /// How many kinds of friends a person has: one to eight.
    fn sociability(&self, land: Land, at: u64) -> u64 {
        let u = unit(hash(self.key ^ 0x50c, (land as u64) << 48 | at));
        1 + (u * KINDS as f64) as u64
    }

    /// A friend of the kind in a circle, near or far: symmetric, so that friends are each other's.
    fn friend_of(&self, land: Land, at: u64, kind: u64, side: u64) -> u64 {
        let Circle { people, circles, .. } = &self.lands[land as usize];
        let circle = &circles[(kind / 2) as usize];
        let x = circle.apply(at);
        let first = x / CIRCLE * CIRCLE;
        // The last circle is short where five does not divide the people.
        let members = CIRCLE.min(people - first);
        let step = (1 + kind % 2) % members;
        let step = if side == 0 { step } else { (members - step) % members };
        circle.invert(first + (x - first + step) % members)
    }

    /// A company that sells to another, somewhere in the land.
    pub fn supplier(&self, search: &Search<'_>, what: u64, choice: &mut Stream) -> Tie {
        let Search { population, land, of, habit, attempt } = *search;
        let circle = &self.lands[land as usize];
        let is_usual = choice.chance(habit);
        let which = if is_usual { choice.weighted(&SUPPLIERS) + attempt } else { choice.bits() };
        let bits = hash(hash(of.identity.key, what), which);
        let at = of.at % circle.companies;
        let mut to = if is_usual && of.land == land && unit(hash(bits, 1)) < MUTUAL {
            let partner = circle.partners.apply(at) ^ 1;
            circle.partners.invert(partner.min(circle.companies - 1))
        } else {
            supplying(circle.popularity.draw(bits))
        };
        if to == at && of.is_business {
            to = (to + 1 + attempt) % circle.companies;
        }
        Tie { to: population.resident(Population::cohort_of(land, true), to), is_usual }
    }

    /// A company of a trade that a household of the land pays.
    pub fn provider(&self, search: &Search<'_>, trade: Trade, choice: &mut Stream) -> Tie {
        let Search { population, land, of, habit, attempt } = *search;
        let known = count_of_trade(trade, self.lands[land as usize].companies).max(1);
        let is_usual = choice.chance(habit);
        let which = if is_usual { choice.weighted(&SUPPLIERS[..4]) + attempt } else { choice.bits() };
        let bits = hash(hash(of.identity.key, 0xb111 ^ trade as u64), which);
        let n = zipf(known, bits);
        Tie { to: of_trade(population, land, trade, n), is_usual }
    }

    /// Who a tenant pays.
    pub fn landlord(&self, population: &Population, land: Land, key: u64) -> Customer {
        let known = count_of_trade(Trade::Landlord, self.lands[land as usize].companies).max(1);
        of_trade(population, land, Trade::Landlord, zipf(known, key))
    }

    /// A company in a country in which nobody of the population lives.
    pub fn abroad(&self, country: &'static str, bits: u64) -> Identity {
        let rank = self.abroad.draw(bits);
        let key = hash(hash(self.key, country_bits(country)), rank);
        Identity::new(key, country, schemas::payment::PartyType::Business, Trade::Industry)
    }
}

/// The place itself, or that of a company nearby where the one there has nothing that companies buy for their trade.
const fn supplying(at: u64) -> u64 {
    match trade_at(at) {
        Trade::Landlord | Trade::Insurer | Trade::Lender => at - 1,
        Trade::Crafts | Trade::Care | Trade::Membership => at + 1,
        _ => at,
    }
}

/// The customer who collects a bill, of the cohort of companies: of the first trade, from the nth on, that has some.
pub fn collector(population: &Population, cohort: usize, nth: u64, key: u64) -> Customer {
    let customers = population.cohort(cohort).customers;
    let trades = (0..COLLECTORS.len() as u64).map(|more| COLLECTORS[((nth + more) % 6) as usize]);
    for trade in trades {
        let known = count_of_trade(trade, customers);
        if known > 0 && population.cohort(cohort).is_business {
            return population.resident(cohort, nth_of_trade(trade, zipf(known, hash(key, nth))));
        }
    }
    population.member(cohort, key)
}

/// The nth company of a trade in a land.
fn of_trade(population: &Population, land: Land, trade: Trade, n: u64) -> Customer {
    population.resident(Population::cohort_of(land, true), nth_of_trade(trade, n))
}

/// One of `size`, the first most often: Zipf's law of exponent 1, by its continuous inverse.
pub fn zipf(size: u64, bits: u64) -> u64 {
    let x = exp2(log2((size + 1) as f64) * unit(bits));
    (x as u64).saturating_sub(1).min(size.saturating_sub(1))
}

/// The part of [`zipf`]'s draws that are the nth.
pub fn zipf_share(size: u64, n: u64) -> f64 {
    let log = |x: u64| log2(x as f64);
    (log(n + 2) - log(n + 1)) / log(size + 1)
}

/// A country that trades with the land's companies.
pub fn country_abroad(land: Land, key: u64) -> &'static str {
    const AMERICAN: [(u32, &str); 8] =
        [(22, "CA"), (20, "GB"), (16, "MX"), (14, "DE"), (10, "JP"), (8, "FR"), (6, "CH"), (4, "IE")];
    const EUROPEAN: [(u32, &str); 4] = [(36, "GB"), (34, "US"), (20, "CH"), (10, "JP")];
    const BRITISH: [(u32, &str); 6] = [(40, "US"), (18, "DE"), (16, "FR"), (10, "IE"), (8, "CH"), (8, "JP")];
    let mut choice = Stream::new(key, 0xab);
    match land {
        Land::Britain => choice.weighted(&BRITISH),
        _ if land.zone().is_american() => choice.weighted(&AMERICAN),
        _ => choice.weighted(&EUROPEAN),
    }
}

/// Another country of the euro area, near ones and large ones more often (our assumption).
pub fn neighbour(land: Land, key: u64) -> Land {
    const EURO: [(u32, Land); 9] = [
        (28, Land::Germany),
        (22, Land::France),
        (15, Land::Italy),
        (11, Land::Spain),
        (9, Land::Netherlands),
        (6, Land::Belgium),
        (5, Land::Austria),
        (2, Land::Ireland),
        (2, Land::Portugal),
    ];
    let mut choice = Stream::new(key, 0xe0);
    for _ in 0..8 {
        let other = choice.weighted(&EURO);
        if other != land {
            return other;
        }
    }
    if land == Land::Germany { Land::France } else { Land::Germany }
}
