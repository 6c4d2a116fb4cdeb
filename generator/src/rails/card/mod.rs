//! Card payments: authorisation (ISO 8583), capture, refund. Cards are tokens; there is no card number anywhere.

mod plastic;
mod usage;

use schemas::Payment;
use schemas::payment::{Card, PaymentStatus};

use super::common::{Facts, MINUTE, SECOND, card_cycle, specific, state_of, write_processing};
use crate::dates::{date_of, day_of_year};
use crate::draft::Draft;
use crate::identifiers::push_luhn;
use crate::life::{Outcome, State, Timeline};
use crate::random::{Stream, hash};
use crate::text::{CODE, LOWER, Put};
use usage::Usage;

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let timeline = timeline(draft);
    let state = state_of(draft, &timeline);
    let used = Usage::of(draft);
    let network = used.card.network();
    let facts = Facts {
        clearing_system: match network {
            "VISA" => "VISANET",
            "MASTERCARD" => "BANKNET",
            "AMEX" => "AMEX_GNS",
            _ => "DCI_PULSE",
        },
        channel: match used.entry_mode {
            _ if used.is_present() => "POS",
            "ECOMMERCE" if !used.wallet.is_empty() => "MOBILE",
            "ECOMMERCE" => draft.choice.weighted(&[(5, "MOBILE"), (5, "WEB")]),
            _ => "API",
        },
        settlement_day: settlement_day(draft, timeline.settled),
        latency_millis: (45, 140),
        reason: match draft.outcome {
            Outcome::ChargedBack => used.chargeback(draft),
            _ => used.decline,
        },
        cycle: card_cycle(network),
        has_batch: false,
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    let card = specific!(payment, Card, Card);
    let shop = payment.parties.as_ref().and_then(|parties| parties.counterparty.as_ref());
    card.merchant_name.put(shop.map_or("", |shop| shop.name.as_str()));
    write_card(draft, &state, &used, card);
    state
}

/// The banking day after the capture.
fn settlement_day(draft: &Draft<'_>, captured: i64) -> i32 {
    draft.days.after(draft.zone.banking(), draft.days.local_day(draft.zone, captured), 1)
}

/// Authorised at once, captured in the shop's evening run (online when sent), refunded days later.
fn timeline(draft: &mut Draft<'_>) -> Timeline {
    let days = draft.days;
    let accepted = draft.created() + draft.choice.between(40, 2_500) as i64 * 1_000;
    let settled = match draft.spec.name.as_str() {
        "subscription" => accepted + 10 * MINUTE,
        "online" => accepted + draft.choice.between(20, 2_400) as i64 * MINUTE,
        // Each terminal at a time of its own.
        _ => {
            let after = hash(draft.counterparty.identity.key, 9) % 3_000 + hash(draft.index, 9) % 40;
            days.micros(draft.zone, draft.place.day + i32::from(draft.place.hour >= 23), 23 * 60)
                + after as i64 * SECOND
                + (hash(draft.index, 10) % 1_000_000) as i64
        }
    };
    let settled = settled.max(accepted + SECOND);
    let undone = settled + draft.choice.between(600, 24_000) as i64 * MINUTE;
    Timeline { accepted, settled, undone }
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

fn write_card(draft: &Draft<'_>, state: &State, used: &Usage, card: &mut Card) {
    let shop = draft.counterparty.identity.key;
    let index = hash(draft.world.key ^ 0xca4d, draft.index);
    let is_decided = state.status != PaymentStatus::Pending;
    let is_approved = is_decided && state.status != PaymentStatus::Failed;
    let lifecycle = lifecycle(state.status);
    card.card_token.begin(24);
    card.card_token.push_str("tok_");
    card.card_token.letters(hash(used.token, 2), LOWER, 12);
    card.card_token.letters(hash(used.token, 3), LOWER, 8);
    card.network.put(used.card.network());
    card.last_four.clear();
    let number = if used.is_known { used.card.key } else { used.token };
    card.last_four.number(hash(number, 4) % 10_000, 4);
    card.mcc.clear();
    card.mcc.number(u64::from(draft.mcc()), 4);
    card.merchant_id.clear();
    card.merchant_coordinates.clear();
    if let Some(at) = &draft.shop {
        at.push_id(&mut card.merchant_id);
        at.put_coordinates(&mut card.merchant_coordinates);
    }
    card.terminal_id.put("T");
    card.terminal_id.number(hash(shop, 6 + index % 3) % 10_000_000, 7);
    card.entry_mode.put(used.entry_mode);
    card.wallet.put(used.wallet);
    card.cardholder_verification.put(used.verification);
    card.auth_code.clear();
    if is_approved {
        card.auth_code.letters(index, CODE, 6);
    }
    let is_declined = state.status == PaymentStatus::Failed;
    // The cardholder is authenticated before the issuer decides: later states must not take it back.
    let is_decided_upon = is_decided || draft.view.is_followed();
    card.three_ds_status.put(three_ds(draft, used, if is_decided_upon { used.decline } else { "" }));
    card.lifecycle.put(lifecycle);
    card.response_code.put(match is_decided {
        true if is_declined => used.decline,
        true => "00",
        false => "",
    });
    card.acquirer_reference.clear();
    if state.is_settled() {
        put_acquirer_reference(draft, index, &mut card.acquirer_reference);
    }
    card.funding.put(used.card.funding(draft));
}

/// The final transaction status of EMV 3-D Secure: authenticated, attempted, failed, not possible, refused, or for
/// information only. In Europe strong authentication is the rule (PSD2), in the United States the exception; charges on
/// file are initiated by the shop, wallets authenticate their holders: neither has any.
fn three_ds(draft: &Draft<'_>, used: &Usage, decline: &str) -> &'static str {
    if used.entry_mode != "ECOMMERCE" || !used.wallet.is_empty() {
        return "";
    }
    let mut choice = Stream::new(draft.world.key ^ 0x3d5, draft.index);
    match (decline, used.card.is_american) {
        // Nobody answers for a card that does not exist.
        ("14", _) => "",
        ("59" | "05", _) if choice.chance(0.5) => choice.weighted(&[(6, "N"), (4, "R")]),
        (_, true) => choice.weighted(&[(70, ""), (16, "Y"), (8, "A"), (6, "U")]),
        (_, false) => choice.weighted(&[(86, "Y"), (9, "A"), (3, "U"), (2, "I")]),
    }
}

/// The acquirer reference number of 23 digits: mixed use 7, acquirer's number, date as YDDD, eleven digits, Luhn.
/// Acquirer numbers beginning with 9999 belong to no country's acquirers (ISO/IEC 7812-1 keeps 9 for national use, with
/// a country code behind).
fn put_acquirer_reference(draft: &Draft<'_>, bits: u64, out: &mut String) {
    let day = draft.place.day;
    out.begin(23);
    out.number(7, 1);
    let acquirer = draft.counterparty.identity;
    let country = acquirer.country.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte));
    out.number(999_900 + acquirer.bank() * 10 + country % 10, 6);
    out.number((date_of(day).0 % 10) as u64, 1);
    out.number(u64::from(day_of_year(day)), 3);
    out.number(bits % 100_000_000_000, 11);
    push_luhn(out, 0);
}
