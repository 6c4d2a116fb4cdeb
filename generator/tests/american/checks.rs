//! Returned checks and check numbers.

use std::collections::{HashMap, HashSet};

use schemas::Payment;
use schemas::payment::{Check, PaymentStatus, TypeSpecific};

use super::*;

fn check(payment: &Payment) -> &Check {
    let Some(TypeSpecific::Check(check)) = &payment.type_specific else { panic!("no check") };
    check
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
fn check_numbers_begin_with_a_books_first_and_go_up_by_one() {
    let mut books = HashMap::<_, Vec<_>>::new();
    for payment in run("CHECK=1", "2024-03-01", "2024-05-31", 10_000, "") {
        let number: u64 = check(&payment).check_number.parse().unwrap();
        books.entry(from(&payment).party_id.clone()).or_default().push((created(&payment), number));
    }
    assert!(books.len() > 100);
    let mut firsts = HashSet::new();
    for book in books.values_mut() {
        book.sort_unstable();
        let first = book[0].1;
        assert!([101, 301, 501, 1_001, 2_001, 2_501, 5_001, 10_001].contains(&first), "{book:?}");
        assert!(book.iter().map(|(_, number)| *number).eq(first..first + book.len() as u64), "{book:?}");
        firsts.insert(first);
    }
    assert!(firsts.len() > 5);
}
