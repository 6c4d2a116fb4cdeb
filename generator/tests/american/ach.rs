//! Nacha's rules.

use std::collections::{HashMap, HashSet};

use chrono::Timelike;
use schemas::Payment;
use schemas::payment::{Ach, PaymentStatus, TypeSpecific};

use super::*;

fn ach(payment: &Payment) -> &Ach {
    let Some(TypeSpecific::Ach(ach)) = &payment.type_specific else { panic!("no ACH entry") };
    ach
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
    let mut traces = HashSet::new();
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
        traces.insert((eastern(created(&payment)).date(), ach.trace_number[8..].to_owned()));
        entries += 1;
    }
    let ids: HashSet<_> = companies.values().collect();
    assert!(ids.len() == companies.len() && ids.len() > 100, "{} of {}", ids.len(), companies.len());
    let of_pairs: HashSet<_> = individuals.values().collect();
    assert_eq!(of_pairs.len(), individuals.len());
    assert_eq!(traces.len(), entries);
    // A day has four files at most.
    assert!((days.len()..=4 * days.len()).contains(&batches.len()) && batches.len() * 10 < entries * 9);
}

#[test]
fn only_companies_write_invoices_into_addenda() {
    let mut texts = HashMap::<String, HashSet<bool>>::new();
    for payment in run("ACH=1", "2024-03-01", "2024-03-31", 10_000, "") {
        let ach = ach(&payment);
        if !ach.addenda_info.is_empty() {
            // CTX addenda are segments of X12 820.
            let invoice = if ach.sec_code == "CTX" { "RMR*IV*" } else { "INV " };
            let is_invoice = ach.addenda_info.starts_with(invoice);
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
        payments.filter(from_bill).map(|payment| reason(&payment).to_owned()).collect()
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
