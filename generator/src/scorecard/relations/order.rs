//! What comes after what: the numbers of a check book, the debits of a mandate.

use schemas::payment::TypeSpecific;

use super::lines::{ASSUMPTION, Count, Lines};
use super::view::{Map, View, groups, key};
use crate::random::hash;

#[derive(Default)]
pub struct Order {
    /// Account, time, number.
    checks: Vec<(u64, i64, u64)>,
    mandates: Map<u64, Mandate>,
}

struct Mandate {
    firsts: u32,
    /// When it was first used, and when it was said to be.
    used: i64,
    said: i64,
}

impl Order {
    pub fn look(&mut self, view: &View<'_>) {
        match view.specific {
            TypeSpecific::Check(check) => {
                let account = hash(key(&check.routing_number), key(&check.account_number));
                if let Ok(number) = check.check_number.parse() {
                    self.checks.push((account, view.micros, number));
                }
            }
            TypeSpecific::Sepa(sepa) if !sepa.mandate_id.is_empty() => {
                let new = Mandate { firsts: 0, used: i64::MAX, said: i64::MAX };
                let mandate = self.mandates.entry(key(&sepa.mandate_id)).or_insert(new);
                mandate.used = mandate.used.min(view.micros);
                if sepa.sequence_type == "FRST" {
                    mandate.firsts += 1;
                    mandate.said = mandate.said.min(view.micros);
                }
            }
            _ => {}
        }
    }

    pub fn lines(mut self, out: &mut Lines) {
        self.checks.sort_unstable();
        let mut steps = Count::default();
        for book in groups(&self.checks, |check| check.0) {
            book.windows(2).for_each(|pair| steps.add(pair[1].2 > pair[0].2));
        }
        if steps.seen > 0 {
            // Payees cash later than they are paid, so not all of them.
            out.within(
                "CHECK",
                "numbers above the account's last one, part",
                ASSUMPTION,
                0.9..=1.0,
                steps.part(),
            );
        }
        let (mut twice, mut late) = (Count::default(), Count::default());
        for mandate in self.mandates.values() {
            twice.add(mandate.firsts > 1);
            late.add(mandate.firsts > 0 && mandate.said > mandate.used);
        }
        let source = "EPC rulebook SDD: FRST is the first of a series";
        out.never("SEPA", "mandates with FRST more than once", source, twice.both());
        out.never("SEPA", "mandates used before their FRST", source, late.both());
    }
}
