//! ISO 20022 pacs.008.001.08, the credit transfer between banks: one document, however many transfers there are.
//!
//! Wires and SEPA credit transfers are pacs.008. Direct debits are pacs.003, and other rails have other messages.

mod transfer;

use super::source::{LeftOut, Source, Why};
use super::xml::Xml;
use anyhow::Context;
use schemas::text;
use std::collections::BTreeMap;
use std::io::Write;
use transfer::{Transfer, amount, moment};

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08";
/// No currency's minor unit has more decimals (ISO 4217).
const DECIMALS: usize = 4;

/// What is told before the transfers.
#[derive(Debug, Default)]
struct Group {
    transfers: u64,
    /// In units of the last of [`DECIMALS`].
    sum: i128,
    /// The most that an amount has.
    decimals: usize,
    newest_micros: i64,
    currencies: Shared,
    dates: Shared,
    clearing_systems: Shared,
    methods: BTreeMap<String, u64>,
    others_than_sepa: u64,
}

/// A text that all have, or none.
#[derive(Debug, Default)]
enum Shared {
    #[default]
    Unknown,
    All(String),
    Mixed,
}

impl Shared {
    fn see(&mut self, value: &str) {
        match self {
            Self::Unknown => *self = Self::All(value.to_owned()),
            Self::All(known) if known == value => {}
            _ => *self = Self::Mixed,
        }
    }

    fn get(&self) -> Option<&str> {
        match self {
            Self::All(value) if !value.is_empty() => Some(value),
            _ => None,
        }
    }
}

/// Writes the document, and to `notes` what it does not tell.
pub fn write(source: &Source<'_>, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let (group, left_out) = group(source)?;
    if group.transfers == 0 {
        return Err(super::nothing("pacs008", "payments of WIRE, and credit transfers of SEPA", &left_out));
    }
    left_out.write(notes)?;
    let method = group.method();
    if let Some(others) = group.settled_otherwise() {
        writeln!(notes, "note         a message has one settlement method, {method} here; {others}")?;
    }
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<Document xmlns=\"{NAMESPACE}\">")?;
    writeln!(out, "  <FIToFICstmrCdtTrf>")?;
    let has_date = group.total().is_none();
    let mut header = Xml::at(2);
    group.write(&mut header, source)?;
    out.write_all(header.into_text().as_bytes())?;
    source.each(|_, payment| {
        if let Ok(transfer) = Transfer::of(payment) {
            let mut xml = Xml::at(2);
            transfer.write(&mut xml, has_date);
            out.write_all(xml.into_text().as_bytes())?;
        }
        Ok(())
    })?;
    writeln!(out, "  </FIToFICstmrCdtTrf>\n</Document>")?;
    Ok(())
}

/// Why a payment has no pacs.008, where it has none.
pub fn misfit(payment: &schemas::Payment) -> Option<Why> {
    Transfer::of(payment).err()
}

fn group(source: &Source<'_>) -> anyhow::Result<(Group, LeftOut)> {
    let (mut group, mut left_out) = (Group::default(), LeftOut::default());
    source.each(|_, payment| {
        match Transfer::of(payment) {
            Ok(transfer) => group.add(&transfer),
            Err(why) => left_out.add(why),
        }
        Ok(())
    })?;
    Ok((group, left_out))
}

impl Group {
    fn add(&mut self, transfer: &Transfer) {
        let decimals = text::minor_digits(&transfer.amount.currency);
        self.transfers += 1;
        self.sum += i128::from(transfer.amount.minor_units) * 10_i128.pow((DECIMALS - decimals) as u32);
        self.decimals = self.decimals.max(decimals);
        self.newest_micros = self.newest_micros.max(transfer.header.created_at_micros);
        self.currencies.see(&transfer.amount.currency);
        self.dates.see(&transfer.settlement_date);
        self.clearing_systems.see(&transfer.clearing_system);
        *self.methods.entry(transfer.settlement_method.clone()).or_default() += 1;
        self.others_than_sepa += u64::from(!transfer.is_sepa);
    }

    /// The settlement method that most of them have.
    fn method(&self) -> &str {
        let most = self.methods.iter().max_by_key(|(name, count)| (**count, name.as_str() == "CLRG"));
        most.map_or("CLRG", |(name, _)| name)
    }

    fn settled_otherwise(&self) -> Option<String> {
        let others = self.methods.iter().filter(|(name, _)| *name != self.method());
        let told: Vec<_> = others.map(|(name, count)| format!("{count} have {name}")).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// Currency and settlement date of all, where the message tells them once: SEPA's do, others have them in each
    /// transfer.
    fn total(&self) -> Option<(&str, &str)> {
        if self.others_than_sepa > 0 {
            return None;
        }
        Some((self.currencies.get()?, self.dates.get()?))
    }

    fn write(&self, xml: &mut Xml, source: &Source<'_>) -> anyhow::Result<()> {
        let sum = self.sum / 10_i128.pow((DECIMALS - self.decimals) as u32);
        let sum = i64::try_from(sum).ok().filter(|sum| *sum < 10_i64.pow(18));
        let sum = sum.context("the control sum has more than 18 digits: give fewer payments, by -n")?;
        let mut control = Vec::new();
        text::push_decimal(&mut control, sum, self.decimals);
        xml.within("GrpHdr", |xml| {
            xml.text("MsgId", &source.name, 35);
            xml.text("CreDtTm", &moment(self.newest_micros), 35);
            xml.text("NbOfTxs", &self.transfers.to_string(), 15);
            xml.text("CtrlSum", &String::from_utf8_lossy(&control), 20);
            if let Some((currency, date)) = self.total() {
                amount(xml, "TtlIntrBkSttlmAmt", sum, currency);
                xml.text("IntrBkSttlmDt", date, 10);
            }
            xml.within("SttlmInf", |xml| {
                xml.text("SttlmMtd", self.method(), 4);
                if self.method() == "CLRG" {
                    xml.within("ClrSys", |xml| self.clearing_system(xml));
                }
            });
        });
        Ok(())
    }

    fn clearing_system(&self, xml: &mut Xml) {
        match self.clearing_systems.get() {
            // Of ISO's list of cash clearing systems; the others go by their names.
            Some("FEDWIRE") => xml.text("Cd", "FDW", 3),
            Some("T2") => xml.text("Cd", "TGT", 3),
            Some(name) => xml.text("Prtry", name, 35),
            None => {}
        }
    }
}
