//! `payments show`: one payment of a run, by its place or by its id.

use super::cells;
use anyhow::{Context, ensure};
use producer::Generation;
use producer::Renderer;
use producer::generator::Generator;
use std::io::Write;

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
}

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments show --seed 42 --index 123456\n  payments show --id 8f0c…  --format cells"
)]
#[group(id = "show")]
pub struct Args {
    #[command(flatten)]
    pub generation: Generation,
    /// The payment's place in the run, from 0.
    #[arg(long, required_unless_present = "id", conflicts_with = "id", value_name = "INDEX")]
    pub index: Option<u64>,
    /// The payment's id: the generator finds its place from it, for runs of the same --seed.
    #[arg(long, value_name = "UUID")]
    pub id: Option<String>,
    /// How the payment is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Writes the payment to `out`.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let generator = args.generation.generator()?;
    let index = index(args, &generator)?;
    let payment = generator.payment(index);
    let text = match args.format {
        Format::Json => Renderer::new()?.json(&payment, true)?,
        Format::Proto => Renderer::new()?.text(&payment)?,
        Format::Cells => cells::render(&payment),
    };
    writeln!(out, "{}", text.trim_end())?;
    Ok(())
}

fn index(args: &Args, generator: &Generator) -> anyhow::Result<u64> {
    let config = generator.config();
    if let Some(id) = &args.id {
        return generator.index_of(id).with_context(|| {
            format!(
                "--id {id} is no payment of this run: give the run's --seed (here {}) and --num-records (here {})",
                config.seed, config.num_records
            )
        });
    }
    let index = args.index.context("--index or --id is needed")?;
    ensure!(
        index < config.num_records,
        "--index {index} is outside the run: its {} payments are numbered from 0 (see --num-records)",
        config.num_records
    );
    Ok(index)
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
        assert!(show(&["--id", "nonsense"]).unwrap_err().to_string().contains("--seed"));
        assert!(show(&[]).is_err());
    }
}
