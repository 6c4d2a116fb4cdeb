//! `payments setup`: creates what the pipeline needs, adds what is missing, checks the rest; drops and narrows nothing.
//!
//! Running it twice changes nothing. A difference that set-up may not change is reported and makes it fail: an operator
//! decides.

mod findings;
mod options;
mod pubsub;
mod schema;
mod suffix;
mod tables;

pub use findings::{Finding, Line, json, text};
pub use options::{Args, Split};

use crate::splits::split_keys;
use findings::Findings;
use gcp::bigtable::{Bigtable, TableAdmin};
use gcp::pubsub::Pubsub;
use schemas::layout::{KeySuffix, PerTable};

/// Sets everything up and returns a line for each thing.
pub async fn run(args: &Args) -> anyhow::Result<Vec<Line>> {
    let mut findings = Findings::new(args.dry_run);
    let splits = match args.tablets() {
        Some(tablets) => {
            let suffix = args.row_key_suffix.map_or(KeySuffix::None, Into::into);
            split_keys(&*args.generation.generator()?, suffix, tablets)
        }
        None => PerTable::from_fn(|_| Vec::new()),
    };
    let service = Pubsub::connect(&args.pubsub, &args.project).await?;
    let schema = match &args.topic_schema {
        Some(id) => Some(schema::set_up(&service, id, &mut findings).await?),
        None => None,
    };
    pubsub::set_up(&service, &args.names, schema, &mut findings).await?;
    let admin = TableAdmin::connect(&args.bigtable, &args.project).await?;
    tables::set_up(&admin, &splits, &mut findings).await?;
    let bigtable = Bigtable::connect(&args.bigtable, &args.project, 1).await?;
    suffix::set_up(&admin, &bigtable, args.row_key_suffix.map(Into::into), &mut findings).await?;
    Ok(findings.lines)
}

/// Fails if something differs from what the pipeline needs.
pub fn verdict(lines: &[Line]) -> anyhow::Result<()> {
    let differing = lines.iter().filter(|line| matches!(line.finding, Finding::Differs(_))).count();
    if differing > 0 {
        anyhow::bail!(
            "{differing} resource(s) differ from what the pipeline needs; see the lines marked `differs`"
        );
    }
    Ok(())
}
