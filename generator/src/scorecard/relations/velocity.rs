//! Rules of velocity that a fraud system would run, on honest persons: measure P4 of arXiv 2604.13125.

use schemas::payment::{PartyType, TypeSpecific};

use super::lines::Lines;
use super::view::{DAY, HOUR, Ids, Map, Set, View, groups, median};

/// Days of the rule that looks for the largest payment.
const LARGE_DAYS: i64 = 30;

#[derive(Default)]
pub struct Velocity {
    ids: Ids,
    /// Payments that persons order themselves, by cards, apps and banking.
    orders: Vec<Order>,
}

struct Order {
    person: u32,
    /// The rail, or the card.
    method: u32,
    payee: u32,
    is_shop: bool,
    has_failed: bool,
    micros: i64,
    major: f32,
}

/// How many persons trip each rule.
#[derive(Default)]
struct Tripped {
    persons: u64,
    payments: u64,
    /// R1: more than three in an hour. R2: more than five shops in a day. R3: more than 1,000 in a day. R5: more than
    /// two methods in seven days. R6: the largest above three times the median in 30 days. R7: more than two failures
    /// in an hour.
    rules: [u64; 6],
    /// R1, R2 or R7, the rules of pure speed.
    speed: u64,
}

impl Velocity {
    pub fn look(&mut self, view: &View<'_>) {
        let is_person = view.ours.party_type() == PartyType::Individual;
        let is_ordered = !view.is_debit && view.metadata.recurrence_id.is_empty();
        if !view.is_honest || !is_person || !is_ordered {
            return;
        }
        let method = match view.specific {
            TypeSpecific::Card(card) => self.ids.number(&card.card_token),
            _ => self.ids.number(view.rail.name()),
        };
        self.orders.push(Order {
            person: self.ids.number(&view.ours.party_id),
            method,
            payee: self.ids.number(&view.theirs.party_id),
            is_shop: matches!(view.specific, TypeSpecific::Card(_)),
            has_failed: !view.info.reason_code.is_empty(),
            micros: view.micros,
            major: view.major as f32,
        });
    }

    pub fn lines(mut self, out: &mut Lines) {
        self.orders.sort_unstable_by_key(|order| (order.person, order.micros));
        let mut all = Tripped::default();
        groups(&self.orders, |order| order.person).for_each(|orders| all.look(orders));
        if all.persons < 100 {
            return;
        }
        let persons = all.persons as f64;
        let names = [
            "R1, over 3 payments in an hour",
            "R2, over 5 shops in a day",
            "R3, over 1,000 in a day",
            "R5, over 2 methods in 7 days",
            "R6, largest over 3 medians in 30 days",
            "R7, over 2 failures in an hour",
        ];
        for (name, tripped) in names.into_iter().zip(all.rules) {
            out.reported(
                "ALL",
                &format!("persons who trip {name}, part (P4)"),
                SOURCE,
                tripped as f64 / persons,
            );
        }
        // Five to eight per cent are said of honest customers; a diary's payments alone, at independent times, trip R2 for more.
        let what = "persons who trip any of R1, R2 and R7, part (P4)";
        out.reported("ALL", what, SOURCE, all.speed as f64 / persons);
    }
}

const SOURCE: &str = "arXiv 2604.13125, without references";

impl Tripped {
    fn look(&mut self, orders: &[Order]) {
        self.persons += 1;
        self.payments += orders.len() as u64;
        let fast = is_fast(orders.iter(), 3);
        let failing = is_fast(orders.iter().filter(|order| order.has_failed), 2);
        let (mut shops, mut rich) = (false, false);
        for day in groups(orders, |order| order.micros.div_euclid(DAY)) {
            let met: Set<u32> = day.iter().filter(|order| order.is_shop).map(|order| order.payee).collect();
            shops |= met.len() > 5;
            rich |= day.iter().map(|order| order.major).sum::<f32>() > 1_000.0;
        }
        let large = groups(orders, |order| order.micros.div_euclid(LARGE_DAYS * DAY)).any(|month| {
            let amounts: Vec<f64> = month.iter().map(|order| order.major.into()).collect();
            let largest = amounts.iter().copied().fold(0.0, f64::max);
            largest > 3.0 * median(amounts)
        });
        let rules = [fast, shops, rich, has_many_methods(orders), large, failing];
        for (count, is_tripped) in self.rules.iter_mut().zip(rules) {
            *count += u64::from(is_tripped);
        }
        self.speed += u64::from(fast || shops || failing);
    }
}

/// Whether more than `most` come within an hour.
fn is_fast<'a>(orders: impl Iterator<Item = &'a Order>, most: usize) -> bool {
    let times: Vec<i64> = orders.map(|order| order.micros).collect();
    times.windows(most + 1).any(|some| some[most] - some[0] <= HOUR)
}

/// Whether more than two methods are used within seven days.
fn has_many_methods(orders: &[Order]) -> bool {
    let mut used: Map<u32, i64> = Map::default();
    orders.iter().any(|order| {
        used.insert(order.method, order.micros);
        used.len() > 2 && used.values().filter(|last| order.micros - **last <= 7 * DAY).count() > 2
    })
}
