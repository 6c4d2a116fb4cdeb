//! Wires as ISO 20022 pacs.008 messages: Fedwire, CHIPS, T2, CHAPS, and SWIFT across borders.

use schemas::Payment;
use schemas::payment::Wire;

use super::common::{
    Facts, MINUTE, SECOND, put_end_to_end_id, put_invoice, reason, specific, state_of, write_processing,
};
use schemas::payment::PartyType;

use crate::counterparties::currency_of;
use crate::dates::Banking;
use crate::draft::Draft;
use crate::life::{Outcome, State, Timeline};
use crate::parties::put_bic;
use crate::permutation::push_uuid;
use crate::profile::Side;
use crate::random::hash;
use crate::rules;
use crate::rules::wires::{CHAPS, CHIPS, FEDWIRE, FEDWIRE_INSTRUMENT, System, T2, currency};
use crate::text::{CODE, Put};

/// ISO 20022 external status and return reason codes.
const REJECTS: [(u32, &str); 5] = [(40, "AC01"), (20, "AC04"), (15, "RC01"), (15, "AM04"), (10, "RR04")];
const RETURNS: [(u32, &str); 4] = [(40, "AC04"), (30, "AC01"), (15, "BE04"), (15, "FOCR")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let system = system(draft);
    let settlement_day = settlement_day(draft, system);
    let timeline = timeline(draft, system, settlement_day);
    let state = state_of(draft, &timeline);
    let facts = Facts {
        clearing_system: system.map_or("SWIFT", |system| system.name),
        channel: if draft.customer.is_business {
            draft.choice.pick(&["API", "FILE", "WEB"])
        } else {
            draft.choice.weighted(&[(6, "BRANCH"), (4, "WEB")])
        },
        settlement_day,
        cycle: system.map_or(currency(draft.currency).cycle, |system| system.cycle),
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
    write_message(draft, system, specific!(payment, Wire, Wire));
    state
}

/// The system that both banks are in or that the payment goes through; `None` for messages from bank to bank.
fn system(draft: &Draft<'_>) -> Option<&'static System> {
    match draft.zone.banking() {
        Banking::Fed if draft.counterparty.is_foreign && draft.currency == "USD" => Some(&CHIPS),
        _ if draft.counterparty.is_foreign => None,
        banking => Some(home_system(banking)),
    }
}

/// The system of the sender's own currency.
const fn home_system(banking: Banking) -> &'static System {
    match banking {
        Banking::Fed => &FEDWIRE,
        Banking::Target => &T2,
        Banking::Chaps => &CHAPS,
    }
}

/// In a system the same day, by its own clock. From bank to bank the next day on which the currencies of both ends are
/// settled.
fn settlement_day(draft: &Draft<'_>, system: Option<&System>) -> i32 {
    let (days, theirs) = (draft.days, draft.counterparty.identity.country);
    let at = system.unwrap_or(home_system(draft.zone.banking()));
    let today = days.local_day(at.zone, draft.created());
    if system.is_some() {
        return days.following(at.banking, today);
    }
    let other = currency(currency_of(theirs)).banking.unwrap_or(at.banking);
    days.next_of_all(&[at.banking, other], today)
}

fn timeline(draft: &mut Draft<'_>, system: Option<&System>, day: i32) -> Timeline {
    let days = draft.days;
    let at = system.unwrap_or(home_system(draft.zone.banking()));
    let accepted = draft.created() + draft.choice.between(5, 900) as i64 * SECOND;
    let settled = if day > days.local_day(at.zone, draft.created()) {
        days.micros(at.zone, day, 600) + draft.choice.between(0, 240) as i64 * MINUTE
    } else {
        accepted + draft.choice.between(4, 600) as i64 * SECOND
    };
    let settled = settled.max(accepted + SECOND);
    let undone = days.after(at.banking, day, draft.choice.between(1, 4) as u32);
    let undone = days.micros(at.zone, undone, 11 * 60);
    Timeline { accepted, settled, undone: undone.max(settled + MINUTE) }
}

fn write_message(draft: &mut Draft<'_>, system: Option<&System>, wire: &mut Wire) {
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
    let method = match system {
        Some(_) => "CLRG",
        None => draft.choice.weighted(&[(45, "INDA"), (35, "INGA"), (20, "COVE")]),
    };
    wire.settlement_method.put(method);
    let (from, to) = (draft.originator, draft.counterparty.identity);
    put_bic(from.country, from.bank(), &mut wire.debtor_agent_bic);
    put_bic(to.country, to.bank(), &mut wire.creditor_agent_bic);
    put_intermediary(draft, system, method, &mut wire.intermediary_agent_bic);
    if draft.spec.flow.to == Side::Bank {
        wire.remittance_information.clear();
    } else {
        put_invoice(draft, &mut wire.remittance_information);
    }
    wire.purpose_code.put(purpose(draft));
    wire.service_level.put(if is_foreign { "G001" } else { "URGP" });
    let is_fedwire = matches!(system, Some(System { name: "FEDWIRE", .. }));
    let instrument = rules::at(&FEDWIRE_INSTRUMENT, draft.place.day);
    wire.local_instrument.put(match (is_fedwire, draft.spec.flow.to) {
        (false, _) => "",
        // A bank's own business; in ISO 20022 it is a pacs.009, which has no such code.
        (true, Side::Bank) => instrument.map_or("BTR", |_| ""),
        (true, _) => instrument.unwrap_or("CTR"),
    });
}

/// The bank between the agents. Banks abroad are no participants of CHIPS and have an account with one, which takes the
/// payment for them. From bank to bank there is one where neither has an account with the other: a bank of the
/// currency's country, the same for each creditor's bank; a payment with cover goes to the creditor's bank itself.
fn put_intermediary(draft: &Draft<'_>, system: Option<&System>, method: &str, out: &mut String) {
    out.clear();
    let (from, to) = (draft.originator, draft.counterparty.identity);
    let creditor = to.country.bytes().fold(to.bank(), |bits, letter| hash(bits, letter.into()));
    let is_between = match system {
        Some(system) => system.name == "CHIPS",
        None => method != "COVE" && hash(creditor, from.bank()) % 100 < 45,
    };
    if !is_between {
        return;
    }
    let country = currency(draft.currency).country;
    let is_agent = |bank| [from, to].iter().any(|of| of.country == country && of.bank() == bank);
    let bank = (0..3).map(|more| (creditor % 10 + more) % 10).find(|bank| !is_agent(*bank));
    put_bic(country, bank.expect("two agents are not three banks"), out);
}

/// ISO 20022 external purpose codes, as far as the parties can have the purpose: nobody here is a tax office, and wages go
/// to people. Property: the Bank of England's list for CHAPS.
fn purpose(draft: &mut Draft<'_>) -> &'static str {
    match (draft.customer.is_business, draft.counterparty.identity.kind) {
        (_, PartyType::FinancialInstitution) => draft.choice.pick(&["TREA", "INTC", "CASH"]),
        (true, PartyType::Individual) => draft.choice.weighted(&[(6, "SALA"), (4, "OTHR")]),
        (false, PartyType::Individual) => draft.choice.weighted(&[(5, "FAMI"), (3, "OTHR"), (2, "GIFT")]),
        (false, _) => draft.choice.weighted(&[(4, "PCOM"), (1, "PDEP"), (3, "OTHR"), (2, "SCVE")]),
        (true, _) => draft.choice.weighted(&[(5, "SUPP"), (3, "GDDS"), (2, "SCVE")]),
    }
}

/// Shared at home and in Europe, where the Payment Services Directive asks for it; abroad the sender chooses.
fn charge_bearer(draft: &mut Draft<'_>) -> &'static str {
    match (draft.counterparty.is_foreign, draft.zone.banking()) {
        (true, _) => draft.choice.weighted(&[(55, "SHAR"), (33, "DEBT"), (12, "CRED")]),
        (false, Banking::Target) => draft.choice.weighted(&[(8, "SHAR"), (2, "SLEV")]),
        (false, _) => "SHAR",
    }
}
