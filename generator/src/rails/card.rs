//! Card payments: authorisation (ISO 8583), capture, refund. Cards are tokens; there is no card number anywhere.

use schemas::Payment;
use schemas::payment::{Card, PaymentStatus};

use super::{Facts, MINUTE, SECOND, reason, specific, state_of, write_processing};
use crate::dates::{date_of, day_of_year};
use crate::draft::Draft;
use crate::identifiers::push_luhn;
use crate::life::{Outcome, State, Timeline};
use crate::names::FANTASY;
use crate::profile::Side;
use crate::random::{Stream, hash, scale};
use crate::text::{CODE, LOWER, Put};

/// What shops of a kind sell, by ISO 18245 merchant category code.
#[derive(Debug)]
pub struct Category {
    pub mcc: u16,
    label: &'static str,
    /// Share of the payments and typical amount against the mean: in shops, online, on business trips.
    in_store: (u32, f64),
    online: (u32, f64),
    business: (u32, f64),
    subscription: u32,
}

const fn category_of(
    mcc: u16,
    label: &'static str,
    in_store: (u32, f64),
    online: (u32, f64),
    business: (u32, f64),
    subscription: u32,
) -> Category {
    Category { mcc, label, in_store, online, business, subscription }
}

const NONE: (u32, f64) = (0, 0.0);

/// Shares and factors are assumptions.
static CATEGORIES: [Category; 28] = [
    category_of(5411, "Grocery", (260, 0.95), (60, 1.1), NONE, 0),
    category_of(5812, "Restaurant", (140, 1.1), NONE, (120, 0.45), 0),
    category_of(5814, "Diner", (190, 0.36), (110, 0.5), (40, 0.12), 0),
    category_of(5541, "Fuel", (120, 1.0), NONE, (90, 0.35), 0),
    category_of(5912, "Pharmacy", (60, 0.62), (20, 0.6), NONE, 0),
    category_of(5311, "Department Store", (40, 1.7), (50, 1.1), NONE, 0),
    category_of(5651, "Clothing", (40, 1.6), (140, 1.1), NONE, 0),
    category_of(5200, "Home Supply", (36, 2.4), (50, 1.8), (60, 1.1), 0),
    category_of(4111, "Transit", (60, 0.16), (20, 0.3), (30, 0.1), 0),
    category_of(4121, "Taxi", (14, 0.6), (60, 0.35), (80, 0.15), 0),
    category_of(7230, "Hair and Beauty", (16, 1.4), NONE, NONE, 0),
    category_of(8099, "Clinic", (14, 2.8), (10, 1.8), NONE, 0),
    category_of(5942, "Books", (10, 0.7), (30, 0.5), NONE, 0),
    category_of(5399, "Marketplace", NONE, (220, 0.75), (60, 0.7), 0),
    category_of(5732, "Electronics", (12, 3.2), (60, 2.6), (60, 1.8), 0),
    category_of(4722, "Travel", NONE, (16, 6.0), (40, 2.6), 0),
    category_of(4511, "Airways", NONE, (14, 5.4), (70, 3.1), 0),
    category_of(7011, "Hotel", (8, 5.2), (20, 4.4), (90, 2.2), 0),
    category_of(7922, "Tickets", NONE, (20, 1.9), NONE, 0),
    category_of(5815, "Media", NONE, (60, 0.25), NONE, 300),
    category_of(5816, "Games", NONE, (50, 0.3), NONE, 80),
    category_of(5817, "Apps", NONE, (50, 0.2), NONE, 160),
    category_of(4899, "Streaming", NONE, (10, 0.4), NONE, 280),
    category_of(5968, "Box Club", NONE, (6, 0.6), NONE, 90),
    category_of(7997, "Gym", NONE, (6, 0.7), NONE, 90),
    category_of(7372, "Software", NONE, (10, 1.4), (120, 1.4), 0),
    category_of(5943, "Office Supply", NONE, (6, 0.9), (90, 0.5), 0),
    category_of(5085, "Industrial Supply", NONE, NONE, (50, 1.9), 0),
];

impl Category {
    fn weight(&self, flow: &str) -> (u32, f64) {
        match flow {
            "online" => self.online,
            "business" => self.business,
            "subscription" => (self.subscription, 1.0),
            _ => self.in_store,
        }
    }
}

/// The categories of a flow with their shares and their factors on amounts; the mean factor is one.
pub fn categories(flow: &str) -> Vec<(u32, (&'static Category, f64))> {
    let all = || {
        CATEGORIES
            .iter()
            .map(|category| (category, category.weight(flow)))
            .filter(|(_, (share, _))| *share > 0)
    };
    let shares: f64 = all().map(|(_, (share, _))| f64::from(share)).sum();
    let sum: f64 = all().map(|(_, (share, factor))| f64::from(share) * factor).sum();
    all().map(|(category, (share, factor))| (share, (category, factor * shares / sum))).collect()
}

/// The key of a shop of the category: one of a few thousand, so that customers meet in shops.
pub fn merchant_key(category: &Category, bits: u64) -> u64 {
    hash(u64::from(category.mcc), scale(hash(bits, 1), 4_000))
}

/// Replaces `out` by the shop's name: `Larkfield Grocery 0231`.
pub fn put_merchant_name(draft: &Draft<'_>, category: &Category, out: &mut String) {
    let key = draft.counterparty.identity.key;
    let name = FANTASY[scale(hash(key, 0xfa), FANTASY.len() as u64) as usize];
    out.begin(32);
    for piece in [name, " ", category.label, " "] {
        out.push_str(piece);
    }
    out.number(hash(key, 0xfb) % 1_000, 4);
}

/// ISO 8583 response codes of declines: funds, issuer's choice, limits, expiry, suspected fraud, issuer not reached.
const DECLINES: [(u32, &str); 8] =
    [(46, "51"), (24, "05"), (7, "61"), (5, "54"), (5, "59"), (4, "65"), (4, "91"), (5, "14")];

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
        latency_millis: (45, 140),
        reason: match draft.outcome {
            Outcome::Failed => reason(draft, &DECLINES),
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
        put_merchant_name(draft, category, &mut card.merchant_name);
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

/// EMV 3-D Secure transaction status. In Europe strong authentication is the rule (PSD2), in the United States the exception;
/// charges on file are initiated by the shop and have none.
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

/// The acquirer reference number of 23 digits: mixed use 7, acquirer's number, date as YDDD, eleven digits, Luhn. Acquirer
/// numbers beginning with 9999 belong to no country's acquirers (ISO/IEC 7812-1 keeps 9 for national use, with a country code behind).
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
