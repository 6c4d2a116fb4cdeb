//! What a card's payments say about its holder, its shops and its rules, taken together.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use generator::{Buffer, Config, Generator, Mix};
use schemas::Payment;
use schemas::payment::{Card, Party, PaymentStatus, TypeSpecific};

/// The card payments of two months, in the order of time.
static PAYMENTS: LazyLock<Vec<Payment>> = LazyLock::new(|| {
    let config = Config {
        num_records: 200_000,
        end_date: "2024-04-30".parse().unwrap(),
        mix: "CARD=1,ACH=0.0001,SEPA=0.0001".parse::<Mix>().unwrap(),
        ..Config::default()
    };
    let generator = Generator::new(config).unwrap();
    let mut buffer = Buffer::default();
    let mut payments: Vec<Payment> = (0..generator.config().num_records)
        .map(|index| generator.fill(index, &mut buffer).clone())
        .filter(|payment| matches!(payment.type_specific, Some(TypeSpecific::Card(_))))
        .collect();
    payments.sort_by_key(created);
    payments
});

fn payments() -> &'static [Payment] {
    &PAYMENTS
}

fn created(payment: &Payment) -> i64 {
    payment.payment_header.as_ref().unwrap().created_at_micros
}

fn card(payment: &Payment) -> &Card {
    match &payment.type_specific {
        Some(TypeSpecific::Card(card)) => card,
        other => panic!("{other:?} is no card"),
    }
}

fn shop(payment: &Payment) -> &Party {
    payment.parties.as_ref().unwrap().counterparty.as_ref().unwrap()
}

fn is_present(card: &Card) -> bool {
    matches!(card.entry_mode.as_str(), "CHIP" | "CONTACTLESS" | "MAGSTRIPE")
}

#[test]
fn a_merchant_number_is_one_shop_that_many_customers_visit() {
    let payments = payments();
    let mut shops = HashMap::new();
    let mut customers: HashMap<&str, HashSet<&str>> = HashMap::new();
    for payment in payments {
        let (card, party) = (card(payment), shop(payment));
        let place = (
            &party.party_id,
            &card.merchant_name,
            &party.country_code,
            &party.town_name,
            &card.merchant_coordinates,
            &card.mcc,
        );
        assert_eq!(*shops.entry(&card.merchant_id).or_insert(place), place);
        assert_eq!(card.merchant_id.len(), 15);
        assert_eq!(is_present(card), !party.town_name.is_empty());
        assert_eq!(is_present(card), !card.merchant_coordinates.is_empty());
        let originator = payment.parties.as_ref().unwrap().originator.as_ref().unwrap();
        customers.entry(&card.merchant_id).or_default().insert(&originator.party_id);
    }
    let shared = payments.iter().filter(|payment| customers[card(payment).merchant_id.as_str()].len() > 1);
    assert!(shared.count() * 10 > payments.len() * 7);
}

#[test]
fn coordinates_are_near_the_town() {
    // City halls: New York, Los Angeles, Berlin, London.
    let towns = HashMap::from([
        ("New York", (40.713, -74.006)),
        ("Los Angeles", (34.054, -118.243)),
        ("Berlin", (52.518, 13.408)),
        ("London", (51.505, -0.079)),
    ]);
    let mut seen = HashSet::new();
    for payment in payments() {
        let Some((north, east)) = towns.get(shop(payment).town_name.as_str()) else { continue };
        if !matches!(shop(payment).country_code.as_str(), "US" | "DE" | "GB") {
            continue;
        }
        let (latitude, longitude) = card(payment).merchant_coordinates.split_once(',').unwrap();
        let (latitude, longitude): (f64, f64) = (latitude.parse().unwrap(), longitude.parse().unwrap());
        assert!((latitude - north).abs() < 0.25 && (longitude - east).abs() < 0.35, "{latitude},{longitude}");
        seen.insert(shop(payment).town_name.clone());
    }
    assert_eq!(seen.len(), towns.len());
}

