//! A credit transfer as a pacs.008 transaction. Pure.

use super::super::source::Why;
use super::super::xml::Xml;
use schemas::Payment;
use schemas::payment::{Amount, Parties, Party, PartyType, PaymentHeader, ProcessingInfo, TypeSpecific};
use schemas::text;

pub const DIRECT_DEBIT: Why = "of SEPA direct debits, whose message is pacs.003";
pub const OTHER_RAIL: Why = "of rails other than WIRE and SEPA";

/// What a pacs.008 says of a payment, whichever of the two rails it is on. Empty texts are what it does not say.
#[derive(Clone, Debug, Default)]
pub struct Transfer {
    pub header: PaymentHeader,
    pub amount: Amount,
    pub settlement_date: String,
    /// None of the kind where correspondents settle with each other.
    pub clearing_system: String,
    pub settlement_method: String,
    pub is_sepa: bool,
    is_instant: bool,
    instruction_id: String,
    end_to_end_id: String,
    transaction_id: String,
    uetr: String,
    service_level: String,
    /// With the element that it goes into: a code of ISO's list, or one of the clearing system's own.
    local_instrument: (&'static str, String),
    charge_bearer: String,
    intermediary_bic: String,
    purpose: String,
    remittance: String,
    debtor: Party,
    creditor: Party,
}

impl Transfer {
    /// The transfer that a payment is, or why it is none.
    pub fn of(payment: &Payment) -> Result<Self, Why> {
        let Parties { originator, counterparty } = payment.parties.clone().unwrap_or_default();
        let (mut debtor, mut creditor) = (originator.unwrap_or_default(), counterparty.unwrap_or_default());
        let header = payment.payment_header.clone().unwrap_or_default();
        let amount = payment.amount.clone().unwrap_or_default();
        let ProcessingInfo { settlement_date, clearing_system, .. } =
            payment.processing_info.clone().unwrap_or_default();
        let transfer = match payment.type_specific.clone() {
            Some(TypeSpecific::Wire(wire)) => {
                set_bic(&mut debtor, wire.debtor_agent_bic);
                set_bic(&mut creditor, wire.creditor_agent_bic);
                Self {
                    settlement_method: wire.settlement_method,
                    instruction_id: wire.instruction_id,
                    end_to_end_id: wire.end_to_end_id,
                    uetr: wire.uetr,
                    service_level: wire.service_level,
                    // Fedwire's codes, CTRC and the like, are not of ISO's list.
                    local_instrument: ("Prtry", wire.local_instrument),
                    charge_bearer: or(wire.charge_bearer, "SHAR"),
                    intermediary_bic: wire.intermediary_agent_bic,
                    purpose: wire.purpose_code,
                    remittance: wire.remittance_information,
                    ..Self::default()
                }
            }
            Some(TypeSpecific::Sepa(sepa)) if !sepa.scheme.starts_with("SDD") => {
                set_bic(&mut debtor, sepa.debtor_bic);
                set_bic(&mut creditor, sepa.creditor_bic);
                let is_instant = sepa.scheme == "SCT_INST";
                Self {
                    is_sepa: true,
                    is_instant,
                    end_to_end_id: sepa.end_to_end_id,
                    transaction_id: plain(&header.payment_id),
                    service_level: "SEPA".to_owned(),
                    local_instrument: ("Cd", if is_instant { "INST" } else { "" }.to_owned()),
                    charge_bearer: or(sepa.charge_bearer, "SLEV"),
                    purpose: sepa.purpose_code,
                    remittance: sepa.remittance_information,
                    ..Self::default()
                }
            }
            Some(TypeSpecific::Sepa(_)) => return Err(DIRECT_DEBIT),
            _ => return Err(OTHER_RAIL),
        };
        let settlement_method = or(transfer.settlement_method, "CLRG");
        Ok(Self {
            header,
            amount,
            settlement_date,
            clearing_system,
            settlement_method,
            debtor,
            creditor,
            ..transfer
        })
    }

