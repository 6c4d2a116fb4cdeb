//! `payments plan`: what a load takes, by arithmetic over a sample of its payments. No server.
//!
//! - [`sample`]: sizes, measured. [`model`]: the arithmetic. `report`: its figures with their sources.

pub mod model;
mod report;
pub mod sample;

use crate::output::{Format, write};
use anyhow::bail;
use model::{Load, Prices};
use producer::Generation;
use sample::Sizes;
use service::Error;
use service::units::parse_duration;
use std::io::Write;
use std::time::Duration;

/// Say what a load takes: messages, nodes, sinks, storage, and which limits it breaks. No server is needed.
///
/// --num-records and --within ask for a load in a given time; without --within it is as fast as --nodes allow; --rate is a
/// trickle without an end. Sizes are measured on payments made with the same flags; what else is assumed is listed. Exit
/// code 1 where the load breaks a limit.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  payments plan --num-records 1000000000 --within 2h\n  \
                  payments plan --num-records 1000000000 --nodes 10 --price-node-hour 0.65\n  \
                  payments plan --rate 5000/s --num-customers 1000000 --format json")]
#[group(id = "plan")]
pub struct Args {
    #[command(flatten)]
    pub generation: Generation,
    /// Time for the whole load.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION", conflicts_with_all = ["rate", "nodes"])]
    pub within: Option<Duration>,
    /// Payments a second of a trickle; --num-records only limits the sample then.
    #[arg(long, value_parser = parse_rate, value_name = "COUNT/s", conflicts_with = "nodes")]
    pub rate: Option<f64>,
    /// Bigtable nodes that there are; 1 if left out.
    #[arg(long, value_name = "COUNT")]
    pub nodes: Option<u32>,
    /// Days after which rows are deleted; without it only the families' own retention counts.
    #[arg(long, value_name = "DAYS")]
    pub retention_days: Option<u32>,
    /// CPUs of one sink or producer.
    #[arg(long, default_value_t = 1.0, value_name = "COUNT")]
    pub cpus: f64,
    /// Payments measured.
    #[arg(long, default_value_t = 10_000, value_name = "COUNT")]
    pub sample: u64,
    /// Price of a Bigtable node an hour, in any currency.
    #[arg(long, value_name = "PRICE")]
    pub price_node_hour: Option<f64>,
    /// Price of a GB stored in Bigtable for a month.
    #[arg(long, value_name = "PRICE")]
    pub price_gb_month: Option<f64>,
    /// Price of a TiB published.
    #[arg(long, value_name = "PRICE")]
    pub price_tib_published: Option<f64>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.strip_suffix("/s").and_then(|rate| rate.parse::<f64>().ok());
    rate.filter(|rate| rate.is_finite() && *rate > 0.0).ok_or("not a rate; write 5000/s".to_owned())
}

impl Args {
    fn load(&self) -> Result<Load, Error> {
        let refuse =
            |flag, value: String| Err(Error::Flag { flag, value, problem: "must be more than 0".into() });
        let payments = self.generation.num_records as f64;
        if self.cpus.is_nan() || self.cpus <= 0.0 {
            return refuse("--cpus", self.cpus.to_string());
        }
        match (self.rate, self.within) {
            (Some(payments_per_second), _) => Ok(Load::Rate { payments_per_second }),
            (_, Some(within)) if within.is_zero() => refuse("--within", "0s".into()),
            (_, Some(within)) => Ok(Load::Within { payments, seconds: within.as_secs_f64() }),
            _ if self.nodes == Some(0) => refuse("--nodes", "0".into()),
            _ => Ok(Load::AsFastAs { payments, nodes: f64::from(self.nodes.unwrap_or(1)) }),
        }
    }
}

/// Writes the plan to `out`; an error where the load breaks a limit.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let load = args.load()?;
    let sizes = Sizes::measure(&*args.generation.generator()?, args.sample);
    let prices = Prices {
        node_hour: args.price_node_hour,
        gb_month: args.price_gb_month,
        tib_published: args.price_tib_published,
    };
    let plan = model::plan(&sizes, load, args.retention_days.map(f64::from), args.cpus, prices);
    write(out, args.format, || report::text(&plan, &sizes, args.cpus), || report::json(&plan, &sizes))?;
    if !plan.breached.is_empty() {
        bail!("{} limit(s) are broken: see the lines marked LIMIT", plan.breached.len());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn planned(flags: &[&str]) -> (anyhow::Result<()>, String) {
        let usual = ["plan", "--sample", "500"];
        let args = Cli::try_parse_from([&usual, flags].concat()).unwrap().args;
        let mut out = Vec::new();
        let result = run(&args, &mut out);
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_load_is_planned_with_measured_sizes() {
        let (result, text) = planned(&["--num-records", "1000000", "--within", "1h", "--format", "json"]);
        result.unwrap();
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        let figure = |name: &str| plan[name].as_f64().unwrap();
        assert!((300.0..1_000.0).contains(&figure("messageBytes")), "{text}");
        assert!((25.0..60.0).contains(&figure("cellsPerRow")), "{text}");
        assert!((figure("paymentsPerSecond") - 1e6 / 3_600.0).abs() < 1e-6);
        assert_eq!(figure("nodes"), 1.0);
    }

    #[test]
    fn broken_limits_and_wrong_flags_are_told() {
        let (result, text) = planned(&["--rate", "2000000/s"]);
        assert!(result.is_err() && text.contains("LIMIT"), "{text}");
        assert!(planned(&["--within", "0s"]).0.unwrap_err().is::<Error>());
        for wrong in [&["--rate", "5"][..], &["--rate", "-1/s"], &["--rate", "5/s", "--nodes", "2"]] {
            assert!(Cli::try_parse_from([&["plan"], wrong].concat()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_assumption_is_listed_with_the_figures() {
        let (_, text) = planned(&["--num-records", "1000"]);
        assert!(text.contains("stored when loaded") && text.contains("Bigtable nodes    "), "{text}");
        assert!(text.lines().filter(|line| line.starts_with("assumed")).count() >= 6, "{text}");
    }
}
