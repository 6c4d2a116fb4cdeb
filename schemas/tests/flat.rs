//! The flat row has a column for every field of the contract, and says what the cells say.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use prost_reflect::{DescriptorPool, Kind as Declared, MessageDescriptor};
use schemas::Payment;
use schemas::layout::flat::{Field, Kind, Unfit, row};
use schemas::payment::{Card, PaymentHeader, ProcessingInfo, TypeSpecific};
use std::collections::BTreeSet;

/// Every field of the contract as `part.field`, by reflection.
fn declared(message: &MessageDescriptor, part: &str, found: &mut BTreeSet<String>) {
    for field in message.fields() {
        match field.kind() {
            Declared::Message(inner) => {
                let part = field.name().trim_start_matches("payment_").trim_end_matches("_info");
                declared(&inner, part, found);
            }
            _ => assert!(found.insert(format!("{part}.{}", field.name()))),
        }
    }
}

#[test]
fn every_field_of_the_contract_has_a_column() {
    let pool = DescriptorPool::decode(schemas::DESCRIPTORS).unwrap();
    let mut expected = BTreeSet::new();
    declared(&pool.get_message_by_name(schemas::SCHEMA).unwrap(), "", &mut expected);
    let found: BTreeSet<_> =
        Field::ALL.iter().map(|field| format!("{}.{}", field.part, field.field)).collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), Field::ALL.len());
}

#[test]
fn names_are_unique_and_those_that_databases_take() {
    let names: BTreeSet<_> = Field::ALL.iter().map(Field::name).collect();
    assert_eq!(names.len(), Field::ALL.len());
    for name in &names {
        let (first, rest) = name.split_at(1);
        assert!(first.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
        assert!(
            rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{name}"
        );
        assert!(name.len() <= 63, "{name}");
    }
    for name in
        ["payment_id", "created_at", "amount_value", "originator_party_id", "ach_trace_number", "p2p_memo"]
    {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn what_is_named_a_date_or_a_time_is_one() {
    for field in Field::ALL {
        assert_eq!(field.kind == Kind::Date, field.field.ends_with("_date"), "{field:?}");
        assert_eq!(field.kind == Kind::Time, field.field.ends_with("_micros"), "{field:?}");
    }
}

#[test]
fn the_injected_truth_is_marked_wherever_the_contract_speaks_of_it() {
    for field in Field::ALL {
        let comment = schemas::comment(field.message, field.field).unwrap_or_default();
        assert_eq!(field.is_label(), comment.contains("injected"), "{field:?}");
    }
    let labels: Vec<_> = Field::ALL.iter().filter(|field| field.is_label()).map(Field::name).collect();
    assert_eq!(labels, ["anomaly_type", "anomaly_group", "anomaly_role"]);
}

fn header() -> PaymentHeader {
    PaymentHeader { payment_id: "1".into(), version: 1, ..PaymentHeader::default() }
}

#[test]
fn a_payment_without_its_header_or_with_a_date_that_is_none_is_no_row() {
    let none = row(&Payment::default()).unwrap_err();
    assert_eq!(none.to_string(), "payment_id is missing");
    let info = ProcessingInfo { settlement_date: "tomorrow".into(), ..ProcessingInfo::default() };
    let payment =
        Payment { payment_header: Some(header()), processing_info: Some(info), ..Payment::default() };
    let unfit = row(&payment).unwrap_err();
    assert!(matches!(unfit, Unfit::Malformed { field, .. } if field.name() == "settlement_date"));
    assert_eq!(unfit.to_string(), "settlement_date is not a date like 2024-03-31");
}

#[test]
fn only_the_columns_of_the_payments_own_rail_have_values() {
    let card = Card { network: "VISA".into(), ..Card::default() };
    let payment = Payment {
        payment_header: Some(header()),
        type_specific: Some(TypeSpecific::Card(card)),
        ..Payment::default()
    };
    let row = row(&payment).unwrap();
    let there = Field::ALL.iter().zip(row).filter(|(_, value)| value.is_some());
    let there: Vec<_> = there.map(|(field, _)| field.name()).collect();
    let expected =
        ["payment_id", "payment_type", "version", "created_at", "updated_at", "status", "card_network"];
    assert_eq!(there, expected);
}
