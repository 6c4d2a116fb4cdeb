//! Row keys: the parts that they are made of, the keys that belong together, and what a key says.
//!
//! A part is compared as a whole: the bounds of one end in the separator, so that `CUST00001` is not taken for the
//! beginning of `CUST000010`. All of it holds for keys with and without a suffix.

use super::{Table, type_name};
use crate::{Payment, payment, text};
use std::ops::Range;

/// Separates the parts of a row key. No part may contain it.
pub const SEPARATOR: u8 = b'#';

/// Whether the keys that do not hold the transaction id get it appended.
///
/// Needed where one customer may have several payments of one type in the same microsecond, which the generator never
/// makes but other producers may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySuffix {
    #[default]
    None,
    TransactionId,
}

impl KeySuffix {
    pub const ALL: [Self; 2] = [Self::None, Self::TransactionId];

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::TransactionId => "transaction_id",
        }
    }

    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|suffix| suffix.name().as_bytes() == name)
    }

    /// The suffix of a table's key; `None` where the key does not show one.
    pub fn of_key(key: &[u8], table: Table) -> Option<Self> {
        let fits = |suffix: &Self| parts(table, *suffix).len() == split(key).count();
        Self::ALL.into_iter().find(fits).filter(|_| table != Table::ByTransaction)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    CustomerId,
    Date,
    Type,
    TransactionId,
}

/// The parts of a table's keys, in order. A fourth one is the suffix.
const fn with_suffix(table: Table) -> &'static [Part] {
    match table {
        Table::ByCustomer => &[Part::CustomerId, Part::Date, Part::Type, Part::TransactionId],
        Table::ByDate => &[Part::Date, Part::Type, Part::CustomerId, Part::TransactionId],
        Table::ByTransaction => &[Part::TransactionId, Part::CustomerId, Part::Date],
    }
}

fn without_suffix(table: Table) -> &'static [Part] {
    &with_suffix(table)[..3]
}

fn parts(table: Table, suffix: KeySuffix) -> &'static [Part] {
    match suffix {
        KeySuffix::None => without_suffix(table),
        KeySuffix::TransactionId => with_suffix(table),
    }
}

/// The parts of a valid payment's row keys.
#[derive(Clone, Copy, Debug)]
pub struct KeyParts<'a> {
    customer_id: &'a str,
    transaction_date: [u8; text::TIME_LEN],
    transaction_type: &'static str,
    transaction_id: &'a str,
}

impl<'a> KeyParts<'a> {
    /// From a payment's originator, creation (UTC microseconds), type and id.
    pub fn new(
        customer_id: &'a str,
        created_at_micros: i64,
        payment_type: payment::PaymentType,
        payment_id: &'a str,
    ) -> Self {
        Self {
            customer_id,
            transaction_date: text::time(created_at_micros),
            transaction_type: type_name(payment_type),
            transaction_id: payment_id,
        }
    }

    /// Parts that the payment lacks are empty; [`crate::validate`] refuses such payments.
    pub fn of(payment: &'a Payment) -> Self {
        let header = payment.payment_header.as_ref();
        let originator = payment.parties.as_ref().and_then(|parties| parties.originator.as_ref());
        Self {
            customer_id: originator.map_or("", |party| &party.party_id),
            transaction_date: text::time(header.map_or(0, |header| header.created_at_micros)),
            transaction_type: header.map_or("", |header| type_name(header.payment_type())),
            transaction_id: header.map_or("", |header| &header.payment_id),
        }
    }

    /// Appends the row key of `table`.
    pub fn push_key(&self, table: Table, suffix: KeySuffix, out: &mut Vec<u8>) {
        let own = KeyCells {
            customer_id: self.customer_id.as_bytes(),
            date: &self.transaction_date,
            payment_type: self.transaction_type.as_bytes(),
            payment_id: self.transaction_id.as_bytes(),
        };
        for (at, part) in parts(table, suffix).iter().enumerate() {
            if at > 0 {
                out.push(SEPARATOR);
            }
            out.extend_from_slice(own.part(*part));
        }
    }
}

