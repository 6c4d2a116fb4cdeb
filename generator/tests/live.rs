//! Payments of a run without an end: the time is given, everything else follows.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use generator::{Buffer, Config, Curve, Live, LiveConfig, midnight_micros};
use schemas::Payment;
use schemas::payment::{PaymentStatus, PaymentType};
use std::collections::HashMap;
use std::time::Duration;

const HOUR: i64 = 3_600_000_000;
const WEEK: i64 = 168 * HOUR;

fn live(curve: Curve, update_share: f64) -> Live {
    let (base, update_within) = (Config::default(), Duration::from_mins(10));
    Live::new(LiveConfig { base, curve, update_share, update_within }).unwrap()
}

fn monday(text: &str) -> i64 {
    midnight_micros(text.parse().unwrap())
}

fn rail(payment: &Payment) -> PaymentType {
    payment.payment_header.as_ref().unwrap().payment_type()
}

/// The parts of the rails, by time spread over the week as the curve says.
fn shares(live: &mut Live, start: i64) -> HashMap<PaymentType, f64> {
    let mut buffer = Buffer::default();
    let (mut shares, mut total) = (HashMap::new(), 0.0);
    for step in 0..100_000 {
        let micros = start + step * (WEEK / 100_000) + step % 977;
        let weight = live.intensity(micros);
        if weight > 0.0 {
            *shares.entry(rail(live.fill(micros as u64, 0, &mut buffer).0)).or_insert(0.0) += weight;
            total += weight;
        }
    }
    for share in shares.values_mut() {
        *share /= total;
    }
    shares
}

#[test]
fn over_a_week_the_mix_is_the_configured_one_whatever_the_curve() {
    let declared = [
        (PaymentType::Ach, 0.30),
        (PaymentType::Wire, 0.15),
        (PaymentType::Card, 0.25),
        (PaymentType::Rtp, 0.10),
        (PaymentType::Sepa, 0.10),
        (PaymentType::Check, 0.05),
        (PaymentType::P2p, 0.05),
    ];
    for curve in [Curve::Flat, Curve::Calendar] {
        let shares = shares(&mut live(curve, 0.3), monday("2026-03-02"));
        for (rail, share) in declared {
            let found = shares[&rail];
            assert!((found - share).abs() < 0.01, "{curve:?} {rail:?}: {found} instead of {share}");
        }
    }
}

#[test]
fn the_calendar_curve_has_its_mean_over_every_week_and_its_low_at_night_on_sundays() {
    let mut live = live(Curve::Calendar, 0.3);
    for week in ["2024-12-23", "2026-03-02", "2026-11-23", "2031-06-02"] {
        let start = monday(week);
        let mean = (0..168).map(|hour| live.intensity(start + hour * HOUR)).sum::<f64>() / 168.0;
        assert!((mean - 1.0).abs() < 1e-9, "{week}: {mean}");
        let (tuesday, sunday) = (live.intensity(start + 39 * HOUR), live.intensity(start + 151 * HOUR));
        assert!(tuesday > 4.0 * sunday, "{week}: {tuesday} {sunday}");
    }
}

#[test]
fn the_flat_curve_is_flat_but_for_hours_in_which_nothing_works() {
    let start = monday("2026-03-02");
    let mut live = live(Curve::Flat, 0.3);
    assert!((0..168).all(|hour| (live.intensity(start + hour * HOUR) - 1.0).abs() < 1e-9));
    let base = Config { mix: "WIRE=1".parse().unwrap(), ..Config::default() };
    let update_within = Duration::from_mins(10);
    let mut wires =
        Live::new(LiveConfig { base, curve: Curve::Flat, update_share: 0.0, update_within }).unwrap();
    for hour in 0..168 {
        let found = wires.intensity(start + hour * HOUR);
        assert!(found == 0.0 || (found - 1.0).abs() < 1e-9);
    }
    assert!(wires.intensity(start + 150 * HOUR) == 0.0, "a Sunday");
}

