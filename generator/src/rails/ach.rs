//! ACH entries, after the Nacha Operating Rules: batch header, entry detail, addenda.

use schemas::Payment;
use schemas::payment::Ach;

use super::common::{Facts, MINUTE, put_invoice, reason, specific, state_of, write_processing};
use crate::dates::{Banking, Zone};
use crate::draft::Draft;
use crate::life::{Outcome, State, Timeline};
use crate::parties::{ABA_PREFIX, bank_number};
use crate::random::hash;
use crate::text::{CODE, Put};

/// Largest same-day entry in cents: 1 million USD since 18 March 2022.
const SAME_DAY_CAP: i64 = 100_000_000;

/// Return reasons of debits with their frequency: funds first, then account data, then unauthorised, which stay far
/// below Nacha's half a percent.
const DEBIT_RETURNS: [(u32, &str); 7] =
    [(62, "R01"), (8, "R02"), (10, "R03"), (4, "R04"), (6, "R08"), (5, "R10"), (5, "R09")];
const CREDIT_RETURNS: [(u32, &str); 4] = [(30, "R02"), (40, "R03"), (18, "R04"), (12, "R23")];
/// An operator's rejects: invalid check digit, effective entry date, amount field.
const REJECTS: [(u32, &str); 3] = [(50, "R13"), (30, "R18"), (20, "R19")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let sec_code = sec_code(draft);
    let same_day = is_same_day(draft, sec_code);
    let effective = effective_day(draft, same_day);
    let timeline = timeline(draft, same_day, effective);
    let state = state_of(draft, &timeline);
    let facts = Facts {
        clearing_system: if draft.originator.bank() % 5 < 3 { "FEDACH" } else { "EPN" },
        channel: if draft.customer.is_business { "FILE" } else { draft.choice.pick(&["WEB", "MOBILE"]) },
        settlement_day: effective,
        cycle: if draft.originator.bank() % 5 < 3 {
            "FEDACH America/New_York"
        } else {
            "EPN America/New_York"
        },
        latency_millis: (120, 400),
        reason: reason_code(draft),
        has_batch: true,
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    write_entry(draft, sec_code, same_day, effective, specific!(payment, Ach, Ach));
    state
}

/// PPD for consumers by standing authorisation, WEB and TEL by internet and telephone, CCD and CTX between companies,
/// IAT across borders.
fn sec_code(draft: &Draft<'_>) -> &'static str {
    // An arrangement keeps its code.
    let key =
        draft.arrangement.map_or_else(|| hash(draft.counterparty.identity.key, 5), |of| hash(of.key, 5));
    match draft.spec.name.as_str() {
        "vendor" if key % 100 < 28 => "CTX",
        "vendor" => "CCD",
        "international" => "IAT",
        "transfer" => "WEB",
        "bills" => match key % 100 {
            0..52 => "PPD",
            52..94 => "WEB",
            _ => "TEL",
        },
        _ if draft.counterparty.is_foreign => "IAT",
        _ => "PPD",
    }
}

/// Whether the entry goes in a same-day window: not IAT, not above the cap, received before the last window's deadline
/// (16:45 Eastern), and wanted.
fn is_same_day(draft: &mut Draft<'_>, sec_code: &str) -> bool {
    let wanted = draft.choice.chance(0.06);
    wanted
        && sec_code != "IAT"
        && draft.minor_units <= SAME_DAY_CAP
        && draft.spec.flow.lead_days == 0
        && eastern_minute(draft) < 16 * 60
}

/// Minutes since midnight on the Eastern clock of the payment's day.
fn eastern_minute(draft: &Draft<'_>) -> i64 {
    (draft.created() - draft.days.micros(Zone::Eastern, draft.place.day, 0)) / MINUTE
}

fn effective_day(draft: &Draft<'_>, same_day: bool) -> i32 {
    let days = draft.days;
    let today = days.following(Banking::Fed, draft.place.day);
    match draft.arrangement {
        Some(arrangement) => arrangement.due_day.max(today),
        None if same_day => today,
        None => days.after(Banking::Fed, today, if draft.place.hour < 18 { 1 } else { 2 }),
    }
}

/// Settlement at 8:30 Eastern, or at 13:00, 17:00 or 18:00 for the three same-day windows (`FedACH` processing
/// schedule).
fn timeline(draft: &mut Draft<'_>, same_day: bool, effective: i32) -> Timeline {
    let days = draft.days;
    let minute = match eastern_minute(draft) {
        _ if !same_day => 8 * 60 + 30,
        ..600 => 13 * 60,
        600..840 => 17 * 60,
        _ => 18 * 60,
    };
    let accepted = draft.created() + draft.choice.between(2, 40) as i64 * MINUTE;
    let settled = days.micros(Zone::Eastern, effective, minute).max(accepted + MINUTE);
    // Returns come by the second banking day, unauthorised consumer debits within sixty days.
    let wait =
        if reason_code(draft) == "R10" { draft.choice.between(3, 38) } else { draft.choice.between(1, 2) };
    let undone = days.micros(Zone::Eastern, days.after(Banking::Fed, effective, wait as u32), 510);
    Timeline { accepted, settled, undone: undone.max(settled + MINUTE) }
}

fn reason_code(draft: &Draft<'_>) -> &'static str {
    match draft.outcome {
        Outcome::Rejected => reason(draft, &REJECTS),
        Outcome::Returned if draft.spec.flow.debit => reason(draft, &DEBIT_RETURNS),
        Outcome::Returned => reason(draft, &CREDIT_RETURNS),
        _ => "",
    }
}

fn write_entry(draft: &mut Draft<'_>, sec_code: &'static str, same_day: bool, effective: i32, ach: &mut Ach) {
    let debit = draft.spec.flow.debit;
    let customer = draft.customer.identity.key;
    ach.sec_code.put(sec_code);
    draft.originator.put_name(&mut ach.company_name);
    // The field has sixteen characters.
    ach.company_name.truncate(16);
    ach.company_name.truncate(ach.company_name.trim_end().len());
    // A company id that begins with 9 is the originating bank's own choice, not a tax number.
    ach.company_id.begin(10);
    ach.company_id.push('9');
    ach.company_id.number(hash(customer, 0xc1d) % 1_000_000_000, 9);
    ach.company_entry_description.put(entry_description(draft));
    // The routing number's first eight digits, then a number that rises within the file.
    ach.trace_number.begin(15);
    ach.trace_number.number(ABA_PREFIX * 10_000 + bank_number(draft.originator.bank()), 8);
    ach.trace_number.number(draft.place.entry % 9_999_999 + 1, 7);
    ach.addenda_count = addenda_count(draft, sec_code);
    ach.addenda_info.clear();
    if ach.addenda_count > 0 {
        put_invoice(draft, &mut ach.addenda_info);
    }
    ach.effective_entry_date.clear();
    ach.effective_entry_date.date(effective);
    ach.same_day = same_day;
    ach.direction.put(if debit { "DEBIT" } else { "CREDIT" });
    let savings = hash(draft.counterparty.identity.key, 0x5a) % 100 < 12;
    ach.transaction_code.put(match (savings, debit) {
        (false, false) => "22",
        (false, true) => "27",
        (true, false) => "32",
        (true, true) => "37",
    });
    ach.individual_id.begin(15);
    ach.individual_id.letters(hash(draft.counterparty.identity.key, 0x1d), CODE, 15);
}

/// At most ten characters; PAYROLL is prescribed for wages from 2026 on and usual before.
fn entry_description(draft: &Draft<'_>) -> &'static str {
    let key = draft.originator.key;
    let pick = |choices: &[&'static str]| choices[(hash(key, 0xed) % choices.len() as u64) as usize];
    match draft.spec.name.as_str() {
        "payroll" => "PAYROLL",
        "vendor" => pick(&["VENDOR PMT", "INVOICE", "TRADE PMT", "SUPPLIER"]),
        "bills" => pick(&["INSURANCE", "LOAN PYMT", "BILL PAYMT", "MEMBERSHIP", "INSTALLMNT"]),
        "international" => "INTL PMT",
        "transfer" => pick(&["TRANSFER", "P2P", "ACCT TRFR"]),
        _ => "PAYMENT",
    }
}

/// PPD, CCD and WEB take one addenda record at most, TEL none, CTX up to 9,999, IAT seven mandatory ones and up to five
/// more.
fn addenda_count(draft: &mut Draft<'_>, sec_code: &str) -> u32 {
    let u = draft.choice.unit();
    match sec_code {
        "CTX" => 1 + (u * u * 40.0) as u32,
        "IAT" => 7 + (u * u * 3.0) as u32,
        "CCD" => u32::from(u < 0.6),
        "PPD" | "WEB" => u32::from(u < 0.08),
        _ => 0,
    }
}
