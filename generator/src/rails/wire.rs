//! Wires as ISO 20022 pacs.008 messages: Fedwire, CHIPS, T2, CHAPS, and SWIFT across borders.

use schemas::Payment;
use schemas::payment::Wire;

use super::common::{
    Facts, MINUTE, SECOND, put_end_to_end_id, put_invoice, reason, specific, state_of, write_processing,
};
use crate::dates::{Banking, Zone};
use crate::draft::Draft;
use crate::life::{Outcome, State, Timeline};
use crate::parties::put_bic;
use crate::permutation::push_uuid;
use crate::random::hash;
use crate::text::{CODE, Put};

/// ISO 20022 external status and return reason codes.
const REJECTS: [(u32, &str); 5] = [(40, "AC01"), (20, "AC04"), (15, "RC01"), (15, "AM04"), (10, "RR04")];
const RETURNS: [(u32, &str); 4] = [(40, "AC04"), (30, "AC01"), (15, "BE04"), (15, "FOCR")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let timeline = timeline(draft);
    let state = state_of(draft, &timeline);
    let facts = Facts {
        clearing_system: clearing_system(draft),
        channel: if draft.customer.is_business {
            draft.choice.pick(&["API", "FILE", "WEB"])
        } else {
            draft.choice.weighted(&[(6, "BRANCH"), (4, "WEB")])
        },
        settlement_day: settlement_day(draft),
        latency_millis: (180, 900),
        reason: match draft.outcome {
            Outcome::Rejected => reason(draft, &REJECTS),
            Outcome::Returned => reason(draft, &RETURNS),
            Outcome::Cancelled => "CUST",
            _ => "",
        },
        has_batch: false,
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    write_message(draft, specific!(payment, Wire, Wire));
    state
}

fn clearing_system(draft: &Draft<'_>) -> &'static str {
    match draft.zone.banking() {
        Banking::Fed if draft.counterparty.is_foreign && draft.currency == "USD" => "CHIPS",
        _ if draft.counterparty.is_foreign => "SWIFT",
        Banking::Fed => "FEDWIRE",
        Banking::Target => "T2",
        Banking::Chaps => "CHAPS",
    }
}

/// At home the same day; across borders mostly the next banking day, which may be today's where currencies are not
/// exchanged.
fn settlement_day(draft: &Draft<'_>) -> i32 {
    let days = draft.days;
    let banking = draft.zone.banking();
    let later = u32::from(clearing_system(draft) == "SWIFT");
    days.after(banking, days.following(banking, draft.place.day), later)
}

fn timeline(draft: &mut Draft<'_>) -> Timeline {
    let days = draft.days;
    let accepted = draft.created() + draft.choice.between(5, 900) as i64 * SECOND;
    let day = settlement_day(draft);
    let settled = if day > draft.place.day {
        days.micros(clearing_zone(draft.zone), day, 600) + draft.choice.between(0, 240) as i64 * MINUTE
    } else {
        accepted + draft.choice.between(4, 600) as i64 * SECOND
    };
    let settled = settled.max(accepted + SECOND);
    let undone = days.after(draft.zone.banking(), day, draft.choice.between(1, 4) as u32);
    let undone = days.micros(clearing_zone(draft.zone), undone, 11 * 60);
    Timeline { accepted, settled, undone: undone.max(settled + MINUTE) }
}

/// The zone on whose clock the clearing system runs.
pub const fn clearing_zone(zone: Zone) -> Zone {
    match zone.banking() {
        Banking::Fed => Zone::Eastern,
        Banking::Target => Zone::CentralEurope,
        Banking::Chaps => Zone::London,
    }
}

fn write_message(draft: &mut Draft<'_>, wire: &mut Wire) {
    let world = draft.world;
    let is_foreign = draft.counterparty.is_foreign;
    wire.uetr.begin(36);
    push_uuid(world.uetrs.id(draft.index), &mut wire.uetr);
    wire.instruction_id.begin(25);
    wire.instruction_id.push_str("INS");
    wire.instruction_id.date(draft.place.day);
    wire.instruction_id.letters(hash(world.key ^ 0x145, draft.index), CODE, 12);
    put_end_to_end_id(draft, &mut wire.end_to_end_id);
    wire.charge_bearer.put(charge_bearer(draft));
    // Through the clearing system, or over the agents' accounts with each other, or cover by another message.
    wire.settlement_method.put(if is_foreign && clearing_system(draft) == "SWIFT" {
        draft.choice.weighted(&[(45, "INDA"), (35, "INGA"), (20, "COVE")])
    } else {
        "CLRG"
    });
    let (from, to) = (draft.originator, draft.counterparty.identity);
    put_bic(from.country, from.bank(), &mut wire.debtor_agent_bic);
    put_bic(to.country, to.bank(), &mut wire.creditor_agent_bic);
    wire.intermediary_agent_bic.clear();
    if is_foreign && hash(to.key, 0x1a) % 100 < 35 {
        let country = if draft.currency == "EUR" { "DE" } else { "US" };
        put_bic(country, (to.bank() + 3) % 10, &mut wire.intermediary_agent_bic);
    }
    put_invoice(draft, &mut wire.remittance_information);
    // ISO 20022 external purpose codes.
    wire.purpose_code.put(match draft.spec.name.as_str() {
        "treasury" => draft.choice.pick(&["TREA", "INTC", "CASH"]),
        "personal" => draft.choice.weighted(&[(4, "PROP"), (3, "OTHR"), (2, "FAMI"), (1, "EDUC")]),
        _ => draft.choice.weighted(&[(5, "SUPP"), (3, "GDDS"), (2, "SCVE"), (1, "TAXS")]),
    });
    wire.service_level.put(if is_foreign { "G001" } else { "URGP" });
    wire.local_instrument.put(match clearing_system(draft) {
        "FEDWIRE" => "CTRC",
        _ => "",
    });
}

/// Shared at home and in Europe, where the Payment Services Directive asks for it; abroad the sender chooses.
fn charge_bearer(draft: &mut Draft<'_>) -> &'static str {
    match (draft.counterparty.is_foreign, draft.zone.banking()) {
        (true, _) => draft.choice.weighted(&[(55, "SHAR"), (33, "DEBT"), (12, "CRED")]),
        (false, Banking::Target) => draft.choice.weighted(&[(8, "SHAR"), (2, "SLEV")]),
        (false, _) => "SHAR",
    }
}
