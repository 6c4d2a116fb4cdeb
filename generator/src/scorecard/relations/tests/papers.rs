//! Numbers, order, deadlines, formats.

use schemas::payment::{Card, Rtp, Sepa, TypeSpecific, Wire};

use super::{DAY, HOUR, Made, ach, card, check, is_ok, made, p2p, sepa, wire};

#[test]
fn a_trace_number_is_used_once_in_an_eastern_day_of_its_odfi() {
    let what = "traces that repeat";
    let trace = |number: &str, micros| made(ach(number, "9000000001", "PPD"), micros);
    // 03:00 UTC is the evening before in New York.
    let good = [trace("500010100000001", 3 * HOUR), trace("500010100000001", 15 * HOUR)];
    assert!(is_ok(&good, what));
    let broken = [trace("500010100000001", 5 * HOUR), trace("500010100000001", 15 * HOUR)];
    assert!(!is_ok(&broken, what));
}

#[test]
fn a_batch_is_of_one_company_and_one_code() {
    let what = "batches of several companies";
    let entry = |company, code| made(ach("1", company, code), 0).with(|info| info.batch_id = "B1".into());
    assert!(is_ok(&[entry("9000000001", "PPD"), entry("9000000001", "PPD")], what));
    assert!(!is_ok(&[entry("9000000001", "PPD"), entry("9000000002", "PPD")], what));
    assert!(!is_ok(&[entry("9000000001", "PPD"), entry("9000000001", "CCD")], what));
}

#[test]
fn check_numbers_of_an_account_rise_and_do_not_repeat() {
    let book = |numbers: [&str; 3]| -> Vec<Made> {
        (0..).zip(numbers).map(|(day, number)| made(check(number), day * DAY)).collect()
    };
    for what in ["numbers that repeat in an account", "numbers above the account's last"] {
        assert!(is_ok(&book(["0101", "0102", "0103"]), what));
        assert!(!is_ok(&book(["0101", "0102", "0102"]), what));
    }
    assert!(!is_ok(&book(["0103", "0102", "0101"]), "numbers above the account's last"));
}

#[test]
fn an_end_to_end_id_is_used_once_by_a_customer() {
    let what = "end-to-end ids that repeat";
    let paid = |id: &str, payer| {
        let rtp = Rtp { end_to_end_id: id.into(), ..Rtp::default() };
        made(TypeSpecific::Rtp(rtp), 0).persons(payer, 9)
    };
    assert!(is_ok(&[paid("E1", 1), paid("E2", 1), paid("E1", 2)], what));
    assert!(is_ok(&[paid("E1", 1), paid("NOTPROVIDED", 1), paid("NOTPROVIDED", 1)], what));
    assert!(!is_ok(&[paid("E1", 1), paid("E1", 1)], what));
}

#[test]
fn what_has_a_number_stays_what_it_is() {
    let bought = |merchant: &str, country: &str, last: &str| {
        let card = Card { merchant_id: merchant.into(), last_four: last.into(), ..card("tok_1") };
        made(TypeSpecific::Card(card), 0).at_shop(merchant, country)
    };
    let good = [bought("M1", "US", "1111"), bought("M2", "FR", "1111")];
    let broken = [bought("M1", "US", "1111"), bought("M1", "FR", "2222")];
    for what in ["merchants in several countries", "cards of several holders"] {
        assert!(is_ok(&good, what));
        assert!(!is_ok(&broken, what));
    }
    let mut renamed = bought("M1", "US", "1111");
    assert!(is_ok(&[bought("M1", "US", "1111")], "parties with several names"));
    renamed.0.parties.as_mut().unwrap().originator.as_mut().unwrap().name = "Another".into();
    assert!(!is_ok(&[bought("M1", "US", "1111"), renamed], "parties with several names"));
}

