//! Forms and check digits, tested on what was written: by other code than that which wrote them.

use schemas::Payment;
use schemas::payment::{Party, TypeSpecific};

/// How many identifiers of a kind were seen, and how many were wrong.
#[derive(Default)]
struct Count {
    seen: u64,
    wrong: u64,
}

impl Count {
    fn add(&mut self, text: &str, is_right: impl FnOnce(&str) -> bool) {
        if !text.is_empty() {
            self.seen += 1;
            self.wrong += u64::from(!is_right(text));
        }
    }
}

#[derive(Default)]
pub struct Checks {
    routing_numbers: Count,
    ibans: Count,
    leis: Count,
    bics: Count,
    references: Count,
    uuids: Count,
}

impl Checks {
    pub fn look(&mut self, payment: &Payment) {
        if let Some(parties) = &payment.parties {
            parties.originator.iter().chain(&parties.counterparty).for_each(|party| self.look_at(party));
        }
        if let Some(header) = &payment.payment_header {
            self.uuids.add(&header.payment_id, is_uuid);
        }
        match &payment.type_specific {
            Some(TypeSpecific::Card(card)) => self.references.add(&card.acquirer_reference, is_luhn),
            Some(TypeSpecific::Check(check)) => self.routing_numbers.add(&check.routing_number, is_aba),
            Some(TypeSpecific::Wire(wire)) => {
                self.uuids.add(&wire.uetr, is_uuid);
                for bic in [&wire.debtor_agent_bic, &wire.creditor_agent_bic, &wire.intermediary_agent_bic] {
                    self.bics.add(bic, is_test_bic);
                }
            }
            _ => {}
        }
    }

    fn look_at(&mut self, party: &Party) {
        self.routing_numbers.add(&party.routing_number, is_aba);
        self.leis.add(&party.lei, |lei| lei.len() == 20 && remainder(lei.bytes()) == 1);
        self.bics.add(&party.bank_bic, is_test_bic);
        if !matches!(party.country_code.as_str(), "US" | "CA" | "MX" | "JP") {
            self.ibans.add(&party.account_number, is_iban);
        }
    }

    /// Kind, how many were seen, how many were wrong.
    pub fn lines(&self) -> [(&'static str, u64, u64); 6] {
        [
            ("ABA routing numbers", &self.routing_numbers),
            ("IBANs", &self.ibans),
            ("LEIs", &self.leis),
            ("BICs", &self.bics),
            ("acquirer references", &self.references),
            ("UUIDs and UETRs", &self.uuids),
        ]
        .map(|(name, count)| (name, count.seen, count.wrong))
    }
}

fn remainder(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |rest, byte| match char::from(byte).to_digit(36) {
        Some(value @ 10..) => (rest * 100 + value) % 97,
        Some(value) => (rest * 10 + value) % 97,
        None => 0,
    })
}

fn is_iban(text: &str) -> bool {
    text.len() >= 15 && remainder(text.bytes().skip(4).chain(text.bytes().take(4))) == 1
}

fn is_aba(text: &str) -> bool {
    let weights = [3, 7, 1].into_iter().cycle();
    let sum: u32 = text.bytes().zip(weights).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    text.len() == 9 && sum.is_multiple_of(10) && text.starts_with("50")
}

fn is_luhn(text: &str) -> bool {
    let digit = |(place, byte): (usize, u8)| {
        let doubled = u32::from(byte - b'0') * (1 + place as u32 % 2);
        doubled / 10 + doubled % 10
    };
    text.bytes().rev().enumerate().map(digit).sum::<u32>().is_multiple_of(10)
}

/// Eight characters, the last of them the 0 of test BICs.
fn is_test_bic(text: &str) -> bool {
    text.len() == 8 && text.starts_with("ZZ") && text.ends_with('0')
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.as_bytes()[14] == b'4'
        && matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b')
}
