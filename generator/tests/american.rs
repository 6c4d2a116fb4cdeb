//! Rules of ACH, checks, instant payments and apps, on ranges around the days on which they change.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Weekday};
use generator::{Config, Generator, Profile};
use schemas::Payment;
use schemas::payment::{Ach, Check, P2p, Party, PaymentStatus, Rtp, TypeSpecific};

fn run(mix: &str, from: &str, to: &str, num_records: u64, profile: &str) -> impl Iterator<Item = Payment> {
    let config = Config {
        num_records,
        start_date: day(from),
        end_date: day(to),
        mix: mix.parse().unwrap(),
        profile: Arc::new(Profile::from_toml(profile).unwrap()),
        ..Config::default()
    };
    let generator = Generator::new(config).unwrap();
    (0..num_records).map(move |index| generator.payment(index))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no date"))
}

fn utc(micros: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(micros).unwrap().naive_utc()
}

fn created(payment: &Payment) -> NaiveDateTime {
    utc(payment.payment_header.as_ref().unwrap().created_at_micros)
}

fn updated(payment: &Payment) -> NaiveDateTime {
    utc(payment.payment_header.as_ref().unwrap().updated_at_micros)
}

/// Eastern daylight time: for ranges between the changes of the clocks.
fn eastern(utc: NaiveDateTime) -> NaiveDateTime {
    utc - TimeDelta::hours(4)
}

fn status(payment: &Payment) -> PaymentStatus {
    payment.payment_header.as_ref().unwrap().status()
}

fn reason(payment: &Payment) -> &str {
    &payment.processing_info.as_ref().unwrap().reason_code
}

fn settlement(payment: &Payment) -> Option<NaiveDate> {
    let date = &payment.processing_info.as_ref().unwrap().settlement_date;
    (!date.is_empty()).then(|| day(date))
}

fn cents(payment: &Payment) -> i64 {
    payment.amount.as_ref().unwrap().minor_units
}

fn from(payment: &Payment) -> &Party {
    payment.parties.as_ref().unwrap().originator.as_ref().unwrap()
}

fn to(payment: &Payment) -> &Party {
    payment.parties.as_ref().unwrap().counterparty.as_ref().unwrap()
}

fn ach(payment: &Payment) -> &Ach {
    let Some(TypeSpecific::Ach(ach)) = &payment.type_specific else { panic!("no ACH entry") };
    ach
}

fn check(payment: &Payment) -> &Check {
    let Some(TypeSpecific::Check(check)) = &payment.type_specific else { panic!("no check") };
    check
}

fn rtp(payment: &Payment) -> &Rtp {
    let Some(TypeSpecific::Rtp(rtp)) = &payment.type_specific else { panic!("no instant payment") };
    rtp
}

fn p2p(payment: &Payment) -> &P2p {
    let Some(TypeSpecific::P2p(p2p)) = &payment.type_specific else { panic!("no payment in an app") };
    p2p
}

/// Banking days of ranges in which the Reserve Banks have no holiday.
fn banking_days_after(mut day: NaiveDate, count: u32) -> NaiveDate {
    for _ in 0..count {
        day = day + Days::new(if day.weekday() == Weekday::Fri { 3 } else { 1 });
    }
    day
}

#[test]
fn wages_and_purchases_are_described_as_prescribed_from_march_2026() {
    let since = day("2026-03-20");
    let mut seen = HashMap::<_, u32>::new();
    for payment in run("ACH=1", "2026-03-10", "2026-03-31", 20_000, "") {
        let ach = ach(&payment);
        let is_prescribed = eastern(created(&payment)).date() >= since;
        let description = ach.company_entry_description.as_str();
        let kind = match (ach.sec_code.as_str(), ach.direction.as_str()) {
            ("PPD", "CREDIT") => {
                assert!(!is_prescribed || description == "PAYROLL", "{description}");
                if description == "PAYROLL" { "wages" } else { "other wages" }
            }
            ("WEB", "DEBIT") if description == "PURCHASE" => "purchase",
            ("WEB", "DEBIT") if description == "ONLINE PMT" => "online",
            _ => {
                assert!(!["PAYROLL", "PURCHASE", "ONLINE PMT"].contains(&description), "{description}");
                continue;
            }
        };
        *seen.entry((kind, is_prescribed)).or_default() += 1;
    }
    assert!(seen[&("wages", false)] > seen[&("other wages", false)]);
    assert!(seen[&("wages", true)] > 0 && !seen.contains_key(&("other wages", true)));
    assert!(seen[&("purchase", true)] > 50 && !seen.contains_key(&("purchase", false)));
    assert!(seen[&("online", false)] > 50 && !seen.contains_key(&("online", true)));
}

