//! Which rows of which table answer a question. Pure.
//!
//! A component of a row key is compared as a whole: its bounds end in the separator, so that `CUST00001` is not taken for
//! the beginning of `CUST000010`. All bounds hold for keys with a suffix as well.

use super::By;
use crate::rows;
use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gcp::bigtable::read::{self, Span};
use generator::Rail;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::RowFilter;
use schemas::layout::{SEPARATOR, Table};
use schemas::text;
use service::Error;
use std::fmt;

/// `--type`: a rail, in any case.
pub fn rail_parser() -> impl TypedValueParser<Value = Rail> {
    PossibleValuesParser::new(Rail::ALL.map(Rail::name)).try_map(|name| {
        let named = Rail::ALL.into_iter().find(|rail| rail.name().eq_ignore_ascii_case(&name));
        named.ok_or("not a type of payments")
    })
}

/// A moment, as row keys spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment([u8; text::TIME_LEN]);

impl Moment {
    /// Microseconds since 1970, UTC.
    pub fn micros(self) -> i64 {
        text::parse_time(&self.0).unwrap_or_default()
    }

    fn text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// A day, as row keys spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day(String);

/// Reads a time that may be cut anywhere between two of its parts.
pub fn parse_moment(given: &str) -> Result<Moment, String> {
    const LEAST: &str = "0000-01-01T00:00:00.000000Z";
    let cut = given.strip_suffix('Z').unwrap_or(given);
    let parsed = LEAST
        .get(cut.len()..)
        .filter(|_| [10, 13, 16, 19, 26].contains(&cut.len()))
        .and_then(|rest| text::parse_time(format!("{cut}{rest}").as_bytes()));
    match parsed {
        Some(micros) => Ok(Moment(text::time(micros))),
        None => Err(
            "not a time; write 2024-03-14, 2024-03-14T09, 2024-03-14T09:26 or 2024-03-14T09:26:53.589793Z"
                .into(),
        ),
    }
}

pub fn parse_day(given: &str) -> Result<Day, String> {
    match given.parse::<NaiveDate>() {
        Ok(day) if given.len() == 10 => Ok(Day(day.to_string())),
        _ => Err("not a day of the calendar; write it as 2024-03-31".to_owned()),
    }
}

/// A table, a range of its keys, and the types wanted of what lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub table: Table,
    pub span: Span,
    /// All, where there are none.
    pub types: Vec<&'static str>,
}

impl Plan {
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

impl fmt::Display for Plan {
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
) -> Result<Plan, Error> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != SEPARATOR;
    if customer.is_empty() || !customer.bytes().all(allowed) {
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
    let at = |moment: Moment| [customer.as_bytes(), &[SEPARATOR], &moment.0].concat();
    let mut span = Span::prefix(&[customer.as_bytes(), &[SEPARATOR]].concat());
    span.start = from.map_or(span.start, at);
    span.end = to.map(at).or(span.end);
    Ok(Plan { table: Table::ByCustomer, span, types: names(types) })
}

fn by_date(date: &Day, hour: Option<u8>, types: &[Rail]) -> Plan {
    let prefix = match hour {
        Some(hour) => format!("{}T{hour:02}", date.0),
        None => format!("{}T", date.0),
    };
    Plan { table: Table::ByDate, span: Span::prefix(prefix.as_bytes()), types: names(types) }
}

fn by_transaction(id: &str) -> Result<Plan, Error> {
    let id = id.to_ascii_lowercase();
    let is_uuid = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !is_uuid {
        return Err(Error::Flag {
            flag: "UUID",
            value: id,
            problem: "is not a payment's id: 36 characters".into(),
        });
    }
    let span = Span::prefix(format!("{id}#").as_bytes());
    Ok(Plan { table: Table::ByTransaction, span, types: Vec::new() })
}

fn names(types: &[Rail]) -> Vec<&'static str> {
    types.iter().map(|rail| rail.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_moment_may_be_cut_between_its_parts() {
        let full = |text: &str| String::from_utf8(parse_moment(text).unwrap().0.to_vec()).unwrap();
        assert_eq!(full("2024-03-14"), "2024-03-14T00:00:00.000000Z");
        assert_eq!(full("2024-03-14T09:26"), "2024-03-14T09:26:00.000000Z");
        assert_eq!(full("2024-03-14T09:26:53.589793Z"), "2024-03-14T09:26:53.589793Z");
        for wrong in [
            "",
            "2024",
            "2024-02-30",
            "2024-03-14T24",
            "2024-03-14 09",
            "2024-03-14T09:2",
            "2024-03-14\u{e9}",
        ] {
            assert!(parse_moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_customer_whose_id_begins_anothers_does_not_get_its_rows() {
        let unbounded = by_customer("CUST00001", None, None, &[]).unwrap();
        assert!(unbounded.span.contains(b"CUST00001#2024-03-01T23:59:59.999999Z#ACH"));
        assert!(!unbounded.span.contains(b"CUST000010#2024-03-01T00:00:00.000000Z#ACH"));
        let plan = by_customer("CUST00001", None, parse_moment("2024-03-02").ok(), &[]).unwrap();
        assert!(plan.span.contains(b"CUST00001#2024-03-01T23:59:59.999999Z#ACH"));
        assert!(!plan.span.contains(b"CUST00001#2024-03-02T00:00:00.000000Z#ACH"));
        assert!(!plan.span.contains(b"CUST000010#2024-03-01T00:00:00.000000Z#ACH"));
        assert!(by_customer("CUST#1", None, None, &[]).is_err());
    }

    #[test]
    fn the_last_hour_of_a_day_ends_with_it() {
        let plan = by_date(&parse_day("2024-03-14").unwrap(), Some(23), &[]);
        assert!(plan.span.contains(b"2024-03-14T23:59:59.999999Z#ACH#C"));
        assert!(!plan.span.contains(b"2024-03-15T00:00:00.000000Z#ACH#C"));
        assert!(by_transaction("not-a-uuid").is_err());
    }
}
