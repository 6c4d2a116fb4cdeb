//! Each line on a few payments made by hand: once as they should be, once broken.

mod papers;
mod people;

use schemas::Payment;
use schemas::payment::{
    Ach, Amount, Card, Check, Metadata, P2p, Parties, Party, PartyType, PaymentHeader, PaymentStatus,
    ProcessingInfo, Sepa, TypeSpecific, Wire,
};

use super::Relations;
use super::view::{DAY, HOUR, MINUTE};
use crate::dates::day_of;
use crate::mix::Rail;

/// A payment on its way to being what a test wants.
struct Made(Payment);

/// Thursday 2024-03-14, midnight UTC.
fn start() -> i64 {
    i64::from(day_of(2024, 3, 14)) * DAY
}

fn party(id: &str, kind: PartyType) -> Party {
    Party {
        party_id: id.into(),
        party_type: kind as i32,
        name: format!("Name of {id}"),
        country_code: "US".into(),
        account_number: format!("account of {id}"),
        ..Party::default()
    }
}

/// A completed payment of 10.00 USD from `CUST000001` to `CUST000002`, both persons, some time after [`start`].
fn made(specific: TypeSpecific, micros: i64) -> Made {
    let rail = match &specific {
        TypeSpecific::Ach(_) => Rail::Ach,
        TypeSpecific::Wire(_) => Rail::Wire,
        TypeSpecific::Card(_) => Rail::Card,
        TypeSpecific::Rtp(_) => Rail::Rtp,
        TypeSpecific::Sepa(_) => Rail::Sepa,
        TypeSpecific::Check(_) => Rail::Check,
        TypeSpecific::P2p(_) => Rail::P2p,
    };
    Made(Payment {
        payment_header: Some(PaymentHeader {
            payment_type: rail.payment_type() as i32,
            created_at_micros: start() + micros,
            updated_at_micros: start() + micros,
            status: PaymentStatus::Completed as i32,
            ..PaymentHeader::default()
        }),
        amount: Some(Amount { minor_units: 1_000, currency: "USD".into(), ..Amount::default() }),
        parties: Some(Parties {
            originator: Some(party("CUST000001", PartyType::Individual)),
            counterparty: Some(party("CUST000002", PartyType::Individual)),
        }),
        processing_info: Some(ProcessingInfo::default()),
        metadata: Some(Metadata::default()),
        type_specific: Some(specific),
    })
}

impl Made {
    fn between(mut self, from: (&str, PartyType), to: (&str, PartyType)) -> Self {
        let parties = self.0.parties.as_mut().unwrap();
        parties.originator = Some(party(from.0, from.1));
        parties.counterparty = Some(party(to.0, to.1));
        self
    }

    /// From one person to another, by their numbers.
    fn persons(self, from: u32, to: u32) -> Self {
        let id = |number| format!("CUST{number:06}");
        self.between((&id(from), PartyType::Individual), (&id(to), PartyType::Individual))
    }

    /// To a shop in a country.
    fn at_shop(mut self, shop: &str, country: &str) -> Self {
        let shop = party(shop, PartyType::Merchant);
        let parties = self.0.parties.as_mut().unwrap();
        parties.counterparty = Some(Party { country_code: country.into(), ..shop });
        self
    }

    fn amount(mut self, minor_units: i64, currency: &str) -> Self {
        self.0.amount = Some(Amount { minor_units, currency: currency.into(), ..Amount::default() });
        self
    }

    fn with(mut self, change: impl FnOnce(&mut ProcessingInfo)) -> Self {
        change(self.0.processing_info.as_mut().unwrap());
        self
    }

    fn standing(mut self, arrangement: &str) -> Self {
        self.0.metadata.as_mut().unwrap().recurrence_id = arrangement.into();
        self
    }

    fn injected(mut self, kind: &str, group: &str) -> Self {
        let metadata = self.0.metadata.as_mut().unwrap();
        (metadata.anomaly_type, metadata.anomaly_group) = (kind.into(), group.into());
        self
    }

    /// Settled on 14 March 2024 and sent back so many days later, at noon UTC.
    fn returned(mut self, days: i64, reason: &str) -> Self {
        let header = self.0.payment_header.as_mut().unwrap();
        header.updated_at_micros = start() + days * DAY + 12 * HOUR;
        header.status = PaymentStatus::Returned as i32;
        self.with(|info| {
            info.settlement_date = "2024-03-14".into();
            info.reason_code = reason.into();
        })
    }
}

/// The verdict of the only line whose text begins like this.
fn is_ok(payments: &[Made], what: &str) -> bool {
    let line = find(payments, what);
    assert!(line.is_applicable(), "{line:?}");
    line.is_ok()
}

fn find(payments: &[Made], what: &str) -> crate::scorecard::Line {
    let mut relations = Relations::default();
    for made in payments {
        relations.look(&made.0);
    }
    let mut lines = relations.lines(true);
    lines.retain(|line| line.what.starts_with(what));
    assert_eq!(lines.len(), 1, "{what}: {lines:#?}");
    lines.remove(0)
}

fn ach(trace: &str, company: &str, sec_code: &str) -> TypeSpecific {
    TypeSpecific::Ach(Ach {
        trace_number: trace.into(),
        company_id: company.into(),
        sec_code: sec_code.into(),
        direction: "CREDIT".into(),
        ..Ach::default()
    })
}

fn check(number: &str) -> TypeSpecific {
    TypeSpecific::Check(Check {
        check_number: number.into(),
        routing_number: "500000005".into(),
        account_number: "12".into(),
        ..Check::default()
    })
}

fn sepa(scheme: &str) -> Sepa {
    Sepa { scheme: scheme.into(), ..Sepa::default() }
}

fn wire() -> Wire {
    Wire::default()
}

fn p2p(network: &str) -> TypeSpecific {
    TypeSpecific::P2p(P2p { network: network.into(), ..P2p::default() })
}

/// A card that is present, approved.
fn card(token: &str) -> Card {
    Card {
        card_token: token.into(),
        entry_mode: "CHIP".into(),
        response_code: "00".into(),
        ..Card::default()
    }
}
