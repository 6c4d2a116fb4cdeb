//! Cards, who pays whom, months, rhythm, velocity, injected patterns.

// Shares of whole numbers are exact.
#![allow(clippy::float_cmp)]

use schemas::payment::{Card, Check, TypeSpecific};

use super::{DAY, HOUR, MINUTE, Made, PartyType, card, find, is_ok, made, p2p};
use crate::random::Stream;

#[test]
fn a_card_is_not_in_two_places_at_once() {
    let what = "impossible journeys";
    let used = |country: &str, coordinates: &str, micros| {
        let card = Card { merchant_coordinates: coordinates.into(), ..card("tok_1") };
        made(TypeSpecific::Card(card), micros).at_shop("M1", country)
    };
    let (new_york, los_angeles) = ("40.7128,-74.0060", "34.0522,-118.2437");
    let trip = |hours| [used("US", new_york, 0), used("US", los_angeles, hours * HOUR)];
    assert!(is_ok(&trip(5), what));
    assert!(!is_ok(&trip(3), what));
    let abroad = |hours| [used("US", "", 0), used("FR", "", hours * HOUR)];
    assert!(is_ok(&abroad(9), what));
    assert!(!is_ok(&abroad(3), what));
    // A purchase online in between is made from anywhere.
    let online = Card { entry_mode: "ECOMMERCE".into(), ..card("tok_1") };
    let online = made(TypeSpecific::Card(online), HOUR).at_shop("M2", "JP");
    assert!(is_ok(&[used("US", "", 0), online, used("US", "", 2 * HOUR)], what));
}

#[test]
fn a_dead_card_stays_dead() {
    let what = "cards approved after a decline";
    let used = |token: u32, code: &str, day| {
        let card = Card { response_code: code.into(), ..card(&format!("tok_{token}")) };
        made(TypeSpecific::Card(card), day * DAY)
    };
    let lives = |after: &str| -> Vec<Made> {
        let life = |token| [used(token, "00", 0), used(token, "54", 1), used(token, after, 2)];
        (0..30).flat_map(life).collect()
    };
    assert!(is_ok(&lives("54"), what));
    assert!(!is_ok(&lives("00"), what));
}

/// Persons in a ring of circles of five, each of which pays the others of the circle and one in the next; `back` says
/// whether they pay back.
fn friends(back: bool) -> Vec<Made> {
    let mut payments = Vec::new();
    let mut pay = |a: u32, b: u32, times: i64| {
        for time in 0..times {
            payments.push(made(p2p("ZELLE"), time * DAY).persons(a, b));
        }
    };
    for circle in 0..100 {
        for a in 0..5 {
            for b in (0..5).filter(|b| a < *b) {
                pay(circle * 5 + a, circle * 5 + b, 5);
                if back {
                    pay(circle * 5 + b, circle * 5 + a, 4);
                }
            }
            for step in 1..5 {
                pay(circle * 5 + a, (circle * 5 + a + 5 * step * step + step) % 500, 1);
            }
        }
    }
    payments
}

/// Each person pays somebody who is paid by nobody else and never pays.
fn strangers() -> Vec<Made> {
    let pay = |n: u32| (0..25).map(move |day| made(p2p("ZELLE"), day * DAY).persons(n, 10_000 + n));
    (0..200).flat_map(pay).collect()
}

#[test]
fn payees_have_several_payers_and_pay_themselves() {
    for what in [
        "payees but shops with a second payer",
        "customers who are paid",
        "accounts that send and receive",
        "pairs of persons that pay back",
        "clustering of persons",
    ] {
        assert!(is_ok(&friends(true), what), "{:?}", find(&friends(true), what));
    }
    for what in
        ["payees but shops with a second payer", "pairs of persons that pay back", "clustering of persons"]
    {
        assert!(!is_ok(&strangers(), what), "{what}");
    }
    assert!(!is_ok(&friends(false), "pairs of persons that pay back"));
}

