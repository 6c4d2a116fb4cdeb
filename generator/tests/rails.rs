//! Each rail's own rules, on payments of every preset.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, Datelike, NaiveDate, Weekday};
use generator::{Config, Generator, Mix};
use schemas::Payment;
use schemas::payment::{PaymentHeader, PaymentStatus, ProcessingInfo, TypeSpecific};
use std::collections::{HashMap, HashSet};

fn each(config: Config, mut look: impl FnMut(&Payment, &PaymentHeader, &ProcessingInfo, &TypeSpecific)) {
    let generator = Generator::new(config).unwrap();
    for index in 0..generator.config().num_records {
        let payment = generator.payment(index);
        look(
            &payment,
            payment.payment_header.as_ref().unwrap(),
            payment.processing_info.as_ref().unwrap(),
            payment.type_specific.as_ref().unwrap(),
        );
    }
}

fn configs() -> Vec<Config> {
    let mix = |text: &str| text.parse::<Mix>().unwrap();
    let base = Config { num_records: 40_000, ..Config::default() };
    let year = Config {
        start_date: "2024-10-01".parse().unwrap(),
        end_date: "2025-11-30".parse().unwrap(),
        ..base.clone()
    };
    vec![
        base.clone(),
        Config { mix: mix("us"), seed: 3, ..base.clone() },
        Config { mix: mix("eu"), seed: 4, ..base },
        year,
    ]
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no date"))
}

fn currency(payment: &Payment) -> &str {
    &payment.amount.as_ref().unwrap().currency
}

fn cents(payment: &Payment) -> i64 {
    payment.amount.as_ref().unwrap().minor_units
}

#[test]
fn ach_entries_keep_nachas_rules() {
    let fed_holidays =
        ["2024-10-14", "2024-11-11", "2024-11-28", "2024-12-25", "2025-01-01", "2025-07-04"].map(day);
    for config in configs() {
        each(config, |payment, header, _, specific| {
            let TypeSpecific::Ach(ach) = specific else { return };
            assert_eq!(currency(payment), "USD");
            assert!(["PPD", "WEB", "CCD", "CTX", "IAT", "TEL"].contains(&ach.sec_code.as_str()));
            let effective = day(&ach.effective_entry_date);
            assert!(!matches!(effective.weekday(), Weekday::Sat | Weekday::Sun), "{effective}");
            assert!(!fed_holidays.contains(&effective), "{effective}");
            let created = DateTime::from_timestamp_micros(header.created_at_micros).unwrap().date_naive();
            assert!(effective >= created - chrono::Days::new(1));
            if ach.same_day {
                assert!(cents(payment) <= 100_000_000 && ach.sec_code != "IAT");
            }
            let addenda = match ach.sec_code.as_str() {
                "CTX" => 1..=9_999,
                "IAT" => 7..=12,
                "TEL" => 0..=0,
                _ => 0..=1,
            };
            assert!(addenda.contains(&ach.addenda_count), "{} {}", ach.sec_code, ach.addenda_count);
            assert_eq!(ach.addenda_count == 0, ach.addenda_info.is_empty());
            let is_debit = matches!(ach.transaction_code.as_str(), "27" | "37");
            assert_eq!(is_debit, ach.direction == "DEBIT");
            assert!(ach.sec_code != "CTX" || ach.direction == "CREDIT");
        });
    }
}

#[test]
fn cards_tell_one_story() {
    for config in configs() {
        each(config, |_, header, info, specific| {
            let TypeSpecific::Card(card) = specific else { return };
            let present = matches!(card.entry_mode.as_str(), "CHIP" | "CONTACTLESS" | "MAGSTRIPE");
            assert_eq!(info.channel == "POS", present);
            assert!(!present || card.three_ds_status.is_empty());
            match header.status() {
                PaymentStatus::Failed => {
                    assert_eq!(card.lifecycle, "DECLINED");
                    assert!(card.auth_code.is_empty() && card.acquirer_reference.is_empty());
                    assert!(card.response_code != "00" && info.reason_code == card.response_code);
                }
                PaymentStatus::Completed => {
                    assert_eq!((card.lifecycle.as_str(), card.response_code.as_str()), ("CAPTURED", "00"));
                    assert_eq!((card.auth_code.len(), card.acquirer_reference.len()), (6, 23));
                }
                PaymentStatus::Refunded => assert_eq!(card.lifecycle, "REFUNDED"),
                PaymentStatus::Processing => assert_eq!(card.lifecycle, "AUTHORISED"),
                PaymentStatus::Cancelled => assert_eq!(card.lifecycle, "REVERSED"),
                PaymentStatus::Pending => assert!(card.auth_code.is_empty()),
                other => panic!("a card payment is {other:?}"),
            }
            if matches!(card.three_ds_status.as_str(), "N" | "R") {
                assert_eq!(header.status(), PaymentStatus::Failed);
            }
        });
    }
}

