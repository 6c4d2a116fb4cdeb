//! `payments heatmap`: where the tables were written when, from running sinks or from reports.

mod options;

pub use options::Args;

use anyhow::Context;
use monitor::heat::{self, Heat, View, grid};
use monitor::report::Report;
use options::Source;
use service::{files, terminal};
use std::io::Write;
use std::path::Path;

/// No report is larger.
const MAX_BYTES: u64 = 256 << 20;

/// Adds up what all sources have noted, and draws it.
///
/// # Errors
/// A source has no answer, or a file cannot be read or written.
pub async fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let heat = chosen(collect(&args.sources()).await?, args.table.as_deref())?;
    let view =
        View { ranges: usize::from(args.ranges), columns: usize::from(args.columns), ..View::default() };
    for (path, picture) in [(&args.html, heat::html as fn(&Heat, &View) -> String), (&args.svg, heat::svg)] {
        if let Some(path) = path {
            std::fs::write(path, picture(&heat, &view))
                .with_context(|| format!("{} cannot be written", path.display()))?;
            terminal::say(format_args!("heat map: {}", path.display()));
        }
    }
    if args.html.is_some() || args.svg.is_some() {
        return Ok(());
    }
    let text = |is_coloured| {
        let tables = heat.tables.iter().map(|(table, of)| {
            format!("{table}\n{}", heat::terminal(&grid(of, &view), args.width(), is_coloured))
        });
        tables.collect::<Vec<_>>().join("\n")
    };
    // The maps have escaped the keys; what is left to escape are the colours.
    if terminal::is_coloured() {
        terminal::stdout_bytes().write_all(text(true).as_bytes())?;
    } else {
        out.write_all(text(false).as_bytes())?;
    }
    Ok(out.flush()?)
}

async fn collect(sources: &[Source]) -> anyhow::Result<Heat> {
    let mut heat = Heat::default();
    for source in sources {
        let found = match source {
            Source::Endpoint(endpoint) => top::heat(endpoint).await.map_err(|problem| {
                service::Error::Config(format!(
                    "{endpoint} has no heat map: {problem}; name the --http of a running sink, or a report (.json)"
                ))
            })?,
            Source::File(path) => read(path)?,
        };
        heat.add(&found);
    }
    anyhow::ensure!(!heat.is_empty(), "nothing has been written yet: there is nothing to draw");
    Ok(heat)
}

/// The heat of a report, or of an answer of `/heatmap` that somebody has kept.
fn read(path: &Path) -> anyhow::Result<Heat> {
    let text = files::read(path, MAX_BYTES).with_context(|| format!("{} cannot be read", path.display()))?;
    let heat = match serde_json::from_slice::<Report>(&text) {
        Ok(report) => Ok(report.heat),
        Err(_) => serde_json::from_slice(&text),
    };
    heat.with_context(|| format!("{} is no report (--report FILE.json) and no heat map", path.display()))
}

fn chosen(mut heat: Heat, table: Option<&str>) -> anyhow::Result<Heat> {
    if let Some(table) = table {
        let known: Vec<_> = heat.tables.keys().cloned().collect();
        heat.tables.retain(|name, _| name == table);
        anyhow::ensure!(!heat.is_empty(), "--table {table}: there are {}", known.join(", "));
    }
    Ok(heat)
}