#[test]
fn on_a_sunday_no_rail_pays_that_needs_a_banking_day() {
    let sunday = monday("2026-03-02") + 6 * 24 * HOUR;
    let mut buffer = Buffer::default();
    for curve in [Curve::Flat, Curve::Calendar] {
        let mut live = live(curve, 0.3);
        for step in 0..5_000 {
            // From five in the morning, when it is Sunday from Berlin to Chicago, to ten in the evening.
            let (payment, _) = live.fill((sunday + 8 * HOUR + step * 10_007_001) as u64, 0, &mut buffer);
            assert!(
                !matches!(rail(payment), PaymentType::Ach | PaymentType::Wire | PaymentType::Check),
                "{payment:?}"
            );
        }
    }
}

#[test]
fn a_payment_is_valid_in_all_its_states_and_keeps_its_id_its_keys_and_its_parties() {
    use schemas::layout::{KeySuffix, Table, row_key};
    let mut live = live(Curve::Calendar, 1.0);
    let (mut first, mut buffer) = (Buffer::default(), Buffer::default());
    let (start, mut ends) = (monday("2026-03-02"), HashMap::new());
    for step in 0..20_000 {
        let index = (start + step * 30_000_017) as u64;
        let (opening, mut next) = live.fill(index, 0, &mut first);
        schemas::validate(opening).unwrap();
        let header = opening.payment_header.as_ref().unwrap();
        assert_eq!((header.status(), header.version), (PaymentStatus::Pending, 1));
        assert_eq!(header.created_at_micros, index as i64);
        let (mut changes, mut last) = (0, header.status());
        while let Some(due) = next {
            changes += 1;
            let (payment, then) = live.fill(index, changes, &mut buffer);
            schemas::validate(payment).unwrap();
            let found = payment.payment_header.as_ref().unwrap();
            assert_eq!((found.version, found.updated_at_micros), (changes + 1, due));
            assert!(due > index as i64 && due <= index as i64 + 600_000_000, "{due}");
            assert_ne!(found.status(), last);
            assert_eq!(payment.parties, opening.parties);
            let amount = |payment: &Payment| {
                let amount = payment.amount.as_ref().unwrap();
                (amount.minor_units, amount.currency.clone())
            };
            assert_eq!(amount(payment), amount(opening));
            for table in Table::ALL {
                let key = |payment| row_key(payment, table, KeySuffix::None);
                assert_eq!(key(payment), key(opening));
            }
            (last, next) = (found.status(), then);
        }
        assert!((1..=3).contains(&changes));
        *ends.entry(last).or_insert(0) += 1;
    }
    for status in ["Completed", "Failed", "Rejected", "Returned", "Refunded", "Cancelled"] {
        assert!(ends.keys().any(|end: &PaymentStatus| format!("{end:?}") == status), "{status}: {ends:?}");
    }
    assert!(!ends.contains_key(&PaymentStatus::Pending) && !ends.contains_key(&PaymentStatus::Processing));
}

#[test]
fn a_share_of_the_payments_is_followed_and_the_others_are_published_with_their_first_answer() {
    let mut live = live(Curve::Flat, 0.3);
    let mut buffer = Buffer::default();
    let (start, mut followed, mut ended) = (monday("2026-03-02"), 0, HashMap::new());
    for step in 0..20_000 {
        let index = (start + step * 30_000_017) as u64;
        let is_followed = live.is_followed(index);
        followed += u32::from(is_followed);
        let (payment, next) = live.fill(index, 0, &mut buffer);
        let header = payment.payment_header.as_ref().unwrap();
        assert_eq!(next.is_some(), is_followed);
        let answered = header.updated_at_micros - header.created_at_micros;
        if is_followed {
            assert_eq!((header.status(), answered), (PaymentStatus::Pending, 0));
        } else {
            assert!((0..=10_000_000).contains(&answered), "{answered}");
            let is_open = matches!(header.status(), PaymentStatus::Pending | PaymentStatus::Processing);
            *ended.entry((rail(payment), is_open)).or_insert(0) += 1;
        }
    }
    assert!((5_700..6_300).contains(&followed), "{followed}");
    for rail in [PaymentType::Ach, PaymentType::Check, PaymentType::Wire] {
        assert!(ended.contains_key(&(rail, true)), "{ended:?}");
    }
    assert!(
        !ended.contains_key(&(PaymentType::Ach, false)) && !ended.contains_key(&(PaymentType::Check, false))
    );
    assert!(ended.contains_key(&(PaymentType::Rtp, false)) && !ended.contains_key(&(PaymentType::Rtp, true)));
}

