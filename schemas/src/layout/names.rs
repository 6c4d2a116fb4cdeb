//! How rails, statuses and party types are spelt in row keys and cells: the enum's names without their prefixes.

use crate::payment::{PartyType, PaymentStatus, PaymentType};

const TYPE: &str = "PAYMENT_TYPE_";
const STATUS: &str = "PAYMENT_STATUS_";
const PARTY_TYPE: &str = "PARTY_TYPE_";

/// A rail's name, `ACH`.
pub fn type_name(payment_type: PaymentType) -> &'static str {
    without(TYPE, payment_type.as_str_name())
}

/// A status's name, `COMPLETED`.
pub fn status_name(status: PaymentStatus) -> &'static str {
    without(STATUS, status.as_str_name())
}

/// A party type's name, `BUSINESS`.
pub fn party_type_name(party_type: PartyType) -> &'static str {
    without(PARTY_TYPE, party_type.as_str_name())
}

/// The rail that [`type_name`] spells like this.
pub(super) fn type_named(name: &str) -> Option<PaymentType> {
    PaymentType::from_str_name(&format!("{TYPE}{name}"))
}

/// The status that [`status_name`] spells like this.
pub(super) fn status_named(name: &str) -> Option<PaymentStatus> {
    PaymentStatus::from_str_name(&format!("{STATUS}{name}"))
}

/// The party type that [`party_type_name`] spells like this.
pub(super) fn party_type_named(name: &str) -> Option<PartyType> {
    PartyType::from_str_name(&format!("{PARTY_TYPE}{name}"))
}

fn without(prefix: &str, name: &'static str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}
