//! Who pays whom: payees in common, paying back, circles of friends, busy shops.

use schemas::payment::PartyType;

use super::lines::{ASSUMPTION, Count, Lines};
use super::view::{Ids, Map, Set, View, key, mean};
use crate::scorecard::declared::gini_of;

const CUSTOMER: u8 = 1;
const PERSON: u8 = 2;
const SHOP: u8 = 4;

#[derive(Default)]
pub struct Network {
    ids: Ids,
    /// What each party is.
    kinds: Vec<u8>,
    /// Payments by payer and payee. A debit makes nobody a payee here: it takes, and is not given.
    edges: Map<(u32, u32), u32>,
    /// Whether accounts were seen as an originator's (1) and as a counterparty's (2).
    accounts: Map<u64, u8>,
}

impl Network {
    pub fn look(&mut self, view: &View<'_>) {
        if !view.is_honest {
            return;
        }
        let ours = self.party(&view.ours.party_id, view.ours.party_type());
        let theirs = self.party(&view.theirs.party_id, view.theirs.party_type());
        self.kinds[ours as usize] |= CUSTOMER;
        *self.accounts.entry(key(&view.ours.account_number)).or_default() |= 1;
        *self.accounts.entry(key(&view.theirs.account_number)).or_default() |= 2;
        if !view.is_debit {
            *self.edges.entry((ours, theirs)).or_default() += 1;
        }
    }

    fn party(&mut self, id: &str, kind: PartyType) -> u32 {
        let number = self.ids.number(id);
        if number as usize == self.kinds.len() {
            self.kinds.push(match kind {
                PartyType::Individual => PERSON,
                PartyType::Merchant => SHOP,
                _ => 0,
            });
        }
        number
    }

    fn is(&self, party: u32, kind: u8) -> bool {
        self.kinds[party as usize] & kind != 0
    }

    pub fn lines(&self, out: &mut Lines) {
        if self.edges.is_empty() {
            return;
        }
        self.payees(out);
        self.pairs(out);
    }

    fn payees(&self, out: &mut Lines) {
        let mut payers = vec![(0_u32, 0_u32); self.kinds.len()];
        for ((_, payee), payments) in &self.edges {
            let (those, all) = &mut payers[*payee as usize];
            (*those, *all) = (*those + 1, *all + payments);
        }
        let (mut met, mut paid, mut both) = (Count::default(), Count::default(), Count::default());
        let (mut shops, mut others) = (Vec::new(), Vec::new());
        for (party, (those, payments)) in payers.iter().enumerate() {
            let party = party as u32;
            if self.is(party, CUSTOMER) {
                paid.add(*those > 0);
            }
            if *those == 0 {
                continue;
            }
            if self.is(party, SHOP) {
                shops.push(f64::from(*those));
            } else {
                others.push(f64::from(*those));
                if *payments >= 5 {
                    met.add(*those >= 2);
                }
            }
        }
        self.accounts.values().filter(|sides| **sides & 1 != 0).for_each(|sides| both.add(*sides == 3));
        let payments: u32 = self.edges.values().sum();
        let is_thin = u64::from(payments) < 20 * paid.seen;
        let why = "under 20 payments a customer";
        if met.seen >= 20 {
            let what = "payees but shops with a second payer, of those with 5 payments";
            out.within("ALL", what, ASSUMPTION, 0.5..=1.0, met.part()).unless(is_thin, why);
        }
        out.within("ALL", "customers who are paid, part", ASSUMPTION, 0.5..=1.0, paid.part())
            .unless(is_thin, why);
        out.within("ALL", "accounts that send and receive, part", ASSUMPTION, 0.5..=1.0, both.part())
            .unless(is_thin, why);
        out.reported("ALL", "payers of a payee but shops, mean (P3)", "arXiv 2604.13125", mean(&others));
        if shops.len() >= 20 {
            let visits = mean(&shops);
            out.reported("CARD", "customers of a shop, mean (P3)", "arXiv 2604.13125", visits);
            let what = "customers of a shop, Gini coefficient";
            out.within("CARD", what, "heavy tails; the range is our assumption", 0.45..=0.95, gini_of(shops))
                .unless(visits < 5.0, "under five customers a shop");
        }
    }

    fn pairs(&self, out: &mut Lines) {
        let is_personal = |(a, b): (u32, u32)| a != b && self.is(a, PERSON) && self.is(b, PERSON);
        let (mut back, mut again) = (Count::default(), Count::default());
        let mut friends: Map<u32, Vec<u32>> = Map::default();
        let (mut payers, mut paid) = (Set::default(), 0);
        let personal = || self.edges.iter().filter(|(pair, _)| is_personal(**pair));
        let pays: Set<u32> = personal().map(|((a, _), _)| *a).collect();
        for ((a, b), payments) in personal() {
            let pays_back = self.edges.contains_key(&(*b, *a));
            // Who is no customer pays back elsewhere, if at all.
            if pays.contains(b) {
                back.add(pays_back);
            }
            again.add(*payments > 1);
            payers.insert(*a);
            paid += *payments as usize;
            if !pays_back || a < b {
                friends.entry(*a).or_default().push(*b);
                friends.entry(*b).or_default().push(*a);
            }
        }
        if again.seen < 100 {
            return;
        }
        let persons = friends.len() as f64;
        let degrees: Vec<f64> = friends.values().map(|those| those.len() as f64).collect();
        let degree = mean(&degrees);
        let is_thin = paid < 10 * payers.len() || payers.len() < 100;
        let why = "under 10 payments of a person to persons, or under 100 persons";
        out.within(
            "ALL",
            "pairs of persons that pay back, part of those who pay",
            ASSUMPTION,
            0.2..=1.0,
            back.part(),
        )
        .unless(is_thin, why);
        out.within("ALL", "pairs of persons that pay again, part", ASSUMPTION, 0.15..=1.0, again.part())
            .unless(is_thin, why);
        out.reported("ALL", "persons that a person deals with, mean", ASSUMPTION, degree);
        let source = "Venmo, arXiv 1806.06328: 0.2; the range is our assumption";
        out.within("ALL", "clustering of persons", source, 0.05..=0.4, clustering(friends))
            .unless(is_thin, why)
            .unless(degree * 10.0 > persons, "a person deals with a tenth of all");
    }
}

/// Closed wedges by all wedges: how many of two persons that a third deals with deal with each other.
fn clustering(mut friends: Map<u32, Vec<u32>>) -> f64 {
    for those in friends.values_mut() {
        those.sort_unstable();
    }
    let (mut closed, mut wedges) = (0_u64, 0_u64);
    for (person, those) in &friends {
        let degree = those.len() as u64;
        wedges += degree * degree.saturating_sub(1) / 2;
        for other in those.iter().filter(|other| *other > person) {
            closed += common(those, &friends[other]);
        }
    }
    // Each triangle was met at its three sides, and closes three wedges.
    closed as f64 / (wedges as f64).max(1.0)
}

/// How many two sorted lists have in common.
fn common(ours: &[u32], theirs: &[u32]) -> u64 {
    let (mut rest, mut same) = (theirs, 0);
    for wanted in ours {
        while rest.first().is_some_and(|other| other < wanted) {
            rest = &rest[1..];
        }
        same += u64::from(rest.first() == Some(wanted));
    }
    same
}
