//! The fields that each rail's messages carry, and when its payments are accepted, settled and undone.

mod ach;
mod card;
mod check;
mod common;
mod mandates;
mod p2p;
mod rtp;
mod sepa;
mod wire;

use schemas::Payment;

use crate::draft::Draft;
use crate::life::State;
use crate::mix::Rail;
use crate::profile::Side;

/// Writes the rail's message and the processing information; the state says which status the payment has reached.
pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    match draft.rail() {
        Rail::Ach => ach::write(draft, payment),
        Rail::Wire => wire::write(draft, payment),
        Rail::Card => card::write(draft, payment),
        Rail::Rtp => rtp::write(draft, payment),
        Rail::Sepa => sepa::write(draft, payment),
        Rail::Check => check::write(draft, payment),
        Rail::P2p => p2p::write(draft, payment),
    }
}

/// The system that captured the payment.
pub fn source_system(draft: &Draft<'_>) -> &'static str {
    match (draft.rail(), draft.customer.is_business) {
        (Rail::Card, _) => "card-switch",
        (Rail::Check, _) => "check-imaging",
        (Rail::P2p, _) => "p2p-gateway",
        (Rail::Wire | Rail::Rtp, _) => "payments-hub",
        (_, true) => "corporate-banking",
        (_, false) => "online-banking",
    }
}

/// The payment's purpose in words.
pub fn description(draft: &Draft<'_>) -> &'static str {
    match draft.spec.name.as_str() {
        "payroll" | "salary" | "wages" => "Salary",
        "vendor" | "supplier" => "Supplier invoice",
        "bills" | "direct_debit" => "Recurring bill collection",
        "business_debit" => "Business collection",
        "bill" | "household" | "invoice" => "Bill payment",
        "standing_order" | "rent" => "Rent",
        "rent_share" => "Rent share",
        "subscription" => "Subscription",
        "treasury" => "Treasury settlement",
        "international" => "Cross-border supplier payment",
        "in_store" | "online" => "Card purchase",
        "friends" => "Payment between friends",
        "services" => "Payment for services",
        _ if draft.spec.flow.to == Side::Person => "Transfer",
        _ => "Business payment",
    }
}