#[test]
fn a_batch_is_of_one_company_class_description_and_effective_date() {
    let mut companies = HashMap::new();
    let mut batches = HashMap::new();
    let mut individuals = HashMap::new();
    let mut days = HashSet::new();
    let mut entries = 0;
    for payment in run("ACH=1", "2024-06-03", "2024-06-28", 20_000, "") {
        let ach = ach(&payment);
        // Who sends to a friend is named in the entry, the bank is the company (WEB credits).
        let is_friend = ach.sec_code == "WEB" && ach.direction == "CREDIT";
        let company = if is_friend { &from(&payment).bank_name } else { &from(&payment).party_id };
        assert_eq!(
            companies.entry(company.clone()).or_insert_with(|| ach.company_id.clone()),
            &ach.company_id
        );
        assert!(ach.company_id.starts_with('9') && ach.company_id.len() == 10);
        assert_eq!(ach.trace_number[..8], from(&payment).routing_number[..8]);
        if is_friend {
            let sender = &from(&payment).name;
            assert_eq!(ach.individual_id, sender[..sender.len().min(15)].trim_end());
            assert!(company.starts_with(&ach.company_name));
        } else {
            let pair = (from(&payment).party_id.clone(), to(&payment).party_id.clone());
            let id = individuals.entry(pair).or_insert_with(|| ach.individual_id.clone());
            assert_eq!(id, &ach.individual_id);
            assert!(from(&payment).name.starts_with(&ach.company_name));
        }
        let batch = payment.processing_info.as_ref().unwrap().batch_id.clone();
        assert!(batch.len() <= 35, "{batch}");
        let shared = (
            eastern(created(&payment)).date(),
            ach.company_id.clone(),
            ach.sec_code.clone(),
            ach.company_entry_description.clone(),
            ach.effective_entry_date.clone(),
            ach.trace_number[..8].to_owned(),
        );
        days.insert(shared.clone());
        assert_eq!(batches.entry(batch).or_insert_with(|| shared.clone()), &shared);
        entries += 1;
    }
    let ids: HashSet<_> = companies.values().collect();
    assert!(ids.len() == companies.len() && ids.len() > 100, "{} of {}", ids.len(), companies.len());
    let of_pairs: HashSet<_> = individuals.values().collect();
    assert_eq!(of_pairs.len(), individuals.len());
    // A day has four files at most.
    assert!((days.len()..=4 * days.len()).contains(&batches.len()) && batches.len() * 10 < entries * 9);
}

#[test]
fn only_companies_write_invoices_into_addenda() {
    let mut texts = HashMap::<String, HashSet<bool>>::new();
    for payment in run("ACH=1", "2024-03-01", "2024-03-31", 10_000, "") {
        let ach = ach(&payment);
        if !ach.addenda_info.is_empty() {
            let is_invoice = ach.addenda_info.starts_with("INV ");
            texts.entry(ach.sec_code.clone()).or_default().insert(is_invoice);
        }
    }
    for (code, invoice) in [("CCD", true), ("CTX", true), ("PPD", false), ("WEB", false), ("IAT", false)] {
        assert_eq!(texts[code], HashSet::from([invoice]), "{code}");
    }
}

/// Entries come back often, and one flow debits companies.
const RETURNS: &str = "
[rails.ACH.bills]
returned = 0.6
[rails.ACH.vendor]
debit = true
returned = 0.6
[rails.ACH.payroll]
returned = 0.2
";

