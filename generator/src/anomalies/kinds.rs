//! The injected patterns: their names, the flows they happen in, and the parts that their members play.

use crate::flows::FlowSpec;
use crate::mix::Rail;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Small charges on many cards of one bank at one shop, most declined, and one of the good ones used.
    CardTesting,
    /// One customer stays just below the 10,000 USD from which cash is reported (31 CFR 1010.311), again and again.
    Structuring,
    /// A stolen account is emptied to new payees.
    AccountTakeover,
    /// Many pay one mule, who passes it on.
    MuleFanIn,
    /// One passes money on to many new payees.
    MuleFanOut,
    /// A victim's money goes from mule to mule, each keeping a fee.
    MuleChain,
    /// Money comes back to where it came from.
    Cycle,
    /// One pays many, who all pay another.
    ScatterGather,
    /// The same payment twice.
    DuplicatePayment,
    /// A company pays its supplier's invoices to an account that is not the supplier's.
    BusinessEmailCompromise,
    /// A customer is talked into paying a stranger, more each time.
    AuthorisedPush,
    /// Honest payments of the same shapes.
    LookAlike,
}

impl Kind {
    /// In the order of the profile's patterns.
    pub const ALL: [Self; 12] = [
        Self::CardTesting,
        Self::Structuring,
        Self::AccountTakeover,
        Self::MuleFanIn,
        Self::MuleFanOut,
        Self::MuleChain,
        Self::Cycle,
        Self::ScatterGather,
        Self::DuplicatePayment,
        Self::BusinessEmailCompromise,
        Self::AuthorisedPush,
        Self::LookAlike,
    ];

    /// As written in `metadata.anomaly_type`; honest payments have none.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CardTesting => "CARD_TESTING",
            Self::Structuring => "STRUCTURING",
            Self::AccountTakeover => "ACCOUNT_TAKEOVER",
            Self::MuleFanIn => "MULE_FAN_IN",
            Self::MuleFanOut => "MULE_FAN_OUT",
            Self::MuleChain => "MULE_CHAIN",
            Self::Cycle => "CYCLE",
            Self::ScatterGather => "SCATTER_GATHER",
            Self::DuplicatePayment => "DUPLICATE_PAYMENT",
            Self::BusinessEmailCompromise => "BUSINESS_EMAIL_COMPROMISE",
            Self::AuthorisedPush => "AUTHORISED_PUSH_PAYMENT",
            Self::LookAlike => "",
        }
    }

    pub const fn is_honest(self) -> bool {
        matches!(self, Self::LookAlike)
    }

    /// Whether the pattern happens in a flow, in the United States or elsewhere. Flows whose payments are numbered by
    /// account are left alone: a pattern would take another's numbers.
    pub fn takes(self, spec: &FlowSpec, is_american: bool) -> bool {
        let (rail, flow) = (spec.rail, spec.name.as_str());
        let instant = matches!(
            (rail, flow),
            (Rail::Rtp, "transfer") | (Rail::P2p, "friends") | (Rail::Sepa, "instant")
        );
        let personal_wire = rail == Rail::Wire && flow == "personal";
        let supplies = matches!(flow, "vendor" | "supplier") || rail == Rail::Wire && flow == "corporate";
        spec.flow.rhythm.is_none()
            && match self {
                Self::CardTesting => rail == Rail::Card && flow == "online",
                Self::Structuring => personal_wire && is_american,
                Self::AccountTakeover | Self::AuthorisedPush => instant || personal_wire,
                Self::MuleFanIn | Self::MuleFanOut | Self::MuleChain | Self::Cycle | Self::ScatterGather => {
                    instant
                }
                Self::DuplicatePayment => supplies || rail == Rail::Card && flow == "online",
                Self::BusinessEmailCompromise => supplies,
                Self::LookAlike => instant || supplies,
            }
    }
}

/// A payment's part in a pattern.
#[derive(Clone, Copy, Debug)]
pub struct Injected {
    pub kind: Kind,
    /// Equal for the members of a group.
    pub group: u64,
    /// Which of the group's members, from 0 in the order of time, and of how many.
    pub member: u64,
    pub size: u64,
}

/// Who is at an end of a member's payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A customer of the group, by number.
    Customer(u64),
    /// Somebody of whom nothing else is known.
    Stranger(u64),
    /// Whom the payer deals with anyway.
    Usual,
}

/// What a member of a group does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    pub from: Actor,
    pub to: Actor,
    /// As written in `metadata.anomaly_role`: what both ends are.
    pub role: &'static str,
    /// Whose amount: the number of the draw, and the part of it.
    pub amount: Amount,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A quantile of the flow's amounts between two.
    Between(f64, f64),
    /// In units of the currency.
    Major(f64, f64),
    /// The part of what members `first..end` of the group paid, before `Part::amount` is drawn for them.
    Of { first: u64, end: u64, part: f64 },
    /// The group's one amount.
    Shared,
}

