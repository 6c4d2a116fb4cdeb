//! `payments show`: one payment of a run, by its index or its id; also one of a trickle, whose index is a time.

use super::cells;
use crate::formats::source::Source;
use crate::formats::{self, nacha, pacs008, plain_json};
use crate::origin::{OTHER_RUN, Origin, parse_id};
use generator::Generator;
use producer::Generation;
use producer::trickle::Lives;
use schemas::Payment;
use schemas::json::Renderer;
use service::Error;
use service::units::parse_count;
use std::io::{self, Write};

/// How the payment is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Protobuf's canonical JSON.
    #[default]
    Json,
    /// Protobuf's text format.
    Proto,
    /// Row keys and cells, as in the tables.
    Cells,
    /// A flat JSON object on one line, for people: names and values of `payments export`.
    Ndjson,
    /// ISO 20022 (pacs.008.001.08), for wires and SEPA credit transfers; direct debits are pacs.003, and refused as other
    /// rails are.
    Pacs008,
    /// A Nacha file of one entry, for ACH; of IAT where both parties have addresses.
    Nacha,
}

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments show --seed 42 --index 123456\n  payments show --id 8f0c…  --format cells\n  \
                  payments show --index 7 --mix WIRE=1 --format pacs008"
)]
#[group(id = "show")]
pub struct Args {
    #[command(flatten)]
    pub generation: Generation,
    /// The payment's place in the run, from 0.
    #[arg(long, required_unless_present = "id", conflicts_with = "id", value_name = "INDEX", value_parser = parse_count::<u64>)]
    pub index: Option<u64>,
    /// The payment's id: the generator finds its place from it, for runs and trickles of the same --seed.
    #[arg(long, value_name = "UUID")]
    pub id: Option<String>,
    /// Version of a trickle's payment, 1 for its first message; without it the last, however late it comes.
    #[arg(long, requires = "id", value_name = "NUMBER")]
    pub payment_version: Option<u32>,
    #[command(flatten)]
    pub lives: Lives,
    /// How the payment is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Writes the payment to `out`.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let generator = args.generation.generator()?;
    let payment = match &args.id {
        Some(id) => by_id(args, id, &generator)?,
        // The flags require one of the two.
        None => by_index(args.index.unwrap_or_default(), &generator)?,
    };
    let text = match args.format {
        Format::Json => Renderer::new()?.json(&payment, true)?,
        Format::Proto => Renderer::new()?.text(&payment)?,
        Format::Cells => cells::render(&payment),
        Format::Ndjson => return plain_json::write(&payment, out),
        Format::Pacs008 | Format::Nacha => return in_file(&payment, args.format, out),
    };
    writeln!(out, "{}", text.trim_end())?;
    Ok(())
}

/// The payment as the only one of a file.
fn in_file(payment: &Payment, format: Format, out: &mut impl Write) -> anyhow::Result<()> {
    let name = payment.payment_header.clone().unwrap_or_default().payment_id.replace('-', "");
    let source = Source { count: 1, get: &|_| payment.clone(), name };
    let notes = &mut io::sink();
    if format == Format::Nacha {
        return match nacha::misfit(payment) {
            Some(why) => Err(formats::refused("nacha", "ACH", why)),
            None => nacha::write(&source, out, notes),
        };
    }
    match pacs008::misfit(payment) {
        Some(why) => Err(formats::refused("pacs008", "WIRE and SEPA credit transfers", why)),
        None => pacs008::write(&source, out, notes),
    }
}

