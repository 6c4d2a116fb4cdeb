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

const FAILURES: [(u32, &str); 4] =
    [(45, "INSUFFICIENT_FUNDS"), (25, "LIMIT_EXCEEDED"), (20, "RECIPIENT_NOT_ENROLLED"), (10, "RISK_HOLD")];

type Memo = (&'static str, &'static [&'static str]);

/// Categories with the words people write, for small amounts and for large ones.
const SMALL_MEMOS: [(u32, Memo); 7] = [
    (34, ("FOOD", &["dinner", "lunch", "pizza night", "groceries", "coffee"])),
    (18, ("TRANSPORT", &["gas", "ride share", "parking", "train tickets"])),
    (14, ("ENTERTAINMENT", &["movie tickets", "game night", "drinks"])),
    (12, ("HOUSEHOLD", &["internet", "cleaning", "supplies"])),
    (8, ("CHILDREN", &["babysitting", "school lunch", "allowance"])),
    (6, ("GIFT", &["happy birthday", "thank you"])),
    (8, ("OTHER", &["", "stuff", "as agreed"])),
];
const LARGE_MEMOS: [(u32, Memo); 6] = [
    (22, ("LOAN", &["paying you back", "owed you", "loan"])),
    (20, ("TRAVEL", &["trip", "flights", "hotel", "cabin weekend"])),
    (18, ("HOUSEHOLD", &["utilities", "furniture", "deposit"])),
    (14, ("GIFT", &["wedding gift", "graduation", "happy birthday"])),
    (14, ("CAR", &["car repair", "car insurance", "tires"])),
    (12, ("OTHER", &["", "as agreed"])),
];

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
    let (category, words) = match draft.spec.name.as_str() {
        "rent_share" => ("RENT", &["rent"][..]),
        "services" => ("SERVICES", &["lawn care", "piano lesson", "repair", "hair", "tutoring"][..]),
        _ if draft.minor_units < 9_000 => draft.choice.weighted(&SMALL_MEMOS),
        _ => draft.choice.weighted(&LARGE_MEMOS),
    };
    p2p.memo_category.put(category);
    p2p.memo.put(draft.choice.pick(words));
    p2p.funding_source.put(match network {
        "ZELLE" | "BIZUM" | "WERO" => "BANK_ACCOUNT",
        _ => draft.choice.weighted(&[(50, "BALANCE"), (32, "DEBIT_CARD"), (18, "BANK_ACCOUNT")]),
    });
    p2p.first_time_recipient = !draft.counterparty.is_usual;
}