#[test]
fn nothing_has_settled_before_its_time() {
    let start = monday("2026-03-02");
    let (mut live, mut buffer, mut settled) = (live(Curve::Calendar, 0.6), Buffer::default(), 0);
    for step in 0..20_000 {
        let index = (start + step * 30_000_017) as u64;
        for changes in 0.. {
            let (payment, then) = live.fill(index, changes, &mut buffer);
            let header = payment.payment_header.as_ref().unwrap();
            let date = &payment.processing_info.as_ref().unwrap().settlement_date;
            let is_final = !matches!(header.status(), PaymentStatus::Pending | PaymentStatus::Processing);
            // The payees of cards, apps and instant payments have the money before the banks settle.
            let waits = !matches!(rail(payment), PaymentType::Card | PaymentType::P2p | PaymentType::Rtp);
            if is_final && !date.is_empty() && waits {
                // Europe's clocks are two hours ahead at most.
                let seen =
                    chrono::DateTime::from_timestamp_micros(header.updated_at_micros + 2 * HOUR).unwrap();
                assert!(*date <= seen.date_naive().to_string(), "{payment:?}");
                settled += 1;
            }
            if then.is_none() {
                break;
            }
        }
    }
    assert!(settled > 5_000, "{settled}");
}

#[test]
fn a_payment_does_not_depend_on_what_was_made_before_it() {
    let start = monday("2026-03-02");
    let (mut one, mut other) = (live(Curve::Calendar, 0.3), live(Curve::Calendar, 0.3));
    let (mut buffer, mut fresh) = (Buffer::default(), Buffer::default());
    let indices: Vec<_> = (0..500).map(|step| (start + step * 3 * 24 * HOUR + step * 1_003) as u64).collect();
    let forward: Vec<_> = indices.iter().map(|index| one.fill(*index, 0, &mut buffer).0.clone()).collect();
    for (index, payment) in indices.iter().zip(&forward).rev() {
        assert_eq!(other.fill(*index, 0, &mut fresh).0, payment);
    }
}

/// The tables keep the newest cell of each column: a column that only an earlier state has would stay in the row.
#[test]
fn a_later_state_has_all_columns_of_the_earlier_ones() {
    let (mut live, mut buffer) = (live(Curve::Flat, 1.0), Buffer::default());
    let mut lost = HashMap::<(String, String), u64>::new();
    for step in 0..20_000 {
        let index = (monday("2026-03-02") + step * (WEEK / 20_000) + step % 977) as u64;
        let mut before: Vec<(schemas::layout::Column, Vec<u8>)> = Vec::new();
        for changes in 0..6 {
            let (payment, next) = live.fill(index, changes, &mut buffer);
            let mut now = Vec::new();
            schemas::layout::cells(payment, |column, value| now.push((column, value.to_vec())));
            let status = payment.payment_header.as_ref().unwrap().status().as_str_name().to_owned();
            for (column, _) in &before {
                if now.iter().all(|(other, _)| other != column) {
                    *lost.entry((format!("{column:?}"), status.clone())).or_default() += 1;
                }
            }
            before = now;
            if next.is_none() {
                break;
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}
