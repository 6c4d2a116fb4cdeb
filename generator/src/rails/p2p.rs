//! Payments between people in apps. Telephone numbers and addresses appear as tokens alone.

use schemas::Payment;
use schemas::payment::P2p;

use super::common::{Facts, MINUTE, app_cycle, reason, specific, state_of, write_processing};
use crate::dates::Zone;
use crate::draft::Draft;
use crate::life::{Outcome, State, Timeline};
use crate::random::{Stream, hash};
use crate::rules::p2p::{BIZUM, wero_from};
use crate::text::{LOWER, Put};
use crate::words::{Language, p2p_memo, rent_share_memo, services_memo};

const FAILURES: [(u32, &str); 4] =
    [(45, "INSUFFICIENT_FUNDS"), (25, "LIMIT_EXCEEDED"), (20, "RECIPIENT_NOT_ENROLLED"), (10, "RISK_HOLD")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let created = draft.created();
    let accepted = created + draft.choice.between(400, 9_000) as i64 * 1_000;
    // A recipient who is not enrolled yet takes minutes to hours.
    let wait = if draft.choice.chance(0.03) { draft.choice.between(10, 2_000) } else { 0 };
    let settled = accepted + wait as i64 * MINUTE + draft.choice.between(500, 60_000) as i64 * 1_000;
    let state = state_of(draft, &Timeline { accepted, settled, undone: i64::MAX });
    let network = network(draft);
    let facts = Facts {
        clearing_system: network,
        channel: "MOBILE",
        settlement_day: settlement_day(draft, network, settled),
        cycle: app_cycle(network, draft.zone),
        latency_millis: (250, 600),
        reason: match draft.outcome {
            Outcome::Failed => reason(draft, &FAILURES),
            Outcome::Cancelled => "SENDER_CANCELLED",
            _ => "",
        },
        has_batch: false,
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    write_message(draft, network, specific!(payment, P2p, P2p));
    state
}

/// People stay with an app, but for what it does not carry.
fn network(draft: &Draft<'_>) -> &'static str {
    let key = draft.customer.identity.key;
    let mut choice = Stream::new(key, 0x9e7);
    match (draft.zone, draft.originator.country) {
        (Zone::CentralEurope, "ES") if BIZUM.contains(&draft.minor_units) => "BIZUM",
        (Zone::CentralEurope, country @ ("DE" | "FR" | "BE")) => {
            let wanted = choice.weighted(&[(6, "PAYPAL"), (4, "WERO")]);
            let from = wero_from(country, hash(key, 0x3e0));
            let has_begun = from.is_some_and(|from| draft.place.day >= from);
            if has_begun { wanted } else { "PAYPAL" }
        }
        (Zone::CentralEurope | Zone::WesternEurope | Zone::London, _) => "PAYPAL",
        _ => choice.weighted(&[(52, "ZELLE"), (22, "VENMO"), (18, "CASH_APP"), (8, "PAYPAL")]),
    }
}

/// The day on the sender's calendar: any for those apps that send an instant credit transfer each time, a banking day for
/// those whose banks settle with each other once a day.
fn settlement_day(draft: &Draft<'_>, network: &str, settled: i64) -> i32 {
    let day = draft.days.local_day(draft.zone, settled);
    match network {
        "BIZUM" | "WERO" => day,
        _ => draft.days.following(draft.zone.banking(), day),
    }
}

fn write_message(draft: &mut Draft<'_>, network: &'static str, p2p: &mut P2p) {
    let theirs = draft.counterparty.identity.key;
    p2p.network.put(network);
    p2p.sender_token.begin(16);
    p2p.sender_token.push_str("ptk_");
    p2p.sender_token.letters(hash(draft.customer.identity.key, 0x70), LOWER, 12);
    p2p.recipient_token.begin(16);
    p2p.recipient_token.push_str("ptk_");
    p2p.recipient_token.letters(hash(theirs, 0x70), LOWER, 12);
    p2p.recipient_token_type.put(match (network, hash(theirs, 0x71) % 10) {
        ("BIZUM", _) | ("ZELLE" | "WERO", 0..8) => "PHONE",
        ("VENMO" | "CASH_APP", _) => "USERNAME",
        _ => "EMAIL",
    });
    let language = Language::of(draft.originator.country, draft.originator.key);
    let bits = draft.choice.bits();
    let (category, memo) = match draft.spec.name.as_str() {
        "rent_share" => ("RENT", rent_share_memo(language, bits)),
        "services" => ("SERVICES", services_memo(language, bits)),
        _ => p2p_memo(language, draft.minor_units < 9_000, bits),
    };
    p2p.memo_category.put(category);
    p2p.memo.put(memo);
    p2p.funding_source.put(match network {
        "ZELLE" | "BIZUM" | "WERO" => "BANK_ACCOUNT",
        _ => draft.choice.weighted(&[(50, "BALANCE"), (32, "DEBIT_CARD"), (18, "BANK_ACCOUNT")]),
    });
    p2p.first_time_recipient = !draft.counterparty.is_usual;
}
