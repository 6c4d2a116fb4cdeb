//! Keys, cells and validation of whole payments.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use schemas::layout::{Column, Family, KeySuffix, Table, Unreadable, cells, payment_of, row_key};
use schemas::payment::{
    Ach, Amount, Metadata, Parties, Party, PartyType, PaymentHeader, PaymentStatus, PaymentType,
    ProcessingInfo, TypeSpecific, Wire,
};
use schemas::{Invalid, Payment, validate};
use std::collections::HashSet;

fn payment() -> Payment {
    let party = |id: &str, party_type| Party {
        party_id: id.into(),
        party_type: party_type as i32,
        name: "Ann Example".into(),
        country_code: "US".into(),
        ..Default::default()
    };
    Payment {
        payment_header: Some(PaymentHeader {
            payment_id: "018f2b3c-0000-8000-8000-00000000002a".into(),
            payment_type: PaymentType::Ach as i32,
            version: 1,
            created_at_micros: 1_710_408_413_589_793,
            updated_at_micros: 1_710_408_414_000_000,
            status: PaymentStatus::Completed as i32,
        }),
        amount: Some(Amount { minor_units: 123_450, currency: "USD".into(), ..Amount::default() }),
        parties: Some(Parties {
            originator: Some(party("CUST000042", PartyType::Business)),
            counterparty: Some(party("EMP1", PartyType::Individual)),
        }),
        processing_info: Some(ProcessingInfo { clearing_system: "FEDACH".into(), ..Default::default() }),
        metadata: Some(Metadata { record_index: 7, ..Default::default() }),
        type_specific: Some(TypeSpecific::Ach(Ach {
            sec_code: "PPD".into(),
            same_day: true,
            ..Default::default()
        })),
    }
}

fn key(table: Table, suffix: KeySuffix) -> String {
    String::from_utf8(row_key(&payment(), table, suffix)).unwrap()
}

fn value_of(payment: &Payment, wanted: Column) -> Option<String> {
    let mut found = None;
    cells(payment, |column, value| {
        if column == wanted {
            found = Some(String::from_utf8(value.to_vec()).unwrap());
        }
    });
    found
}

#[test]
fn each_table_has_the_documented_key() {
    let plain = KeySuffix::None;
    assert_eq!(key(Table::ByCustomer, plain), "CUST000042#2024-03-14T09:26:53.589793Z#ACH");
    assert_eq!(key(Table::ByDate, plain), "2024-03-14T09:26:53.589793Z#ACH#CUST000042");
    assert_eq!(
        key(Table::ByTransaction, plain),
        "018f2b3c-0000-8000-8000-00000000002a#CUST000042#2024-03-14T09:26:53.589793Z"
    );
}

#[test]
fn the_suffix_goes_where_the_transaction_id_is_missing() {
    let suffix = KeySuffix::TransactionId;
    assert!(key(Table::ByCustomer, suffix).ends_with("#ACH#018f2b3c-0000-8000-8000-00000000002a"));
    assert!(key(Table::ByDate, suffix).ends_with("#CUST000042#018f2b3c-0000-8000-8000-00000000002a"));
    assert_eq!(key(Table::ByTransaction, suffix), key(Table::ByTransaction, KeySuffix::None));
}

#[test]
fn every_family_gets_cells_and_no_column_twice() {
    let (mut families, mut columns) = (HashSet::new(), HashSet::new());
    cells(&payment(), |column, value| {
        assert!(!value.is_empty());
        assert!(columns.insert(column), "{column:?} twice");
        families.insert(column.family());
    });
    assert_eq!(families.len(), Family::ALL.len());
}

#[test]
fn values_are_text_and_empty_fields_have_no_cell() {
    let payment = payment();
    assert_eq!(value_of(&payment, Column::Value).unwrap(), "1234.50");
    assert_eq!(value_of(&payment, Column::PaymentType).unwrap(), "ACH");
    assert_eq!(value_of(&payment, Column::Status).unwrap(), "COMPLETED");
    assert_eq!(value_of(&payment, Column::UpdatedAt).unwrap(), "2024-03-14T09:26:54.000000Z");
    assert_eq!(value_of(&payment, Column::OriginatorPartyId).unwrap(), "CUST000042");
    assert_eq!(value_of(&payment, Column::CounterpartyPartyType).unwrap(), "INDIVIDUAL");
    assert_eq!(value_of(&payment, Column::RailSameDay).unwrap(), "true");
    assert_eq!(value_of(&payment, Column::RecordIndex).unwrap(), "7");
    assert_eq!(value_of(&payment, Column::ReasonCode), None);
}

#[test]
fn a_whole_payment_is_valid() {
    assert_eq!(validate(&payment()), Ok(()));
}

