//! A payment's cells, in the order of the [table of fields](super::fields).

use super::fields::fields;
use super::names::{party_type_name, status_name, type_name};
use super::{Column, Family};
use crate::payment::{self, PartyType, PaymentStatus, PaymentType, TypeSpecific};
use crate::{Payment, text};

/// Calls `cell` with the column and the value of each cell of the payment's row.
///
/// Values are UTF-8 text: numbers in decimal, times as [`text::time`], amounts in the major unit. An empty field has no
/// cell in a payment's first state, and an empty cell in later ones: an earlier state may have had a value there, whose
/// cell would stay. The order of the calls is the same for equal payments.
pub fn cells(payment: &Payment, cell: impl FnMut(Column, &[u8])) {
    let currency = payment.amount.as_ref().map_or("", |amount| &amount.currency);
    let is_later = payment.payment_header.as_ref().is_some_and(|header| header.version > 1);
    let mut row = Row { cell, currency, is_later, scratch: Vec::with_capacity(32) };
    if let Some(header) = &payment.payment_header {
        row.header(header);
    }
    if let Some(amount) = &payment.amount {
        row.amount(amount);
    }
    if let Some(parties) = &payment.parties {
        if let Some(party) = &parties.originator {
            row.originator(party);
        }
        if let Some(party) = &parties.counterparty {
            row.counterparty(party);
        }
    }
    match &payment.processing_info {
        Some(info) => row.processing(info),
        None => row.nothing(Family::ProcessingInfo),
    }
    match &payment.type_specific {
        Some(TypeSpecific::Ach(ach)) => row.ach(ach),
        Some(TypeSpecific::Wire(wire)) => row.wire(wire),
        Some(TypeSpecific::Card(card)) => row.card(card),
        Some(TypeSpecific::Rtp(rtp)) => row.rtp(rtp),
        Some(TypeSpecific::Sepa(sepa)) => row.sepa(sepa),
        Some(TypeSpecific::Check(check)) => row.check(check),
        Some(TypeSpecific::P2p(p2p)) => row.p2p(p2p),
        None => {}
    }
    match &payment.metadata {
        Some(metadata) => row.metadata(metadata),
        None => row.nothing(Family::Metadata),
    }
}

struct Row<'a, F> {
    cell: F,
    currency: &'a str,
    /// A state after the first.
    is_later: bool,
    scratch: Vec<u8>,
}

macro_rules! walks {
    ($($message:ident as $method:ident in $family:ident {
        $($field:ident: $kind:ident => $column:ident $($qualifier:literal)?,)*
    })*) => {
        /// A method for each message of the table.
        impl<F: FnMut(Column, &[u8])> Row<'_, F> {
            $(fn $method(&mut self, message: &payment::$message) {
                let payment::$message { $($field),* } = message;
                $(self.$kind(Column::$column, $field);)*
            })*
        }
    };
}

fields!(walks);

/// A method for each kind of field.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the walks hand over all kinds alike")]
impl<F: FnMut(Column, &[u8])> Row<'_, F> {
    /// The cells of a message that a valid payment may lack.
    fn nothing(&mut self, family: Family) {
        Column::ALL
            .iter()
            .filter(|column| column.family() == family)
            .for_each(|&column| self.text(column, ""));
    }

    fn text(&mut self, column: Column, value: &str) {
        if self.is_later || !value.is_empty() {
            (self.cell)(column, value.as_bytes());
        }
    }

    fn date(&mut self, column: Column, value: &str) {
        self.text(column, value);
    }

    fn number<N: Copy + Into<u64>>(&mut self, column: Column, value: &N) {
        self.scratch.clear();
        text::push_number(&mut self.scratch, (*value).into());
        (self.cell)(column, &self.scratch);
    }

    fn flag(&mut self, column: Column, value: &bool) {
        (self.cell)(column, if *value { b"true" } else { b"false" });
    }

    fn time(&mut self, column: Column, micros: &i64) {
        (self.cell)(column, &text::time(*micros));
    }

    fn money(&mut self, column: Column, minor_units: &i64) {
        self.scratch.clear();
        text::push_amount(&mut self.scratch, *minor_units, self.currency);
        (self.cell)(column, &self.scratch);
    }

    fn money_if_any(&mut self, column: Column, minor_units: &i64) {
        match minor_units {
            0 => self.text(column, ""),
            _ => self.money(column, minor_units),
        }
    }

    fn rail(&mut self, column: Column, value: &i32) {
        self.text(column, type_name(PaymentType::try_from(*value).unwrap_or_default()));
    }

    fn status(&mut self, column: Column, value: &i32) {
        self.text(column, status_name(PaymentStatus::try_from(*value).unwrap_or_default()));
    }

    fn party_type(&mut self, column: Column, value: &i32) {
        self.text(column, party_type_name(PartyType::try_from(*value).unwrap_or_default()));
    }
}
