//! A payment as one row of a flat table: a typed value, or none, for each field of the contract.
//!
//! Unlike in the tables, fields of different rails never share a column. Columns and values come from the
//! table of fields (`fields`), so that a new field is there by itself.

use super::fields::fields;
use super::names::{party_type_name, status_name, type_name};
use super::{Column, Family};
use crate::payment::{self, PartyType, PaymentStatus, PaymentType, TypeSpecific};
use crate::{Payment, text};

/// What values a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Also the names of enums, as cells have them.
    Text,
    /// Days since 1970-01-01.
    Date,
    Number,
    Flag,
    /// UTC microseconds.
    Time,
    Money,
}

/// One value. An empty text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Text(&'a str),
    Date(i32),
    Number(i64),
    Flag(bool),
    Time(i64),
    /// An amount in units of the last of so many decimals.
    Money {
        units: i64,
        decimals: u8,
    },
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The part of the payment: `header`, `originator`, a rail.
    pub part: &'static str,
    /// The message of the contract that the part is, and its field.
    pub message: &'static str,
    pub field: &'static str,
    pub kind: Kind,
    /// Where it lies in the tables.
    pub column: Column,
}

/// Parts whose fields have names that say enough by themselves.
const PLAIN: [&str; 3] = ["header", "processing", "metadata"];

impl Field {
    /// The column's name: the field's, as cells have it, after the part that it would be unclear without.
    ///
    /// Lower-case letters, digits and underscores, so that it is a name in BigQuery, too.
    pub fn name(&self) -> String {
        let field = match self.field {
            "minor_units" => "value",
            field => field.trim_end_matches("_micros").trim_end_matches("_minor_units"),
        };
        if PLAIN.contains(&self.part) { field.to_owned() } else { format!("{}_{field}", self.part) }
    }

    /// The part of the only rail whose payments have it; `None` for what all payments have.
    pub fn rail(&self) -> Option<&'static str> {
        (self.column.family() == Family::TypeSpecific).then_some(self.part)
    }

    /// Whether every row has it: only the header must be there. Other families may have outlived their retention.
    pub fn is_required(&self) -> bool {
        self.part == "header"
    }

    /// Whether it tells what was injected, which whoever is to find that out must not see.
    pub fn is_label(&self) -> bool {
        self.field.starts_with("anomaly_")
    }
}

/// Why a payment is no row. The text names the column, never its value: values may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("{} is missing", .0.name())]
    Missing(&'static Field),
    #[error("{} is not {expected}", .field.name())]
    Malformed { field: &'static Field, expected: &'static str },
}

macro_rules! of_rail {
    ($payment:ident, $rail:ident) => {
        match &$payment.type_specific {
            Some(TypeSpecific::$rail(message)) => Some(message),
            _ => None,
        }
    };
}

/// A value for each of [`Field::ALL`].
pub type Row<'a> = [Option<Value<'a>>; Field::ALL.len()];

/// The payment's row.
pub fn row(payment: &Payment) -> Result<Row<'_>, Unfit> {
    let currency = payment.amount.as_ref().map_or("", |amount| &amount.currency);
    let mut walk = Walk { row: [None; Field::ALL.len()], at: 0, currency, unfit: None };
    let parties = payment.parties.as_ref();
    walk.header(payment.payment_header.as_ref());
    walk.amount(payment.amount.as_ref());
    walk.originator(parties.and_then(|parties| parties.originator.as_ref()));
    walk.counterparty(parties.and_then(|parties| parties.counterparty.as_ref()));
    walk.processing(payment.processing_info.as_ref());
    // In the order of the table of fields, as all of these.
    walk.ach(of_rail!(payment, Ach));
    walk.wire(of_rail!(payment, Wire));
    walk.card(of_rail!(payment, Card));
    walk.rtp(of_rail!(payment, Rtp));
    walk.sepa(of_rail!(payment, Sepa));
    walk.check(of_rail!(payment, Check));
    walk.p2p(of_rail!(payment, P2p));
    walk.metadata(payment.metadata.as_ref());
    let missing =
        || Field::ALL.iter().zip(&walk.row).find(|(field, value)| field.is_required() && value.is_none());
    match walk.unfit.or_else(|| missing().map(|(field, _)| Unfit::Missing(field))) {
        Some(unfit) => Err(unfit),
        None => Ok(walk.row),
    }
}