#[test]
fn customers_of_a_closed_economy_are_paid() {
    let days = |n: u32| (0..25).map(move |day| made(p2p("ZELLE"), day * DAY).persons(n, 10_000 + n));
    let open: Vec<Made> = (0..20).flat_map(days).collect();
    for what in ["customers who are paid", "accounts that send and receive"] {
        assert!(!is_ok(&open, what));
    }
}

#[test]
fn pairs_of_persons_come_again() {
    let what = "pairs of persons that pay again";
    assert!(is_ok(&friends(true), what));
    let pay = |n: u32| (1..15).map(move |step| made(p2p("ZELLE"), 0).persons(n, (n + step * step) % 200));
    let once: Vec<Made> = (0..200).flat_map(pay).collect();
    assert!(!is_ok(&once, what));
}

#[test]
fn some_shops_are_busy() {
    let what = "customers of a shop, Gini";
    let visits = |customers: fn(u32) -> u32| -> Vec<Made> {
        let visit = |shop: u32, n: u32| {
            let buyer = (format!("CUST{n:06}"), PartyType::Individual);
            let shop = (format!("MRCH{shop:06}"), PartyType::Merchant);
            made(TypeSpecific::Card(card("tok_1")), 0).between((&buyer.0, buyer.1), (&shop.0, shop.1))
        };
        (1..=50).flat_map(|shop| (0..customers(shop)).map(move |n| visit(shop, n))).collect()
    };
    assert!(is_ok(&visits(|shop| 200_u32.div_ceil(shop)), what));
    assert!(!is_ok(&visits(|_| 6), what));
}

#[test]
fn a_month_has_so_many_payments_and_one_rent() {
    let month = |a_day: i64, rents: u32| -> Vec<Made> {
        let rent = || TypeSpecific::Check(Check { memo: "Rent".into(), ..Check::default() });
        let life = |n: u32| {
            let spent = (0..30 * a_day).map(move |k| made(p2p("ZELLE"), k * DAY / a_day).persons(n, n + 1));
            let rented = (0..rents).map(move |k| made(rent(), i64::from(k) * HOUR).persons(n, 900));
            spent.chain(rented)
        };
        (0..50).flat_map(life).collect()
    };
    for what in ["payments of a person in a month", "tenants who pay two rents"] {
        assert!(is_ok(&month(1, 1), what));
    }
    assert!(!is_ok(&month(2, 4), "payments of a person in a month"));
    assert!(!find(&month(6, 1), "payments of a person in a month").is_applicable());
    // As many rents as before, but half of the tenants pay two.
    let mut broken = month(1, 0);
    let rent = || TypeSpecific::Check(Check { memo: "Rent".into(), ..Check::default() });
    broken.extend((0..48).map(|k| made(rent(), i64::from(k) * HOUR).persons(k % 24, 900 + k / 24)));
    assert!(!is_ok(&broken, "tenants who pay two rents"));
}

#[test]
fn nobody_has_a_score_of_subscriptions() {
    let what = "persons with more than 12 subscriptions";
    let paid = |person: u32, arrangement: u32| {
        let card = Card { entry_mode: "CREDENTIAL_ON_FILE".into(), ..card("tok_1") };
        made(TypeSpecific::Card(card), 0).persons(person, 900).standing(&format!("REC{person}-{arrangement}"))
    };
    let spent = || (0..100).flat_map(|n| [0, 30 * DAY].map(|at| made(p2p("ZELLE"), at).persons(n, n + 1)));
    let all = |of: fn(u32) -> u32| -> Vec<Made> {
        spent().chain((0..100).flat_map(|n| (0..of(n)).map(move |k| paid(n, k)))).collect()
    };
    assert!(is_ok(&all(|n| n % 5), what));
    assert!(!is_ok(&all(|n| if n.is_multiple_of(10) { 20 } else { 1 }), what));
}