    /// Writes the transaction; its settlement date, unless the group has told it.
    pub fn write(&self, xml: &mut Xml, has_date: bool) {
        xml.within("CdtTrfTxInf", |xml| {
            xml.within("PmtId", |xml| {
                xml.text("InstrId", &self.instruction_id, 35);
                xml.text("EndToEndId", non_empty(&self.end_to_end_id, "NOTPROVIDED"), 35);
                xml.text("TxId", &self.transaction_id, 35);
                xml.text("UETR", &self.uetr, 36);
            });
            xml.within("PmtTpInf", |xml| {
                xml.within("SvcLvl", |xml| xml.text("Cd", &self.service_level, 4));
                let (element, code) = &self.local_instrument;
                xml.within("LclInstrm", |xml| xml.text(element, code, 35));
            });
            amount(xml, "IntrBkSttlmAmt", self.amount.minor_units, &self.amount.currency);
            if has_date {
                xml.text("IntrBkSttlmDt", &self.settlement_date, 10);
            }
            if self.is_instant {
                // The moment that the scheme's ten seconds count from.
                xml.text("AccptncDtTm", &moment(self.header.created_at_micros), 35);
            }
            xml.text("ChrgBr", &self.charge_bearer, 4);
            if !self.is_sepa {
                xml.within("InstgAgt", |xml| institution(xml, &self.debtor));
                match &*self.intermediary_bic {
                    "" => xml.within("InstdAgt", |xml| institution(xml, &self.creditor)),
                    bic => {
                        xml.within("InstdAgt", |xml| bic_alone(xml, bic));
                        xml.within("IntrmyAgt1", |xml| bic_alone(xml, bic));
                    }
                }
            }
            xml.within("Dbtr", |xml| party(xml, &self.debtor));
            account(xml, "DbtrAcct", &self.debtor.account_number);
            xml.within("DbtrAgt", |xml| institution(xml, &self.debtor));
            xml.within("CdtrAgt", |xml| institution(xml, &self.creditor));
            xml.within("Cdtr", |xml| party(xml, &self.creditor));
            account(xml, "CdtrAcct", &self.creditor.account_number);
            xml.within("Purp", |xml| xml.text("Cd", &self.purpose, 4));
            xml.within("RmtInf", |xml| xml.text("Ustrd", &self.remittance, 140));
        });
    }
}

/// An amount of money, in its currency's major unit.
pub fn amount(xml: &mut Xml, element: &str, minor_units: i64, currency: &str) {
    let mut value = Vec::with_capacity(16);
    text::push_amount(&mut value, minor_units, currency);
    xml.with_attribute(element, ("Ccy", currency), &String::from_utf8_lossy(&value));
}

/// A time with its offset written out and milliseconds, which CBPR+ asks for.
pub fn moment(micros: i64) -> String {
    let time = text::time(micros);
    format!("{}+00:00", String::from_utf8_lossy(&time[..23]))
}

/// A UUID of 36 characters in the 35 that identifiers have.
pub fn plain(uuid: &str) -> String {
    uuid.replace('-', "")
}

fn party(xml: &mut Xml, party: &Party) {
    xml.text("Nm", non_empty(&party.name, "NOTPROVIDED"), 140);
    // An address has its town and its country in their own fields, or is none (CBPR+ from 14 November 2026).
    let has_address = !party.town_name.is_empty();
    if has_address {
        xml.within("PstlAdr", |xml| {
            xml.text("StrtNm", &party.street_name, 70);
            xml.text("PstCd", &party.post_code, 16);
            xml.text("TwnNm", &party.town_name, 35);
            xml.text("CtrySubDvsn", &party.region_code, 35);
            xml.text("Ctry", &party.country_code, 2);
        });
    }
    let is_organisation = party.party_type() != PartyType::Individual;
    if is_organisation {
        xml.within("Id", |xml| xml.within("OrgId", |xml| xml.text("LEI", &party.lei, 20)));
    }
    if !has_address {
        xml.text("CtryOfRes", &party.country_code, 2);
    }
}

fn account(xml: &mut Xml, element: &str, number: &str) {
    xml.within(element, |xml| {
        xml.within("Id", |xml| {
            if is_iban(number) {
                xml.text("IBAN", number, 34);
            } else {
                xml.within("Othr", |xml| xml.text("Id", number, 34));
            }
        });
    });
}

/// The bank that keeps a party's account: by its BIC, or else by whatever is known of it.
fn institution(xml: &mut Xml, party: &Party) {
    if party.bank_bic.is_empty() {
        return xml
            .within("FinInstnId", |xml| xml.text("Nm", non_empty(&party.bank_name, "NOTPROVIDED"), 140));
    }
    xml.within("FinInstnId", |xml| {
        xml.text("BICFI", &party.bank_bic, 11);
        let is_aba = party.routing_number.len() == 9 && party.country_code == "US";
        if is_aba {
            xml.within("ClrSysMmbId", |xml| {
                xml.within("ClrSysId", |xml| xml.text("Cd", "USABA", 5));
                xml.text("MmbId", &party.routing_number, 35);
            });
        }
    });
}

pub fn bic_alone(xml: &mut Xml, bic: &str) {
    xml.within("FinInstnId", |xml| xml.text("BICFI", bic, 11));
}

/// The rail's word on a bank counts; its routing number is another bank's then.
fn set_bic(party: &mut Party, bic: String) {
    if !bic.is_empty() && bic != party.bank_bic {
        party.bank_bic = bic;
        party.routing_number.clear();
    }
}

/// Two letters, two digits, letters and digits: no account number without a country begins so.
fn is_iban(number: &str) -> bool {
    let bytes = number.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(u8::is_ascii_alphanumeric)
}

fn or(value: String, otherwise: &str) -> String {
    if value.is_empty() { otherwise.to_owned() } else { value }
}

fn non_empty<'a>(value: &'a str, otherwise: &'a str) -> &'a str {
    if value.is_empty() { otherwise } else { value }
}
