//! Which card is used, until when it is valid, and in which wallet it is.

use crate::dates::{date_of, day_of};
use crate::draft::Draft;
use crate::parties::country_bits;
use crate::profile::Side;
use crate::random::{Stream, hash, scale};
use crate::shops::COMPANY_CARDS;

/// Months for which a card is issued: assumption.
const VALID_MONTHS: u64 = 36;

/// A card, as it is at the time of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Plastic {
    /// Decides network, funding and number; stays when the card is renewed.
    pub key: u64,
    /// Stands for number and expiry: a renewed card has another.
    pub token: u64,
    /// The token that the card had before, and for how many days it has been expired; `None` while it is still valid.
    pub expired: Option<(u64, i32)>,
    pub is_american: bool,
}

impl Plastic {
    /// The card that the customer uses in a shop: people have one or two, and one of them on file with a shop; companies
    /// have several.
    pub fn of(draft: &Draft<'_>) -> Self {
        let holder = draft.originator.key;
        let cards = if draft.customer.is_business { COMPANY_CARDS } else { 1 + hash(holder, 0xca) % 2 };
        let shop = hash(draft.counterparty.identity.key, holder);
        let nth = draft.hand.unwrap_or_else(|| scale(shop, cards));
        // Whoever has an account abroad has a card there.
        let key = hash(hash(holder, country_bits(draft.originator.country)), 0xcb + nth);
        Self { is_american: draft.originator.country == "US", ..Self::on(key, draft.place.day) }
    }

    /// The card on a day. Its successor arrives ten to thirty days before the last of its expiry month and is used from
    /// then on.
    fn on(key: u64, day: i32) -> Self {
        let (year, month, _) = date_of(day);
        let now = year as u64 * 12 + u64::from(month) - 1;
        let phase = scale(hash(key, 0xe1), VALID_MONTHS);
        let mut expiry = now + (phase + VALID_MONTHS - now % VALID_MONTHS) % VALID_MONTHS;
        let early = 10 + scale(hash(key, expiry), 20) as i32;
        if day > last_day(expiry) - early {
            expiry += VALID_MONTHS;
        }
        let before = expiry - VALID_MONTHS;
        let since = day - last_day(before);
        Self {
            key,
            token: hash(key, expiry),
            expired: (since > 0).then(|| (hash(key, before), since)),
            is_american: false,
        }
    }

    pub fn network(&self) -> &'static str {
        let mut choice = Stream::new(self.key, 1);
        if self.is_american {
            choice.weighted(&[(52, "VISA"), (30, "MASTERCARD"), (11, "AMEX"), (7, "DISCOVER")])
        } else {
            choice.weighted(&[(46, "VISA"), (51, "MASTERCARD"), (3, "AMEX")])
        }
    }

    /// American Express issues no debit cards; in Europe debit is the more common.
    pub fn funding(&self, draft: &Draft<'_>) -> &'static str {
        let mut choice = Stream::new(self.key, 7);
        if matches!(self.network(), "AMEX" | "DISCOVER") || draft.spec.flow.from == Side::Business {
            "CREDIT"
        } else if self.is_american {
            choice.weighted(&[(52, "DEBIT"), (43, "CREDIT"), (5, "PREPAID")])
        } else {
            choice.weighted(&[(72, "DEBIT"), (25, "CREDIT"), (3, "PREPAID")])
        }
    }
}

/// The last day of a month that is counted from year 0.
fn last_day(month: u64) -> i32 {
    day_of(((month + 1) / 12) as i32, ((month + 1) % 12) as u32 + 1, 1) - 1
}

/// The wallet that the holder has on the phone; empty for none. Shares are assumptions.
pub fn wallet(holder: u64, country: &str) -> &'static str {
    const APPLE: &str = "APPLE_PAY";
    const GOOGLE: &str = "GOOGLE_PAY";
    const SAMSUNG: &str = "SAMSUNG_PAY";
    Stream::new(holder, 0x3a11).weighted(&match country {
        "US" => [(46, ""), (36, APPLE), (14, GOOGLE), (4, SAMSUNG)],
        "GB" | "IE" => [(42, ""), (36, APPLE), (18, GOOGLE), (4, SAMSUNG)],
        "DE" | "AT" => [(64, ""), (16, APPLE), (18, GOOGLE), (2, SAMSUNG)],
        _ => [(58, ""), (20, APPLE), (19, GOOGLE), (3, SAMSUNG)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_renewed_card_is_used_before_the_old_one_expires() {
        for key in 0..60 {
            let mut last_use = HashMap::new();
            let mut first_expired = HashMap::new();
            for day in day_of(2021, 1, 1)..day_of(2028, 1, 1) {
                let card = Plastic::on(key, day);
                last_use.insert(card.token, day);
                if let Some((token, since)) = card.expired {
                    assert!(token != card.token);
                    let first = *first_expired.entry(token).or_insert(day);
                    assert!(since >= 1 && first <= day);
                }
            }
            // Seven years see two or three renewals.
            assert!((3..=4).contains(&last_use.len()));
            for (token, day) in first_expired {
                // The day on which a card is first expired is the first of a month.
                assert!(date_of(day).2 == 1 || day == day_of(2021, 1, 1));
                assert!(last_use.get(&token).is_none_or(|last| day - last >= 10));
            }
        }
    }
}
