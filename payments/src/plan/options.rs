//! Flags of `payments plan`.

use super::model::{Load, Storage};
use crate::output::Format;
use producer::Generation;
use producer::trickle::Rate;
use service::Error;
use service::units::{parse_count, parse_duration};
use std::time::Duration;

/// Plan a load: its messages, nodes, sinks and storage, and the limits that it breaks. No server is needed.
///
/// --num-records and --within ask for a load in a given time; without --within it is as fast as --nodes allow; --rate
/// is a trickle without an end. Sizes are measured on payments made with the same flags; all other assumptions are
/// listed. Exit code 1 if the load breaks a limit.
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
    /// Payments of a trickle, COUNT/s, COUNT/min or COUNT/h; --num-records only limits the sample then.
    #[arg(long, value_name = "RATE", conflicts_with = "nodes")]
    pub rate: Option<Rate>,
    /// Bigtable nodes that the instance has; 1 if left out.
    #[arg(long, value_name = "COUNT", value_parser = parse_count::<u32>)]
    pub nodes: Option<u32>,
    /// What its nodes store on.
    #[arg(long, value_enum, default_value_t)]
    pub storage: Storage,
    /// Days after which rows are deleted; without it only the families' own retention counts.
    #[arg(long, value_name = "DAYS")]
    pub retention_days: Option<u32>,
    /// CPUs of one sink or producer.
    #[arg(long, default_value_t = 1.0, value_name = "COUNT")]
    pub cpus: f64,
    /// Payments measured.
    #[arg(long, default_value_t = 10_000, value_name = "COUNT", value_parser = parse_count::<u64>)]
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
    /// Show every figure that does not follow from the flags, with its source.
    #[arg(long)]
    pub assumptions: bool,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Args {
    /// The load that the flags ask for.
    pub fn load(&self) -> Result<Load, Error> {
        let refuse =
            |flag, value: String| Err(Error::Flag { flag, value, problem: "must be more than 0".into() });
        let payments = self.generation.num_records as f64;
        if self.cpus.is_nan() || self.cpus <= 0.0 {
            return refuse("--cpus", self.cpus.to_string());
        }
        match (self.rate, self.within) {
            (Some(rate), _) => Ok(Load::Rate { payments_per_second: rate.per_second }),
            (_, Some(within)) if within.is_zero() => refuse("--within", "0s".into()),
            (_, Some(within)) => Ok(Load::Within { payments, seconds: within.as_secs_f64() }),
            _ if self.nodes == Some(0) => refuse("--nodes", "0".into()),
            _ => Ok(Load::AsFastAs { payments, nodes: f64::from(self.nodes.unwrap_or(1)) }),
        }
    }
}
