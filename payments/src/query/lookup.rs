//! The rows of a table that answer a question. Pure.

use super::options::By;
use crate::moment::{Day, Moment};
use crate::origin::parse_id;
use crate::rows;
use gcp::bigtable::read::{self, Span};
use generator::Rail;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::RowFilter;
use schemas::layout::{Table, keys};
use service::Error;
use std::fmt;
use std::ops::Range;

/// A table, a range of its keys, and the types of payments wanted from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    pub table: Table,
    pub span: Span,
    /// All types if empty.
    pub types: Vec<&'static str>,
}

impl Lookup {
    pub fn of(by: &By) -> Result<Self, Error> {
        match by {
            By::Customer { customer, from, to, types, .. } => by_customer(customer, *from, *to, types),
            By::Date { date, hour, types, .. } => Ok(by_date(date, *hour, types)),
            By::Transaction { id, .. } => by_transaction(id),
        }
    }

    /// The newest version of every cell of the rows wanted.
    pub fn filter(&self) -> RowFilter {
        let of_types = (!self.types.is_empty()).then(|| rows::of_types(self.table, &self.types)).flatten();
        match of_types {
            Some(of_types) => read::chain([of_types, read::newest()]),
            None => read::newest(),
        }
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "table {}, keys {}", self.table.id(), self.span)?;
        if self.types.is_empty() { Ok(()) } else { write!(out, ", types {}", self.types.join(", ")) }
    }
}

fn by_customer(
    customer: &str,
    from: Option<Moment>,
    to: Option<Moment>,
    types: &[Rail],
) -> Result<Lookup, Error> {
    if !keys::is_part(customer) {
        let (flag, value) = ("CUSTOMER", customer.to_owned());
        return Err(Error::Flag {
            flag,
            value,
            problem: "is not a customer id: visible ASCII without '#'".into(),
        });
    }
    if let (Some(from), Some(to)) = (from, to)
        && from.micros() > to.micros()
    {
        let problem = format!("lies before --from {}: no payment is in between", from.text());
        return Err(Error::Flag { flag: "--to", value: to.text(), problem });
    }
    let keys = keys::of_customer(customer, from.map(Moment::micros), to.map(Moment::micros));
    Ok(Lookup { table: Table::ByCustomer, span: span(keys), types: names(types) })
}

fn by_date(date: &Day, hour: Option<u8>, types: &[Rail]) -> Lookup {
    Lookup { table: Table::ByDate, span: span(keys::of_date(date.as_str(), hour)), types: names(types) }
}

fn by_transaction(id: &str) -> Result<Lookup, Error> {
    let id = parse_id(id)?;
    Ok(Lookup { table: Table::ByTransaction, span: span(keys::of_payment(&id)), types: Vec::new() })
}

fn span(keys: Range<Vec<u8>>) -> Span {
    Span { start: keys.start, end: Some(keys.end) }
}

fn names(types: &[Rail]) -> Vec<&'static str> {
    types.iter().map(|rail| rail.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::{parse_day, parse_moment};

    #[test]
    fn every_type_of_payment_can_be_asked_for_as_row_keys_spell_it() {
        for rail in Rail::ALL {
            assert_eq!(rail.name(), schemas::layout::type_name(rail.payment_type()));
        }
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_refused() {
        let day = |text| parse_moment(text).ok();
        let refused =
            by_customer("CUST1", day("2024-03-08"), day("2024-03-01"), &[]).unwrap_err().to_string();
        assert!(refused.starts_with("--to") && refused.contains("--from 2024-03-08"), "{refused}");
        assert!(by_customer("CUST1", day("2024-03-08"), day("2024-03-08"), &[]).is_ok());
    }

    #[test]
    fn a_customer_whose_id_begins_anothers_does_not_get_its_rows() {
        let unbounded = by_customer("CUST00001", None, None, &[]).unwrap();
        assert!(unbounded.span.contains(b"CUST00001#2024-03-01T23:59:59.999999Z#ACH"));
        assert!(!unbounded.span.contains(b"CUST000010#2024-03-01T00:00:00.000000Z#ACH"));
        let lookup = by_customer("CUST00001", None, parse_moment("2024-03-02").ok(), &[]).unwrap();
        assert!(lookup.span.contains(b"CUST00001#2024-03-01T23:59:59.999999Z#ACH"));
        assert!(!lookup.span.contains(b"CUST00001#2024-03-02T00:00:00.000000Z#ACH"));
        assert!(!lookup.span.contains(b"CUST000010#2024-03-01T00:00:00.000000Z#ACH"));
        assert!(by_customer("CUST#1", None, None, &[]).is_err());
    }

    #[test]
    fn the_last_hour_of_a_day_ends_with_it() {
        let lookup = by_date(&parse_day("2024-03-14").unwrap(), Some(23), &[]);
        assert!(lookup.span.contains(b"2024-03-14T23:59:59.999999Z#ACH#C"));
        assert!(!lookup.span.contains(b"2024-03-15T00:00:00.000000Z#ACH#C"));
        assert!(by_transaction("not-a-uuid").is_err());
    }

    #[test]
    fn an_id_is_looked_up_only_as_row_keys_spell_it() {
        let id = "cfaac0d6-659f-4825-ac52-146272f48289";
        let lookup = by_transaction(&id.to_uppercase()).unwrap();
        assert!(lookup.span.contains(format!("{id}#CUST000001#2024").as_bytes()));
        for wrong in [
            id.replace('-', ""),
            format!("{{{id}}}"),
            format!("urn:uuid:{id}"),
            format!("{id}0"),
            id.replace('c', "g"),
        ] {
            assert!(by_transaction(&wrong).is_err(), "{wrong}");
        }
    }
}