/// The row key of a payment in a table.
pub fn row_key(payment: &Payment, table: Table, suffix: KeySuffix) -> Vec<u8> {
    let mut key = Vec::with_capacity(96);
    KeyParts::of(payment).push_key(table, suffix, &mut key);
    key
}

/// The values of the cells that row keys are made of, whatever they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyCells<'a> {
    pub customer_id: &'a [u8],
    /// `payment_header:created_at`.
    pub date: &'a [u8],
    pub payment_type: &'a [u8],
    pub payment_id: &'a [u8],
}

impl<'a> KeyCells<'a> {
    fn part(&self, part: Part) -> &'a [u8] {
        match part {
            Part::CustomerId => self.customer_id,
            Part::Date => self.date,
            Part::Type => self.payment_type,
            Part::TransactionId => self.payment_id,
        }
    }

    /// Whether these are the parts of this key.
    pub fn make(&self, key: &[u8], table: Table, suffix: KeySuffix) -> bool {
        split(key).eq(parts(table, suffix).iter().map(|part| self.part(*part)))
    }
}

fn split(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    key.split(|byte| *byte == SEPARATOR)
}

/// Whether a text may be a part of a key: visible ASCII without the separator, and not empty.
pub fn is_part(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != SEPARATOR)
}

/// The creation of a key's payment, UTC microseconds; `None` where the key is not a payment's.
pub fn created_at_micros(key: &[u8], table: Table) -> Option<i64> {
    let place = without_suffix(table).iter().position(|part| *part == Part::Date)?;
    text::parse_time(split(key).nth(place)?)
}

/// The keys by customer of one customer's payments: all, or those created from one moment on and before another (UTC
/// microseconds).
pub fn of_customer(customer_id: &str, from_micros: Option<i64>, to_micros: Option<i64>) -> Range<Vec<u8>> {
    let customer = [customer_id.as_bytes(), &[SEPARATOR]].concat();
    let at = |micros: i64| [&customer[..], &text::time(micros)].concat();
    let (from, to) = (from_micros.map(at), to_micros.map(at));
    let all = beginning_with(customer);
    from.unwrap_or(all.start)..to.unwrap_or(all.end)
}

/// The keys by date of a day's payments, `2024-03-14`, or of one of its hours.
pub fn of_date(day: &str, hour: Option<u8>) -> Range<Vec<u8>> {
    let prefix = match hour {
        Some(hour) => format!("{day}T{hour:02}"),
        None => format!("{day}T"),
    };
    beginning_with(prefix.into_bytes())
}

/// The keys by transaction of one payment.
pub fn of_payment(payment_id: &str) -> Range<Vec<u8>> {
    beginning_with([payment_id.as_bytes(), &[SEPARATOR]].concat())
}

/// The end of the keys of payments created before a moment (UTC microseconds), if the table's keys begin with the date.
pub fn end_of_created_before(table: Table, micros: i64) -> Option<Vec<u8>> {
    (without_suffix(table)[0] == Part::Date).then(|| text::time(micros).to_vec())
}

/// A pattern (RE2) that matches the whole keys of payments of these types, as [`type_name`] spells them; `None` for a
/// table whose keys do not say the type.
pub fn pattern_of_types(table: Table, types: &[&str]) -> Option<String> {
    const ANY: &str = "[^#]*";
    let parts = with_suffix(table);
    parts.contains(&Part::Type).then(|| {
        // Every part is matched as a whole: a separator stands before and behind it, or the key ends.
        let types = format!("({})", types.join("|"));
        let pattern = |part: &Part| if *part == Part::Type { types.as_str() } else { ANY };
        let pattern: Vec<_> = without_suffix(table).iter().map(pattern).collect();
        format!("{}(#{ANY})?", pattern.join("#"))
    })
}

