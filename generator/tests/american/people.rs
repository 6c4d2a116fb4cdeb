//! Payments between people in apps.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, Days, TimeDelta, Weekday};
use schemas::payment::{P2p, TypeSpecific};

use super::*;

fn p2p(payment: &Payment) -> &P2p {
    let Some(TypeSpecific::P2p(p2p)) = &payment.type_specific else { panic!("no payment in an app") };
    p2p
}

#[test]
fn apps_are_used_where_and_from_when_there_are_any_and_for_their_amounts() {
    let started =
        HashMap::from([("DE", day("2024-07-02")), ("FR", day("2024-10-02")), ("BE", day("2024-11-01"))]);
    let mut countries = HashMap::<_, u32>::new();
    let mut token_types = HashMap::<_, HashSet<_>>::new();
    let mut large = 0;
    for payment in run("P2P=1,SEPA=1", "2024-04-01", "2025-09-30", 60_000, "") {
        let Some(TypeSpecific::P2p(p2p)) = &payment.type_specific else { continue };
        let country = from(&payment).country_code.as_str();
        let on = created(&payment).date() + Days::new(1);
        match p2p.network.as_str() {
            "WERO" => assert!(on >= started[country], "{country} {on}"),
            "BIZUM" => {
                assert_eq!(country, "ES");
                assert!((50..=100_000).contains(&cents(&payment)));
            }
            network => {
                large += u32::from(country == "ES" && cents(&payment) > 100_000);
                assert!(country != "ES" || (cents(&payment) > 100_000 && network == "PAYPAL"));
            }
        }
        *countries.entry((p2p.network.clone(), country.to_owned())).or_default() += 1;
        token_types.entry(p2p.network.clone()).or_default().insert(p2p.recipient_token_type.clone());
    }
    for country in started.keys() {
        for network in ["WERO", "PAYPAL"] {
            assert!(countries[&(network.to_owned(), (*country).to_owned())] > 20, "{network} {country}");
        }
    }
    assert!(large > 0);
    assert_eq!(token_types["BIZUM"], HashSet::from(["PHONE".to_owned()]));
}

#[test]
fn payments_in_apps_settle_on_the_senders_day_or_later_and_are_first_only_once() {
    let (mut known, mut firsts, mut again) = (HashSet::new(), 0, 0);
    let mut payments: Vec<_> = run("us", "2024-06-01", "2024-06-30", 60_000, "")
        .filter(|payment| matches!(payment.type_specific, Some(TypeSpecific::P2p(_))))
        .collect();
    payments.sort_by_key(created);
    for payment in &payments {
        let p2p = p2p(payment);
        // Honolulu aside, no American calendar is further behind than the Pacific one.
        let earliest = (created(payment) - TimeDelta::hours(7)).date();
        assert!(settlement(payment).is_none_or(|date| date >= earliest));
        if p2p.network == "ZELLE" {
            assert!(["PHONE", "EMAIL"].contains(&p2p.recipient_token_type.as_str()));
        }
        let is_new = known.insert((p2p.sender_token.clone(), p2p.recipient_token.clone()));
        firsts += u32::from(p2p.first_time_recipient);
        again += u32::from(p2p.first_time_recipient && !is_new);
    }
    // A stranger may come again by chance where few people live.
    assert!(firsts as usize * 20 > payments.len() && again * 50 < firsts, "{again} of {firsts}");
    let mut weekend = 0;
    for payment in run("P2P=1,SEPA=1", "2025-06-01", "2025-06-30", 20_000, "") {
        let Some(TypeSpecific::P2p(p2p)) = &payment.type_specific else { continue };
        let (Some(date), true) = (settlement(&payment), from(&payment).country_code == "ES") else {
            continue;
        };
        assert!(date >= (created(&payment) + TimeDelta::hours(2)).date());
        weekend += u32::from(p2p.network == "BIZUM" && date.weekday() == Weekday::Sun);
    }
    assert!(weekend > 0);
}