#[test]
fn a_mandate_begins_once() {
    let debit = |sequence: &str, day: i64| {
        let sepa = Sepa { mandate_id: "MNDT-1".into(), sequence_type: sequence.into(), ..sepa("SDD_CORE") };
        made(TypeSpecific::Sepa(sepa), day * DAY)
    };
    let good = [debit("RCUR", 30), debit("FRST", 0)];
    for what in ["mandates with FRST more than once", "mandates used before their FRST"] {
        assert!(is_ok(&good, what));
    }
    assert!(!is_ok(&[debit("FRST", 0), debit("FRST", 30)], "mandates with FRST more than once"));
    assert!(!is_ok(&[debit("RCUR", 0), debit("FRST", 30)], "mandates used before their FRST"));
}

#[test]
fn checks_and_entries_come_back_by_the_second_banking_day() {
    // Settled on a Thursday: Monday is the second banking day, four days later.
    let what = "returns later than two banking days";
    assert!(is_ok(&[made(check("0101"), 0).returned(4, "A")], what));
    assert!(!is_ok(&[made(check("0101"), 0).returned(5, "A")], what));
    let entry = || made(ach("1", "9000000001", "PPD"), 0);
    assert!(is_ok(&[entry().returned(4, "R01")], what));
    assert!(!is_ok(&[entry().returned(5, "R01")], what));
    let what = "unauthorised returns later than sixty days";
    assert!(is_ok(&[entry().returned(60, "R10")], what));
    assert!(!is_ok(&[entry().returned(61, "R10")], what));
}

#[test]
fn each_sepa_scheme_has_its_term_of_return() {
    // Banking days from Thursday 14 March 2024: 15, 18, 19, 20, 21; TARGET is closed on Good Friday, the 29th.
    let returned = |scheme, days, reason| [made(TypeSpecific::Sepa(sepa(scheme)), 0).returned(days, reason)];
    for (what, scheme, reason, last) in [
        ("SCT returns", "SCT", "AC04", 5),
        ("SDD Core returns", "SDD_CORE", "AM04", 7),
        ("SDD Core refunds", "SDD_CORE", "MD06", 56),
        ("SDD B2B refunds", "SDD_B2B", "AM04", 5),
    ] {
        assert!(is_ok(&returned(scheme, last, reason), what));
        assert!(!is_ok(&returned(scheme, last + 1, reason), what));
    }
    assert!(!is_ok(&returned("SDD_B2B", 1, "MD06"), "SDD B2B refunds"));
    assert!(!is_ok(&returned("SCT_INST", 0, "AC04"), "SCT Inst that are returned"));
}

#[test]
fn nothing_is_settled_before_it_exists_on_the_clock_of_its_cycle() {
    let what = "settled on a day before";
    // 02:00 UTC on 15 March is the evening of the 14th in New York.
    let paid = |cycle: &str| {
        made(TypeSpecific::Rtp(Rtp::default()), 26 * HOUR).with(|info| {
            info.settlement_date = "2024-03-14".into();
            info.settlement_cycle = cycle.into();
        })
    };
    assert!(is_ok(&[paid("TCH_RTP 1 America/New_York")], what));
    assert!(!is_ok(&[paid("")], what));
}

#[test]
fn creditor_ids_have_their_countrys_length() {
    let what = "creditor ids of a wrong length";
    let debit = |id: &str| [made(TypeSpecific::Sepa(Sepa { creditor_id: id.into(), ..sepa("SDD_CORE") }), 0)];
    // Published examples: Germany's 18 characters, France's 13.
    assert!(is_ok(&debit("DE98ZZZ09999999999"), what));
    assert!(is_ok(&debit("FR72ZZZ123456"), what));
    assert!(!is_ok(&debit("FR98ZZZ09999999999"), what));
}

