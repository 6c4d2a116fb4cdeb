//! Identifiers, tested by crates that are made for them, and that none can be anybody's.
//!
//! `PAYMENTS_IDENTIFIERS` sets how many payments of each preset are looked at; a million where the build is optimised.
#![allow(clippy::unwrap_used)]

use generator::{Buffer, Config, Generator, Mix};
use iban::{Iban, IbanLike};
use schemas::payment::{Party, PartyType, TypeSpecific};
use std::collections::HashMap;

fn payments() -> u64 {
    let wanted = std::env::var("PAYMENTS_IDENTIFIERS").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(if cfg!(debug_assertions) { 60_000 } else { 1_000_000 })
}

/// How many of each kind were seen: a test that looks at none proves nothing.
type Seen = HashMap<&'static str, u64>;

#[test]
fn every_identifier_passes_an_independent_implementation_and_is_nobodys() {
    let mut seen = Seen::new();
    for mix in ["seed", "us", "eu"] {
        let config =
            Config { mix: mix.parse::<Mix>().unwrap(), num_records: payments(), ..Config::default() };
        let generator = Generator::new(config).unwrap();
        let mut buffer = Buffer::default();
        for index in 0..payments() {
            let payment = generator.fill(index, &mut buffer);
            let parties = payment.parties.as_ref().unwrap();
            check_party(parties.originator.as_ref().unwrap(), &mut seen);
            check_party(parties.counterparty.as_ref().unwrap(), &mut seen);
            check_specific(payment.type_specific.as_ref().unwrap(), &mut seen);
            check_uuid(&payment.payment_header.as_ref().unwrap().payment_id, "payment id", &mut seen);
        }
    }
    for kind in ["ABA", "IBAN", "LEI", "BIC", "UETR", "ARN", "creditor id", "trace number", "payment id"] {
        assert!(seen.get(kind).is_some_and(|count| *count > 500), "{kind}: {seen:?}");
    }
    let countries = ["DE", "FR", "IT", "ES", "NL", "BE", "AT", "IE", "PT", "GB", "CH"];
    assert!(countries.iter().all(|country| seen.contains_key(country)), "{seen:?}");
    assert!(CREDITORS.iter().all(|country| seen.contains_key(country)), "{seen:?}");
    assert!(seen.contains_key("CLABE"), "{seen:?}");
}

fn check_party(party: &Party, seen: &mut Seen) {
    if !party.routing_number.is_empty() {
        check_aba(&party.routing_number, seen);
    }
    if let Some(country) = iban_country(&party.country_code) {
        check_iban(&party.account_number, country, seen);
    } else if party.country_code == "MX" {
        check_clabe(&party.account_number, seen);
    } else {
        assert_eq!(party.account_number.len(), 10);
    }
    if !party.lei.is_empty() {
        assert!(lei::parse(&party.lei).is_ok(), "{}", party.lei);
        // No local operating unit has letters in its prefix.
        assert!(party.lei.starts_with("ZZZZ00"));
        assert!(matches!(party.party_type(), PartyType::Business | PartyType::FinancialInstitution));
        *seen.entry("LEI").or_default() += 1;
    }
    check_bic(&party.bank_bic, &party.country_code, seen);
}

const CREDITORS: [&str; 9] = [
    "DE creditor",
    "FR creditor",
    "IT creditor",
    "ES creditor",
    "NL creditor",
    "BE creditor",
    "AT creditor",
    "IE creditor",
    "PT creditor",
];

fn iban_country(country: &str) -> Option<&'static str> {
    ["DE", "FR", "IT", "ES", "NL", "BE", "AT", "IE", "PT", "GB", "CH"]
        .into_iter()
        .find(|known| *known == country)
}

fn check_iban(text: &str, country: &'static str, seen: &mut Seen) {
    let iban: Iban = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(iban.country_code(), country);
    let bank = iban.bank_identifier().unwrap_or_default();
    let is_nobodys = match country {
        "DE" | "AT" | "BE" | "PT" | "IT" => bank.starts_with("99"),
        "ES" => bank.starts_with("599"),
        "FR" => text[4..8] == *"0000",
        "CH" => bank.starts_with("000"),
        _ => bank.starts_with("ZZ"),
    };
    assert!(is_nobodys, "{text}: bank {bank}");
    *seen.entry("IBAN").or_default() += 1;
    *seen.entry(country).or_default() += 1;
}

