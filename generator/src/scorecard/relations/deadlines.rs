//! Days by which a payment is settled or sent back.

use schemas::payment::{PaymentStatus, TypeSpecific};

use super::lines::{ASSUMPTION, Count, Lines};
use super::view::{View, banking_days, local_day, parse_day};
use crate::dates::{Banking, Zone};
use crate::mix::Rail;

#[derive(Default)]
pub struct Deadlines {
    /// By rail.
    early: [Count; 7],
    checks: Count,
    ach: Count,
    unauthorised: Count,
    transfers: Count,
    instant: Count,
    core: Count,
    refunds: Count,
    business: Count,
}

impl Deadlines {
    pub fn look(&mut self, view: &View<'_>) {
        let Some(settled) = parse_day(&view.info.settlement_date) else { return };
        let created = match clock_of(&view.info.settlement_cycle) {
            Some(zone) => local_day(view.micros, zone),
            None => view.micros.div_euclid(super::view::DAY) as i32,
        };
        self.early[view.rail as usize].add(settled < created);
        let is_returned = view.status == PaymentStatus::Returned;
        let reason = view.info.reason_code.as_str();
        let zone = if view.rail == Rail::Sepa { Zone::CentralEurope } else { Zone::Eastern };
        let returned = local_day(view.header.updated_at_micros, zone);
        let days = |banking| banking_days(banking, settled, returned);
        match view.specific {
            TypeSpecific::Check(_) if is_returned => self.checks.add(days(Banking::Fed) > 2),
            TypeSpecific::Ach(_) if is_returned => match reason {
                "R05" | "R07" | "R10" | "R11" | "R29" | "R51" => {
                    self.unauthorised.add(returned - settled > 60);
                }
                _ => self.ach.add(days(Banking::Fed) > 2),
            },
            TypeSpecific::Sepa(sepa) => match (sepa.scheme.as_str(), reason) {
                ("SCT_INST", _) => self.instant.add(is_returned),
                ("SDD_B2B", _) if is_returned => {
                    self.business.add(reason == "MD06" || days(Banking::Target) > 3);
                }
                // A refund without a reason takes eight weeks at most, an unauthorised debit's thirteen months.
                ("SDD_CORE", "MD06") if is_returned => self.refunds.add(returned - settled > 56),
                ("SDD_CORE", "MD01") if is_returned => self.refunds.add(returned - settled > 396),
                ("SDD_CORE", _) if is_returned => self.core.add(days(Banking::Target) > 5),
                _ if is_returned => self.transfers.add(days(Banking::Target) > 3),
                _ => {}
            },
            _ => {}
        }
    }

    pub fn lines(&self, out: &mut Lines) {
        for (rail, count) in Rail::ALL.into_iter().zip(&self.early) {
            out.never(rail.name(), "settled on a day before the creation", ASSUMPTION, count.both());
        }
        // Some read the rule as the older one, until 16:00.
        let source = "12 CFR 229.31(b); that it is two days is our assumption";
        out.never("CHECK", "returns later than two banking days", source, self.checks.both());
        let source = "Nacha return time frame";
        out.never("ACH", "returns later than two banking days", source, self.ach.both());
        let source = "Nacha: sixty calendar days";
        out.never("ACH", "unauthorised returns later than sixty days", source, self.unauthorised.both());
        let source = "EPC rulebook SCT; the three days are our assumption";
        out.never("SEPA", "SCT returns later than three banking days", source, self.transfers.both());
        let source = "EPC rulebook SCT Inst: rejects only; our assumption";
        out.never("SEPA", "SCT Inst that are returned", source, self.instant.both());
        let source = "EPC rulebook SDD Core";
        out.never("SEPA", "SDD Core returns later than five banking days", source, self.core.both());
        out.never("SEPA", "SDD Core refunds later than their term", source, self.refunds.both());
        let source = "EPC rulebook SDD B2B";
        out.never("SEPA", "SDD B2B refunds, or returns after three days", source, self.business.both());
    }
}

/// The clock that a settlement cycle names by its time zone.
fn clock_of(cycle: &str) -> Option<Zone> {
    [
        ("America/New_York", Zone::Eastern),
        ("America/Chicago", Zone::Central),
        ("America/Denver", Zone::Mountain),
        ("America/Los_Angeles", Zone::Pacific),
        ("Europe/London", Zone::London),
        ("Europe/", Zone::CentralEurope),
    ]
    .into_iter()
    .find_map(|(name, zone)| cycle.contains(name).then_some(zone))
}
