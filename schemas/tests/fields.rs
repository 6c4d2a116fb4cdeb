//! Every field of the contract goes into a cell and comes back. The contract is read by reflection, so that no list of
//! fields can be out of date here.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use schemas::Payment;
use schemas::layout::{Column, cells, payment_of};
use std::collections::{BTreeMap, HashSet};

/// Cells by `family:qualifier`.
type Cells = BTreeMap<String, String>;

fn contract() -> MessageDescriptor {
    DescriptorPool::decode(schemas::DESCRIPTORS).unwrap().get_message_by_name(schemas::SCHEMA).unwrap()
}

/// What each rail's messages carry, with the rail's number.
fn rails(contract: &MessageDescriptor) -> Vec<(i32, FieldDescriptor)> {
    let fields = contract.oneofs().next().unwrap().fields().collect::<Vec<_>>();
    (1..).zip(fields).collect()
}

/// A payment that is made up as its contract is walked, with a value in every field, no two the same.
struct Made {
    rail: i32,
    next: u32,
    expected: Cells,
}

impl Made {
    fn payment(rail: i32, specific: &FieldDescriptor, contract: &MessageDescriptor) -> (Payment, Cells) {
        let mut made = Self { rail, next: 1_000, expected: Cells::new() };
        let mut message = DynamicMessage::new(contract.clone());
        for field in contract.fields().filter(|field| field.containing_oneof().is_none()) {
            let family = match field.name() {
                "amount" => "amount_info",
                "parties" => "party_info",
                name => name,
            };
            message.set_field(&field, Value::Message(made.part(&field, family, "")));
        }
        message.set_field(specific, Value::Message(made.part(specific, "type_specific", "")));
        (Payment::decode(message.encode_to_vec().as_slice()).unwrap(), made.expected)
    }

    fn part(&mut self, field: &FieldDescriptor, family: &str, prefix: &str) -> DynamicMessage {
        let Kind::Message(descriptor) = field.kind() else { panic!("{field:?} is no message") };
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            let value = if let Kind::Message(_) = field.kind() {
                Value::Message(self.part(&field, family, &format!("{}:", field.name())))
            } else {
                let (value, text) = self.leaf(&field);
                let qualifier = match field.name() {
                    "minor_units" => "value",
                    name => name.trim_end_matches("_micros").trim_end_matches("_minor_units"),
                };
                let twice = self.expected.insert(format!("{family}:{prefix}{qualifier}"), text);
                assert_eq!(twice, None, "{field:?}");
                value
            };
            message.set_field(&field, value);
        }
        message
    }

    /// A value, and as the cell has it.
    fn leaf(&mut self, field: &FieldDescriptor) -> (Value, String) {
        self.next += 1;
        let next = self.next;
        match (field.kind(), field.name()) {
            (Kind::String, "currency") => (Value::String("JPY".into()), "JPY".into()),
            (Kind::String, name) => (Value::String(format!("{name} {next}")), format!("{name} {next}")),
            (Kind::Uint32, _) => (Value::U32(next), next.to_string()),
            (Kind::Uint64, _) => (Value::U64(next.into()), next.to_string()),
            (Kind::Bool, _) => (Value::Bool(true), "true".into()),
            // The yen has no decimals.
            (Kind::Int64, name) if name.ends_with("minor_units") => {
                (Value::I64(next.into()), next.to_string())
            }
            (Kind::Int64, _) => (Value::I64(next.into()), format!("1970-01-01T00:00:00.{next:06}Z")),
            (Kind::Enum(values), name) => {
                let number = if name == "payment_type" { self.rail } else { 2 };
                let value = values.get_value(number).unwrap();
                let prefix = values.values().next().unwrap().name().replace("UNSPECIFIED", "");
                (Value::EnumNumber(number), value.name().strip_prefix(&prefix).unwrap().to_owned())
            }
            (kind, name) => panic!("no column can hold the {kind:?} {name}"),
        }
    }
}

#[test]
fn every_field_of_the_contract_has_its_own_cell_and_is_read_back() {
    let contract = contract();
    let rails = rails(&contract);
    assert_eq!(rails.len(), 7);
    for (rail, specific) in rails {
        let (payment, expected) = Made::payment(rail, &specific, &contract);
        let (mut row, mut texts) = (Vec::<(Column, Vec<u8>)>::new(), Cells::new());
        cells(&payment, |column, value| {
            row.push((column, value.to_vec()));
            let name = format!("{}:{}", column.family().id(), column.qualifier());
            let twice = texts.insert(name, String::from_utf8(value.to_vec()).unwrap());
            assert_eq!(twice, None, "{column:?}");
        });
        assert_eq!(texts, expected, "{}", specific.name());
        let back = payment_of(row.iter().map(|(column, value)| (*column, value.as_slice()))).unwrap();
        assert_eq!(back, payment);
    }
}

#[test]
fn every_column_is_some_fields() {
    let contract = contract();
    let mut used = HashSet::new();
    for (rail, specific) in rails(&contract) {
        cells(&Made::payment(rail, &specific, &contract).0, |column, _| {
            used.insert(column);
        });
    }
    let unused: Vec<_> = Column::ALL.iter().filter(|column| !used.contains(*column)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
