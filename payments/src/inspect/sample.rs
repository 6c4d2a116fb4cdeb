//! `payments sample`: the first payments of a run, or the scorecard over them.

use super::{csv, stats, table};
use crate::formats::source::Source;
use crate::formats::{nacha, pacs008, plain_json};
use crate::output;
use anyhow::ensure;
use clap::ValueEnum;
use generator::Scorecard;
use producer::Generation;
use schemas::Payment;
use schemas::json::Renderer;
use service::Error;
use service::units::parse_count;
use std::io::Write;

/// How the payments are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Protobuf's canonical JSON, a payment a line (JSONL).
    Json,
    /// A flat JSON object a payment, a line each, for people: names and values of `payments export`.
    Ndjson,
    /// Every cell a column.
    Csv,
    /// One ISO 20022 document (pacs.008.001.08) of the wires and SEPA credit transfers among the payments; direct debits
    /// (their message is pacs.003) and other rails are left out and counted.
    Pacs008,
    /// One Nacha file of the ACH entries among the payments, as they were sent, whatever became of them. IAT entries
    /// whose parties have no addresses, and other rails, are left out and counted.
    Nacha,
    /// A line for people.
    #[default]
    Table,
}

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments sample -n 20\n  payments sample --stats -n 1000000 --mix eu\n  \
                        payments sample -n 500 --mix SEPA=1 --format pacs008\n  payments sample -n 500 --mix ACH=1 --format nacha"
)]
#[group(id = "sample")]
pub struct Args {
    #[command(flatten)]
    pub generation: Generation,
    /// How many payments: 20, or a million for --stats, if left out. Indices are shuffled in time, so the first ones are a
    /// random sample.
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub count: Option<u64>,
    /// How the payments are written; the scorecard as a table or as one JSON document.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Compare the payments with what the configuration declares, instead of writing them.
    #[arg(long)]
    pub stats: bool,
    /// Each figure of the scorecard.
    #[arg(long, requires = "stats")]
    pub all: bool,
}

/// Writes the sample to `out`, and to `notes` what a format has no place for; an error if the scorecard finds a difference.
pub fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let generator = args.generation.generator()?;
    if args.stats {
        let format = match args.format {
            Format::Table => output::Format::Table,
            Format::Json => output::Format::Json,
            other => {
                let value =
                    other.to_possible_value().map_or_else(String::new, |name| name.get_name().to_owned());
                let problem = "is not for --stats: take table or json".to_owned();
                return Err(Error::Flag { flag: "--format", value, problem }.into());
            }
        };
        let card = Scorecard::of(&generator, args.count.unwrap_or(1_000_000));
        output::write(out, format, || stats::text(&card, args.all), || stats::json(&card))?;
        ensure!(card.is_ok(), "the payments are not what the configuration declares");
        return Ok(());
    }
    let indices = 0..args.count.unwrap_or(20).min(generator.config().num_records);
    let get = |index| generator.payment(index);
    match args.format {
        Format::Json => {
            let renderer = Renderer::new()?;
            for index in indices {
                writeln!(out, "{}", renderer.json(&generator.payment(index), false)?)?;
            }
        }
        Format::Ndjson => {
            for index in indices {
                plain_json::write(&generator.payment(index), out)?;
            }
        }
        Format::Pacs008 => pacs008::write(&source(&get, generator.run_id(), indices.end), out, notes)?,
        Format::Nacha => nacha::write(&source(&get, generator.run_id(), indices.end), out, notes)?,
        Format::Csv => {
            csv::write_header(out)?;
            for index in indices {
                csv::write_payment(&generator.payment(index), out)?;
            }
        }
        Format::Table => {
            let columns = table::columns();
            write!(out, "{}", columns.header())?;
            for index in indices {
                write!(out, "{}", table::line(&columns, &generator.payment(index)))?;
            }
        }
    }
    Ok(())
}

/// The first payments of a run, for a format that goes through them more than once.
fn source<'a>(get: &'a dyn Fn(u64) -> Payment, run_id: &str, count: u64) -> Source<'a> {
    Source { count, get, name: format!("{run_id}-{count}") }
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

    fn sample(flags: &[&str]) -> String {
        let args = Cli::try_parse_from(["sample"].iter().chain(flags)).unwrap().args;
        let mut out = Vec::new();
        run(&args, &mut out, &mut Vec::new()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_sample_has_as_many_payments_as_asked_for_in_every_format() {
        assert_eq!(sample(&["-n", "5"]).lines().count(), 6);
        assert_eq!(sample(&["-n", "5", "--format", "csv"]).lines().count(), 6);
        assert_eq!(sample(&["-n", "5", "--format", "json"]).lines().count(), 5);
        assert_eq!(sample(&["-n", "5", "--num-records", "3", "--format", "json"]).lines().count(), 3);
    }

    #[test]
    fn statistics_begin_with_a_verdict() {
        let text = sample(&["--stats", "-n", "20000", "--num-records", "20000"]);
        assert!(text.starts_with("OK: 20,000 payments, all "), "{text}");
    }
}
