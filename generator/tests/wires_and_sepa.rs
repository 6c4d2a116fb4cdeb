//! Addresses, settlement days, correspondents, returns and mandates, against the calendars and the rulebooks.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, Weekday};
use generator::{Buffer, Config, Curve, Generator, Live, LiveConfig};
use schemas::Payment;
use schemas::payment::{
    Party, PartyType, PaymentHeader, PaymentStatus, ProcessingInfo, Sepa, TypeSpecific, Wire,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

fn run(mix: &str, records: u64, from: &str, to: &str) -> Config {
    Config {
        mix: mix.parse().unwrap(),
        num_records: records,
        start_date: from.parse().unwrap(),
        end_date: to.parse().unwrap(),
        ..Config::default()
    }
}

/// Each payment in turn, in the same buffer.
fn each(config: Config, mut look: impl FnMut(&Payment)) {
    let generator = Generator::new(config).unwrap();
    let mut buffer = Buffer::default();
    for index in 0..generator.config().num_records {
        look(generator.fill(index, &mut buffer));
    }
}

fn header(payment: &Payment) -> &PaymentHeader {
    payment.payment_header.as_ref().unwrap()
}

fn info(payment: &Payment) -> &ProcessingInfo {
    payment.processing_info.as_ref().unwrap()
}

fn parties(payment: &Payment) -> [&Party; 2] {
    let parties = payment.parties.as_ref().unwrap();
    [parties.originator.as_ref().unwrap(), parties.counterparty.as_ref().unwrap()]
}

fn wire(payment: &Payment) -> Option<&Wire> {
    match payment.type_specific.as_ref().unwrap() {
        TypeSpecific::Wire(wire) => Some(wire),
        _ => None,
    }
}

fn sepa(payment: &Payment) -> Option<&Sepa> {
    match payment.type_specific.as_ref().unwrap() {
        TypeSpecific::Sepa(sepa) => Some(sepa),
        _ => None,
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no date"))
}

/// The date and the minute on clocks that are so many hours ahead of UTC.
fn local(micros: i64, hours: i32) -> (NaiveDate, u32) {
    let zone = FixedOffset::east_opt(hours * 3_600).unwrap();
    let time = DateTime::from_timestamp_micros(micros).unwrap().with_timezone(&zone);
    (time.date_naive(), chrono::Timelike::num_seconds_from_midnight(&time) / 60)
}

#[test]
fn wires_and_sepa_payments_carry_addresses_and_others_none() {
    let mut kept: HashMap<String, [String; 4]> = HashMap::new();
    let (mut with, mut without) = (0, 0);
    each(Config { num_records: 60_000, ..Config::default() }, |payment| {
        let is_abroad =
            |specific: &TypeSpecific| matches!(specific, TypeSpecific::Ach(ach) if ach.sec_code == "IAT");
        let carries = wire(payment).is_some()
            || sepa(payment).is_some()
            || payment.type_specific.as_ref().is_some_and(is_abroad);
        for party in parties(payment) {
            let address = [&party.street_name, &party.post_code, &party.town_name, &party.region_code];
            let address = address.map(String::clone);
            if !carries {
                // Of a shop the town is known, as a card's statement has it.
                let known = if party.party_type() == PartyType::Merchant { 2 } else { 4 };
                assert!(address[..known].iter().all(String::is_empty), "{party:?}");
                without += 1;
                continue;
            }
            with += 1;
            assert!(address[..3].iter().all(|field| !field.is_empty()), "{party:?}");
            assert_eq!(
                address[3].len(),
                if ["US", "CA"].contains(&party.country_code.as_str()) { 2 } else { 0 }
            );
            let key = format!("{} {}", party.party_id, party.country_code);
            assert_eq!(kept.entry(key).or_insert_with(|| address.clone()), &address, "{party:?} has moved");
        }
    });
    assert!(with > 2_000 && without > 2_000 && kept.len() * 2 < with, "{with} {without} {}", kept.len());
}

/// In winter: how far the clock that a cycle names is ahead of UTC.
fn winter_hours(cycle: &str) -> i32 {
    match cycle.rsplit_once(' ').unwrap().1 {
        "Asia/Tokyo" => 9,
        "Europe/Berlin" | "Europe/Zurich" | "Europe/Madrid" => 1,
        "Europe/London" | "UTC" => 0,
        "America/New_York" | "America/Toronto" => -5,
        "America/Mexico_City" | "America/Chicago" => -6,
        "America/Denver" => -7,
        "America/Los_Angeles" => -8,
        zone => panic!("{zone}"),
    }
}

#[test]
fn a_settlement_date_names_its_system_and_is_never_before_the_payment() {
    let mut next_day = 0;
    for mix in ["seed", "SEPA=1", "WIRE=1"] {
        each(run(mix, 40_000, "2024-01-08", "2024-02-20"), |payment| {
            let info = info(payment);
            assert_eq!(info.settlement_date.is_empty(), info.settlement_cycle.is_empty(), "{info:?}");
            if info.settlement_cycle.is_empty() {
                return;
            }
            let system = info.settlement_cycle.split(' ').next().unwrap();
            assert!(system == info.clearing_system || info.clearing_system == "SWIFT", "{info:?}");
            let created = local(header(payment).created_at_micros, winter_hours(&info.settlement_cycle)).0;
            let settled = day(&info.settlement_date);
            assert!(settled >= created, "{info:?} of {created}");
            if sepa(payment).is_some_and(|sepa| sepa.scheme == "SCT_INST") {
                assert_eq!(settled, created);
                next_day += u32::from(created > local(header(payment).created_at_micros, 0).0);
            }
        });
    }
    assert!(next_day > 20, "{next_day} instant payments were made in the hour before midnight UTC");
}

#[test]
fn fedwires_local_instrument_follows_its_move_to_iso_20022() {
    let mut seen: BTreeMap<(bool, bool, String), u32> = BTreeMap::new();
    each(run("WIRE=1", 20_000, "2025-06-16", "2025-08-15"), |payment| {
        let wire = wire(payment).unwrap();
        if info(payment).clearing_system == "FEDWIRE" {
            let created = local(header(payment).created_at_micros, -4).0;
            let is_bank = parties(payment)[1].party_type() == PartyType::FinancialInstitution;
            let key = (is_bank, created >= day("2025-07-14"), wire.local_instrument.clone());
            *seen.entry(key).or_default() += 1;
        } else {
            assert_eq!(wire.local_instrument, "");
        }
    });
    let kinds: Vec<_> = seen.keys().map(|(bank, since, code)| (*bank, *since, code.as_str())).collect();
    let expected = [(false, false, "CTR"), (false, true, "CTRC"), (true, false, "BTR"), (true, true, "")];
    assert_eq!(kinds, expected, "{seen:?}");
}

#[test]
fn intermediaries_are_banks_of_the_currencys_country_and_neither_agent() {
    let home = HashMap::from([
        ("USD", "US"),
        ("EUR", "DE"),
        ("GBP", "GB"),
        ("JPY", "JP"),
        ("CHF", "CH"),
        ("CAD", "CA"),
        ("MXN", "MX"),
    ]);
    let mut seen: HashMap<(String, bool), u32> = HashMap::new();
    each(run("WIRE=1", 60_000, "2024-03-01", "2024-03-31"), |payment| {
        let (wire, system) = (wire(payment).unwrap(), &info(payment).clearing_system);
        let intermediary = &wire.intermediary_agent_bic;
        *seen.entry((system.clone(), !intermediary.is_empty())).or_default() += 1;
        assert_eq!(wire.settlement_method == "CLRG", system != "SWIFT");
        match system.as_str() {
            "CHIPS" => assert!(!intermediary.is_empty(), "no bank abroad is in CHIPS: {wire:?}"),
            "SWIFT" if wire.settlement_method == "COVE" => assert!(intermediary.is_empty()),
            "SWIFT" => {}
            _ => assert!(intermediary.is_empty(), "{system} has both agents: {wire:?}"),
        }
        if !intermediary.is_empty() {
            let currency = payment.amount.as_ref().unwrap().currency.as_str();
            assert_eq!(&intermediary[4..6], home[currency]);
            assert!(*intermediary != wire.debtor_agent_bic && *intermediary != wire.creditor_agent_bic);
        }
    });
    for (system, has) in
        [("CHIPS", true), ("SWIFT", true), ("SWIFT", false), ("FEDWIRE", false), ("T2", false)]
    {
        assert!(seen.get(&(system.to_owned(), has)).is_some_and(|count| *count > 100), "{seen:?}");
    }
}

/// Weekdays of spring 2024 on which systems are closed: Good Friday, Easter Monday, Labour Day; the Bank of England's
/// holidays; Memorial Day.
fn is_open(country: &str, date: NaiveDate) -> bool {
    let closed: &[&str] = match country {
        "US" => &["2024-05-27"],
        "GB" => &["2024-03-29", "2024-04-01", "2024-05-06", "2024-05-27"],
        "CH" | "JP" | "CA" | "MX" => return true,
        _ => &["2024-03-29", "2024-04-01", "2024-05-01"],
    };
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !closed.iter().any(|text| day(text) == date)
}

#[test]
fn wires_settle_when_both_ends_are_open() {
    let (mut foreign, mut fedwire) = (0, 0);
    each(run("WIRE=1", 60_000, "2024-03-25", "2024-05-31"), |payment| {
        let info = info(payment);
        if info.settlement_date.is_empty() {
            return;
        }
        let settled = day(&info.settlement_date);
        let [from, to] = parties(payment);
        assert!(is_open(&from.country_code, settled), "{info:?}");
        match info.clearing_system.as_str() {
            "SWIFT" => {
                foreign += 1;
                assert!(is_open(&to.country_code, settled), "{info:?} to {}", to.country_code);
            }
            "FEDWIRE" => {
                fedwire += 1;
                // Daylight saving time: four hours behind UTC. Third parties' payments are taken until 18:45.
                let (created, minute) = local(header(payment).created_at_micros, -4);
                assert!(settled == created && minute < 18 * 60 + 45, "{info:?} of {created} {minute}");
            }
            _ => {}
        }
    });
    assert!(foreign > 1_000 && fedwire > 1_000, "{foreign} {fedwire}");
}

#[test]
fn purposes_are_ones_that_the_parties_can_have() {
    let mut seen = HashSet::new();
    each(run("WIRE=1,SEPA=1", 60_000, "2024-03-01", "2024-03-31"), |payment| {
        let [from, to] = parties(payment);
        let purpose = match (wire(payment), sepa(payment)) {
            (Some(wire), _) => &wire.purpose_code,
            (_, Some(sepa)) => &sepa.purpose_code,
            _ => return,
        };
        seen.insert(purpose.clone());
        assert_ne!(purpose, "TAXS", "nobody is a tax office");
        assert!(purpose != "SALA" || to.party_type() == PartyType::Individual, "{to:?}");
        assert!(!matches!(purpose.as_str(), "SUPP" | "GDDS") || from.party_type() == PartyType::Business);
        if wire(payment).is_some() {
            let is_treasury = matches!(purpose.as_str(), "TREA" | "INTC" | "CASH");
            assert_eq!(is_treasury, to.party_type() == PartyType::FinancialInstitution, "{purpose} {to:?}");
        }
    });
    for purpose in ["SALA", "RENT", "SUPP", "TREA", "PCOM", "GDDS"] {
        assert!(seen.contains(purpose), "{seen:?}");
    }
}

/// How many TARGET days lie after one date up to another.
fn banking_days(from: NaiveDate, to: NaiveDate) -> usize {
    from.iter_days().skip(1).take_while(|date| *date <= to).filter(|date| is_open("DE", *date)).count()
}

#[test]
fn sepa_returns_keep_their_schemes_time_limits() {
    let mut latest: HashMap<(String, bool), usize> = HashMap::new();
    each(run("SEPA=1", 250_000, "2024-03-01", "2024-05-31"), |payment| {
        let (sepa, info) = (sepa(payment).unwrap(), info(payment));
        if header(payment).status() != PaymentStatus::Returned {
            assert_ne!(info.reason_code, "MD06");
            return;
        }
        let (settled, is_refund) = (day(&info.settlement_date), info.reason_code == "MD06");
        let returned = local(header(payment).updated_at_micros, 2).0;
        assert!(is_open("DE", returned), "{returned}");
        let taken = banking_days(settled, returned);
        let most = match sepa.scheme.as_str() {
            "SDD_CORE" if is_refund => {
                assert!((returned - settled).num_days() <= 56, "eight weeks");
                40
            }
            "SDD_CORE" => 5,
            "SDD_B2B" | "SCT" if !is_refund => 3,
            scheme => panic!("{scheme} came back with {}", info.reason_code),
        };
        assert!((1..=most).contains(&taken), "{taken} days for {}", sepa.scheme);
        let slot = latest.entry((sepa.scheme.clone(), is_refund)).or_default();
        *slot = taken.max(*slot);
    });
    // The limits are reached, so that they are what holds the returns.
    for ((scheme, is_refund), most) in
        [(("SDD_CORE", false), 5), (("SCT", false), 3), (("SDD_B2B", false), 3)]
    {
        assert_eq!(latest[&(scheme.to_owned(), is_refund)], most, "{latest:?}");
    }
    assert!(latest[&("SDD_CORE".to_owned(), true)] > 15, "{latest:?}");
}

#[test]
fn a_mandate_is_used_first_once() {
    let start = day("2024-01-01");
    let mut mandates: HashMap<String, Vec<(NaiveDate, NaiveDate, String)>> = HashMap::new();
    each(run("SEPA=1", 150_000, "2024-01-01", "2024-04-30"), |payment| {
        let sepa = sepa(payment).unwrap();
        if sepa.scheme.starts_with("SDD") && !info(payment).settlement_date.is_empty() {
            let due = day(&info(payment).settlement_date);
            let used = (due, day(&sepa.mandate_signature_date), sepa.sequence_type.clone());
            mandates.entry(sepa.mandate_id.clone()).or_default().push(used);
        }
    });
    let (mut first, mut recurring) = (0, 0);
    for (id, mut uses) in mandates {
        uses.sort();
        let (due, signed, sequence) = uses[0].clone();
        assert!(uses.iter().all(|(_, date, _)| *date == signed) && signed < due, "{id}");
        assert!(uses[1..].iter().all(|(_, _, sequence)| sequence == "RCUR"), "{id}: {uses:?}");
        assert!(signed + Days::new(45) >= start || sequence == "RCUR", "{id}: {uses:?}");
        // The debit a month before this one, give or take the days by which both are moved and February is short, was
        // due before the mandate was signed, or long after.
        let before = due - Months::new(1);
        if before + Days::new(8) < signed {
            assert_eq!(sequence, "FRST", "{id}: {uses:?}");
        }
        if before - Days::new(8) > signed + Days::new(6) {
            assert_eq!(sequence, "RCUR", "{id}: {uses:?}");
        }
        first += u32::from(sequence == "FRST");
        recurring += u32::from(sequence == "RCUR");
    }
    assert!(first > 30 && recurring > first * 20, "{first} of {recurring}");
}

#[test]
fn mandates_of_a_run_without_an_end_are_signed_all_the_time_and_used_first_once() {
    let base = Config { mix: "SEPA=1".parse().unwrap(), num_customers: 60, ..Config::default() };
    let (curve, update_within) = (Curve::Flat, Duration::from_mins(1));
    let mut live = Live::new(LiveConfig { base, curve, update_share: 1.0, update_within }).unwrap();
    let (mut buffer, mut mandates) = (Buffer::default(), HashMap::<String, BTreeMap<String, String>>::new());
    let from = generator::midnight_micros(day("2024-01-01")) as u64;
    for step in 0..120_000_u64 {
        let index = from + step * 182 * 86_400_000_000 / 120_000;
        // On its way: the date is the one that it is due.
        let payment = live.fill(index, 1, &mut buffer).0;
        let sepa = sepa(payment).unwrap();
        if sepa.scheme == "SDD_CORE" && !info(payment).settlement_date.is_empty() {
            assert!(sepa.mandate_signature_date < info(payment).settlement_date);
            let uses = mandates.entry(sepa.mandate_id.clone()).or_default();
            let before = uses.insert(info(payment).settlement_date.clone(), sepa.sequence_type.clone());
            assert!(before.is_none_or(|before| before == sepa.sequence_type));
        }
    }
    let mut first = 0;
    for uses in mandates.values() {
        assert!(uses.values().skip(1).all(|sequence| sequence == "RCUR"), "{uses:?}");
        first += u32::from(uses.values().next().unwrap() == "FRST");
    }
    assert!(first > 5, "{first} of {}", mandates.len());
}
