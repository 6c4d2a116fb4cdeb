//! Injected patterns: whole groups with their truth, beside payments that stay as they are.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use generator::{Config, Generator, Profile};
use schemas::Payment;
use schemas::payment::{PartyType, PaymentStatus, PaymentType};
use std::collections::{BTreeMap, HashMap, HashSet};

const PAYMENTS: u64 = 120_000;

fn base() -> Config {
    Config { num_records: PAYMENTS, ..Config::default() }
}

fn injected() -> Generator {
    Generator::new(Config { anomaly_rate: 0.03, ..base() }).unwrap()
}

struct Member {
    at: i64,
    role: String,
    from: String,
    to: String,
    to_name: String,
    to_account: String,
    cents: i64,
    rail: PaymentType,
    status: PaymentStatus,
}

impl Member {
    fn of(payment: &Payment) -> Self {
        let (header, parties) = (payment.payment_header.clone().unwrap(), payment.parties.clone().unwrap());
        let (from, to) = (parties.originator.unwrap(), parties.counterparty.unwrap());
        Self {
            at: header.created_at_micros,
            role: payment.metadata.as_ref().unwrap().anomaly_role.clone(),
            from: from.party_id,
            to: to.party_id,
            to_name: to.name,
            to_account: to.account_number,
            cents: payment.amount.as_ref().unwrap().minor_units,
            rail: header.payment_type(),
            status: header.status(),
        }
    }
}

/// The groups by kind, each in the order of time; look-alikes under the empty name.
fn groups() -> BTreeMap<String, Vec<Vec<Member>>> {
    let generator = injected();
    let mut groups: BTreeMap<(String, String), Vec<Member>> = BTreeMap::new();
    for payment in (0..PAYMENTS).map(|index| generator.payment(index)) {
        let metadata = payment.metadata.as_ref().unwrap();
        if !metadata.anomaly_group.is_empty() {
            let key = (metadata.anomaly_type.clone(), metadata.anomaly_group.clone());
            groups.entry(key).or_default().push(Member::of(&payment));
        }
    }
    let mut by_kind: BTreeMap<String, Vec<Vec<Member>>> = BTreeMap::new();
    for ((kind, _), mut members) in groups {
        members.sort_by_key(|member| member.at);
        by_kind.entry(kind).or_default().push(members);
    }
    by_kind
}

#[test]
fn other_payments_stay_as_they_are_and_as_many_are_injected_as_asked_for() {
    let (plain, injected) = (Generator::new(base()).unwrap(), injected());
    assert_eq!(plain.run_id(), injected.run_id());
    let mut marked = 0;
    for index in 0..PAYMENTS {
        let payment = injected.payment(index);
        schemas::validate(&payment).unwrap();
        let metadata = payment.metadata.as_ref().unwrap();
        assert_eq!(metadata.anomaly_role.is_empty(), metadata.anomaly_group.is_empty());
        if metadata.anomaly_group.is_empty() {
            assert!(metadata.anomaly_type.is_empty());
            assert_eq!(payment, plain.payment(index));
        }
        marked += u32::from(!metadata.anomaly_type.is_empty());
    }
    assert!((3_400..3_700).contains(&marked), "{marked}");
}

#[test]
fn every_group_is_whole_and_as_large_as_the_profile_says() {
    let sizes: HashMap<String, usize> = Profile::built_in()
        .anomalies
        .patterns()
        .into_iter()
        .map(|(name, pattern)| (name.to_uppercase(), pattern.size as usize))
        .collect();
    let groups = groups();
    assert_eq!(groups.len(), 12, "{:?}", groups.keys());
    for (kind, groups) in &groups {
        let name = if kind.is_empty() { "LOOK_ALIKE" } else { kind };
        assert!(groups.len() >= 5, "{name}: {}", groups.len());
        for group in groups {
            assert_eq!(group.len(), sizes[name], "{name}");
        }
    }
}

fn ids<'a>(members: &'a [Member], of: impl Fn(&'a Member) -> &'a String) -> HashSet<&'a String> {
    members.iter().map(of).collect()
}

