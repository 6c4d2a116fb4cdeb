//! What a person has in a month: payments, rents, subscriptions.

use schemas::payment::{PartyType, TypeSpecific};

use super::lines::{ASSUMPTION, Count, Lines};
use super::view::{DAY, Ids, MONTH_DAYS, Map, Set, View, key, median};
use crate::dates::date_of;

/// Above this many payments a month, half more than the diary's, a person stands for several, as with the default of 1,000
/// customers.
const MOST_PAYMENTS: f64 = 72.0;
/// Half of the diary's.
const LEAST_PAYMENTS: f64 = 24.0;

#[derive(Default)]
pub struct Persons {
    ids: Ids,
    payments: Vec<u32>,
    /// Who orders payments too: others are met at the end of a debit only, and not with all they pay.
    orders: Vec<bool>,
    /// By tenant and month: one of the arrangements, and whether there is another.
    rents: Map<(u32, i32), (u64, bool)>,
    rent_payments: u64,
    subscriptions: Map<u64, u32>,
    subscription_payments: u64,
    first: Option<i64>,
    last: i64,
}

impl Persons {
    pub fn look(&mut self, view: &View<'_>) {
        if !view.is_honest {
            return;
        }
        self.first = Some(self.first.map_or(view.micros, |first| first.min(view.micros)));
        self.last = self.last.max(view.micros);
        let payer = if view.is_debit { view.theirs } else { view.ours };
        if payer.party_type() != PartyType::Individual {
            return;
        }
        let person = self.ids.number(&payer.party_id);
        if self.payments.len() <= person as usize {
            self.payments.push(0);
            self.orders.push(false);
        }
        self.payments[person as usize] += 1;
        self.orders[person as usize] |= !view.is_debit;
        if is_rent(view) {
            let (year, month, _) = date_of(view.micros.div_euclid(DAY) as i32);
            // An arrangement may be paid twice in a month, on its first and for the next one on its last day.
            let arrangement = match view.metadata.recurrence_id.as_str() {
                "" => key(&view.theirs.party_id),
                id => key(id),
            };
            let rent = self.rents.entry((person, year * 12 + month as i32)).or_insert((arrangement, false));
            rent.1 |= rent.0 != arrangement;
            self.rent_payments += 1;
        }
        if is_subscription(view) {
            self.subscriptions.insert(key(&view.metadata.recurrence_id), person);
            self.subscription_payments += 1;
        }
    }

    pub fn lines(&self, out: &mut Lines) {
        let days = (self.last - self.first.unwrap_or(self.last)) as f64 / DAY as f64;
        let months = (days / MONTH_DAYS).max(1.0 / MONTH_DAYS);
        let known = self.payments.iter().zip(&self.orders).filter(|(_, orders)| **orders);
        let monthly: Vec<f64> = known.map(|(count, _)| f64::from(*count) / months).collect();
        let persons = monthly.len() as f64;
        if persons < 20.0 {
            return;
        }
        let mean = super::view::mean(&monthly);
        let source = "Fed Diary 2024: 48 a month, 14 % of them cash; by half is our assumption";
        out.within("ALL", "payments of a person in a month, median", source, 20.0..=62.0, median(monthly))
            .unless(mean > MOST_PAYMENTS, "more than 72 payments a person and month")
            .unless(mean < LEAST_PAYMENTS, "under 24 payments a person and month");
        let mut several = Count::default();
        self.rents.values().for_each(|rent| several.add(rent.1));
        if several.seen >= 20 {
            // Some pay for a garage or a child's room too.
            out.within(
                "ALL",
                "tenants who pay two rents in a month, part",
                ASSUMPTION,
                0.0..=0.05,
                several.part(),
            )
            .unless(self.rent_payments as f64 > persons * months.ceil(), "more rents than persons");
        }
        if self.subscriptions.len() >= 20 {
            let mut of_person: Map<u32, u32> = Map::default();
            self.subscriptions.values().for_each(|person| *of_person.entry(*person).or_default() += 1);
            let many = of_person.values().filter(|count| **count > 12).count() as f64 / persons;
            let a_month = self.subscription_payments as f64 / months / persons;
            out.within("CARD", "persons with more than 12 subscriptions, part", ASSUMPTION, 0.0..=0.05, many)
                .unless(a_month > 6.0, "more than 6 a person");
        }
        let distinct: Set<u32> = self.subscriptions.values().copied().collect();
        out.reported("CARD", "persons with subscriptions, part", ASSUMPTION, distinct.len() as f64 / persons);
    }
}

fn is_rent(view: &View<'_>) -> bool {
    match view.specific {
        TypeSpecific::Check(check) => check.memo == "Rent",
        TypeSpecific::Sepa(sepa) => sepa.purpose_code == "RENT",
        TypeSpecific::P2p(p2p) => p2p.memo_category == "RENT",
        _ => false,
    }
}

fn is_subscription(view: &View<'_>) -> bool {
    matches!(view.specific, TypeSpecific::Card(card) if card.entry_mode == "CREDENTIAL_ON_FILE")
        && !view.metadata.recurrence_id.is_empty()
}
