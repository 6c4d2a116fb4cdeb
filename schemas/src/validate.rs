//! What a payment must satisfy before it may become rows.

use crate::payment::{self, PaymentStatus, PaymentType, TypeSpecific};
use crate::{Payment, layout, text};

/// Longest customer id: keys stay far below Bigtable's 4 KiB.
const MAX_PARTY_ID_BYTES: usize = 128;

/// Why a payment cannot be written. The text names the field, never its value: values may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{field} is not {expected}")]
    Malformed { field: &'static str, expected: &'static str },
    #[error("type_specific does not match payment_header.payment_type {0}")]
    WrongRail(&'static str),
}

type Result = std::result::Result<(), Invalid>;

/// Checks everything that keys and cells rely on: presence, the shape of ids and codes, the order of times.
pub fn validate(payment: &Payment) -> Result {
    let header = payment.payment_header.as_ref().ok_or(Invalid::Missing("payment_header"))?;
    validate_header(header)?;
    validate_rail(header.payment_type(), payment.type_specific.as_ref())?;
    validate_amount(payment.amount.as_ref().ok_or(Invalid::Missing("amount"))?)?;
    let parties = payment.parties.as_ref().ok_or(Invalid::Missing("parties"))?;
    let originator = parties.originator.as_ref().ok_or(Invalid::Missing("parties.originator"))?;
    let counterparty = parties.counterparty.as_ref().ok_or(Invalid::Missing("parties.counterparty"))?;
    validate_party_id("parties.originator.party_id", originator)?;
    validate_party_id("parties.counterparty.party_id", counterparty)
}

fn check(holds: bool, field: &'static str, expected: &'static str) -> Result {
    if holds { Ok(()) } else { Err(Invalid::Malformed { field, expected }) }
}

fn validate_header(header: &payment::PaymentHeader) -> Result {
    check(is_uuid(&header.payment_id), "payment_header.payment_id", "a lower-case UUID of 36 characters")?;
    let known = |value: i32, unspecified: i32, valid: bool| valid && value != unspecified;
    let rail = header.payment_type;
    check(
        known(rail, PaymentType::Unspecified as i32, PaymentType::try_from(rail).is_ok()),
        "payment_header.payment_type",
        "a known payment type",
    )?;
    let status = header.status;
    check(
        known(status, PaymentStatus::Unspecified as i32, PaymentStatus::try_from(status).is_ok()),
        "payment_header.status",
        "a known status",
    )?;
    check(header.version >= 1, "payment_header.version", "1 or more")?;
    check(
        (1..=text::MAX_MICROS).contains(&header.created_at_micros),
        "payment_header.created_at_micros",
        "a time between the years 1970 and 9999",
    )?;
    check(
        (header.created_at_micros..=text::MAX_MICROS).contains(&header.updated_at_micros),
        "payment_header.updated_at_micros",
        "a time from created_at_micros on",
    )
}

fn validate_rail(rail: PaymentType, specific: Option<&TypeSpecific>) -> Result {
    let actual = match specific.ok_or(Invalid::Missing("type_specific"))? {
        TypeSpecific::Ach(_) => PaymentType::Ach,
        TypeSpecific::Wire(_) => PaymentType::Wire,
        TypeSpecific::Card(_) => PaymentType::Card,
        TypeSpecific::Rtp(_) => PaymentType::Rtp,
        TypeSpecific::Sepa(_) => PaymentType::Sepa,
        TypeSpecific::Check(_) => PaymentType::Check,
        TypeSpecific::P2p(_) => PaymentType::P2p,
    };
    if actual == rail { Ok(()) } else { Err(Invalid::WrongRail(layout::type_name(rail))) }
}

fn validate_amount(amount: &payment::Amount) -> Result {
    check(amount.minor_units >= 0, "amount.minor_units", "zero or more")?;
    let currency = amount.currency.as_bytes();
    check(
        currency.len() == 3 && currency.iter().all(u8::is_ascii_uppercase),
        "amount.currency",
        "three capital letters (ISO 4217)",
    )
}

fn validate_party_id(field: &'static str, party: &payment::Party) -> Result {
    check(
        party.party_id.len() <= MAX_PARTY_ID_BYTES && layout::keys::is_part(&party.party_id),
        field,
        "1 to 128 visible ASCII characters without '#'",
    )
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}
