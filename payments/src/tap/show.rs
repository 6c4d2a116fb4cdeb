//! Which payments are shown, and how. Pure.

use super::options::{Args, Format};
use crate::rows::customer;
use prost::Message;
use schemas::json::Renderer;
use schemas::layout::{status_name, type_name};
use schemas::payment::{Parties, Party};
use schemas::{Payment, text};
use service::escape::escape;
use std::io::Write;

/// What became of the messages so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub shown: u64,
    /// Left out by the filters.
    pub others: u64,
    pub undecodable: u64,
}

/// Writes the payments that are wanted.
#[derive(Debug)]
pub struct Shower<'a> {
    args: &'a Args,
    /// For JSON only.
    renderer: Option<Renderer>,
    pub counts: Counts,
}

impl<'a> Shower<'a> {
    pub fn new(args: &'a Args) -> anyhow::Result<Self> {
        let renderer = (args.format == Format::Json).then(Renderer::new).transpose()?;
        Ok(Self { args, renderer, counts: Counts::default() })
    }

    pub fn is_done(&self) -> bool {
        self.args.limit > 0 && self.counts.shown >= self.args.limit
    }

    /// Shows a message's payment, if it is one and wanted.
    pub fn show(&mut self, data: &[u8], out: &mut impl Write) -> anyhow::Result<()> {
        // Any bytes that are few enough decode to something; a payment has a header.
        let payment = Payment::decode(data).ok().filter(|payment| payment.payment_header.is_some());
        let Some(payment) = payment else {
            self.counts.undecodable += 1;
            return Ok(());
        };
        if !self.is_wanted(&payment) {
            self.counts.others += 1;
            return Ok(());
        }
        self.counts.shown += 1;
        match &self.renderer {
            Some(renderer) if self.args.full => writeln!(out, "{}", renderer.json(&payment, false)?)?,
            Some(renderer) => writeln!(out, "{}", renderer.json(&without_persons(&payment), false)?)?,
            None => writeln!(out, "{}", line(&payment, self.args.full))?,
        }
        Ok(())
    }

    fn is_wanted(&self, payment: &Payment) -> bool {
        let Args { rails, customer: wanted, anomaly, .. } = self.args;
        let rail = payment.payment_header.as_ref().map_or("", |header| type_name(header.payment_type()));
        let is_anomaly = payment.metadata.as_ref().is_some_and(|metadata| !metadata.anomaly_type.is_empty());
        (rails.is_empty() || rails.iter().any(|one| one.name() == rail))
            && wanted.as_ref().is_none_or(|wanted| wanted == customer(payment))
            && (!anomaly || is_anomaly)
    }
}

/// Header, amount and the customer's id; nothing that is about a person.
fn without_persons(payment: &Payment) -> Payment {
    let party = Party { party_id: customer(payment).to_owned(), ..Default::default() };
    Payment {
        payment_header: payment.payment_header.clone(),
        amount: payment.amount.clone(),
        parties: Some(Parties { originator: Some(party), counterparty: None }),
        ..Default::default()
    }
}

fn line(payment: &Payment, full: bool) -> String {
    let header = payment.payment_header.clone().unwrap_or_default();
    let amount = payment.amount.clone().unwrap_or_default();
    let mut value = Vec::new();
    text::push_amount(&mut value, amount.minor_units, &amount.currency);
    let mut line = format!(
        "{} {:5} {:>14} {:3} {:10} {:10} {}",
        String::from_utf8_lossy(&text::time(header.created_at_micros)),
        type_name(header.payment_type()),
        String::from_utf8_lossy(&value),
        escape(&amount.currency),
        escape(customer(payment)),
        status_name(header.status()),
        escape(&header.payment_id),
    );
    if full {
        let parties = payment.parties.as_ref();
        let counterparty = parties.and_then(|parties| parties.counterparty.as_ref());
        let name = counterparty.map_or("", |party| &party.name);
        let what = payment.metadata.as_ref().map_or("", |metadata| &metadata.description);
        line = format!("{line} {:30} {}", escape(name), escape(what));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};
    use service::cli::flags;

    /// What is shown with these flags of a run's payments, and how many of what.
    fn shown(given: &[&str]) -> (String, Counts) {
        let config = Config { num_records: 300, num_customers: 10, anomaly_rate: 0.1, ..Config::default() };
        let generator = Generator::new(config).unwrap();
        let args: Args = flags(given).unwrap();
        let (mut shower, mut out) = (Shower::new(&args).unwrap(), Vec::new());
        for index in 0..300 {
            shower.show(&generator.payment(index).encode_to_vec(), &mut out).unwrap();
        }
        shower.show(&[0xff, 1], &mut out).unwrap();
        shower.show(&[], &mut out).unwrap();
        (String::from_utf8(out).unwrap(), shower.counts)
    }

    #[test]
    fn nothing_about_persons_is_shown_unless_it_is_asked_for() {
        let generator = Generator::new(Config {
            num_records: 300,
            num_customers: 10,
            anomaly_rate: 0.1,
            ..Config::default()
        });
        let parties = generator.unwrap().payment(7).parties.unwrap();
        let (name, own) = (parties.counterparty.unwrap().name, parties.originator.unwrap());
        for format in ["text", "json"] {
            let (short, _) = shown(&["--format", format]);
            let (full, _) = shown(&["--format", format, "--full"]);
            assert!(short.contains(&own.party_id) && full.contains(&own.party_id));
            for personal in [&name, &own.name, &own.account_number] {
                assert!(!short.contains(personal), "{format}: {personal}");
            }
            assert!(full.contains(&name));
        }
    }

    #[test]
    fn what_cannot_be_decoded_and_what_is_not_wanted_is_counted() {
        let (out, all) = shown(&[]);
        assert_eq!((out.lines().count(), all), (300, Counts { shown: 300, others: 0, undecodable: 2 }));
        let (out, some) = shown(&["--rail", "ach,WIRE"]);
        assert!(out.lines().all(|line| line.contains(" ACH ") || line.contains(" WIRE ")), "{out}");
        assert!(some.shown > 0 && some.shown < 300 && some.shown + some.others == 300);
        let (out, some) = shown(&["--customer", "CUST000003"]);
        assert!(some.shown > 0 && out.lines().all(|line| line.contains(" CUST000003 ")), "{out}");
        let (_, some) = shown(&["--anomaly"]);
        assert!(some.shown > 0 && some.shown < 100, "{some:?}");
    }
}