#[test]
fn amounts_are_those_of_what_is_sold() {
    for payment in payments() {
        let amount = payment.amount.as_ref().unwrap();
        let dollars = match amount.currency.as_str() {
            "USD" => 1.0,
            "EUR" => 1.087,
            "GBP" => 1.266,
            _ => continue,
        } * amount.minor_units as f64
            / 100.0;
        let most = match card(payment).mcc.as_str() {
            "5541" => 205.0,
            "5814" => 155.0,
            "4111" => 125.0,
            _ => 26_000.0,
        };
        assert!(dollars <= most, "{dollars} for {}", card(payment).mcc);
    }
}

#[test]
fn cards_are_tapped_up_to_the_limit_and_phones_beyond() {
    let payments = payments();
    let (mut tapped, mut beyond) = (0, 0);
    for payment in payments {
        let (card, amount) = (card(payment), payment.amount.as_ref().unwrap());
        let limit = match (shop(payment).country_code.as_str(), amount.currency.as_str()) {
            ("GB", "GBP") => 10_000,
            (_, "EUR") => 5_000,
            _ => continue,
        };
        let is_above = amount.minor_units > limit;
        match (card.entry_mode.as_str(), card.wallet.as_str()) {
            ("CONTACTLESS", "") => {
                assert!(!is_above);
                tapped += 1;
            }
            ("CONTACTLESS", _) => {
                assert_eq!(card.cardholder_verification, "DEVICE");
                beyond += i32::from(is_above);
            }
            ("CHIP", _) if is_above => assert_eq!(card.cardholder_verification, "PIN"),
            _ => {}
        }
        assert_eq!(is_present(card), !card.cardholder_verification.is_empty());
        assert!(card.wallet.is_empty() || matches!(card.entry_mode.as_str(), "CONTACTLESS" | "ECOMMERCE"));
    }
    assert!(tapped > 1_000 && beyond > 100);
}

#[test]
fn a_token_that_expired_or_is_unknown_is_never_approved_again() {
    let payments = payments();
    let mut lost = HashMap::new();
    let mut codes: HashMap<&str, u32> = HashMap::new();
    for payment in payments {
        let card = card(payment);
        if matches!(card.response_code.as_str(), "54" | "14") {
            lost.entry(&card.card_token).or_insert(&card.response_code);
        } else if card.response_code == "00" {
            assert!(!lost.contains_key(&card.card_token), "{card:?}");
        }
        *codes.entry(&card.response_code).or_default() += 1;
        let status = payment.payment_header.as_ref().unwrap().status();
        assert_eq!(status == PaymentStatus::Failed, !matches!(card.response_code.as_str(), "00" | ""));
    }
    let declined: u32 = codes.iter().filter(|(code, _)| !matches!(**code, "00" | "")).map(|(_, n)| n).sum();
    for code in ["14", "54"] {
        let share = f64::from(codes[code]) / f64::from(declined);
        assert!((0.02..0.09).contains(&share), "{code}: {share}");
    }
}

#[test]
fn strong_authentication_is_final_and_only_where_the_holder_types() {
    for payment in payments() {
        let card = card(payment);
        let status = card.three_ds_status.as_str();
        assert!(matches!(status, "" | "Y" | "A" | "N" | "U" | "R" | "I"), "{status}");
        assert!(status.is_empty() || (card.entry_mode == "ECOMMERCE" && card.wallet.is_empty()));
    }
}

#[test]
fn no_card_is_in_two_countries_within_four_hours() {
    let payments = payments();
    let mut last: HashMap<&str, (i64, &str)> = HashMap::new();
    let mut changes = 0;
    for payment in payments.iter().filter(|payment| is_present(card(payment))) {
        let country = shop(payment).country_code.as_str();
        let token = card(payment).card_token.as_str();
        if let Some((at, before)) = last.insert(token, (created(payment), country))
            && before != country
        {
            changes += 1;
            assert!(created(payment) - at >= 4 * 3_600_000_000, "{before} to {country}");
        }
    }
    assert!(changes > 100, "{changes}");
}
