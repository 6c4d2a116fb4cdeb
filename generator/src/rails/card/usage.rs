//! How a card is used in one payment: read or typed, by phone or not, verified or not, and why it is declined.

use super::plastic::{Plastic, wallet};
use crate::amounts::scale_of;
use crate::draft::Draft;
use crate::life::Outcome;
use crate::random::{Stream, hash};
use crate::rules::contactless;

/// ISO 8583 response codes of declines that pass: funds, issuer's choice, limits, suspected fraud, issuer not reached.
const PASSING: [(u32, &str); 6] = [(46, "51"), (24, "05"), (7, "61"), (5, "59"), (4, "65"), (4, "91")];
/// Why issuers take money back: fraud, not received, not as described, cancelled, paid twice. How often is an assumption.
const DISPUTES: [(u32, usize); 5] = [(55, 0), (18, 1), (12, 2), (8, 3), (7, 4)];
/// The reasons as each network numbers them, and fraud with the card present.
const VISA: [&str; 6] = ["10.4", "13.1", "13.3", "13.7", "12.6.1", "10.3"];
const MASTERCARD: [&str; 6] = ["4837", "4853", "4853", "4853", "4834", "4837"];
const AMEX: [&str; 6] = ["F29", "C08", "C31", "C28", "P08", "F24"];
const DISCOVER: [&str; 6] = ["UA02", "RG", "RM", "AP", "DP", "UA01"];

/// The part of typed numbers' declines that are of a number which no issuer knows: assumption.
const MISTYPED: f64 = 0.16;
/// The part of the declines of a card whose predecessor expired lately that are of the predecessor, and for how many days
/// people and shops still try it: assumptions.
const OUTDATED: f64 = 0.45;
const OUTDATED_DAYS: i32 = 60;
const OUTDATED_DAYS_ON_FILE: i32 = 180;
/// Where holders of a wallet use it: assumptions.
const BY_PHONE: f64 = 0.7;
const BY_PHONE_ONLINE: f64 = 0.25;

/// A card in a payment.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub card: Plastic,
    /// The token that was presented.
    pub token: u64,
    /// Whether the number exists.
    pub is_known: bool,
    pub entry_mode: &'static str,
    pub wallet: &'static str,
    pub verification: &'static str,
    /// The response code, if the payment is to fail; else empty.
    pub decline: &'static str,
}

impl Usage {
    pub fn of(draft: &Draft<'_>) -> Self {
        let card = Plastic::of(draft);
        let mut choice = Stream::new(draft.world.key ^ 0xe4, draft.index);
        let mut entry_mode = entry_mode(draft, &card, &mut choice);
        let phone = phone(draft, &card);
        let by_phone = match entry_mode {
            "CONTACTLESS" => BY_PHONE,
            "ECOMMERCE" => BY_PHONE_ONLINE,
            _ => 0.0,
        };
        let wallet = if !phone.is_empty() && choice.chance(by_phone) { phone } else { "" };
        if entry_mode == "CONTACTLESS" && wallet.is_empty() && is_above_limit(draft) {
            entry_mode = "CHIP";
        }
        let verification = verification(draft, &card, entry_mode, wallet, &mut choice);
        let used =
            Self { card, token: card.token, is_known: true, entry_mode, wallet, verification, decline: "" };
        if draft.outcome == Outcome::Failed { used.declined(draft) } else { used }
    }

    pub fn is_present(&self) -> bool {
        matches!(self.entry_mode, "CHIP" | "CONTACTLESS" | "MAGSTRIPE")
    }

    /// Why the issuer took the money back, as the network numbers it.
    pub fn chargeback(&self, draft: &Draft<'_>) -> &'static str {
        let at = Stream::new(draft.world.key ^ 0x4ea5, draft.index).weighted(&DISPUTES);
        let codes = match self.card.network() {
            "VISA" => VISA,
            "MASTERCARD" => MASTERCARD,
            "AMEX" => AMEX,
            _ => DISCOVER,
        };
        codes[if at == 0 && self.is_present() { 5 } else { at }]
    }

    /// Why the issuer says no. An expired card and an unknown number are never approved later: their tokens are not those
    /// of good payments.
    fn declined(self, draft: &Draft<'_>) -> Self {
        let mut choice = Stream::new(draft.world.key ^ 0x4ea5, draft.index);
        let is_typed = self.wallet.is_empty() && matches!(self.entry_mode, "ECOMMERCE" | "MANUAL");
        if is_typed && choice.chance(MISTYPED) {
            let token = hash(draft.world.key ^ 0x14, draft.index);
            return Self { token, is_known: false, decline: "14", ..self };
        }
        let days = if self.is_present() { OUTDATED_DAYS } else { OUTDATED_DAYS_ON_FILE };
        if let Some((token, since)) = self.card.expired
            && since <= days
            && self.wallet.is_empty()
            && choice.chance(OUTDATED)
        {
            return Self { token, decline: "54", ..self };
        }
        Self { decline: choice.weighted(&PASSING), ..self }
    }
}

fn entry_mode(draft: &Draft<'_>, card: &Plastic, choice: &mut Stream) -> &'static str {
    if draft.is_remote() {
        return match draft.spec.name.as_str() {
            "subscription" => "CREDENTIAL_ON_FILE",
            "business" => "ECOMMERCE",
            _ => choice.weighted(&[(62, "ECOMMERCE"), (37, "CREDENTIAL_ON_FILE"), (1, "MANUAL")]),
        };
    }
    let is_american = draft.counterparty.identity.country == "US";
    match (is_american, card.is_american) {
        (true, true) => choice.weighted(&[(50, "CONTACTLESS"), (47, "CHIP"), (3, "MAGSTRIPE")]),
        (true, false) => choice.weighted(&[(50, "CONTACTLESS"), (50, "CHIP")]),
        (false, _) => choice.weighted(&[(80, "CONTACTLESS"), (20, "CHIP")]),
    }
}

/// A company's cards are in as many hands.
fn phone(draft: &Draft<'_>, card: &Plastic) -> &'static str {
    let holder = if draft.customer.is_business { card.key } else { draft.originator.key };
    wallet(holder, draft.originator.country)
}

fn is_above_limit(draft: &Draft<'_>) -> bool {
    let limit = contactless::limit(draft.counterparty.identity.country, draft.place.day);
    limit.is_some_and(|limit| draft.minor_units > limit * scale_of(draft.currency))
}

/// How the cardholder was verified. In the United States the schemes ask for no signature since April 2018; elsewhere the
/// chip asks for the PIN, and contactless payments do so now and then (PSD2's counters). Shares are assumptions.
fn verification(
    draft: &Draft<'_>,
    card: &Plastic,
    entry_mode: &str,
    wallet: &str,
    choice: &mut Stream,
) -> &'static str {
    let is_american = draft.counterparty.identity.country == "US";
    match entry_mode {
        "CONTACTLESS" if !wallet.is_empty() => "DEVICE",
        "CONTACTLESS" if is_american => "NONE",
        "CONTACTLESS" => choice.weighted(&[(88, "NONE"), (12, "PIN")]),
        "CHIP" if !is_american => "PIN",
        "CHIP" | "MAGSTRIPE" if card.funding(draft) == "DEBIT" => {
            choice.weighted(&[(60, "PIN"), (40, "NONE")])
        }
        "CHIP" | "MAGSTRIPE" => choice.weighted(&[(82, "NONE"), (18, "SIGNATURE")]),
        _ => "",
    }
}