#[test]
fn an_entry_comes_back_for_a_reason_of_its_kind_and_in_its_time() {
    let unauthorised = ["R05", "R07", "R10", "R11"];
    let mut codes = HashMap::<_, HashSet<_>>::new();
    let mut longest = 0;
    for payment in run("ACH=1", "2024-03-11", "2024-05-24", 20_000, RETURNS) {
        if status(&payment) != PaymentStatus::Returned {
            continue;
        }
        let (ach, code) = (ach(&payment), reason(&payment).to_owned());
        let (effective, back) = (day(&ach.effective_entry_date), eastern(updated(&payment)));
        if unauthorised.contains(&code.as_str()) {
            let days = (back.date() - effective).num_days();
            // The opening of the banking day after the sixtieth.
            assert!((1..=63).contains(&days), "{code} after {days} days");
            longest = longest.max(days);
        } else {
            assert!(back.date() > effective && back.date() <= banking_days_after(effective, 2), "{code}");
        }
        codes.entry((ach.sec_code.clone(), ach.direction.clone())).or_default().insert(code);
    }
    assert!(longest > 30, "{longest}");
    let funds = ["R01", "R02", "R03", "R04", "R08", "R09"];
    let set = |own: &[&str]| own.iter().copied().map(str::to_owned).collect::<HashSet<_>>();
    let consumer: HashSet<_> = &set(&funds) | &set(&["R07", "R10", "R11"]);
    let company: HashSet<_> = &set(&funds) | &set(&["R29"]);
    let credit = set(&["R02", "R03", "R04", "R23"]);
    for (key, wanted) in [("PPD DEBIT", &consumer), ("WEB DEBIT", &consumer), ("CCD DEBIT", &company)] {
        let (class, direction) = key.split_once(' ').unwrap();
        assert_eq!(&codes[&(class.to_owned(), direction.to_owned())], wanted, "{key}");
    }
    assert_eq!(codes[&("PPD".to_owned(), "CREDIT".to_owned())], credit);
}

#[test]
fn r11_has_its_present_meaning_since_april_2020() {
    let codes = |from: &str, to: &str| -> HashSet<String> {
        let payments = run("ACH=1", from, to, 12_000, RETURNS);
        payments.filter(|payment| from_bill(payment)).map(|payment| reason(&payment).to_owned()).collect()
    };
    assert!(!codes("2019-09-03", "2019-10-11").contains("R11"));
    assert!(codes("2020-09-08", "2020-10-09").contains("R11"));
}

fn from_bill(payment: &Payment) -> bool {
    status(payment) == PaymentStatus::Returned && ach(payment).sec_code != "CCD"
}

#[test]
fn same_day_entries_keep_the_cap_of_their_day_and_the_windows_deadlines() {
    let large = "[rails.ACH.vendor]\nmean = { USD = 150000.0 }";
    // Until 2020-03-19 25,000 USD, then 100,000, from 2022-03-18 a million; a third window from 2021-03-19.
    for (from, to, below, above, last) in [
        ("2020-03-16", "2020-03-19", 2_500_000, 1_000_000, (14, 45)),
        ("2020-03-20", "2020-03-27", 10_000_000, 2_500_000, (14, 45)),
        ("2021-03-22", "2021-03-31", 10_000_000, 2_500_000, (16, 45)),
        ("2022-03-18", "2022-03-25", 100_000_000, 10_000_000, (16, 45)),
    ] {
        let (mut most, mut latest) = (0, (0, 0));
        for payment in run("ACH=1", from, to, 12_000, large).filter(|payment| ach(payment).same_day) {
            let at = eastern(created(&payment));
            assert_eq!(day(&ach(&payment).effective_entry_date), at.date());
            assert!(ach(&payment).sec_code != "IAT" && cents(&payment) <= below);
            most = most.max(cents(&payment));
            latest = latest.max((at.hour(), at.minute()));
            if status(&payment) == PaymentStatus::Completed {
                let settled = eastern(updated(&payment));
                let wanted = [((10, 30), 13), ((14, 45), 17), ((16, 45), 18)];
                let next = wanted.into_iter().find(|(deadline, _)| (at.hour(), at.minute()) < *deadline);
                // A file closes some time before the operator's deadline.
                assert!(settled.hour() >= next.unwrap().1 && settled.minute() == 0, "{at} {settled}");
            }
        }
        assert!(most > above, "{from}: {most}");
        assert!(latest < last && latest.0 + 2 > last.0, "{from}: {latest:?}");
    }
}

#[test]
fn a_check_comes_back_by_the_second_banking_day_for_a_reason_of_the_standard() {
    let profile = "[rails.CHECK.household]\nreturned = 0.6\n[rails.CHECK.business]\nreturned = 0.6";
    let mut codes = HashSet::new();
    for payment in run("CHECK=1", "2024-03-11", "2024-05-24", 10_000, profile) {
        let code = check(&payment).return_reason.clone();
        if status(&payment) == PaymentStatus::Returned {
            let (presented, back) = (settlement(&payment).unwrap(), eastern(updated(&payment)));
            let until = banking_days_after(presented, 2);
            assert!(
                back.date() > presented && back < until.and_hms_opt(14, 0, 0).unwrap(),
                "{presented} {back}"
            );
            codes.insert(code);
        }
    }
    let wanted = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "K", "L", "S"].map(str::to_owned);
    assert_eq!(codes, HashSet::from(wanted));
}

