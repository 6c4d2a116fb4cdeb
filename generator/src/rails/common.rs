//! Everything that rails share: processing information, reasons, remittance texts, and how a rail gets at its own
//! part of the message.

use schemas::payment::{PaymentStatus, ProcessingInfo};

use crate::dates::{Banking, Zone, date_of};
use crate::draft::Draft;
use crate::life::{Outcome, State, Timeline};
use crate::math::{log2, pow};
use crate::mix::Rail;
use crate::profile::Side;
use crate::random::{Stream, hash};
use crate::text::{CODE, Put};
use crate::words::{Language, friends_text, invoice_words, rent_word, salary_word};

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;

/// The part of the message that belongs to the rail, made if another rail's was there.
macro_rules! specific {
    ($payment:expr, $rail:ident, $message:ident) => {{
        use schemas::payment::{TypeSpecific, $message};
        if !matches!($payment.type_specific, Some(TypeSpecific::$rail(_))) {
            $payment.type_specific = Some(TypeSpecific::$rail($message::default()));
        }
        let Some(TypeSpecific::$rail(specific)) = &mut $payment.type_specific else {
            unreachable!("the variant was set above")
        };
        specific
    }};
}
pub(super) use specific;

/// The facts that a rail's processing information is written from.
pub struct Facts {
    pub clearing_system: &'static str,
    pub channel: &'static str,
    /// Known as soon as the payment is accepted.
    pub settlement_day: i32,
    /// Which system's day that is, which of its settlements where it has several, and the time zone: `T2 Europe/Berlin`.
    pub cycle: &'static str,
    /// Of the decision to accept: the least, and the mean of what comes on top.
    pub latency_millis: (u32, u32),
    /// Why it ended badly, where it did.
    pub reason: &'static str,
    pub has_batch: bool,
}

/// The settlement of a card network. By which clock its day is counted is our assumption.
pub fn card_cycle(network: &str) -> &'static str {
    match network {
        "VISA" => "VISANET UTC",
        "MASTERCARD" => "BANKNET UTC",
        "AMEX" => "AMEX_GNS UTC",
        _ => "DCI_PULSE UTC",
    }
}

/// The settlement of an app's payments, by the clock of the sender's bank.
pub fn app_cycle(network: &str, zone: Zone) -> &'static str {
    match (network, zone) {
        ("BIZUM", _) => "BIZUM Europe/Madrid",
        ("WERO", _) => "WERO Europe/Berlin",
        ("PAYPAL", Zone::Eastern) => "PAYPAL America/New_York",
        ("PAYPAL", Zone::Central) => "PAYPAL America/Chicago",
        ("PAYPAL", Zone::Mountain) => "PAYPAL America/Denver",
        ("PAYPAL", Zone::Pacific) => "PAYPAL America/Los_Angeles",
        ("PAYPAL", Zone::CentralEurope) => "PAYPAL Europe/Berlin",
        // Ireland's, Portugal's and Britain's clocks agree.
        ("PAYPAL", _) => "PAYPAL Europe/London",
        ("VENMO", Zone::Eastern) => "VENMO America/New_York",
        ("VENMO", Zone::Central) => "VENMO America/Chicago",
        ("VENMO", Zone::Mountain) => "VENMO America/Denver",
        ("VENMO", _) => "VENMO America/Los_Angeles",
        ("CASH_APP", Zone::Eastern) => "CASH_APP America/New_York",
        ("CASH_APP", Zone::Central) => "CASH_APP America/Chicago",
        ("CASH_APP", Zone::Mountain) => "CASH_APP America/Denver",
        ("CASH_APP", _) => "CASH_APP America/Los_Angeles",
        (_, Zone::Eastern) => "ZELLE America/New_York",
        (_, Zone::Central) => "ZELLE America/Chicago",
        (_, Zone::Mountain) => "ZELLE America/Denver",
        _ => "ZELLE America/Los_Angeles",
    }
}

/// The settlement of an ACH entry: in one of the day's windows, counted from 0, or in the morning.
pub fn ach_cycle(system: &str, window: Option<usize>) -> &'static str {
    match (system, window) {
        ("FEDACH", None) => "FEDACH MORNING America/New_York",
        ("FEDACH", Some(0)) => "FEDACH SAME_DAY_1 America/New_York",
        ("FEDACH", Some(1)) => "FEDACH SAME_DAY_2 America/New_York",
        ("FEDACH", Some(_)) => "FEDACH SAME_DAY_3 America/New_York",
        (_, None) => "EPN MORNING America/New_York",
        (_, Some(0)) => "EPN SAME_DAY_1 America/New_York",
        (_, Some(1)) => "EPN SAME_DAY_2 America/New_York",
        (_, Some(_)) => "EPN SAME_DAY_3 America/New_York",
    }
}

/// The payment's state, as far into its life as one looks.
pub fn state_of(draft: &mut Draft<'_>, timeline: &Timeline) -> State {
    let (state, next) = draft.view.state(draft.created(), timeline, draft.outcome);
    draft.next_change_micros = next;
    state
}