#[test]
fn wires_speak_the_format_of_their_day_and_find_their_way() {
    let sent = |function: &str, day: i64| {
        let wire = Wire { local_instrument: function.into(), ..wire() };
        [made(TypeSpecific::Wire(wire), day * DAY).with(|info| info.clearing_system = "FEDWIRE".into())]
    };
    let what = "ISO 20022 business functions before";
    assert!(is_ok(&sent("CTR", 0), what));
    assert!(!is_ok(&sent("CTRC", 0), what));
    // 14 July 2025 is 487 days after 14 March 2024.
    assert!(!is_ok(&sent("CTRC", 486), what));
    let all = [sent("CTR", 0), sent("CTRC", 487)].into_iter().flatten().collect::<Vec<_>>();
    assert!(is_ok(&all, what));

    let what = "CHIPS to banks abroad";
    let abroad = |intermediary: &str| {
        let agents = ("ZZAADE20".into(), intermediary.into());
        let wire = Wire { creditor_agent_bic: agents.0, intermediary_agent_bic: agents.1, ..wire() };
        [made(TypeSpecific::Wire(wire), 0).with(|info| info.clearing_system = "CHIPS".into())]
    };
    assert!(is_ok(&abroad("ZZBBUS20"), what));
    assert!(!is_ok(&abroad(""), what));
}

#[test]
fn bizum_keeps_its_limits_and_checks_their_reasons() {
    let what = "Bizum outside";
    assert!(is_ok(&[made(p2p("BIZUM"), 0).amount(100_000, "EUR")], what));
    assert!(!is_ok(&[made(p2p("BIZUM"), 0).amount(100_001, "EUR")], what));
    assert!(!is_ok(&[made(p2p("BIZUM"), 0).amount(49, "EUR")], what));
    let what = "return reasons not on the list";
    let returned = |reason: &str| {
        let TypeSpecific::Check(mut check) = check("0101") else { unreachable!("a check was made") };
        check.return_reason = reason.into();
        [made(TypeSpecific::Check(check), 0).returned(1, reason)]
    };
    assert!(is_ok(&returned("A"), what));
    assert!(!is_ok(&returned("V"), what));
    assert!(!is_ok(&returned("R01"), what));
}

#[test]
fn contactless_above_fifty_euro_needs_its_holder_and_a_challenge_a_result() {
    let what = "contactless above 50 EUR";
    let touched = |verification: &str| {
        let mode = ("CONTACTLESS".into(), verification.into());
        let card = Card { entry_mode: mode.0, cardholder_verification: mode.1, ..card("tok_1") };
        [made(TypeSpecific::Card(card), 0).amount(5_001, "EUR")]
    };
    assert!(is_ok(&touched("PIN"), what));
    assert!(!is_ok(&touched("NONE"), what));
    let what = "approved with 3-D Secure status C";
    let secured = |status: &str| {
        [made(TypeSpecific::Card(Card { three_ds_status: status.into(), ..card("tok_1") }), 0)]
    };
    assert!(is_ok(&secured("Y"), what));
    assert!(!is_ok(&secured("C"), what));
}

#[test]
fn tanks_and_meals_have_an_end() {
    let spent = |mcc: &str, minor_units: i64| -> Vec<Made> {
        let card = |_| Card { mcc: mcc.into(), ..card("tok_1") };
        let most = |n| if n % 100 == 0 { minor_units } else { 4_000 };
        (0..1_000).map(|n| made(TypeSpecific::Card(card(n)), n).amount(most(n), "USD")).collect()
    };
    for (what, mcc) in [("fuel above 250 USD", "5541"), ("diners above 300 USD", "5814")] {
        assert!(is_ok(&spent(mcc, 20_000), what));
        assert!(!is_ok(&spent(mcc, 40_000), what));
    }
}

#[test]
fn a_payment_with_a_part_missing_is_left_out() {
    let mut broken = made(check("0101"), 0);
    broken.0.parties.as_mut().unwrap().counterparty = None;
    let whole = made(check("0101"), 0);
    assert!(is_ok(&[broken, whole], "numbers that repeat in an account"));
}
