//! ACH entries, after the Nacha Operating Rules: batch header, entry detail, addenda.

mod batch;
mod returns;

use schemas::Payment;
use schemas::payment::Ach;

use super::common::{Facts, MINUTE, ach_cycle, put_invoice, specific, state_of, write_processing};
use crate::dates::{Banking, Zone};
use crate::draft::Draft;
use crate::life::{State, Timeline};
use crate::parties::{ABA_PREFIX, bank_number};
use crate::random::hash;
use crate::rules;
use crate::rules::ach::{SAME_DAY_CAP, SAME_DAY_DEBITS_FROM, WINDOWS};
use crate::text::{CODE, Put};
use batch::{Description, File};

/// The entry's part of batch header and file.
#[derive(Debug)]
struct Entry {
    sec_code: &'static str,
    file: File,
    same_day: bool,
    effective: i32,
    /// Nine digits of the company's id.
    company: u64,
    description: Description,
}

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let sec_code = sec_code(draft);
    let file = File::of(draft);
    let same_day = is_same_day(draft, sec_code, file);
    let company = batch::company(draft, sec_code);
    let entry = Entry {
        sec_code,
        file,
        same_day,
        effective: effective_day(draft, same_day, file),
        company,
        description: batch::description(draft, sec_code, company, file.day),
    };
    let code = returns::code(draft, &entry);
    let timeline = timeline(draft, &entry, code);
    let state = state_of(draft, &timeline);
    let operator = if draft.originator.bank() % 5 < 3 { "FEDACH" } else { "EPN" };
    let facts = Facts {
        clearing_system: operator,
        channel: if draft.customer.is_business { "FILE" } else { draft.choice.pick(&["WEB", "MOBILE"]) },
        settlement_day: entry.effective,
        cycle: ach_cycle(operator, same_day.then_some(file.window)),
        latency_millis: (120, 400),
        reason: code,
        // Its own, below.
        has_batch: false,
    };
    let info = payment.processing_info.get_or_insert_default();
    write_processing(draft, &state, &facts, info);
    batch::put_batch_id(draft, &entry, &mut info.batch_id);
    write_entry(draft, &entry, specific!(payment, Ach, Ach));
    state
}

