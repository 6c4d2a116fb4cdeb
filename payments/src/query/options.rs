//! Flags of `payments query`.

use crate::moment::{Day, Moment, parse_day, parse_moment};
use crate::rails::rail_parser;
use crate::reading;
use generator::Rail;
use service::units::parse_count;

/// How payments are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line for people.
    #[default]
    Table,
    /// Protobuf's canonical JSON, a payment a line; the footer on standard error is one JSON object too.
    Json,
}

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments query customer CUST000042 --from 2024-03-01 --to 2024-03-08 --type ACH,WIRE\n  \
                  payments query date 2024-03-14 --hour 9 --limit 20\n  \
                  payments query transaction cfaac0d6-659f-4825-ac52-146272f48289"
)]
#[group(id = "query")]
pub struct Args {
    #[command(subcommand)]
    pub by: By,
}

/// The question.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum By {
    /// A customer's payments, oldest first.
    #[command(
        after_help = "Example:\n  payments query customer CUST000042 --from 2024-03-01T12 --to 2024-03-08"
    )]
    Customer {
        /// The customer's whole id.
        #[arg(value_name = "CUSTOMER")]
        customer: String,
        /// First moment of the range, UTC: 2024-03-14, 2024-03-14T09, 2024-03-14T09:26:53.589793Z.
        #[arg(long, value_parser = parse_moment, value_name = "TIME")]
        from: Option<Moment>,
        /// Moment to stop before, UTC; not itself in the range.
        #[arg(long, value_parser = parse_moment, value_name = "TIME")]
        to: Option<Moment>,
        /// Types of payments, separated by commas; all if left out.
        #[arg(
            long = "type",
            value_parser = rail_parser(),
            value_delimiter = ',',
            ignore_case = true,
            value_name = "TYPE"
        )]
        types: Vec<Rail>,
        #[command(flatten)]
        common: Common,
    },
    /// A day's or an hour's payments, oldest first.
    #[command(after_help = "Example:\n  payments query date 2024-03-14 --hour 9 --type CARD")]
    Date {
        /// The day, UTC.
        #[arg(value_parser = parse_day, value_name = "YYYY-MM-DD")]
        date: Day,
        /// The hour of the day, UTC.
        #[arg(long, value_parser = clap::value_parser!(u8).range(0..24), value_name = "HOUR")]
        hour: Option<u8>,
        /// Types of payments, separated by commas; all if left out.
        #[arg(
            long = "type",
            value_parser = rail_parser(),
            value_delimiter = ',',
            ignore_case = true,
            value_name = "TYPE"
        )]
        types: Vec<Rail>,
        #[command(flatten)]
        common: Common,
    },
    /// One payment; exit code 1 if it is not there.
    #[command(
        after_help = "Example:\n  payments query transaction cfaac0d6-659f-4825-ac52-146272f48289 --format json"
    )]
    Transaction {
        /// The payment's id.
        #[arg(value_name = "UUID")]
        id: String,
        #[command(flatten)]
        common: Common,
    },
}

impl Default for Common {
    fn default() -> Self {
        Self { limit: 100, page_token: None, format: Format::default(), reading: reading::Flags::default() }
    }
}

impl By {
    pub fn common(&self) -> &Common {
        match self {
            Self::Customer { common, .. } | Self::Date { common, .. } | Self::Transaction { common, .. } => {
                common
            }
        }
    }
}

/// Flags of every query.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Most payments on a page; 0 is all.
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub limit: u64,
    /// Where the previous page ended: it is printed when there is more.
    #[arg(long, value_name = "TOKEN")]
    pub page_token: Option<String>,
    /// How payments are written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub reading: reading::Flags,
}
