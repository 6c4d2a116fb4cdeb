//! What a scheme allows on its date: lengths, codes, limits.

use schemas::payment::{Card, TypeSpecific};

use super::lines::{ASSUMPTION, Count, Lines};
use super::view::View;
use crate::dates::day_of;

/// Total lengths of creditor identifiers (EPC262-08, published examples).
const CREDITOR_IDS: [(&str, &[usize]); 14] = [
    ("DE", &[18]),
    ("AT", &[18]),
    ("FR", &[13]),
    ("ES", &[16]),
    ("IT", &[23]),
    ("NL", &[19]),
    ("BE", &[17, 20]),
    ("IE", &[13]),
    ("PT", &[13]),
    ("LU", &[26]),
    ("FI", &[15]),
    ("GR", &[12]),
    ("SI", &[15]),
    ("SK", &[18]),
];

/// Return reasons of ANSI X9.100-188.
const CHECK_RETURNS: &str = "ABCDEFGHIJKLMNOPQRSTUWXYZ3456";

/// Above these nobody fills a tank or eats at a counter, but for a few lorries and parties.
const FUEL: f64 = 250.0;
const DINER: f64 = 300.0;

#[derive(Default)]
pub struct Formats {
    creditor_ids: Count,
    fedwire: Count,
    chips: Count,
    bizum: Count,
    check_returns: Count,
    contactless: Count,
    challenged: Count,
    fuel: Count,
    diner: Count,
}

impl Formats {
    pub fn look(&mut self, view: &View<'_>) {
        match view.specific {
            TypeSpecific::Sepa(sepa) => {
                let id = sepa.creditor_id.as_str();
                if let Some((_, lengths)) = CREDITOR_IDS.iter().find(|(country, _)| id.starts_with(country)) {
                    self.creditor_ids.add(!lengths.contains(&id.len()));
                }
            }
            TypeSpecific::Wire(wire) => match view.info.clearing_system.as_str() {
                "FEDWIRE" if view.micros < i64::from(day_of(2025, 7, 14)) * super::view::DAY => {
                    self.fedwire.add(is_new(&wire.local_instrument));
                }
                "CHIPS" if wire.creditor_agent_bic.get(4..6) != Some("US") => {
                    self.chips.add(wire.intermediary_agent_bic.is_empty());
                }
                _ => {}
            },
            TypeSpecific::P2p(p2p) if p2p.network == "BIZUM" => {
                self.bizum.add(!(0.5..=1_000.0).contains(&view.major));
            }
            TypeSpecific::Check(check) if !check.return_reason.is_empty() => {
                let reason = check.return_reason.as_str();
                self.check_returns.add(reason.len() != 1 || !CHECK_RETURNS.contains(reason));
            }
            TypeSpecific::Card(card) => self.look_at_card(card, view),
            _ => {}
        }
    }

    fn look_at_card(&mut self, card: &Card, view: &View<'_>) {
        if card.entry_mode == "CONTACTLESS" && view.currency == "EUR" && view.major > 50.0 {
            self.contactless.add(matches!(card.cardholder_verification.as_str(), "" | "NONE"));
        }
        if !card.three_ds_status.is_empty() && card.response_code == "00" {
            self.challenged.add(card.three_ds_status == "C");
        }
        match (view.currency, card.mcc.as_str()) {
            ("USD", "5541") => self.fuel.add(view.major > FUEL),
            ("USD", "5814") => self.diner.add(view.major > DINER),
            _ => {}
        }
    }

    pub fn lines(&self, out: &mut Lines) {
        out.never("SEPA", "creditor ids of a wrong length", "EPC262-08", self.creditor_ids.both());
        let source = "Fedwire's move to ISO 20022, 2025-07-14";
        out.never("WIRE", "ISO 20022 business functions before Fedwire's move", source, self.fedwire.both());
        let source = "CHIPS: from participant to participant";
        out.never("WIRE", "CHIPS to banks abroad without an intermediary", source, self.chips.both());
        out.never(
            "P2P",
            "Bizum outside 0.50 to 1,000 EUR",
            "Bizum's limits since 2023-05",
            self.bizum.both(),
        );
        out.never("CHECK", "return reasons not on the list", "ANSI X9.100-188", self.check_returns.both());
        let source = "Delegated Regulation (EU) 2018/389, article 11";
        out.never("CARD", "contactless above 50 EUR, holder not verified", source, self.contactless.both());
        let source = "EMV 3-D Secure: C asks for a challenge, it is no result";
        out.never("CARD", "approved with 3-D Secure status C", source, self.challenged.both());
        for (what, count) in
            [("fuel above 250 USD, part", self.fuel), ("diners above 300 USD, part", self.diner)]
        {
            if count.seen >= 1_000 {
                out.within("CARD", what, ASSUMPTION, 0.0..=0.002, count.part());
            }
        }
    }
}

/// Whether a business function is one of the ISO 20022 format.
fn is_new(code: &str) -> bool {
    matches!(code, "CTRC" | "CTRD" | "BTRC")
}