/// PPD for consumers by standing authorisation, WEB and TEL by internet and telephone, CCD and CTX between companies,
/// IAT across borders.
fn sec_code(draft: &Draft<'_>) -> &'static str {
    let key = hash(agreement(draft), 5);
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

/// The key of what the two ends have agreed on: an arrangement, or how they pay each other.
fn agreement(draft: &Draft<'_>) -> u64 {
    draft.arrangement.map_or(draft.counterparty.identity.key, |of| of.key)
}

/// Whether the entry goes in a same-day window: wanted, not IAT, not above the cap, in time for one that there is.
fn is_same_day(draft: &mut Draft<'_>, sec_code: &str, file: File) -> bool {
    let wanted = draft.choice.chance(0.06);
    wanted
        && sec_code != "IAT"
        && draft.spec.flow.lead_days == 0
        && rules::at(&SAME_DAY_CAP, file.day).is_some_and(|cap| draft.minor_units <= cap)
        && (!draft.spec.flow.debit || file.day >= SAME_DAY_DEBITS_FROM)
        && WINDOWS.get(file.window).is_some_and(|window| window.from <= file.day)
        && draft.days.is_open(Banking::Fed, file.day)
}

fn effective_day(draft: &Draft<'_>, same_day: bool, file: File) -> i32 {
    let days = draft.days;
    if same_day {
        return file.day;
    }
    let today = days.following(Banking::Fed, draft.place.day);
    let next = days.after(Banking::Fed, today, 1);
    match draft.arrangement {
        Some(arrangement) => days.following(Banking::Fed, arrangement.due_day).max(next),
        None if draft.place.hour < 18 => next,
        None => days.after(Banking::Fed, next, 1),
    }
}

/// Settlement at 8:30 Eastern, or at the same-day window's time.
fn timeline(draft: &mut Draft<'_>, entry: &Entry, code: &str) -> Timeline {
    let minute = if entry.same_day { WINDOWS[entry.file.window].settlement } else { 8 * 60 + 30 };
    let accepted = draft.created() + draft.choice.between(2, 40) as i64 * MINUTE;
    let settled = draft.days.micros(Zone::Eastern, entry.effective, minute).max(accepted + MINUTE);
    let undone = returns::back(draft, code, entry.effective);
    Timeline { accepted, settled, undone: undone.max(settled + MINUTE) }
}

fn write_entry(draft: &mut Draft<'_>, entry: &Entry, ach: &mut Ach) {
    let debit = draft.spec.flow.debit;
    let payee = draft.counterparty.identity.key;
    ach.sec_code.put(entry.sec_code);
    batch::put_company_name(draft, entry.sec_code, &mut ach.company_name);
    // A company id that begins with 9 is the originating bank's own choice, not a tax number.
    ach.company_id.begin(10);
    ach.company_id.push('9');
    ach.company_id.number(entry.company, 9);
    ach.company_entry_description.put(entry.description.1);
    // The routing number's first eight digits, then a number that rises within the file.
    ach.trace_number.begin(15);
    ach.trace_number.number(trace_bank(draft), 8);
    ach.trace_number.number(trace_sequence(draft), 7);
    ach.addenda_count = addenda_count(draft, entry.sec_code);
    ach.addenda_info.clear();
    if ach.addenda_count > 0 {
        put_addenda(draft, entry.sec_code, &mut ach.addenda_info);
    }
    ach.effective_entry_date.clear();
    ach.effective_entry_date.date(entry.effective);
    ach.same_day = entry.same_day;
    ach.direction.put(if debit { "DEBIT" } else { "CREDIT" });
    let savings = hash(payee, 0x5a) % 100 < 12;
    ach.transaction_code.put(match (savings, debit) {
        (false, false) => "22",
        (false, true) => "27",
        (true, false) => "32",
        (true, true) => "37",
    });
    ach.individual_id.begin(15);
    if batch::is_person_to_person(draft, entry.sec_code) {
        // The bank is the company, so the sender stands here (Nacha, WEB credit entries).
        draft.originator.put_name(&mut ach.individual_id);
        ach.individual_id.truncate(15);
        ach.individual_id.truncate(ach.individual_id.trim_end().len());
    } else {
        // The company's number for its customer or worker.
        ach.individual_id.letters(hash(hash(draft.originator.key, 0x1d), payee), CODE, 15);
    }
}

/// The eight digits by which trace numbers name the originating bank.
fn trace_bank(draft: &Draft<'_>) -> u64 {
    ABA_PREFIX * 10_000 + bank_number(draft.originator.bank())
}

/// The entry's number in its day, from 1.
fn trace_sequence(draft: &Draft<'_>) -> u64 {
    draft.place.entry % 9_999_999 + 1
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

/// Replaces `out` by the first addenda record's text: invoices are paid between companies.
fn put_addenda(draft: &Draft<'_>, sec_code: &str, out: &mut String) {
    match (sec_code, draft.spec.flow.debit) {
        ("CCD", _) => put_invoice(draft, out),
        // An X12 820's segment of remittance advice, with its terminator.
        ("CTX", _) => {
            let bits = hash(draft.world.key ^ 0x1f0, draft.document);
            out.put("RMR*IV*");
            out.number(bits % 10_000_000_000, 10);
            out.push_str("**");
            out.number(draft.minor_units as u64 / 100, 1);
            out.push('.');
            out.number(draft.minor_units as u64 % 100, 2);
            out.push('\\');
        }
        ("IAT", _) => out.put("TRADE PAYMENT"),
        ("WEB", false) => out.put("PERSON TO PERSON PAYMENT"),
        (_, false) => out.put("DIRECT DEPOSIT"),
        (_, true) => out.put("RECURRING PAYMENT"),
    }
}