#[test]
fn the_other_rails_keep_theirs() {
    let one_million_until = day("2025-02-09");
    for config in configs() {
        each(config, |payment, header, info, specific| {
            let created = DateTime::from_timestamp_micros(header.created_at_micros).unwrap().date_naive();
            match specific {
                TypeSpecific::Rtp(rtp) => {
                    assert_eq!(currency(payment), "USD");
                    assert!(cents(payment) <= 1_000_000_000);
                    assert!(created >= one_million_until || cents(payment) <= 100_000_000);
                    assert_eq!(rtp.acceptance_status == "RJCT", header.status() == PaymentStatus::Rejected);
                    assert_eq!(rtp.reject_code, info.reason_code);
                    assert!(rtp.message_id.len() <= 35);
                }
                TypeSpecific::Sepa(sepa) => {
                    assert_eq!(currency(payment), "EUR");
                    assert_eq!(sepa.charge_bearer, "SLEV");
                    let debit = sepa.scheme.starts_with("SDD");
                    for field in [
                        &sepa.mandate_id,
                        &sepa.mandate_signature_date,
                        &sepa.creditor_id,
                        &sepa.sequence_type,
                    ] {
                        assert_eq!(debit, !field.is_empty());
                    }
                    assert!(!debit || day(&sepa.mandate_signature_date) < created);
                }
                TypeSpecific::Check(check) => {
                    assert_eq!(currency(payment), "USD");
                    assert_eq!(header.status() == PaymentStatus::Returned, !check.return_reason.is_empty());
                }
                TypeSpecific::Wire(wire) => {
                    assert!(["DEBT", "CRED", "SHAR", "SLEV"].contains(&wire.charge_bearer.as_str()));
                    assert!(!matches!(created.weekday(), Weekday::Sat | Weekday::Sun));
                }
                TypeSpecific::P2p(p2p) => {
                    assert!(cents(payment) <= 350_000);
                    assert!(p2p.sender_token != p2p.recipient_token && p2p.sender_token.starts_with("ptk_"));
                }
                _ => {}
            }
        });
    }
}

#[test]
fn a_status_agrees_with_the_time_and_the_reason() {
    for config in configs() {
        let end = config.end_date;
        each(config, |_, header, info, _| {
            let created = DateTime::from_timestamp_micros(header.created_at_micros).unwrap().date_naive();
            let bad = matches!(
                header.status(),
                PaymentStatus::Failed | PaymentStatus::Rejected | PaymentStatus::Returned
            );
            assert!(!bad || !info.reason_code.is_empty());
            assert!(header.status() != PaymentStatus::Completed || info.reason_code.is_empty());
            if matches!(header.status(), PaymentStatus::Pending | PaymentStatus::Processing) {
                assert!(
                    end - created < chrono::TimeDelta::days(8),
                    "{created} is still {:?}",
                    header.status()
                );
            }
            if header.status() == PaymentStatus::Completed {
                assert!(!info.settlement_date.is_empty());
            }
            assert!(info.risk_score <= 100 && (1..=3).contains(&info.attempts));
        });
    }
}

#[test]
fn arrangements_come_back_with_their_payee_and_rhythm() {
    let config = Config {
        num_records: 120_000,
        start_date: "2024-01-01".parse().unwrap(),
        end_date: "2024-04-30".parse().unwrap(),
        mix: "SEPA=1".parse().unwrap(),
        ..Config::default()
    };
    let mut arrangements: HashMap<String, Vec<(NaiveDate, String, String, String)>> = HashMap::new();
    each(config, |payment, header, _, specific| {
        let TypeSpecific::Sepa(sepa) = specific else { return };
        let metadata = payment.metadata.as_ref().unwrap();
        if !metadata.recurrence_id.is_empty() && sepa.scheme == "SDD_CORE" {
            let parties = payment.parties.as_ref().unwrap();
            let created = DateTime::from_timestamp_micros(header.created_at_micros).unwrap().date_naive();
            arrangements.entry(metadata.recurrence_id.clone()).or_default().push((
                created,
                parties.originator.as_ref().unwrap().party_id.clone(),
                parties.counterparty.as_ref().unwrap().account_number.clone(),
                sepa.mandate_id.clone(),
            ));
        }
    });
    let monthly = arrangements.values().filter(|payments| payments.len() == 4).count();
    assert!(monthly * 10 > arrangements.len() * 8, "{monthly} of {}", arrangements.len());
    for payments in arrangements.values_mut() {
        payments.sort();
        let parties: HashSet<_> = payments.iter().map(|(_, from, to, mandate)| (from, to, mandate)).collect();
        assert_eq!(parties.len(), 1);
        for pair in payments.windows(2) {
            let days = (pair[1].0 - pair[0].0).num_days();
            // One, two or three months, the second of which may be February.
            let is_monthly = [25..=37, 57..=67, 86..=97].iter().any(|months| months.contains(&days));
            assert!(is_monthly, "{days} days apart");
        }
    }
}