#[test]
fn mules_pass_on_what_they_get_but_for_a_fee() {
    let groups = groups();
    for group in &groups["MULE_FAN_IN"] {
        let (into, out): (Vec<_>, Vec<_>) = group.iter().partition(|member| member.role == "VICTIM_TO_MULE");
        let mule = &into[0].to;
        assert!(
            into.iter().all(|member| member.to == *mule) && out.iter().all(|member| member.from == *mule)
        );
        let sum = |members: &[&Member]| members.iter().map(|member| member.cents).sum::<i64>() as f64;
        let kept = 1.0 - sum(&out) / sum(&into);
        // A cap of the rail may hold some back.
        assert!(
            kept > 0.05 && (kept < 0.07 || out.iter().any(|member| member.cents % 10_000 == 0)),
            "{kept}"
        );
        assert!(into.iter().map(|member| member.at).max() < out.iter().map(|member| member.at).min());
    }
    for group in &groups["MULE_CHAIN"] {
        assert!(group.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].cents > pair[1].cents));
        assert_eq!(group.last().unwrap().role, "MULE_TO_COLLECTOR");
    }
    for group in &groups["CYCLE"] {
        assert!(group.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(group.last().unwrap().to, group[0].from);
    }
    for group in &groups["SCATTER_GATHER"] {
        let (out, into) = (&group[..4], &group[4..]);
        assert_eq!((ids(out, |m| &m.from).len(), ids(out, |m| &m.to).len()), (1, 4));
        assert_eq!((ids(into, |m| &m.from), ids(into, |m| &m.to).len()), (ids(out, |m| &m.to), 1));
    }
}

#[test]
fn each_pattern_has_its_shape() {
    let groups = groups();
    for group in &groups["DUPLICATE_PAYMENT"] {
        let [one, two] = group.as_slice() else { panic!("{} members", group.len()) };
        assert_eq!((&one.from, &one.to, one.cents, one.rail), (&two.from, &two.to, two.cents, two.rail));
        assert_eq!((one.role.as_str(), two.role.as_str()), ("ORIGINAL", "DUPLICATE"));
    }
    for group in &groups["CARD_TESTING"] {
        let (probes, last) = group.split_at(group.len() - 1);
        assert_eq!(ids(probes, |member| &member.to).len(), 1);
        assert!(ids(probes, |member| &member.from).len() > 8);
        let declined = probes.iter().filter(|member| member.status == PaymentStatus::Failed).count();
        assert!((7..17).contains(&declined) && last[0].cents > probes.iter().map(|m| m.cents).max().unwrap());
        assert!(probes.iter().any(|probe| probe.from == last[0].from));
    }
    for group in &groups["STRUCTURING"] {
        assert!(group.iter().all(|member| (820_000..1_000_000).contains(&member.cents)));
        assert_eq!((ids(group, |m| &m.from).len(), group[0].rail), (1, PaymentType::Wire));
    }
    for group in &groups["MULE_FAN_OUT"] {
        assert_eq!((ids(group, |m| &m.from).len(), ids(group, |m| &m.to).len()), (1, group.len()));
    }
    for kind in ["ACCOUNT_TAKEOVER", "AUTHORISED_PUSH_PAYMENT", "BUSINESS_EMAIL_COMPROMISE"] {
        assert!(groups[kind].iter().all(|group| ids(group, |m| &m.from).len() == 1), "{kind}");
    }
}

/// The invoice bears the supplier's name and an account that nobody else pays the supplier on.
#[test]
fn an_altered_account_is_not_one_of_the_suppliers() {
    let plain = Generator::new(base()).unwrap();
    let mut accounts: HashMap<String, HashSet<String>> = HashMap::new();
    for payment in (0..PAYMENTS).map(|index| plain.payment(index)) {
        let to = payment.parties.unwrap().counterparty.unwrap();
        if to.party_type() == PartyType::Business {
            accounts.entry(to.party_id).or_default().insert(to.account_number);
        }
    }
    let mut known = 0;
    for member in groups()["BUSINESS_EMAIL_COMPROMISE"].iter().flatten() {
        if let Some(accounts) = accounts.get(&member.to) {
            known += 1;
            assert!(!accounts.contains(&member.to_account), "{}", member.to_name);
        }
    }
    assert!(known > 20, "{known}");
}

#[test]
fn the_risk_score_knows_something_and_not_the_truth() {
    let generator = injected();
    let (mut honest, mut suspect) = ([0_u64; 101], [0_u64; 101]);
    for payment in (0..PAYMENTS).map(|index| generator.payment(index)) {
        let score = payment.processing_info.as_ref().unwrap().risk_score as usize;
        let is_suspect = !payment.metadata.as_ref().unwrap().anomaly_type.is_empty();
        (if is_suspect { &mut suspect } else { &mut honest })[score] += 1;
    }
    let (mut below, mut better) = (0, 0.0);
    for (honest, suspect) in honest.iter().zip(suspect) {
        better += suspect as f64 * (below as f64 + *honest as f64 / 2.0);
        below += honest;
    }
    let curve = better / below as f64 / suspect.iter().sum::<u64>() as f64;
    assert!((0.74..0.88).contains(&curve), "{curve}");
    assert!(honest[90..].iter().sum::<u64>() > 200 && suspect[..10].iter().sum::<u64>() > 100);
}