/// `prefix` is not empty and ends in ASCII.
fn beginning_with(prefix: Vec<u8>) -> Range<Vec<u8>> {
    let mut end = prefix.clone();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    prefix..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::PaymentType;
    use proptest::prelude::*;

    const SUFFIXES: [KeySuffix; 2] = [KeySuffix::None, KeySuffix::TransactionId];
    const HOUR: i64 = 3_600_000_000;
    const NOON: i64 = 1_710_417_600_000_000;
    const ID: &str = "018f2b3c-0000-8000-8000-00000000002a";

    fn key(customer_id: &str, micros: i64, table: Table, suffix: KeySuffix) -> Vec<u8> {
        let mut key = Vec::new();
        KeyParts::new(customer_id, micros, PaymentType::Ach, ID).push_key(table, suffix, &mut key);
        key
    }

    proptest! {
        #[test]
        fn a_keys_date_is_its_payments(micros in 0..=text::MAX_MICROS) {
            for table in Table::ALL {
                for suffix in SUFFIXES {
                    prop_assert_eq!(created_at_micros(&key("C", micros, table, suffix), table), Some(micros));
                }
            }
        }

        #[test]
        fn bounds_hold_what_belongs_there_alone(away in -72 * HOUR..72 * HOUR, from in 0..48_i64, long in 0..24_i64) {
            let (made, from) = (NOON + away, NOON + (from - 24) * HOUR);
            let to = from + long * HOUR;
            for suffix in SUFFIXES {
                let by_customer = |customer_id| key(customer_id, made, Table::ByCustomer, suffix);
                prop_assert!(of_customer("C1", None, None).contains(&by_customer("C1")));
                prop_assert!(!of_customer("C1", None, None).contains(&by_customer("C10")));
                prop_assert!(!of_customer("C1", None, None).contains(&by_customer("C")));
                let between = of_customer("C1", Some(from), Some(to)).contains(&by_customer("C1"));
                prop_assert_eq!(between, (from..to).contains(&made));
                prop_assert!(!of_customer("C1", Some(from), Some(to)).contains(&by_customer("C10")));
                let by_date = key("C1", made, Table::ByDate, suffix);
                let midnight = NOON - 12 * HOUR;
                let today = (midnight..midnight + 24 * HOUR).contains(&made);
                prop_assert_eq!(of_date("2024-03-14", None).contains(&by_date), today);
                let in_hour = (NOON - 3 * HOUR..NOON - 2 * HOUR).contains(&made);
                prop_assert_eq!(of_date("2024-03-14", Some(9)).contains(&by_date), in_hour);
                let end = end_of_created_before(Table::ByDate, from).unwrap();
                prop_assert_eq!(by_date < end, made < from);
                let by_transaction = key("C1", made, Table::ByTransaction, suffix);
                prop_assert!(of_payment(ID).contains(&by_transaction));
                prop_assert!(!of_payment(&ID[..35]).contains(&by_transaction));
            }
        }
    }

    #[test]
    fn only_keys_by_date_end_before_a_moment() {
        assert_eq!(Table::ALL.map(|table| end_of_created_before(table, 0).is_some()), [false, true, false]);
    }

    #[test]
    fn types_are_asked_for_where_the_keys_say_them() {
        let pattern = |table| pattern_of_types(table, &["ACH", "P2P"]);
        assert_eq!(pattern(Table::ByCustomer).unwrap(), "[^#]*#[^#]*#(ACH|P2P)(#[^#]*)?");
        assert_eq!(pattern(Table::ByDate).unwrap(), "[^#]*#(ACH|P2P)#[^#]*(#[^#]*)?");
        assert_eq!(pattern(Table::ByTransaction), None);
    }

    #[test]
    fn a_part_is_visible_and_without_separator() {
        assert!(is_part("CUST000042") && is_part("~"));
        for wrong in ["", "A#B", "A B", "\u{e9}", "A\n"] {
            assert!(!is_part(wrong), "{wrong:?}");
        }
    }
}
