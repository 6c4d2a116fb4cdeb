//! `payments query`: payments from the tables, by customer, by date or by id.
//!
//! - `plan`: which rows of which table answer a question. Pure.
//! - `page`: the token that a next page starts from.
//! - `print`: rows as payments, and the footer.

mod page;
mod plan;
mod print;

pub use plan::{Moment, Plan, parse_moment};

use crate::reading::Flags;
use anyhow::bail;
use gcp::bigtable::read::{Reader, Row, Scan, Scanned};
use generator::Rail;
use print::Printer;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

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

/// What is asked for.
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
        /// First moment, in the range, UTC: 2024-03-14, 2024-03-14T09, 2024-03-14T09:26:53.589793Z.
        #[arg(long, value_parser = plan::parse_moment, value_name = "TIME")]
        from: Option<plan::Moment>,
        /// Moment to stop before, UTC; itself not in the range.
        #[arg(long, value_parser = plan::parse_moment, value_name = "TIME")]
        to: Option<plan::Moment>,
        /// Types of payments, separated by commas; all if left out.
        #[arg(long = "type", value_parser = plan::rail_parser(), value_delimiter = ',', ignore_case = true, value_name = "TYPE")]
        types: Vec<Rail>,
        #[command(flatten)]
        common: Common,
    },
    /// A day's or an hour's payments, oldest first.
    #[command(after_help = "Example:\n  payments query date 2024-03-14 --hour 9 --type CARD")]
    Date {
        /// The day, UTC.
        #[arg(value_parser = plan::parse_day, value_name = "YYYY-MM-DD")]
        date: plan::Day,
        /// The hour of the day, UTC.
        #[arg(long, value_parser = clap::value_parser!(u8).range(0..24), value_name = "HOUR")]
        hour: Option<u8>,
        /// Types of payments, separated by commas; all if left out.
        #[arg(long = "type", value_parser = plan::rail_parser(), value_delimiter = ',', ignore_case = true, value_name = "TYPE")]
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

/// Flags of every query.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Most payments of a page; 0 is all.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    pub limit: u64,
    /// Where the page before ended: printed when there is more.
    #[arg(long, value_name = "TOKEN")]
    pub page_token: Option<String>,
    /// How payments are written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub reading: Flags,
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

/// How a query came out, besides its rows.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Rows handed on.
    pub rows: u64,
    /// The token of the next page, if there is more.
    pub next: Option<String>,
    pub scanned: Scanned,
    pub first_row: Option<Duration>,
    pub elapsed: Duration,
}

/// Hands on a page of a plan's rows, oldest first. A `limit` of 0 is none.
pub async fn page(
    reader: &Reader,
    plan: &Plan,
    limit: u64,
    token: Option<&str>,
    mut each: impl FnMut(Row<'_>) -> ControlFlow<()>,
) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let mut span = plan.span.clone();
    if let Some(token) = token {
        span.trim_to_after(&page::key_of(token, &plan.span)?);
    }
    let wanted = Scan {
        spans: vec![span],
        filter: Some(plan.filter()),
        // One row more tells whether there is a next page.
        limit: (limit > 0).then(|| limit.saturating_add(1)),
        stats: true,
        ..Scan::of(plan.table.id())
    };
    let (mut rows, mut last_key, mut first_row, mut more) = (0, Vec::new(), None, false);
    let scanned = reader
        .scan(wanted, |row| {
            first_row.get_or_insert_with(|| started.elapsed());
            if limit > 0 && rows == limit {
                more = true;
                // The last row there is; behind it the server may say how many it scanned.
                return ControlFlow::Continue(());
            }
            rows += 1;
            last_key.clear();
            last_key.extend_from_slice(row.key());
            each(row)
        })
        .await?;
    let next = more.then(|| page::token_of(&last_key));
    Ok(Outcome { rows, next, scanned, first_row, elapsed: started.elapsed() })
}

/// Writes the payments to `out`, and how they were found to `notes`.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let common = args.by.common();
    let plan = Plan::of(&args.by)?;
    let reader = common.reading.reader().await?;
    let mut printer = Printer::new(out, common.format)?;
    let outcome =
        page(&reader, &plan, common.limit, common.page_token.as_deref(), |row| printer.print(row)).await?;
    let unreadable = printer.finish()?;
    match common.format {
        Format::Table => writeln!(notes, "{}", print::footer(&plan, &outcome))?,
        Format::Json => writeln!(notes, "{}", print::footer_json(&plan, &outcome))?,
    }
    if outcome.rows == 0 && matches!(args.by, By::Transaction { .. }) {
        bail!("no payment with this id is in table {}", plan.table.id());
    }
    if unreadable > 0 {
        bail!("{unreadable} row(s) are no payments: see the lines marked `unreadable`");
    }
    Ok(())
}
