//! A payment from its row's cells: the inverse of [`cells`](super::cells).

use super::fields::fields;
use super::names::{party_type_named, status_named, type_named};
use super::{Column, Family};
use crate::payment::{self, PaymentType, TypeSpecific};
use crate::{Payment, text};

/// Why cells are not those of a payment. The text names the column, never its value: values may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("cell {} is missing", name(*.0))]
    Missing(Column),
    #[error("cell {} is not {expected}", name(*.column))]
    Malformed { column: Column, expected: &'static str },
    #[error("cell {} does not belong to a payment of this type", name(*.0))]
    Unexpected(Column),
}

fn name(column: Column) -> String {
    format!("{}:{}", column.family().id(), column.qualifier())
}

type Result<T> = std::result::Result<T, Unreadable>;

/// The payment whose cells these are.
///
/// A family without any cell, as after its retention, gives a payment without that part. In a family that has cells,
/// none may be missing that every payment has, and none may be there that the payment's type does not have.
pub fn payment_of<'a>(cells: impl IntoIterator<Item = (Column, &'a [u8])>) -> Result<Payment> {
    let mut row = Row { values: [None; Column::ALL.len()], families: [false; Family::ALL.len()] };
    // An empty cell says that an earlier state's value is gone.
    for (column, value) in cells.into_iter().filter(|(_, value)| !value.is_empty()) {
        row.values[column as usize] = Some(value);
        row.families[column.family() as usize] = true;
    }
    let payment_header = row.family(Family::PaymentHeader, Row::header)?;
    let rail = payment_header.as_ref().map_or(PaymentType::Unspecified, payment::PaymentHeader::payment_type);
    let payment = Payment {
        payment_header,
        amount: row.family(Family::AmountInfo, Row::amount)?,
        parties: row.family(Family::PartyInfo, Row::parties)?,
        processing_info: row.family(Family::ProcessingInfo, Row::processing)?,
        metadata: row.family(Family::Metadata, Row::metadata)?,
        type_specific: row.family(Family::TypeSpecific, |row| row.type_specific(rail))?.flatten(),
    };
    match Column::ALL.iter().find(|column| row.values[**column as usize].is_some()) {
        Some(&column) => Err(Unreadable::Unexpected(column)),
        None => Ok(payment),
    }
}

struct Row<'a> {
    /// The cells not yet taken, by column.
    values: [Option<&'a [u8]>; Column::ALL.len()],
    /// Whether there are any of a family.
    families: [bool; Family::ALL.len()],
}

macro_rules! readers {
    ($($message:ident as $method:ident in $family:ident {
        $($field:ident: $kind:ident => $column:ident $($qualifier:literal)?,)*
    })*) => {
        /// A method for each message of the table.
        impl Row<'_> {
            $(fn $method(&mut self) -> Result<payment::$message> {
                Ok(payment::$message { $($field: self.$kind(Column::$column)?,)* })
            })*
        }
    };
}

fields!(readers);

impl Row<'_> {
    /// What the family's cells say, if it has any.
    fn family<T>(&mut self, family: Family, read: impl Fn(&mut Self) -> Result<T>) -> Result<Option<T>> {
        self.families[family as usize].then(|| read(self)).transpose()
    }

    fn parties(&mut self) -> Result<payment::Parties> {
        Ok(payment::Parties {
            originator: self.party("originator:", Self::originator)?,
            counterparty: self.party("counterparty:", Self::counterparty)?,
        })
    }

    fn party(
        &mut self,
        prefix: &str,
        read: impl Fn(&mut Self) -> Result<payment::Party>,
    ) -> Result<Option<payment::Party>> {
        let is_there = |column: &Column| self.values[*column as usize].is_some();
        let is_its = |column: &&Column| column.qualifier().starts_with(prefix);
        Column::ALL.iter().filter(is_its).any(is_there).then(|| read(self)).transpose()
    }

    fn type_specific(&mut self, rail: PaymentType) -> Result<Option<TypeSpecific>> {
        Ok(match rail {
            PaymentType::Ach => Some(TypeSpecific::Ach(self.ach()?)),
            PaymentType::Wire => Some(TypeSpecific::Wire(self.wire()?)),
            PaymentType::Card => Some(TypeSpecific::Card(self.card()?)),
            PaymentType::Rtp => Some(TypeSpecific::Rtp(self.rtp()?)),
            PaymentType::Sepa => Some(TypeSpecific::Sepa(self.sepa()?)),
            PaymentType::Check => Some(TypeSpecific::Check(self.check()?)),
            PaymentType::P2p => Some(TypeSpecific::P2p(self.p2p()?)),
            PaymentType::Unspecified => None,
        })
    }
}

/// A method for each kind of field.
impl<'a> Row<'a> {
    /// Empty where there is no cell, as an empty field has none.
    fn text(&mut self, column: Column) -> Result<String> {
        Ok(self.take(column)?.unwrap_or_default().to_owned())
    }

    /// As it is: what only passes a payment on must not lose it over its date.
    fn date(&mut self, column: Column) -> Result<String> {
        self.text(column)
    }

    fn number<N: std::str::FromStr>(&mut self, column: Column) -> Result<N> {
        let digits = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
        self.parsed(column, "a number in range", |value| value.parse().ok().filter(|_| digits(value)))
    }

    fn flag(&mut self, column: Column) -> Result<bool> {
        self.parsed(column, "true or false", |value| value.parse().ok())
    }

    fn time(&mut self, column: Column) -> Result<i64> {
        self.parsed(column, "a time like 2024-03-14T09:26:53.589793Z", |value| {
            text::parse_time(value.as_bytes())
        })
    }

    /// In the payment's currency, whose cell is still there: it is the last of its message.
    fn money(&mut self, column: Column) -> Result<i64> {
        let currency = self.look(Column::Currency)?.unwrap_or_default();
        self.parsed(column, "an amount with its currency's decimals", |value| {
            text::parse_amount(value.as_bytes(), currency)
        })
    }

    fn money_if_any(&mut self, column: Column) -> Result<i64> {
        match self.look(column)?.unwrap_or_default() {
            "" => self.text(column).map(|_| 0),
            _ => self.money(column),
        }
    }

    fn rail(&mut self, column: Column) -> Result<i32> {
        Ok(self.parsed(column, "a payment type", type_named)? as i32)
    }

    fn status(&mut self, column: Column) -> Result<i32> {
        Ok(self.parsed(column, "a payment status", status_named)? as i32)
    }

    fn party_type(&mut self, column: Column) -> Result<i32> {
        Ok(self.parsed(column, "a party type", party_type_named)? as i32)
    }

    fn parsed<T>(
        &mut self,
        column: Column,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T> {
        let value = self.take(column)?.ok_or(Unreadable::Missing(column))?;
        parse(value).ok_or(Unreadable::Malformed { column, expected })
    }

    fn take(&mut self, column: Column) -> Result<Option<&'a str>> {
        let value = self.look(column);
        self.values[column as usize] = None;
        value
    }

    fn look(&self, column: Column) -> Result<Option<&'a str>> {
        let malformed = |_| Unreadable::Malformed { column, expected: "UTF-8 text" };
        self.values[column as usize].map(|value| std::str::from_utf8(value).map_err(malformed)).transpose()
    }
}