macro_rules! kind {
    (text) => {
        Kind::Text
    };
    (rail) => {
        Kind::Text
    };
    (status) => {
        Kind::Text
    };
    (party_type) => {
        Kind::Text
    };
    (date) => {
        Kind::Date
    };
    (number) => {
        Kind::Number
    };
    (flag) => {
        Kind::Flag
    };
    (time) => {
        Kind::Time
    };
    (money) => {
        Kind::Money
    };
    (money_if_any) => {
        Kind::Money
    };
}

struct Walk<'a> {
    row: Row<'a>,
    /// The column that is next.
    at: usize,
    currency: &'a str,
    /// The first of the reasons.
    unfit: Option<Unfit>,
}

macro_rules! walks {
    ($($message:ident as $method:ident in $family:ident {
        $($field:ident: $kind:ident => $column:ident $($qualifier:literal)?,)*
    })*) => {
        impl Field {
            /// In the order of the contract's table of fields.
            pub const ALL: &[Self] = &[$($(Self {
                part: stringify!($method),
                message: stringify!($message),
                field: stringify!($field),
                kind: kind!($kind),
                column: Column::$column,
            },)*)*];
        }

        /// A method for each message of the table: all its values, or as many times none.
        impl<'a> Walk<'a> {
            $(fn $method(&mut self, message: Option<&'a payment::$message>) {
                match message {
                    Some(payment::$message { $($field),* }) => {
                        $(self.$kind($field);)*
                    }
                    None => self.at += [$(stringify!($field)),*].len(),
                }
            })*
        }
    };
}

fields!(walks);

/// A method for each kind of field.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the walks hand over all kinds alike")]
impl<'a> Walk<'a> {
    fn put(&mut self, value: Option<Value<'a>>) {
        self.row[self.at] = value;
        self.at += 1;
    }

    fn malformed(&mut self, expected: &'static str) {
        let field = &Field::ALL[self.at];
        self.unfit.get_or_insert(Unfit::Malformed { field, expected });
        self.put(None);
    }

    fn text(&mut self, value: &'a str) {
        self.put((!value.is_empty()).then_some(Value::Text(value)));
    }

    fn date(&mut self, value: &'a str) {
        match text::parse_date(value.as_bytes()) {
            None if !value.is_empty() => self.malformed("a date like 2024-03-31"),
            day => self.put(day.map(Value::Date)),
        }
    }

    fn number<N: Copy + Into<u64>>(&mut self, value: &N) {
        match i64::try_from((*value).into()) {
            Ok(number) => self.put(Some(Value::Number(number))),
            Err(_) => self.malformed("a number below 2^63"),
        }
    }

    fn flag(&mut self, value: &bool) {
        self.put(Some(Value::Flag(*value)));
    }

    fn time(&mut self, micros: &i64) {
        if (0..=text::MAX_MICROS).contains(micros) {
            self.put(Some(Value::Time(*micros)));
        } else {
            self.malformed("a time between the years 1970 and 9999");
        }
    }

    fn money(&mut self, minor_units: &i64) {
        let decimals = text::minor_digits(self.currency) as u8;
        self.put(Some(Value::Money { units: *minor_units, decimals }));
    }

    fn money_if_any(&mut self, minor_units: &i64) {
        match minor_units {
            0 => self.put(None),
            _ => self.money(minor_units),
        }
    }

    fn rail(&mut self, value: &i32) {
        self.text(type_name(PaymentType::try_from(*value).unwrap_or_default()));
    }

    fn status(&mut self, value: &i32) {
        self.text(status_name(PaymentStatus::try_from(*value).unwrap_or_default()));
    }

    fn party_type(&mut self, value: &i32) {
        self.text(party_type_name(PartyType::try_from(*value).unwrap_or_default()));
    }
}
