//! `payments heatmap`: where the tables were written when, from running sinks or from reports.

mod options;

pub use options::Args;

use crate::output::Format;
use anyhow::Context;
use gcp::bigtable::hot;
use monitor::heat::{self, Heat, HotTablet, View, grid};
use monitor::report::Report;
use options::Source;
use service::{files, terminal};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No report is larger.
const MAX_BYTES: u64 = 256 << 20;

/// Adds up what all sources have noted, and draws it.
///
/// # Errors
/// A source has no answer, or a file cannot be read or written.
pub async fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let mut heat = chosen(collect(args).await?, args.table.as_deref())?;
    if args.cloud {
        overlay(&mut heat, args).await?;
    }
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
    if args.format == Format::Json {
        writeln!(out, "{}", serde_json::to_string(&heat)?)?;
        return Ok(out.flush()?);
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

async fn collect(args: &Args) -> anyhow::Result<Heat> {
    let mut heat = Heat::default();
    let is_usual = args.sources.is_empty();
    for source in &args.sources() {
        let found = match source {
            Source::Endpoint(endpoint) => match top::heat(endpoint).await {
                Ok(found) => found,
                Err(_) if is_usual => continue,
                Err(problem) => {
                    let hint = "name the --http of a running sink, or a report (.json)";
                    return Err(service::Error::Config(format!(
                        "{endpoint} has no heat map: {problem}; {hint}"
                    ))
                    .into());
                }
            },
            Source::File(path) => read(path)?,
        };
        heat.add(&found);
    }
    let nowhere =
        "no sink at 127.0.0.1:9464 to 9467 has written anything: name the --http of one, or a report (.json)";
    anyhow::ensure!(!heat.is_empty() || !is_usual, nowhere);
    anyhow::ensure!(!heat.is_empty(), "nothing has been written yet: there is nothing to draw");
    Ok(heat)
}

/// A tablet is hot for a minute at least, and its times are cut to minutes.
const MARGIN: u64 = 60;
/// How long the service remembers, less the way there and the difference of two clocks.
const KEPT: Duration = Duration::from_hours(14 * 24 - 1);

/// Adds what Bigtable itself found hot while these rows were written.
async fn overlay(heat: &mut Heat, args: &Args) -> anyhow::Result<()> {
    let Some(span) = heat.span() else { return Ok(()) };
    let (now, time) = (SystemTime::now(), |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    let (from, to) = (time(span.start.saturating_sub(MARGIN)), time(span.end.saturating_add(MARGIN)));
    let times = (from.unwrap_or(now).max(now - KEPT), to.unwrap_or(now).min(now));
    anyhow::ensure!(
        times.0 < times.1,
        "--cloud: these rows were not written in the last 14 days, and Bigtable remembers hot tablets no longer"
    );
    let found = hot::hot_tablets(&args.bigtable, &args.project, times).await?;
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut count = 0;
    for tablet in found {
        let Some(table) = heat.tables.get_mut(&tablet.table) else { continue };
        count += 1;
        table.hot_tablets.push(HotTablet {
            from: seconds(tablet.from),
            to: seconds(tablet.to),
            first: tablet.first,
            end: tablet.end,
            node_cpu_percent: tablet.node_cpu_percent,
        });
    }
    terminal::say(format_args!("hot tablets by Bigtable: {count}"));
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use fakes::scripted::instances;
    use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;

    fn heat(seconds: u64) -> Heat {
        let mut heat = Heat::default();
        for second in 0..60 {
            let keys = ["a#1", "b#2", "c#3"];
            heat.note("payments_by_date", seconds + second, 3_000, keys.into_iter());
        }
        heat
    }

    fn args(server: &fakes::scripted::Server) -> Args {
        let host = format!("--bigtable-emulator-host={}", server.addr());
        service::cli::flags(["--cloud", "--instance=i", &host]).unwrap()
    }

    fn seconds(time: Option<prost_types::Timestamp>) -> u64 {
        time.unwrap().seconds.try_into().unwrap()
    }

    #[tokio::test]
    async fn the_tablets_of_all_pages_are_framed_in_their_own_tables() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let start = now - 3_600;
        let server = instances::start(move |_, request| {
            assert_eq!(request.parent, "projects/local/instances/i/clusters/only");
            assert!(seconds(request.start_time) <= start && seconds(request.end_time) >= start + 60);
            let is_second = request.page_token == "more";
            let table = if is_second { "of_somebody_else" } else { "payments_by_date" };
            let time = |seconds: u64| Some(prost_types::Timestamp { seconds: seconds as i64, nanos: 0 });
            let tablet = admin::HotTablet {
                table_name: format!("projects/local/instances/i/tables/{table}"),
                start_time: time(start),
                end_time: time(start + 60),
                start_key: "b".into(),
                node_cpu_usage_percent: 93.5,
                ..Default::default()
            };
            let next_page_token = if is_second { String::new() } else { "more".into() };
            Ok(admin::ListHotTabletsResponse { hot_tablets: vec![tablet], next_page_token })
        });
        let server = server.await.unwrap();
        let mut heat = heat(start);
        overlay(&mut heat, &args(&server)).await.unwrap();
        let first = "b".to_owned();
        let tablet =
            HotTablet { from: start, to: start + 60, first, end: String::new(), node_cpu_percent: 93.5 };
        assert_eq!(heat.tables["payments_by_date"].hot_tablets, [tablet]);
        assert_eq!(heat.tables.len(), 1);
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_said() {
        let refuse = |_: usize, _: &_| Err(tonic::Status::permission_denied("no"));
        let server = instances::start(refuse).await.unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let error = overlay(&mut heat(now - 100), &args(&server)).await.unwrap_err().to_string();
        assert!(error.contains("roles/bigtable.viewer") && error.contains("clusters/only"), "{error}");
        for start in [1_000, u64::MAX - 10_000] {
            let error = overlay(&mut heat(start), &args(&server)).await.unwrap_err().to_string();
            assert!(error.contains("14 days"), "{error}");
        }
    }
}
