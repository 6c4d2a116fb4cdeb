//! Card payments: authorisation (ISO 8583), capture, refund. Cards are tokens; there is no card number anywhere.

use schemas::Payment;
use schemas::payment::{Card, PaymentStatus};

use super::common::{Facts, MINUTE, SECOND, card_cycle, reason, specific, state_of, write_processing};
use crate::dates::{date_of, day_of_year};
use crate::draft::Draft;
use crate::identifiers::push_luhn;
use crate::life::{Outcome, State, Timeline};
use crate::profile::Side;
use crate::random::{Stream, hash, scale};
use crate::text::{CODE, LOWER, Put};
use crate::words::put_shop;

/// ISO 8583 response codes of declines: funds, issuer's choice, limits, expiry, suspected fraud, issuer not reached.
const DECLINES: [(u32, &str); 8] =
    [(46, "51"), (24, "05"), (7, "61"), (5, "54"), (5, "59"), (4, "65"), (4, "91"), (5, "14")];

/// Reasons of chargebacks as Visa numbers them: fraud without the card, not received, not as described, cancelled,
/// paid twice.
const CHARGEBACKS: [(u32, &str); 5] = [(55, "10.4"), (18, "13.1"), (12, "13.3"), (8, "13.7"), (7, "12.6.1")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let timeline = timeline(draft);
    let state = state_of(draft, &timeline);
    let network = network(draft);
    let facts = Facts {
        clearing_system: match network {
            "VISA" => "VISANET",
            "MASTERCARD" => "BANKNET",
            "AMEX" => "AMEX_GNS",
            _ => "DCI_PULSE",
        },
        channel: match entry_mode(draft) {
            "CHIP" | "CONTACTLESS" | "MAGSTRIPE" => "POS",
            "ECOMMERCE" => draft.choice.weighted(&[(6, "MOBILE"), (4, "WEB")]),
            _ => "API",
        },
        settlement_day: settlement_day(draft),
        cycle: card_cycle(network),
        latency_millis: (45, 140),
        reason: match draft.outcome {
            Outcome::Failed => reason(draft, &DECLINES),
            Outcome::ChargedBack => reason(draft, &CHARGEBACKS),
            _ => "",
        },
        has_batch: false,
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    write_card(draft, &state, network, specific!(payment, Card, Card));
    state
}

fn settlement_day(draft: &Draft<'_>) -> i32 {
    draft.days.after(draft.zone.banking(), draft.place.day, 1)
}

/// Authorised at once, captured in the shop's evening run (online when sent), refunded days later.
fn timeline(draft: &mut Draft<'_>) -> Timeline {
    let days = draft.days;
    let accepted = draft.created() + draft.choice.between(40, 2_500) as i64 * 1_000;
    let settled = match draft.spec.name.as_str() {
        "subscription" => accepted + 10 * MINUTE,
        "online" => accepted + draft.choice.between(20, 2_400) as i64 * MINUTE,
        _ => days.micros(draft.zone, draft.place.day + i32::from(draft.place.hour >= 23), 23 * 60 + 30),
    };
    let settled = settled.max(accepted + SECOND);
    let undone = settled + draft.choice.between(600, 24_000) as i64 * MINUTE;
    Timeline { accepted, settled, undone }
}

fn network(draft: &Draft<'_>) -> &'static str {
    let mut card = Stream::new(card_key(draft), 1);
    if draft.zone.is_american() {
        card.weighted(&[(52, "VISA"), (30, "MASTERCARD"), (11, "AMEX"), (7, "DISCOVER")])
    } else {
        card.weighted(&[(46, "VISA"), (51, "MASTERCARD"), (3, "AMEX")])
    }
}

/// The card that is used: people have one or two, and one of them on file with a shop; companies have several.
fn card_key(draft: &Draft<'_>) -> u64 {
    let customer = draft.customer.identity.key;
    let cards = if draft.customer.is_business { 6 } else { 1 + hash(customer, 0xca) % 2 };
    let shop = hash(draft.counterparty.identity.key, customer);
    hash(customer, 0xcb + scale(shop, cards))
}

fn entry_mode(draft: &Draft<'_>) -> &'static str {
    let mut choice = Stream::new(draft.world.key ^ 0xe4, draft.index);
    match draft.spec.name.as_str() {
        "subscription" => "CREDENTIAL_ON_FILE",
        "online" => choice.weighted(&[(62, "ECOMMERCE"), (37, "CREDENTIAL_ON_FILE"), (1, "MANUAL")]),
        "business" if matches!(draft.mcc(), 4511 | 4722 | 5399 | 7372) => "ECOMMERCE",
        _ if draft.zone.is_american() => {
            choice.weighted(&[(50, "CONTACTLESS"), (47, "CHIP"), (3, "MAGSTRIPE")])
        }
        _ => choice.weighted(&[(80, "CONTACTLESS"), (20, "CHIP")]),
    }
}

fn lifecycle(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Failed => "DECLINED",
        PaymentStatus::Refunded => "REFUNDED",
        PaymentStatus::PartiallyRefunded => "PARTIALLY_REFUNDED",
        PaymentStatus::ChargedBack => "CHARGED_BACK",
        PaymentStatus::Completed => "CAPTURED",
        PaymentStatus::Cancelled => "REVERSED",
        PaymentStatus::Pending => "",
        _ => "AUTHORISED",
    }
}

fn write_card(draft: &mut Draft<'_>, state: &State, network: &'static str, card: &mut Card) {
    let key = card_key(draft);
    let shop = draft.counterparty.identity.key;
    let index = hash(draft.world.key ^ 0xca4d, draft.index);
    let is_decided = state.status != PaymentStatus::Pending;
    let is_approved = is_decided && state.status != PaymentStatus::Failed;
    let lifecycle = lifecycle(state.status);
    card.card_token.begin(24);
    card.card_token.push_str("tok_");
    card.card_token.letters(hash(key, 2), LOWER, 12);
    card.card_token.letters(hash(key, 3), LOWER, 8);
    card.network.put(network);
    card.last_four.clear();
    card.last_four.number(hash(key, 4) % 10_000, 4);
    card.mcc.clear();
    card.mcc.number(u64::from(draft.mcc()), 4);
    card.merchant_id.clear();
    card.merchant_id.number(hash(shop, 5) % 1_000_000_000_000_000, 15);
    card.merchant_name.clear();
    if let Some(category) = draft.category {
        let country = draft.counterparty.identity.country;
        put_shop(country, category.mcc, shop, &mut card.merchant_name);
    }
    card.terminal_id.put("T");
    card.terminal_id.number(hash(shop, 6 + index % 3) % 10_000_000, 7);
    let entry_mode = entry_mode(draft);
    card.entry_mode.put(entry_mode);
    card.auth_code.clear();
    if is_approved {
        card.auth_code.letters(index, CODE, 6);
    }
    let decline = if state.status == PaymentStatus::Failed { reason(draft, &DECLINES) } else { "" };
    // The cardholder is authenticated before the issuer decides: where later states follow, they must not take it back.
    let will_fail = draft.view.is_followed() && draft.outcome == Outcome::Failed;
    let authenticated = if will_fail { reason(draft, &DECLINES) } else { decline };
    card.three_ds_status.put(three_ds(draft, entry_mode, authenticated));
    card.lifecycle.put(lifecycle);
    card.response_code.put(match decline {
        "" if is_decided => "00",
        code => code,
    });
    card.acquirer_reference.clear();
    if state.is_settled() {
        put_acquirer_reference(draft, index, &mut card.acquirer_reference);
    }
    card.funding.put(funding(draft, network, key));
}

/// EMV 3-D Secure transaction status. In Europe strong authentication is the rule (PSD2), in the United States the
/// exception; charges on file are initiated by the shop and have none.
fn three_ds(draft: &Draft<'_>, entry_mode: &str, decline: &str) -> &'static str {
    if entry_mode != "ECOMMERCE" {
        return "";
    }
    let mut choice = Stream::new(draft.world.key ^ 0x3d5, draft.index);
    match (decline, draft.zone.is_american()) {
        ("59" | "05", _) if choice.chance(0.5) => choice.weighted(&[(6, "N"), (4, "R")]),
        (_, true) => choice.weighted(&[(70, ""), (16, "Y"), (8, "A"), (6, "U")]),
        (_, false) => choice.weighted(&[(86, "Y"), (9, "A"), (3, "U"), (2, "C")]),
    }
}

/// American Express issues no debit cards; in Europe debit is the more common.
fn funding(draft: &Draft<'_>, network: &str, key: u64) -> &'static str {
    let mut choice = Stream::new(key, 7);
    if network == "AMEX" || network == "DISCOVER" || draft.spec.flow.from == Side::Business {
        "CREDIT"
    } else if draft.zone.is_american() {
        choice.weighted(&[(52, "DEBIT"), (43, "CREDIT"), (5, "PREPAID")])
    } else {
        choice.weighted(&[(72, "DEBIT"), (25, "CREDIT"), (3, "PREPAID")])
    }
}

/// The acquirer reference number of 23 digits: mixed use 7, acquirer's number, date as YDDD, eleven digits, Luhn.
/// Acquirer numbers beginning with 9999 belong to no country's acquirers (ISO/IEC 7812-1 keeps 9 for national use, with
/// a country code behind).
fn put_acquirer_reference(draft: &Draft<'_>, bits: u64, out: &mut String) {
    let day = draft.place.day;
    out.begin(23);
    out.number(7, 1);
    out.number(999_900 + hash(draft.counterparty.identity.key, 8) % 100, 6);
    out.number((date_of(day).0 % 10) as u64, 1);
    out.number(u64::from(day_of_year(day)), 3);
    out.number(bits % 100_000_000_000, 11);
    push_luhn(out, 0);
}
