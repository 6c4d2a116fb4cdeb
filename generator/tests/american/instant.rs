//! RTP and `FedNow`.

use std::collections::{HashMap, HashSet};

use chrono::{Days, Timelike};
use schemas::Payment;
use schemas::payment::{Rtp, TypeSpecific};

use super::*;

fn rtp(payment: &Payment) -> &Rtp {
    let Some(TypeSpecific::Rtp(rtp)) = &payment.type_specific else { panic!("no instant payment") };
    rtp
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
        assert_eq!(["MP2P", "SALA"].contains(&message.purpose_code.as_str()), !is_company);
    }
}