/// There is no crate for these: the test is the sum as the American Bankers Association writes it down, digit by digit.
fn check_aba(text: &str, seen: &mut Seen) {
    let d: Vec<u32> = text.chars().map(|c| c.to_digit(10).unwrap()).collect();
    assert_eq!(d.len(), 9);
    let sum = 3 * (d[0] + d[3] + d[6]) + 7 * (d[1] + d[4] + d[7]) + (d[2] + d[5] + d[8]);
    assert_eq!(sum % 10, 0, "{text}");
    let symbol = d[0] * 10 + d[1];
    assert!(!matches!(symbol, 0..=12 | 21..=32 | 61..=72 | 80), "{text} is in a range that is given out");
    *seen.entry("ABA").or_default() += 1;
}

/// As Banco de Mexico writes it down: the products' last digits, and what is missing to the next ten.
fn check_clabe(text: &str, seen: &mut Seen) {
    assert!(is_clabe("032180000118359719") && !is_clabe("032180000118359718"), "the published example");
    assert!(is_clabe(text), "{text}");
    // Participants have codes up to 903.
    assert!(text[..3] >= *"980", "{text}: the bank exists");
    *seen.entry("CLABE").or_default() += 1;
}

fn is_clabe(text: &str) -> bool {
    let d: Vec<u32> = text.chars().map(|c| c.to_digit(10).unwrap()).collect();
    let product = |at: usize| d[at] * [3, 7, 1][at % 3] % 10;
    d.len() == 18 && ((0..17).map(product).sum::<u32>() + d[17]).is_multiple_of(10)
}

/// ISO 9362: four letters, a country, a location of two, of which the second is 0 for test BICs.
fn check_bic(text: &str, country: &str, seen: &mut Seen) {
    let bytes = text.as_bytes();
    assert_eq!(bytes.len(), 8, "{text}");
    assert!(bytes[..6].iter().all(u8::is_ascii_uppercase));
    assert_eq!(&text[4..6], country);
    assert!(bytes[6].is_ascii_alphanumeric() && bytes[7] == b'0', "{text} could be connected");
    *seen.entry("BIC").or_default() += 1;
}

fn check_uuid(text: &str, kind: &'static str, seen: &mut Seen) {
    let id = uuid::Uuid::parse_str(text).unwrap();
    assert_eq!(id.get_version_num(), 4);
    assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    assert_eq!(id.hyphenated().to_string(), text);
    *seen.entry(kind).or_default() += 1;
}

fn check_specific(specific: &TypeSpecific, seen: &mut Seen) {
    match specific {
        TypeSpecific::Ach(ach) => {
            assert_eq!(ach.trace_number.len(), 15);
            assert!(
                ach.trace_number.starts_with("50") && ach.trace_number.bytes().all(|b| b.is_ascii_digit())
            );
            assert!(ach.company_entry_description.len() <= 10 && ach.company_name.len() <= 16);
            *seen.entry("trace number").or_default() += 1;
        }
        TypeSpecific::Wire(wire) => {
            check_uuid(&wire.uetr, "UETR", seen);
            assert!(wire.end_to_end_id.len() <= 35 && wire.instruction_id.len() <= 35);
            assert!(wire.remittance_information.len() <= 140);
        }
        TypeSpecific::Card(card) => {
            assert!(card.card_token.starts_with("tok_"));
            if !card.acquirer_reference.is_empty() {
                assert_eq!(card.acquirer_reference.len(), 23);
                assert!(luhn::valid(&card.acquirer_reference), "{}", card.acquirer_reference);
                *seen.entry("ARN").or_default() += 1;
            }
        }
        TypeSpecific::Sepa(sepa) if !sepa.creditor_id.is_empty() => {
            // Without the business code the identifier is checked as an IBAN is.
            let id = &sepa.creditor_id;
            let digits: String = format!("{}{}", &id[7..], &id[..4])
                .chars()
                .map(|c| c.to_digit(36).unwrap().to_string())
                .collect();
            let rest = digits.bytes().fold(0_u32, |rest, byte| (rest * 10 + u32::from(byte - b'0')) % 97);
            assert_eq!(rest, 1, "{id}");
            // EPC262-08, lengths of the published examples.
            let (country, len) = (&id[..2], id.len());
            let expected = match country {
                "DE" | "AT" => 18,
                "FR" | "IE" | "PT" => 13,
                "ES" => 16,
                "IT" => 23,
                "NL" => 19,
                "BE" => 17,
                _ => panic!("{id}: no creditor is there"),
            };
            assert_eq!(len, expected, "{id}");
            if matches!(country, "DE" | "AT" | "NL" | "BE" | "IE" | "PT" | "IT") {
                assert!(id[7..].bytes().all(|byte| byte.is_ascii_digit()), "{id}");
            }
            *seen
                .entry(CREDITORS[CREDITORS.iter().position(|known| known[..2] == *country).unwrap()])
                .or_default() += 1;
            *seen.entry("creditor id").or_default() += 1;
        }
        TypeSpecific::Check(check) => check_aba(&check.routing_number, seen),
        _ => {}
    }
}
