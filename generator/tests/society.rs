//! Who pays whom, how often and under which number: what holds between payments.
//!
//! `PAYMENTS_SOCIETY` sets how many payments of each configuration are looked at; a million where the build is optimised.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use generator::{Buffer, Config, Generator};
use schemas::Payment;
use schemas::payment::{Party, PartyType, PaymentType, TypeSpecific};
use std::collections::{BTreeMap, HashMap, HashSet};

fn payments() -> u64 {
    let wanted = std::env::var("PAYMENTS_SOCIETY").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(if cfg!(debug_assertions) { 150_000 } else { 1_000_000 })
}

fn each(config: Config, mut look: impl FnMut(&Payment, &Party, &Party)) {
    let generator = Generator::new(config).unwrap();
    let mut buffer = Buffer::default();
    for index in 0..generator.config().num_records {
        let payment = generator.fill(index, &mut buffer);
        let parties = payment.parties.as_ref().unwrap();
        look(payment, parties.originator.as_ref().unwrap(), parties.counterparty.as_ref().unwrap());
    }
}

fn config() -> Config {
    Config { num_records: payments(), ..Config::default() }
}

fn described(payment: &Payment) -> &str {
    &payment.metadata.as_ref().unwrap().description
}

fn created(payment: &Payment) -> i64 {
    payment.payment_header.as_ref().unwrap().created_at_micros
}

#[test]
fn payees_are_paid_by_several_and_customers_are_paid() {
    let mut payees: HashMap<String, (u32, HashSet<String>)> = HashMap::new();
    let (mut customers, mut sending, mut receiving) = (HashSet::new(), HashSet::new(), HashSet::new());
    each(config(), |_, from, to| {
        customers.insert(from.party_id.clone());
        if to.party_type() != PartyType::Merchant {
            let payee = payees.entry(to.party_id.clone()).or_default();
            payee.0 += 1;
            payee.1.insert(from.party_id.clone());
            sending.insert(from.account_number.clone());
            receiving.insert(to.account_number.clone());
        }
    });
    let often: Vec<_> = payees.values().filter(|(times, _)| *times >= 5).collect();
    let shared = often.iter().filter(|(_, payers)| payers.len() > 1).count();
    assert!(shared * 100 > often.len() * 95, "{shared} of {}", often.len());
    let paid = customers.iter().filter(|customer| payees.contains_key(*customer)).count();
    assert!(paid * 100 > customers.len() * 95, "{paid} of {}", customers.len());
    let both = sending.intersection(&receiving).count();
    assert!(both * 100 > sending.len() * 85, "{both} of {}", sending.len());
}

#[test]
fn a_party_is_the_same_whoever_pays() {
    let mut known: HashMap<String, (String, String)> = HashMap::new();
    let mut accounts: HashMap<(String, String), HashSet<String>> = HashMap::new();
    each(config(), |_, from, to| {
        for party in [from, to].into_iter().filter(|party| party.party_type() != PartyType::Merchant) {
            let is = (party.name.clone(), format!("{:?}", party.party_type()));
            let was = known.entry(party.party_id.clone()).or_insert_with(|| is.clone());
            assert_eq!(*was, is, "{}", party.party_id);
            let key = (party.party_id.clone(), party.country_code.clone());
            accounts.entry(key).or_default().insert(party.account_number.clone());
        }
    });
    // A company has one at a second bank, for those who bank at its first.
    assert!(accounts.values().all(|accounts| accounts.len() <= 2));
}

#[test]
fn no_clearing_system_sees_a_payment_inside_a_bank() {
    each(config(), |payment, from, to| {
        let is_inside = from.country_code == to.country_code && from.bank_bic == to.bank_bic;
        assert!(to.party_type() == PartyType::Merchant || !is_inside, "{payment:?}");
    });
}