/// A part of the payment broken in one way, and the field that the verdict must name.
type Damage = (fn(&mut Payment), &'static str);

#[test]
fn each_damage_is_refused_by_name() {
    let damages: &[Damage] = &[
        (|p| p.payment_header = None, "payment_header"),
        (|p| p.amount = None, "amount"),
        (|p| p.parties = None, "parties"),
        (|p| p.parties.as_mut().unwrap().originator = None, "parties.originator"),
        (|p| p.parties.as_mut().unwrap().counterparty = None, "parties.counterparty"),
        (|p| p.type_specific = None, "type_specific"),
        (|p| p.type_specific = Some(TypeSpecific::Wire(Wire::default())), "payment_type ACH"),
        (|p| p.payment_header.as_mut().unwrap().payment_id = "42".into(), "payment_id"),
        (|p| p.payment_header.as_mut().unwrap().payment_id.make_ascii_uppercase(), "payment_id"),
        (|p| p.payment_header.as_mut().unwrap().payment_type = 99, "payment_type"),
        (|p| p.payment_header.as_mut().unwrap().payment_type = 0, "payment_type"),
        (|p| p.payment_header.as_mut().unwrap().status = 0, "status"),
        (|p| p.payment_header.as_mut().unwrap().version = 0, "version"),
        (|p| p.payment_header.as_mut().unwrap().created_at_micros = -1, "created_at"),
        (|p| p.payment_header.as_mut().unwrap().created_at_micros = i64::MAX, "created_at"),
        (|p| p.payment_header.as_mut().unwrap().updated_at_micros -= 10_000_000, "updated_at"),
        (|p| p.amount.as_mut().unwrap().minor_units = -1, "minor_units"),
        (|p| p.amount.as_mut().unwrap().currency = "usd".into(), "currency"),
        (|p| originator(p).party_id.clear(), "originator.party_id"),
        (|p| originator(p).party_id = "A#B".into(), "originator.party_id"),
        (|p| originator(p).party_id = "A B".into(), "originator.party_id"),
        (|p| originator(p).party_id = "A".repeat(129), "originator.party_id"),
    ];
    for (at, (damage, field)) in damages.iter().enumerate() {
        let mut payment = payment();
        damage(&mut payment);
        let verdict: Invalid = validate(&payment).expect_err(&format!("damage {at} passed"));
        assert!(verdict.to_string().contains(field), "damage {at}: {verdict}");
    }
}

fn originator(payment: &mut Payment) -> &mut Party {
    payment.parties.as_mut().unwrap().originator.as_mut().unwrap()
}

#[test]
fn the_contract_is_one_top_level_message_without_imports() {
    let top_level = schemas::PROTO.lines().filter(|line| line.starts_with("message ")).count();
    assert_eq!(top_level, 1);
    assert!(!schemas::PROTO.lines().any(|line| line.starts_with("import ")));
}

fn parsed(
    payment: &Payment,
    change: impl Fn(Column, Vec<u8>) -> Option<Vec<u8>>,
) -> Result<Payment, Unreadable> {
    let mut row = Vec::new();
    cells(payment, |column, value| row.extend(change(column, value.to_vec()).map(|value| (column, value))));
    payment_of(row.iter().map(|(column, value)| (*column, value.as_slice())))
}

#[test]
fn a_payment_is_read_back_from_its_cells() {
    let original = payment();
    assert_eq!(parsed(&original, |_, value| Some(value)), Ok(original));
}

#[test]
fn a_family_that_is_gone_leaves_its_part_out() {
    let back =
        parsed(&payment(), |column, value| (column.family() != Family::Metadata).then_some(value)).unwrap();
    assert_eq!(back, Payment { metadata: None, ..payment() });
}

#[test]
fn cells_of_no_payment_are_refused_by_column() {
    let without = |column, value: Vec<u8>| (column != Column::Version).then_some(value);
    assert_eq!(parsed(&payment(), without), Err(Unreadable::Missing(Column::Version)));
    for (wrong, value) in [(Column::CreatedAt, "now"), (Column::Value, "1.5"), (Column::RailSameDay, "yes")] {
        let change = |column, old| Some(if column == wrong { value.into() } else { old });
        let error = parsed(&payment(), change).unwrap_err();
        assert!(matches!(error, Unreadable::Malformed { column, .. } if column == wrong), "{error}");
    }
    let mut row = Vec::new();
    cells(&payment(), |column, value| row.push((column, value.to_vec())));
    row.push((Column::RailUetr, b"x".to_vec()));
    let result = payment_of(row.iter().map(|(column, value)| (*column, value.as_slice())));
    assert_eq!(result, Err(Unreadable::Unexpected(Column::RailUetr)));
}
