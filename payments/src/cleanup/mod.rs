//! `payments cleanup`: deletes rows by prefix, age or run, or everything that set-up created.
//!
//! - `which`: the choice of rows. Pure.
//! - `rows`: counting and deleting them.
//! - `all`: all rows, tables, topics, subscriptions and snapshots.
//! - `report`: the findings, or the deeds.

mod all;
mod options;
mod report;
mod rows;
mod which;

pub use options::{Action, All, Args, Chosen, Common, Rows, TableName};

use crate::moment;
use crate::output::write;
use anyhow::{bail, ensure};
use gcp::bigtable::TableAdmin;
use report::{Line, State};
use std::io::Write;
use which::Which;

/// Writes the report to `out`.
pub async fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let (common, lines, note) = match &args.action {
        Action::Rows(rows) => {
            let which = rows.which(moment::now_micros())?;
            (&rows.common, clean_rows(rows, &which).await?, which.blind_spot())
        }
        Action::All(all) => (&all.common, all::clean(all).await?, None),
    };
    let note = note.as_deref();
    write(out, common.format, || report::text(&lines, note), || report::json(&lines, note))?;
    if lines.iter().any(Line::is_open) {
        bail!("nothing was changed: add --yes to delete what is listed");
    }
    Ok(())
}

async fn clean_rows(args: &Rows, which: &Which) -> anyhow::Result<Vec<Line>> {
    let project = args.common.project(false)?;
    let reader = args.common.reading(&project).reader(&args.tables()).await?;
    let mut lines = Vec::new();
    for table in args.tables() {
        let name = reader.bigtable().table_name(table.id());
        let counted = match which {
            _ if !args.common.yes => rows::count(&reader, table, which).await?,
            Which::Prefix(_) => {
                let counted = rows::count(&reader, table, which).await?;
                let admin = TableAdmin::connect(&args.common.bigtable, &project).await?;
                rows::drop_range(&admin, table, which).await?;
                let left = rows::count(&reader, table, which).await?.rows;
                ensure!(left == 0, "{left} rows are still there: something writes them; run again");
                counted
            }
            _ => rows::delete(&reader, table, which).await?,
        };
        let state = if args.common.yes { State::Gone } else { State::WouldGo };
        lines.push(Line { kind: "rows", name, state, counted: Some(counted) });
    }
    Ok(lines)
}
