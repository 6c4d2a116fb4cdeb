//! SEPA in euro, after the EPC rulebooks: credit transfers (SCT), instant ones (SCT Inst), direct debits (SDD Core and
//! B2B).

use schemas::Payment;
use schemas::payment::{PartyType, Sepa};

use super::common::{
    Facts, MINUTE, put_end_to_end_id, put_remittance, reason, specific, state_of, write_processing,
};
use super::mandates;
use crate::dates::{Banking, Zone};
use crate::draft::Draft;
use crate::life::{Outcome, State, Timeline};
use crate::parties::put_bic;
use crate::rules::sepa::{BUSINESS_DEBIT_RETURN, CUT_OFF, DEBIT_RETURN, REFUND_DAYS, TRANSFER_RETURN};
use crate::text::Put;

/// Why a consumer's debit comes back, in codes of the rulebooks: account, funds, mandate, refund by the debtor.
const DEBIT_RETURNS: [(u32, &str); 6] =
    [(52, "AM04"), (10, "AC04"), (8, "AC01"), (18, "MD06"), (6, "MD01"), (6, "MS02")];
/// A company has no refund.
const BUSINESS_DEBIT_RETURNS: [(u32, &str); 5] =
    [(60, "AM04"), (14, "AC04"), (10, "AC01"), (8, "MD01"), (8, "MS02")];
const CREDIT_RETURNS: [(u32, &str); 3] = [(45, "AC04"), (35, "AC01"), (20, "MS03")];
const REJECTS: [(u32, &str); 4] = [(50, "AC01"), (25, "AC04"), (15, "AM04"), (10, "RC01")];
const INSTANT_REJECTS: [(u32, &str); 5] =
    [(34, "AC01"), (24, "AC06"), (16, "AB05"), (14, "AC04"), (12, "MS03")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let scheme = scheme(draft);
    let settlement_day = settlement_day(draft, scheme);
    let timeline = timeline(draft, scheme, settlement_day);
    let state = state_of(draft, &timeline);
    let (clearing_system, cycle) = match (scheme, draft.originator.bank() % 2) {
        ("SCT_INST", 0) => ("TIPS", "TIPS Europe/Berlin"),
        ("SCT_INST", _) => ("RT1", "RT1 Europe/Berlin"),
        ("SCT", _) => ("STEP2", "STEP2 SCT Europe/Berlin"),
        _ => ("STEP2", "STEP2 SDD Europe/Berlin"),
    };
    let facts = Facts {
        clearing_system,
        channel: if draft.customer.is_business {
            "FILE"
        } else {
            draft.choice.weighted(&[(6, "MOBILE"), (4, "WEB")])
        },
        settlement_day,
        cycle,
        latency_millis: if scheme == "SCT_INST" { (400, 900) } else { (150, 500) },
        reason: reason_code(draft, scheme),
        has_batch: scheme != "SCT_INST",
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    write_message(draft, scheme, specific!(payment, Sepa, Sepa));
    state
}

fn scheme(draft: &Draft<'_>) -> &'static str {
    match (draft.spec.flow.debit, draft.spec.name.as_str()) {
        (true, "business_debit") => "SDD_B2B",
        (true, _) => "SDD_CORE",
        (false, "instant") => "SCT_INST",
        _ => "SCT",
    }
}

/// Orders before the cut-off settle the same banking day, later ones the next; debits on their due date. Days are those of
/// Central Europe's clocks, whichever the customer's are.
fn settlement_day(draft: &Draft<'_>, scheme: &str) -> i32 {
    let days = draft.days;
    let today = days.local_day(Zone::CentralEurope, draft.created());
    let is_in_time = draft.created() < days.micros(Zone::CentralEurope, today, CUT_OFF);
    match (scheme, draft.arrangement) {
        ("SCT_INST", _) => today,
        ("SDD_CORE" | "SDD_B2B", Some(arrangement)) => arrangement.due_day.max(today + 1),
        ("SDD_CORE" | "SDD_B2B", None) => days.after(Banking::Target, today, 1),
        _ if days.is_open(Banking::Target, today) && is_in_time => today,
        _ => days.after(Banking::Target, today, 1),
    }
}

fn timeline(draft: &mut Draft<'_>, scheme: &str, settlement_day: i32) -> Timeline {
    let days = draft.days;
    if scheme == "SCT_INST" {
        // Ten seconds is the scheme's limit.
        let millis = draft.choice.between(900, 6_500) as i64;
        let created = draft.created();
        return Timeline {
            accepted: created + millis * 400,
            settled: created + millis * 1_000,
            undone: i64::MAX,
        };
    }
    let accepted = draft.created() + draft.choice.between(1, 25) as i64 * MINUTE;
    let minute = if settlement_day > draft.place.day { 9 * 60 + 30 } else { 16 * 60 };
    let settled = days.micros(Zone::CentralEurope, settlement_day, minute).max(accepted + MINUTE);
    let latest = match scheme {
        "SDD_CORE" => DEBIT_RETURN,
        "SDD_B2B" => BUSINESS_DEBIT_RETURN,
        _ => TRANSFER_RETURN,
    };
    let undone = if reason_code(draft, scheme) == "MD06" {
        let asked = settlement_day + draft.choice.between(4, REFUND_DAYS as u64) as i32;
        // Backwards, so as not to leave the eight weeks.
        days.preceding(Banking::Target, asked).max(days.after(Banking::Target, settlement_day, 1))
    } else {
        days.after(Banking::Target, settlement_day, draft.choice.between(1, latest.into()) as u32)
    };
    let undone = days.micros(Zone::CentralEurope, undone, 600).max(settled + MINUTE);
    Timeline { accepted, settled, undone }
}

fn reason_code(draft: &Draft<'_>, scheme: &str) -> &'static str {
    match draft.outcome {
        Outcome::Rejected if scheme == "SCT_INST" => reason(draft, &INSTANT_REJECTS),
        Outcome::Rejected => reason(draft, &REJECTS),
        // An instant payment is there within seconds or rejected.
        Outcome::Returned if scheme == "SCT_INST" => "",
        Outcome::Returned if scheme == "SDD_B2B" => reason(draft, &BUSINESS_DEBIT_RETURNS),
        Outcome::Returned if draft.spec.flow.debit => reason(draft, &DEBIT_RETURNS),
        Outcome::Returned => reason(draft, &CREDIT_RETURNS),
        _ => "",
    }
}

fn write_message(draft: &mut Draft<'_>, scheme: &'static str, sepa: &mut Sepa) {
    let (ours, theirs) = (draft.originator, draft.counterparty.identity);
    let (debtor, creditor) = if draft.spec.flow.debit { (theirs, ours) } else { (ours, theirs) };
    sepa.scheme.put(scheme);
    put_end_to_end_id(draft, &mut sepa.end_to_end_id);
    put_bic(debtor.country, debtor.bank(), &mut sepa.debtor_bic);
    put_bic(creditor.country, creditor.bank(), &mut sepa.creditor_bic);
    mandates::put(draft, sepa);
    // ISO 20022 external purpose codes; wages go to people.
    let is_person = draft.counterparty.identity.kind == PartyType::Individual;
    sepa.purpose_code.put(match draft.spec.name.as_str() {
        "salary" if is_person => "SALA",
        "standing_order" => "RENT",
        "supplier" | "business_debit" if !is_person => "SUPP",
        _ => "",
    });
    put_remittance(draft, &mut sepa.remittance_information);
    // The only value that the rulebooks allow.
    sepa.charge_bearer.put("SLEV");
}
