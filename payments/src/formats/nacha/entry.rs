//! An ACH payment as an entry with its addenda, and the batch that it belongs to. Pure.

use super::super::source::Why;
use super::iat;
use super::record::{Record, check_digit, short_date};
use schemas::Payment;
use schemas::payment::{Ach, Amount, Parties, Party, TypeSpecific};

pub const OTHER_RAIL: Why = "of rails other than ACH";
const NO_ADDRESS: Why = "of IAT without the addresses that its addenda must have";
const NO_ROUTING: Why = "whose receiver has no American routing number";
const NO_TRACE: Why = "whose trace number has not fifteen digits";
const NO_ROOM: Why = "with an amount or a number of addenda that the record has no room for";

/// The ten digits that an amount has, in cents.
const MOST_CENTS: i64 = 9_999_999_999;
/// The four digits that their number has.
const MOST_ADDENDA: usize = 9_999;
/// Characters of payment related information in an addenda record.
const ADDENDA_INFO: usize = 80;

/// What entries of one batch share: its header. Batches are written in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Batch {
    pub odfi: u64,
    /// The batch that the bank has collected the entry in: trace numbers count by its files, and so rise in a batch.
    id: String,
    pub company_id: String,
    company_name: String,
    sec_code: String,
    description: String,
    effective_date: String,
    /// Debits and credits of a company are in batches of their own.
    pub is_debit: bool,
    /// Of IAT: the country that the entries go to, and the currency.
    abroad: Option<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub batch: Batch,
    pub trace: u64,
    pub cents: u64,
    /// The receiving bank's eight digits, which the hash is of.
    pub rdfi: u64,
    pub ach: Ach,
    pub originator: Party,
    pub receiver: Party,
    is_recurring: bool,
    addenda: usize,
}

impl Entry {
    /// The forward entry of a payment, whatever became of it; or why it has none.
    pub fn of(payment: &Payment) -> Result<Self, Why> {
        let Some(TypeSpecific::Ach(ach)) = payment.type_specific.clone() else { return Err(OTHER_RAIL) };
        let Parties { originator, counterparty } = payment.parties.clone().unwrap_or_default();
        let (originator, receiver) = (originator.unwrap_or_default(), counterparty.unwrap_or_default());
        let Amount { minor_units, currency, .. } = payment.amount.clone().unwrap_or_default();
        let is_abroad = ach.sec_code == "IAT";
        if is_abroad && !iat::is_complete(&originator, &receiver) {
            return Err(NO_ADDRESS);
        }
        let rdfi = if is_abroad {
            iat::GATEWAY
        } else {
            let routing = digits(&receiver.routing_number, 9).ok_or(NO_ROUTING)?;
            Some(routing / 10).filter(|eight| check_digit(*eight) == routing % 10).ok_or(NO_ROUTING)?
        };
        let trace = digits(&ach.trace_number, 15).ok_or(NO_TRACE)?;
        let declared = ach.addenda_count as usize;
        let (addenda, most) = if is_abroad {
            (declared.max(iat::MANDATORY), iat::MANDATORY + iat::MOST_REMITTANCE)
        } else {
            (declared.max(ach.addenda_info.chars().count().div_ceil(ADDENDA_INFO)), MOST_ADDENDA)
        };
        if !(0..=MOST_CENTS).contains(&minor_units) || addenda > most {
            return Err(NO_ROOM);
        }
        let batch = Batch {
            odfi: trace / 10_000_000,
            id: payment.processing_info.as_ref().map_or_else(String::new, |info| info.batch_id.clone()),
            company_id: ach.company_id.clone(),
            company_name: ach.company_name.clone(),
            sec_code: ach.sec_code.clone(),
            description: ach.company_entry_description.clone(),
            effective_date: short_date(&ach.effective_entry_date),
            // 27, 37, 28, 38 and their like.
            is_debit: ach.transaction_code.ends_with(['7', '8']),
            abroad: is_abroad.then(|| (receiver.country_code.clone(), currency)),
        };
        let is_recurring =
            payment.metadata.as_ref().is_some_and(|metadata| !metadata.recurrence_id.is_empty());
        let cents = minor_units as u64;
        Ok(Self { batch, trace, cents, rdfi, ach, originator, receiver, is_recurring, addenda })
    }