/// Payments of forty cards in a month, at the times that `next` says after the last.
fn cards_in(mut next: impl FnMut(&mut Stream) -> i64) -> Vec<Made> {
    let mut payments = Vec::new();
    for n in 0..1_000 {
        let mut choice = Stream::new(n, 1);
        let mut micros = 0;
        while micros < 30 * DAY {
            payments.push(made(TypeSpecific::Card(card(&format!("tok_{n}"))), micros));
            micros += next(&mut choice);
        }
    }
    payments
}

#[test]
fn people_pay_in_busy_times_and_not_by_the_clock() {
    // Some payments ten minutes apart; short breaks come together, and long ones.
    let (mut left, mut hours) = (0, 0);
    let lively = cards_in(|choice| {
        if left == 0 {
            (left, hours) = (4, if choice.chance(0.6) { 2 } else { 60 });
        }
        left -= 1;
        if choice.chance(0.1) { 10 * MINUTE } else { choice.between(1, hours * 60) as i64 * MINUTE }
    });
    let regular = cards_in(|choice| choice.between(11 * 60, 13 * 60) as i64 * MINUTE);
    for what in ["gaps, variation", "payments with another within 30 minutes"] {
        assert!(is_ok(&lively, what), "{:?}", find(&lively, what));
        assert!(!is_ok(&regular, what), "{:?}", find(&regular, what));
    }
    assert!(is_ok(&lively, "gaps, lag-1"), "{:?}", find(&lively, "gaps, lag-1"));
    // A long gap after each short one.
    let mut is_short = false;
    let dealt = cards_in(|_| {
        is_short = !is_short;
        if is_short { 2 * HOUR } else { 20 * HOUR }
    });
    assert!(!is_ok(&dealt, "gaps, lag-1"));
    assert!(is_ok(&lively, "active lifetime"));
    let short: Vec<Made> = lively.into_iter().filter(is_early).collect();
    let last = made(TypeSpecific::Card(card("tok_0")), 30 * DAY);
    assert!(!is_ok(&short.into_iter().chain([last]).collect::<Vec<_>>(), "active lifetime"));
}

fn is_early(made: &Made) -> bool {
    made.0.payment_header.as_ref().unwrap().created_at_micros < super::start() + 12 * DAY
}

#[test]
fn bursts_within_minutes_are_few() {
    let run =
        |part: f64, minutes: i64| {
            cards_in(move |choice| {
                if choice.chance(part) { minutes * MINUTE } else { choice.between(20, 40) as i64 * HOUR }
            })
        };
    for (what, minutes) in
        [("payments with another within 1 minute", 1), ("payments with another within 5 minutes", 4)]
    {
        assert!(is_ok(&run(0.05, minutes), what), "{:?}", find(&run(0.05, minutes), what));
        assert!(!is_ok(&run(0.6, minutes), what), "{:?}", find(&run(0.6, minutes), what));
    }
}

#[test]
fn standing_orders_keep_their_day() {
    let what = "gaps of standing orders";
    let orders = |days: [i64; 4]| -> Vec<Made> {
        let of = |n: u32| {
            days.map(|day| made(p2p("ZELLE"), day * DAY).persons(n, n + 1).standing(&format!("REC{n}")))
        };
        (0..40).flat_map(of).collect()
    };
    assert!(is_ok(&orders([0, 7, 14, 21]), what));
    assert!(!is_ok(&orders([0, 0, 0, 21]), what));
}

#[test]
fn the_fast_are_counted() {
    let month = |hasty: u32| -> Vec<Made> {
        let life = |n: u32| {
            let gap = if n < hasty { 10 * MINUTE } else { 20 * HOUR };
            let times = (0..5).map(move |k| k * gap).chain([20 * DAY, 30 * DAY]);
            times.map(move |at| made(p2p("ZELLE"), at).persons(n, n + 1))
        };
        (0..200).flat_map(life).collect()
    };
    for what in ["persons who trip R1,", "persons who trip any of R1"] {
        assert!((find(&month(12), what).observed - 0.06).abs() < 1e-9);
        assert!(find(&month(0), what).observed < 1e-9);
    }
}

