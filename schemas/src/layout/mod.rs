//! How a payment lies in Bigtable: three tables with different row keys and the same six column families.
//!
//! A row's cells are the same in all three tables; only the key differs. Values are text, one cell a field, and a field
//! that is empty in the payment has no cell.

use crate::{Payment, payment, text};

mod cells;
mod columns;
mod parse;

pub use cells::cells;
pub use columns::Column;
pub use parse::{Unreadable, payment_of};

/// Separates the components of a row key. No component may contain it.
pub const SEPARATOR: u8 = b'#';

/// One of the three row-key layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// `customerId#transaction_date#transaction_type`: a customer's history.
    ByCustomer,
    /// `transaction_date#transaction_type#customerId`: what happened in a span of time.
    ByDate,
    /// `transaction_id#customerId#transaction_date`: one payment.
    ByTransaction,
}

impl Table {
    pub const ALL: [Self; 3] = [Self::ByCustomer, Self::ByDate, Self::ByTransaction];

    /// The table's id inside its instance.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ByCustomer => "payments_by_customer",
            Self::ByDate => "payments_by_date",
            Self::ByTransaction => "payments_by_transaction",
        }
    }
}

/// A column family; all three tables have all six.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    PaymentHeader,
    AmountInfo,
    PartyInfo,
    ProcessingInfo,
    TypeSpecific,
    Metadata,
}

impl Family {
    pub const ALL: [Self; 6] = [
        Self::PaymentHeader,
        Self::AmountInfo,
        Self::PartyInfo,
        Self::ProcessingInfo,
        Self::TypeSpecific,
        Self::Metadata,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            Self::PaymentHeader => "payment_header",
            Self::AmountInfo => "amount_info",
            Self::PartyInfo => "party_info",
            Self::ProcessingInfo => "processing_info",
            Self::TypeSpecific => "type_specific",
            Self::Metadata => "metadata",
        }
    }

    /// Age in days at which a cell may be collected; superseded versions may go at once.
    pub const fn retention_days(self) -> u32 {
        match self {
            Self::PaymentHeader | Self::AmountInfo | Self::PartyInfo => 180,
            Self::ProcessingInfo => 90,
            Self::TypeSpecific | Self::Metadata => 30,
        }
    }
}

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

/// The components of a valid payment's row keys.
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
        let (customer, date) = (self.customer_id.as_bytes(), &self.transaction_date[..]);
        let (rail, id) = (self.transaction_type.as_bytes(), self.transaction_id.as_bytes());
        let parts = match table {
            Table::ByCustomer => [customer, date, rail],
            Table::ByDate => [date, rail, customer],
            Table::ByTransaction => [id, customer, date],
        };
        out.extend_from_slice(parts[0]);
        for part in &parts[1..] {
            out.push(SEPARATOR);
            out.extend_from_slice(part);
        }
        if suffix == KeySuffix::TransactionId && table != Table::ByTransaction {
            out.push(SEPARATOR);
            out.extend_from_slice(id);
        }
    }
}

/// The row key of a payment in a table.
pub fn row_key(payment: &Payment, table: Table, suffix: KeySuffix) -> Vec<u8> {
    let mut key = Vec::with_capacity(96);
    KeyParts::of(payment).push_key(table, suffix, &mut key);
    key
}

/// A rail's name in row keys and cells: the enum's name without its prefix, `ACH`.
pub fn type_name(payment_type: payment::PaymentType) -> &'static str {
    let name = payment_type.as_str_name();
    name.strip_prefix("PAYMENT_TYPE_").unwrap_or(name)
}

/// A status's name in cells: the enum's name without its prefix, `COMPLETED`.
pub fn status_name(status: payment::PaymentStatus) -> &'static str {
    let name = status.as_str_name();
    name.strip_prefix("PAYMENT_STATUS_").unwrap_or(name)
}

/// A party type's name in cells: the enum's name without its prefix, `BUSINESS`.
pub fn party_type_name(party_type: payment::PartyType) -> &'static str {
    let name = party_type.as_str_name();
    name.strip_prefix("PARTY_TYPE_").unwrap_or(name)
}