    /// How many addenda records it has.
    pub fn addenda(&self) -> usize {
        self.addenda
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        1 + self.addenda as u64
    }

    pub fn lines(&self) -> Vec<String> {
        if self.batch.abroad.is_some() {
            return iat::lines(self);
        }
        let entry = Record::of_type(6)
            .text(&self.ach.transaction_code, 2)
            .number(self.rdfi, 8)
            .number(check_digit(self.rdfi), 1)
            .text(&self.receiver.account_number, 17)
            .number(self.cents, 10)
            .text(&self.ach.individual_id, 15);
        let entry = match &*self.ach.sec_code {
            "CTX" => entry.number(self.addenda as u64, 4).text(&self.receiver.name, 16).text("", 4),
            // The payment type code: one of a series, or single.
            "WEB" | "TEL" => {
                entry.text(&self.receiver.name, 22).text(if self.is_recurring { "R" } else { "S" }, 2)
            }
            _ => entry.text(&self.receiver.name, 24),
        };
        let has_addenda = u64::from(self.addenda > 0);
        let mut lines = vec![entry.number(has_addenda, 1).number(self.trace, 15).line()];
        for (number, info) in (1..).zip(remittance(&self.ach.addenda_info, self.addenda)) {
            let record = Record::of_type(7).text("05", 2).text(&info, ADDENDA_INFO);
            lines.push(record.number(number, 4).number(self.trace, 7).line());
        }
        lines
    }
}

impl Batch {
    pub fn header(&self, number: u64) -> String {
        let record = Record::of_type(5).number(self.service_class(), 3);
        let record = match &self.abroad {
            None => record.text(&self.company_name, 16).text("", 20),
            // No exchange takes place (fixed to fixed), so that there is no reference to one (3).
            Some((country, _)) => record.text("", 16).text("FF3", 18).text(country, 2),
        };
        let record = record.text(&self.company_id, 10).text(&self.sec_code, 3).text(&self.description, 10);
        let record = match &self.abroad {
            None => record.text("", 6),
            Some((_, currency)) => record.text(currency, 3).text(currency, 3),
        };
        record
            .text(&self.effective_date, 6)
            // The settlement date is the operator's to fill in; the originator is a bank that keeps the rules (1).
            .text("", 3)
            .number(1, 1)
            .number(self.odfi, 8)
            .number(number, 7)
            .line()
    }

    /// Credits only, or debits only.
    pub fn service_class(&self) -> u64 {
        if self.is_debit { 225 } else { 220 }
    }
}

/// The texts of so many addenda records: the first ones have the whole of it, the others repeat how it begins, numbered.
pub fn remittance(info: &str, count: usize) -> Vec<String> {
    let letters: Vec<_> = info.chars().collect();
    let mut texts: Vec<String> = letters.chunks(ADDENDA_INFO).map(|piece| piece.iter().collect()).collect();
    texts.truncate(count);
    let first: String = letters.iter().take(ADDENDA_INFO - 10).collect();
    texts.extend((texts.len() + 1..=count).map(|number| format!("{first} {number}/{count}")));
    texts
}

/// The value of so many digits, and of nothing else.
fn digits(text: &str, width: usize) -> Option<u64> {
    let is_whole = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_addenda_as_are_declared_and_no_text_is_lost() {
        assert!(remittance("", 0).is_empty());
        assert_eq!(remittance("INV 1", 1), ["INV 1"]);
        assert_eq!(remittance("INV 1", 3), ["INV 1", "INV 1 2/3", "INV 1 3/3"]);
        let long = "x".repeat(200);
        assert_eq!(remittance(&long, 3).concat(), long);
        assert!(remittance(&long, 12).iter().all(|info| info.len() <= ADDENDA_INFO));
        assert_eq!(remittance(&long, 12).len(), 12);
    }
}