#[test]
fn check_numbers_of_an_account_rise_with_the_time() {
    let mut books = HashMap::<_, Vec<_>>::new();
    for payment in run("CHECK=1", "2024-03-01", "2024-05-31", 10_000, "") {
        let number: u64 = check(&payment).check_number.parse().unwrap();
        assert!(number >= 101);
        books.entry(from(&payment).party_id.clone()).or_default().push((created(&payment), number));
    }
    assert!(books.len() > 100);
    for book in books.values_mut() {
        book.sort_unstable();
        for pair in book.windows(2).filter(|pair| pair[1].0 - pair[0].0 > TimeDelta::hours(1)) {
            assert!(pair[0].1 < pair[1].1, "{pair:?}");
        }
    }
}

fn fednow(from: &str, to: &str, payments: u64, profile: &str) -> Vec<Payment> {
    run("RTP=1", from, to, payments, profile).filter(|payment| rtp(payment).network == "FEDNOW").collect()
}

#[test]
fn fednow_has_its_quarters_part_and_its_banks() {
    // Parts per ten thousand: 336,487 payments against RTP's 87 million; 2.1 million against 107 million.
    for (from, to, part) in [("2024-07-01", "2024-09-30", 39.0), ("2025-04-01", "2025-06-30", 193.0)] {
        let count = fednow(from, to, 60_000, "").len() as f64 / 6.0;
        assert!((count / part - 1.0).abs() < 0.2, "{from}: {count} of ten thousand");
    }
    assert!(fednow("2023-07-10", "2023-07-19", 10_000, "").is_empty());
    let begun = fednow("2023-07-18", "2023-07-31", 60_000, "");
    assert!(!begun.is_empty());
    assert!(begun.iter().all(|payment| eastern(created(payment)).date() >= day("2023-07-20")));
    let members: HashSet<_> = fednow("2025-04-01", "2025-06-30", 60_000, "")
        .iter()
        .flat_map(|payment| [from_bank(payment), to(payment).bank_name.clone()])
        .collect();
    assert_eq!(members.len(), 5, "{members:?}");
}

fn from_bank(payment: &Payment) -> String {
    from(payment).bank_name.clone()
}

#[test]
fn instant_payments_keep_their_networks_limits() {
    let large = "[rails.RTP.supplier]\nmean = { USD = 900000.0 }\nsigma = 1.0";
    for (from, to, fednow, tch) in [
        ("2025-04-01", "2025-06-23", 50_000_000, 1_000_000_000),
        ("2025-06-25", "2025-10-31", 100_000_000, 1_000_000_000),
        ("2025-11-01", "2025-12-31", 1_000_000_000, 1_000_000_000),
        ("2024-10-01", "2024-12-31", 50_000_000, 100_000_000),
    ] {
        let mut most = HashMap::<_, i64>::new();
        for payment in run("RTP=1", from, to, 20_000, large) {
            let most = most.entry(rtp(&payment).network.clone()).or_default();
            *most = (*most).max(cents(&payment));
        }
        assert!(most["FEDNOW"] <= fednow && most["FEDNOW"] * 5 > fednow.min(300_000_000), "{from}: {most:?}");
        assert!(most["TCH_RTP"] <= tch && most["TCH_RTP"] > 99_000_000, "{from}: {most:?}");
    }
}

#[test]
fn instant_payments_are_dated_by_the_day_of_their_networks_cycle() {
    let mut late = 0;
    for payment in run("RTP=1", "2025-04-01", "2025-06-30", 30_000, "") {
        let Some(date) = settlement(&payment) else { continue };
        let settled = eastern(updated(&payment));
        if rtp(&payment).network == "FEDNOW" {
            let next_day = u64::from(settled.hour() >= 19);
            assert_eq!(date, settled.date() + Days::new(next_day));
            late += next_day;
        } else {
            assert_eq!(date, settled.date());
        }
        assert!(date >= eastern(created(&payment)).date());
    }
    assert!(late > 5, "{late}");
}

#[test]
fn friends_send_no_invoice_numbers_instantly() {
    for payment in run("RTP=1", "2024-03-01", "2024-03-31", 5_000, "") {
        let message = rtp(&payment);
        let is_company = to(&payment).party_type() == schemas::payment::PartyType::Business;
        assert_eq!(message.remittance_information.contains("INV"), is_company);
        assert_eq!(message.purpose_code == "SUPP" || message.purpose_code == "UBIL", is_company);
    }
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