impl Injected {
    /// The member's part.
    pub fn part(&self) -> Part {
        use Actor::{Customer, Stranger, Usual};

        let (h, size) = (self.member, self.size);
        let last = size - 1;
        let part = |from, to, role, amount| Part { from, to, role, amount };
        match self.kind {
            Kind::CardTesting if h == last => {
                part(Customer(0), Stranger(1), "TESTED_CARD_TO_SHOP", Amount::Between(0.9, 0.99))
            }
            Kind::CardTesting => part(Customer(h), Stranger(0), "CARD_TO_SHOP", Amount::Major(0.5, 4.0)),
            Kind::Structuring => {
                part(Customer(0), Stranger(0), "STRUCTURER_TO_PAYEE", Amount::Major(8_220.0, 9_920.0))
            }
            Kind::AccountTakeover if h == 0 => {
                part(Customer(0), Stranger(0), "STOLEN_ACCOUNT_TO_MULE", Amount::Between(0.05, 0.3))
            }
            Kind::AccountTakeover => {
                part(Customer(0), Stranger(h % 2), "STOLEN_ACCOUNT_TO_MULE", Amount::Between(0.9, 0.995))
            }
            Kind::MuleFanIn if h >= size - fan_in_outs(size) => {
                let outs = fan_in_outs(size);
                let amount = Amount::Of { first: 0, end: size - outs, part: 0.94 / outs as f64 };
                part(Customer(0), Stranger(h), "MULE_TO_COLLECTOR", amount)
            }
            Kind::MuleFanIn => {
                part(Customer(1 + h), Customer(0), "VICTIM_TO_MULE", Amount::Between(0.5, 0.95))
            }
            Kind::MuleFanOut => {
                part(Customer(0), Stranger(h), "MULE_TO_COLLECTOR", Amount::Between(0.4, 0.85))
            }
            Kind::MuleChain if h == 0 => {
                part(Customer(0), Customer(1), "VICTIM_TO_MULE", Amount::Between(0.8, 0.97))
            }
            Kind::MuleChain => {
                let amount = Amount::Of { first: h - 1, end: h, part: 0.93 };
                if h == last {
                    part(Customer(h), Stranger(0), "MULE_TO_COLLECTOR", amount)
                } else {
                    part(Customer(h), Customer(h + 1), "MULE_TO_MULE", amount)
                }
            }
            Kind::Cycle => {
                let amount = if h == 0 {
                    Amount::Between(0.7, 0.95)
                } else {
                    Amount::Of { first: h - 1, end: h, part: 0.985 }
                };
                part(Customer(h), Customer((h + 1) % size), "CYCLE_TO_CYCLE", amount)
            }
            Kind::ScatterGather => {
                let mules = size / 2;
                match h {
                    _ if h < mules => {
                        part(Customer(0), Customer(1 + h), "SOURCE_TO_MULE", Amount::Between(0.5, 0.9))
                    }
                    _ if h < mules * 2 => {
                        let amount = Amount::Of { first: h - mules, end: h - mules + 1, part: 0.95 };
                        part(Customer(1 + h - mules), Customer(1 + mules), "MULE_TO_COLLECTOR", amount)
                    }
                    _ => {
                        let amount = Amount::Of { first: mules, end: mules * 2, part: 0.5 };
                        part(Customer(1 + mules), Stranger(0), "COLLECTOR_TO_CASH", amount)
                    }
                }
            }
            Kind::DuplicatePayment => {
                let role = if h == 0 { "ORIGINAL" } else { "DUPLICATE" };
                part(Customer(0), Usual, role, Amount::Shared)
            }
            Kind::BusinessEmailCompromise => {
                part(Customer(0), Usual, "COMPANY_TO_ALTERED_ACCOUNT", Amount::Between(0.8, 0.98))
            }
            Kind::AuthorisedPush => {
                let low = 0.5 + 0.4 * h as f64 / size as f64;
                part(Customer(0), Stranger(0), "VICTIM_TO_FRAUDSTER", Amount::Between(low, low + 0.09))
            }
            Kind::LookAlike => match self.group % 3 {
                // A round among friends, dues of a club, or a bill shared out.
                0 => part(Customer(0), Customer(1 + h), "LOOK_ALIKE", Amount::Between(0.3, 0.8)),
                1 => part(Customer(1 + h), Customer(0), "LOOK_ALIKE", Amount::Shared),
                _ => part(Customer(0), Usual, "LOOK_ALIKE", Amount::Shared),
            },
        }
    }
}

/// How many payments carry a fan-in's money on.
const fn fan_in_outs(size: u64) -> u64 {
    if size > 4 { 2 } else { 1 }
}
