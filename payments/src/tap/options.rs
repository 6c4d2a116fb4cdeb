//! Flags of `payments tap`.

use crate::names;
use crate::rails::rail_parser;
use gcp::{Project, pubsub};
use generator::Rail;
use schemas::layout::keys;
use service::Error;
use service::units::{parse_count, parse_duration};
use std::time::Duration;

/// The longest that a tap may be open: its subscription is told from a forgotten one by its planned end.
const LONGEST: Duration = Duration::from_hours(24);

/// How payments are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line for people.
    #[default]
    Text,
    /// Protobuf's canonical JSON, a payment a line.
    Json,
}

/// Show payments as they are published, from now on, through a subscription of its own that goes at the end.
///
/// The sinks' subscription is not touched. The tap's own, tap-RANDOM, is removed at the end, also by a signal or when
/// whoever reads the output goes away. After kill -9, or a second signal, the next tap on the topic removes it once an
/// hour has passed since its planned end; otherwise it expires after a day. On Google Cloud this needs
/// roles/pubsub.editor.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Of a payment only its header, its amount and its customer's id are shown, unless --full is \
                        given. Messages that cannot\nbe decoded are counted at the end.\n\nExamples:\n  \
                        payments tap --rail ACH,WIRE --limit 20\n  \
                        payments tap --customer CUST000042 --for 30s --format json\n  \
                        payments tap --anomaly | head -5"
)]
#[group(id = "tap")]
pub struct Args {
    /// Only payments of these rails, separated by commas; all if left out.
    #[arg(long = "rail", value_parser = rail_parser(), value_delimiter = ',', ignore_case = true, value_name = "RAIL")]
    pub rails: Vec<Rail>,
    /// Only payments of this customer.
    #[arg(long, value_name = "CUSTOMER")]
    pub customer: Option<String>,
    /// Only payments of injected fraud patterns.
    #[arg(long)]
    pub anomaly: bool,
    /// End after so many payments were shown; 0 is no limit.
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub limit: u64,
    /// End after this time, a day at most.
    #[arg(long = "for", default_value = "10m", value_parser = parse_duration, value_name = "DURATION")]
    pub duration: Duration,
    /// How payments are written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Show all of each payment: in JSON all fields, in text also counterparty and description.
    #[arg(long)]
    pub full: bool,
    /// Topic that producers publish to.
    #[arg(long, env = "PAYMENTS_TOPIC", default_value = names::TOPIC, value_name = "TOPIC")]
    pub topic: String,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
}

impl Args {
    /// Refuses values that cannot work, naming the flag.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |flag, value, problem: &str| Err(Error::Flag { flag, value, problem: problem.into() });
        if let Some(customer) = &self.customer
            && !keys::is_part(customer)
        {
            let problem = "is not a customer id: visible ASCII without '#'";
            return refuse("--customer", customer.clone(), problem);
        }
        if self.duration.is_zero() || self.duration > LONGEST {
            return refuse("--for", format!("{:?}", self.duration), "must be more than 0 and at most 24h");
        }
        Ok(())
    }
}