pub fn write_processing(draft: &mut Draft<'_>, state: &State, facts: &Facts, info: &mut ProcessingInfo) {
    info.clearing_system.put(facts.clearing_system);
    info.settlement_date.clear();
    info.settlement_cycle.clear();
    if state.is_settled() || state.status == PaymentStatus::Processing {
        info.settlement_date.date(settlement_day(draft, state, facts));
        info.settlement_cycle.put(facts.cycle);
    }
    let (least, more) = facts.latency_millis;
    info.latency_millis = least + exponential(draft.choice.unit(), f64::from(more)) as u32;
    info.attempts = attempts(draft);
    info.risk_score = risk_score(draft);
    info.reason_code.put(if state.has_reason() { facts.reason } else { "" });
    info.channel.put(facts.channel);
    let bank = draft.originator.bank();
    info.processor_id.begin(16);
    info.processor_id.push_str("PROC-");
    info.processor_id.push_str(draft.rail().name());
    info.processor_id.push('-');
    info.processor_id.number(bank % 4 + 1, 2);
    info.batch_id.clear();
    if facts.has_batch {
        info.batch_id.begin(24);
        info.batch_id.push_str(draft.rail().name());
        info.batch_id.push('-');
        info.batch_id.date(draft.place.day);
        info.batch_id.push('-');
        info.batch_id.number(u64::from(draft.place.hour), 2);
        info.batch_id.push('-');
        info.batch_id.number(bank, 3);
    }
}

/// The day of settlement. Where a life is compressed it comes with the life: no payment has settled before its time. (The
/// payees of cards, apps and instant payments have the money before the banks settle.)
fn settlement_day(draft: &Draft<'_>, state: &State, facts: &Facts) -> i32 {
    let waits = matches!(draft.rail(), Rail::Ach | Rail::Wire | Rail::Sepa | Rail::Check);
    if !waits || !draft.view.is_followed() || !state.is_settled() {
        return facts.settlement_day;
    }
    facts.settlement_day.min(draft.days.local_day(clearing_zone(draft.zone), state.updated_micros))
}

/// The zone on whose clock a zone's clearing systems run.
pub const fn clearing_zone(zone: Zone) -> Zone {
    match zone.banking() {
        Banking::Fed => Zone::Eastern,
        Banking::Target => Zone::CentralEurope,
        Banking::Chaps => Zone::London,
    }
}

fn attempts(draft: &mut Draft<'_>) -> u32 {
    // A declined card is declined; whoever tries again makes another payment.
    if draft.rail() == Rail::Card && draft.outcome == Outcome::Failed {
        return 1;
    }
    let again = if draft.outcome == Outcome::Completed { 0.012 } else { 0.08 };
    if draft.choice.chance(again) { 2 + u32::from(draft.choice.chance(0.15)) } else { 1 }
}

/// A score from 0 to 100 as a screening engine gives it: it knows something, not the truth. Honest payments score high,
/// too, and much that was injected does not. (Our assumption: ranked by it, four injected payments of five come before an
/// honest one.)
fn risk_score(draft: &mut Draft<'_>) -> u32 {
    let is_suspect = draft.injected.is_some_and(|injected| !injected.kind.is_honest());
    let mut suspicion = 1.0;
    for (is_so, more) in [
        (draft.counterparty.is_foreign, 0.3),
        (!draft.counterparty.is_usual, 0.3),
        (!draft.outcome.settles(), 0.4),
        (draft.place.hour < 5, 0.2),
        (draft.injected.is_some(), 0.3),
        (is_suspect, 2.6),
    ] {
        suspicion += if is_so { more } else { 0.0 };
    }
    (101.0 * pow(draft.choice.unit().max(1e-9), 9.0 / suspicion)) as u32
}

/// An exponentially distributed value at a quantile, at most ten means.
fn exponential(u: f64, mean: f64) -> f64 {
    let waited = -log2((1.0 - u).max(1e-9)) * std::f64::consts::LN_2;
    mean * waited.min(10.0)
}

/// One of a rail's reason codes; the same payment has the same.
pub fn reason(draft: &Draft<'_>, codes: &[(u32, &'static str)]) -> &'static str {
    Stream::new(draft.world.key ^ 0x4ea5, draft.index).weighted(codes)
}

/// The language of who begins the payment; business across borders is written in English.
fn language(draft: &Draft<'_>) -> Language {
    if draft.counterparty.is_foreign {
        Language::English
    } else {
        Language::of(draft.originator.country, draft.originator.key)
    }
}

/// Replaces `out` by the payment's remittance text: the month of a salary or a rent, what friends write to each other, or
/// an invoice.
pub fn put_remittance(draft: &Draft<'_>, out: &mut String) {
    let word = match draft.spec.name.as_str() {
        // Days of work, paid at once.
        "wages" => {
            out.put("WAGES ");
            return out.date(draft.place.day);
        }
        "salary" => salary_word(language(draft)),
        "standing_order" => rent_word(language(draft)),
        _ if draft.spec.flow.to == Side::Person && !draft.spec.flow.debit => {
            let bits = hash(draft.world.key ^ 0xf41e, draft.document);
            return out.put(friends_text(language(draft), bits));
        }
        _ => return put_invoice(draft, out),
    };
    let (year, month, _) = date_of(draft.arrangement.map_or(draft.place.day, |of| of.due_day));
    out.begin(18);
    out.push_str(word);
    out.number(year as u64, 4);
    out.push('-');
    out.number(month.into(), 2);
}

/// Replaces `out` by an invoice text of at most 35 characters: `INV 2024031407 REF K7M2QX`.
pub fn put_invoice(draft: &Draft<'_>, out: &mut String) {
    let bits = hash(draft.world.key ^ 0x1f0, draft.document);
    let (invoice, reference) = invoice_words(language(draft));
    out.begin(35);
    out.push_str(invoice);
    out.number(bits % 10_000_000_000, 10);
    out.push_str(reference);
    out.letters(bits >> 24, CODE, 6);
}

/// Replaces `out` by an end-to-end id of at most 35 characters.
pub fn put_end_to_end_id(draft: &Draft<'_>, out: &mut String) {
    out.begin(25);
    out.push_str("E2E");
    out.number(draft.customer.number, 6);
    out.push('-');
    out.letters(hash(draft.world.key ^ 0xe2e, draft.index), CODE, 12);
}