#[test]
fn the_rules_of_velocity_count_what_they_say() {
    let tripped = |rule: &str, change: fn(Made, u32, i64) -> Made, gap: i64| {
        let life = |n| (0..7).map(move |k| change(made(p2p("ZELLE"), k * gap).persons(n, 900), n, k));
        find(&(0..100).flat_map(life).collect::<Vec<_>>(), &format!("persons who trip {rule}")).observed
    };
    let same: fn(Made, u32, i64) -> Made = |made, _, _| made;
    let rich: fn(Made, u32, i64) -> Made = |made, _, _| made.amount(30_000, "USD");
    let large: fn(Made, u32, i64) -> Made =
        |made, _, k| if k == 3 { made.amount(3_001, "USD") } else { made };
    let failing: fn(Made, u32, i64) -> Made = |made, _, _| made.with(|info| info.reason_code = "51".into());
    assert_eq!((tripped("R3", same, HOUR), tripped("R3", rich, HOUR)), (0.0, 1.0));
    assert_eq!((tripped("R6", same, HOUR), tripped("R6", large, HOUR)), (0.0, 1.0));
    assert_eq!((tripped("R7", same, MINUTE), tripped("R7", failing, MINUTE)), (0.0, 1.0));
    assert_eq!((tripped("R1", same, 21 * MINUTE), tripped("R1", same, 20 * MINUTE)), (0.0, 1.0));
    let shops = |many: bool| -> Vec<Made> {
        let visit = |n: u32, k: u32| {
            let shop = format!("MRCH{}", if many { k } else { k % 2 });
            let used = made(TypeSpecific::Card(card(&format!("tok_{n}_{}", k % 3))), i64::from(k) * HOUR);
            used.persons(n, 900).at_shop(&shop, "US")
        };
        (0..100).flat_map(|n| (0..7).map(move |k| visit(n, k))).collect()
    };
    let observed =
        |payments: &[Made], rule: &str| find(payments, &format!("persons who trip {rule}")).observed;
    assert_eq!((observed(&shops(false), "R2"), observed(&shops(true), "R2")), (0.0, 1.0));
    assert_eq!(observed(&shops(true), "R5"), 1.0);
    assert_eq!(tripped("R5", same, HOUR), 0.0);
}

#[test]
fn a_duplicate_has_a_twin() {
    let what = "duplicates without a twin";
    let twin = |amount| made(p2p("ZELLE"), 0).amount(amount, "USD").injected("DUPLICATE_PAYMENT", "ANM1");
    assert!(is_ok(&[twin(1_000), twin(1_000)], what));
    assert!(!is_ok(&[twin(1_000), twin(1_001)], what));
}

#[test]
fn a_score_has_false_alarms_and_misses() {
    let run = |alarm: fn(u32) -> u32| -> Vec<Made> {
        let honest = |n| made(p2p("ZELLE"), 0).with(|info| info.risk_score = alarm(n));
        let caught = |n: u32| if n.is_multiple_of(2) { 90 } else { 10 };
        let fraud = |n| {
            made(p2p("ZELLE"), 0).injected("MULE_FAN_IN", "ANM1").with(|info| info.risk_score = caught(n))
        };
        (0..5_000).map(honest).chain((0..300).map(fraud)).collect()
    };
    let noisy = run(|n| if n.is_multiple_of(25) { 70 } else { n % 30 });
    let silent = run(|n| n % 8);
    for what in ["scores above 64 that are false alarms", "risk score, area"] {
        assert!(is_ok(&noisy, what), "{:?}", find(&noisy, what));
        assert!(!is_ok(&silent, what), "{:?}", find(&silent, what));
    }
}

#[test]
fn a_part_of_a_run_says_nothing_of_what_a_person_has_in_all() {
    let mut relations = super::Relations::default();
    for made in strangers() {
        relations.look(&made.0);
    }
    let lines = relations.lines(false);
    let line = lines.iter().find(|line| line.what.starts_with("payees but shops")).unwrap();
    assert!(
        line.is_ok() && !line.is_applicable() && line.what.ends_with("(not applicable: a part of the run)")
    );
}
