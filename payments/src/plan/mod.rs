//! `payments plan`: the resources that a load needs, by arithmetic over a sample of its payments. No server.
//!
//! - `sample`: measured sizes. `model`: the arithmetic. `report`: the figures with their sources. `commands`: what to type then.

mod commands;
mod model;
mod options;
mod report;
mod sample;

pub use options::Args;

use crate::output::write;
use crate::splits::{split_keys, tablets};
use anyhow::bail;
use model::Prices;
use sample::Sizes;
use schemas::layout::KeySuffix;
use std::io::Write;

/// Writes the plan to `out`; an error if the load breaks a limit.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let load = args.load()?;
    let generator = args.generation.generator()?;
    let sizes = Sizes::measure(&generator, args.sample);
    let prices = Prices {
        node_hour: args.price_node_hour,
        gb_month: args.price_gb_month,
        tib_published: args.price_tib_published,
    };
    let plan = model::plan(&sizes, load, args.storage, args.retention_days.map(f64::from), args.cpus, prices);
    // For programs alone: it takes some ten thousand payments more.
    let splits = || plan.payments.map(|_| split_keys(&generator, KeySuffix::None, tablets(plan.nodes())));
    let commands = commands::of(args, &plan);
    write(
        out,
        args.format,
        || report::text(&plan, &sizes, args.cpus, &commands, args.assumptions),
        || report::json(&plan, &sizes, splits().as_ref(), &commands),
    )?;
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
    use service::Error;

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
        for wrong in [&["--rate", "x"][..], &["--rate", "-1/s"], &["--rate", "5/s", "--nodes", "2"]] {
            assert!(Cli::try_parse_from([&["plan"], wrong].concat()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_first_line_says_whether_it_fits_and_the_last_ones_what_to_type() {
        let (_, text) =
            planned(&["--num-records", "90000000", "--within", "1h", "--num-customers", "700000"]);
        let nodes: u32 = text.strip_prefix("FITS: ").unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!((10..30).contains(&nodes), "75,000 rows/s of 2 to 5 KB: {text}");
        let commands: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
        assert!(commands[0].contains("--within 3600s --format json | jq '{ nodes: "), "{commands:?}");
        assert!(commands[1].contains("-var-file=load.tfvars.json -var project=PROJECT"), "{commands:?}");
        let flags = "--num-records 90000000 --num-customers 700000";
        assert!(
            commands[2].contains(&format!("setup --project PROJECT --split auto --nodes {nodes} {flags}"))
        );
        assert!(commands.last().unwrap().contains(&format!("verify --project PROJECT {flags}")));
        let (_, text) = planned(&["--rate", "2000000/s"]);
        assert!(text.starts_with("DOES NOT FIT: publishing ") && text.contains("--rate 2000000/s"), "{text}");
    }

    #[test]
    fn split_keys_of_a_load_are_for_terraform_and_ascend() {
        let (_, text) =
            planned(&["--num-records", "1000000", "--nodes", "3", "--storage", "hdd", "--format", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        let splits = plan["splitKeys"].as_object().unwrap();
        assert_eq!(splits.len(), 3);
        for (table, keys) in splits {
            let keys: Vec<_> = keys.as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
            assert_eq!(keys.len(), 29, "{table}");
            assert!(keys.is_sorted_by(|one, other| one < other), "{table}");
        }
        assert_eq!((plan["fits"].as_bool(), plan["storage"].as_str()), (Some(true), Some("HDD")));
    }

    #[test]
    fn every_assumption_is_listed_with_the_figures() {
        let (_, text) = planned(&["--num-records", "1000", "--assumptions"]);
        assert!(text.contains("stored when loaded") && text.contains("Bigtable nodes  "), "{text}");
        assert!(text.lines().filter(|line| line.starts_with("assumed")).count() >= 6, "{text}");
    }
}