#[test]
fn friends_pay_back_and_again() {
    let mut pairs: HashMap<(String, String), u32> = HashMap::new();
    each(config(), |_, from, to| {
        if from.party_type() == PartyType::Individual && to.party_type() == PartyType::Individual {
            *pairs.entry((from.party_id.clone(), to.party_id.clone())).or_default() += 1;
        }
    });
    let (mut back, mut again, mut all) = (0, 0, 0);
    for ((from, to), times) in &pairs {
        all += times;
        again += times - 1;
        if pairs.contains_key(&(to.clone(), from.clone())) {
            back += times;
        }
    }
    assert!(back * 100 > all * 25 && again * 100 > all * 25, "{back} back, {again} again, of {all}");
}

#[test]
fn the_tail_belongs_to_companies_and_nobody_pays_two_rents() {
    let (mut people, mut companies) = (HashMap::<String, u32>::new(), HashMap::<String, u32>::new());
    let mut rents: HashMap<(String, String), u32> = HashMap::new();
    let mut subscriptions: HashMap<String, HashSet<String>> = HashMap::new();
    let mut employers: HashMap<String, HashSet<String>> = HashMap::new();
    each(config(), |payment, from, to| {
        let of = if from.party_type() == PartyType::Individual { &mut people } else { &mut companies };
        *of.entry(from.party_id.clone()).or_default() += 1;
        let settled = &payment.processing_info.as_ref().unwrap().settlement_date;
        let metadata = payment.metadata.as_ref().unwrap();
        match described(payment) {
            "Rent" | "Rent share" if !settled.is_empty() => {
                *rents.entry((from.party_id.clone(), settled[..7].to_owned())).or_default() += 1;
            }
            "Subscription" => {
                let of = subscriptions.entry(from.party_id.clone()).or_default();
                of.insert(metadata.recurrence_id.clone());
            }
            "Salary" => {
                employers.entry(to.party_id.clone()).or_default().insert(from.party_id.clone());
            }
            _ => {}
        }
    });
    let sorted = |loads: &HashMap<String, u32>| {
        let mut loads: Vec<u32> = loads.values().copied().collect();
        loads.sort_unstable();
        loads
    };
    let (people, companies) = (sorted(&people), sorted(&companies));
    let ratio = |loads: &[u32]| f64::from(loads[loads.len() - 1]) / f64::from(loads[loads.len() / 2]);
    assert!(ratio(&people) < 5.0 && ratio(&companies) > 7.0, "{} {}", ratio(&people), ratio(&companies));
    assert!(rents.len() > 400 && rents.values().all(|times| *times == 1), "{}", rents.len());
    assert!(subscriptions.len() > 400 && subscriptions.values().all(|of| of.len() <= 5));
    let two = employers.values().filter(|of| of.len() > 1).count();
    assert!(employers.len() > 5_000 && two == 0, "{two} of {}", employers.len());
}

#[test]
fn check_numbers_rise_by_one() {
    let mut books: HashMap<(String, String), BTreeMap<i64, u64>> = HashMap::new();
    each(config(), |payment, _, _| {
        if let Some(TypeSpecific::Check(check)) = &payment.type_specific {
            let account = (check.routing_number.clone(), check.account_number.clone());
            books.entry(account).or_default().insert(created(payment), check.check_number.parse().unwrap());
        }
    });
    assert!(books.len() > 500);
    for numbers in books.values() {
        let numbers: Vec<u64> = numbers.values().copied().collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    }
}

#[test]
fn trace_numbers_are_unique_in_a_file() {
    let mut seen = HashSet::new();
    each(config(), |payment, _, _| {
        if let Some(TypeSpecific::Ach(ach)) = &payment.type_specific {
            assert_eq!(payment.payment_header.as_ref().unwrap().payment_type(), PaymentType::Ach);
            // Eastern time: five hours behind, four from 10 March 2024, 07:00 UTC.
            let behind = if created(payment) >= 1_710_054_000_000_000 { 4 } else { 5 };
            let day = (created(payment) - behind * 3_600_000_000).div_euclid(86_400_000_000);
            assert!(seen.insert((day, ach.trace_number.clone())), "{}", ach.trace_number);
        }
    });
    assert!(seen.len() as u64 == payments() * 3 / 10);
}
