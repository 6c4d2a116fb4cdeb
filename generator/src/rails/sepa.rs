//! SEPA in euro, after the EPC rulebooks: credit transfers (SCT), instant ones (SCT Inst), direct debits (SDD Core and
//! B2B).

use schemas::Payment;
use schemas::payment::Sepa;

use super::common::{
    Facts, MINUTE, put_end_to_end_id, put_remittance, reason, specific, state_of, write_processing,
};
use crate::dates::{Banking, Zone};
use crate::draft::Draft;
use crate::identifiers::put_creditor_id;
use crate::life::{Outcome, State, Timeline, View};
use crate::parties::put_bic;
use crate::random::hash;
use crate::text::{CODE, Put};

/// Codes of the rulebooks: account, funds, mandate, refund by the debtor.
const DEBIT_RETURNS: [(u32, &str); 6] =
    [(52, "AM04"), (10, "AC04"), (8, "AC01"), (18, "MD06"), (6, "MD01"), (6, "MS02")];
const CREDIT_RETURNS: [(u32, &str); 3] = [(45, "AC04"), (35, "AC01"), (20, "MS03")];
const REJECTS: [(u32, &str); 4] = [(50, "AC01"), (25, "AC04"), (15, "AM04"), (10, "RC01")];
const INSTANT_REJECTS: [(u32, &str); 5] =
    [(34, "AC01"), (24, "AC06"), (16, "AB05"), (14, "AC04"), (12, "MS03")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let scheme = scheme(draft);
    let settlement_day = settlement_day(draft, scheme);
    let timeline = timeline(draft, scheme, settlement_day);
    let state = state_of(draft, &timeline);
    let facts = Facts {
        clearing_system: match (scheme, draft.originator.bank() % 2) {
            ("SCT_INST", 0) => "TIPS",
            ("SCT_INST", _) => "RT1",
            _ => "STEP2",
        },
        channel: if draft.customer.is_business {
            "FILE"
        } else {
            draft.choice.weighted(&[(6, "MOBILE"), (4, "WEB")])
        },
        settlement_day,
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

/// Orders before the cut-off settle the same banking day, later ones the next; debits on their due date.
fn settlement_day(draft: &Draft<'_>, scheme: &str) -> i32 {
    let days = draft.days;
    let today = draft.place.day;
    match (scheme, draft.arrangement) {
        ("SCT_INST", _) => today,
        ("SDD_CORE" | "SDD_B2B", Some(arrangement)) => arrangement.due_day.max(today + 1),
        _ => days.after(
            Banking::Target,
            days.following(Banking::Target, today),
            u32::from(draft.place.hour >= 14),
        ),
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
    // Returns take up to five banking days, a debtor's refund (MD06) up to eight weeks.
    let wait = if reason_code(draft, scheme) == "MD06" {
        draft.choice.between(2, 36)
    } else {
        draft.choice.between(1, 5)
    };
    let undone = days.after(Banking::Target, settlement_day, wait as u32);
    let undone = days.micros(Zone::CentralEurope, undone, 600).max(settled + MINUTE);
    Timeline { accepted, settled, undone }
}

fn reason_code(draft: &Draft<'_>, scheme: &str) -> &'static str {
    match draft.outcome {
        Outcome::Rejected if scheme == "SCT_INST" => reason(draft, &INSTANT_REJECTS),
        Outcome::Rejected => reason(draft, &REJECTS),
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
    sepa.mandate_id.clear();
    sepa.mandate_signature_date.clear();
    sepa.creditor_id.clear();
    sepa.sequence_type.clear();
    if draft.spec.flow.debit {
        write_mandate(draft, sepa);
    }
    sepa.purpose_code.put(match draft.spec.name.as_str() {
        "salary" => "SALA",
        "standing_order" => "RENT",
        "supplier" | "business_debit" => "SUPP",
        _ => "",
    });
    put_remittance(draft, &mut sepa.remittance_information);
    // The only value that the rulebooks allow.
    sepa.charge_bearer.put("SLEV");
}

/// The mandate of a debit: signed up to six years before it is first used, with its number and date as long as it
/// lives.
fn write_mandate(draft: &Draft<'_>, sepa: &mut Sepa) {
    let key = draft.arrangement.map_or(draft.counterparty.identity.key, |of| of.key);
    let (signed, is_first) = signature(draft, hash(key, 0x51));
    sepa.mandate_id.begin(17);
    sepa.mandate_id.push_str("MNDT-");
    sepa.mandate_id.letters(hash(key, 0x52), CODE, 12);
    sepa.mandate_signature_date.date(signed);
    put_creditor_id(draft.originator.country, hash(draft.originator.key, 0x53), &mut sepa.creditor_id);
    sepa.sequence_type.put(if is_first { "FRST" } else { "RCUR" });
}

/// Days for which a mandate is used before another takes its place.
const MANDATE_DAYS: i32 = 2_200;

/// When the mandate was signed, and whether this is the first debit that uses it.
fn signature(draft: &Draft<'_>, bits: u64) -> (i32, bool) {
    let (day, start) = (draft.place.day, draft.first_day);
    let age = (bits % MANDATE_DAYS as u64) as i32;
    match draft.view {
        // A mandate that was signed in the last weeks before the run is used for the first time in it.
        View::At(_) => (start - 6 - age, age < 24 && day < start + 31),
        // In a run without an end mandates are signed all the time; the next monthly debit is the first.
        View::Change { .. } => {
            let used = (day - 6 - age).rem_euclid(MANDATE_DAYS);
            (day - 6 - used, used < 31)
        }
    }
}