fn by_id(args: &Args, id: &str, generator: &Generator) -> Result<Payment, Error> {
    let refuse = |problem: String| Error::Flag { flag: "--id", value: id.to_owned(), problem };
    parse_id(id).map_err(|_| refuse("is not a payment's id: 36 characters".to_owned()))?;
    let origin = Origin::of(id, generator);
    if let Origin::Trickle(index) = origin {
        let mut live = args.lives.live(args.generation.config()?)?;
        let payment = live.version(index, args.payment_version).map(|(payment, _)| payment);
        return payment.ok_or_else(|| {
            let problem = "is a trickle's payment without so many versions: leave out --payment-version to see its \
                           last, and give the trickle's --update-share and --update-within";
            refuse(problem.to_owned())
        });
    }
    if args.payment_version.is_some() && origin != Origin::Elsewhere {
        return Err(refuse("is not of a trickle: only those have a --payment-version".to_owned()));
    }
    match origin {
        Origin::Run(index) => Ok(generator.payment(index)),
        Origin::Trickle(_) | Origin::Elsewhere => Err(refuse(format!("is {OTHER_RUN}"))),
    }
}

fn by_index(index: u64, generator: &Generator) -> Result<Payment, Error> {
    let records = generator.config().num_records;
    if index < records {
        return Ok(generator.payment(index));
    }
    let problem =
        format!("is outside the run: its {records} payments are numbered from 0 (see --num-records)");
    Err(Error::Flag { flag: "--index", value: index.to_string(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn show(flags: &[&str]) -> anyhow::Result<String> {
        let args = Cli::try_parse_from(["show"].iter().chain(flags))?.args;
        let mut out = Vec::new();
        run(&args, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn an_id_shows_what_its_index_shows() {
        let by_index = show(&["--index", "123"]).unwrap();
        let value: serde_json::Value = serde_json::from_str(&by_index).unwrap();
        let id = value["paymentHeader"]["paymentId"].as_str().unwrap();
        assert_eq!(show(&["--id", id]).unwrap(), by_index);
        assert!(show(&["--id", id, "--format", "cells"]).unwrap().contains(id));
        assert!(show(&["--id", id, "--format", "proto"]).unwrap().contains(&format!("payment_id: \"{id}\"")));
    }

    #[test]
    fn what_is_not_in_the_run_is_refused_with_the_way_out() {
        assert!(show(&["--index", "1000000"]).unwrap_err().to_string().contains("--num-records"));
        assert!(show(&["--id", "nonsense"]).unwrap_err().to_string().contains("36 characters"));
        let id = Generator::new(generator::Config::default()).unwrap().payment_id(999_999);
        let error = show(&["--id", &id, "--num-records", "1000"]).unwrap_err().to_string();
        assert!(error.contains("is of another run: give all its flags"), "{error}");
        let error = show(&["--id", &id, "--payment-version", "1"]).unwrap_err().to_string();
        assert!(error.contains("not of a trickle"), "{error}");
        assert!(show(&[]).is_err());
    }

    #[test]
    fn an_id_of_a_trickle_shows_each_of_its_versions() {
        let mut live = producer::trickle::Lives::default().live(generator::Config::default()).unwrap();
        // 2026-03-02T12:00:00Z, a Monday.
        let ids = (0..50).map(|k| {
            let (payment, _) = live.version(1_772_452_800_000_000 + k, Some(1)).unwrap();
            payment.payment_header.unwrap().payment_id
        });
        let mut longest = 0;
        for id in ids {
            let value = |flags: &[&str]| -> anyhow::Result<serde_json::Value> {
                let usual = ["--id", &id, "--update-share", "1", "--num-customers", "7"];
                Ok(serde_json::from_str(&show(&[&usual, flags].concat())?)?)
            };
            let last = value(&[]).unwrap();
            let versions = last["paymentHeader"]["version"].as_u64().unwrap();
            longest = longest.max(versions);
            assert_eq!(value(&["--payment-version", &versions.to_string()]).unwrap(), last);
            let first = value(&["--payment-version", "1"]).unwrap();
            assert_eq!(first["paymentHeader"]["status"], "PAYMENT_STATUS_PENDING");
            assert_eq!(first["paymentHeader"]["paymentId"], id.as_str());
            let error = value(&["--payment-version", &(versions + 1).to_string()]).unwrap_err().to_string();
            assert!(error.contains("without so many versions"), "{error}");
            assert!(value(&["--payment-version", "0"]).is_err());
        }
        assert!(longest >= 3, "{longest}");
    }
}
