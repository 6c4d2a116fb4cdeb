//! A run that is watched: served while it lasts, told about in a report, and judged by thresholds at its end.

use crate::http::{listen, parse_address, serve};
use crate::recorder::Recorder;
use crate::report::{self, Machine, Outcome, Report, Verdict};
use crate::spread::Quantiles;
use crate::threshold::{self, Threshold};
use crate::watched::{Subject, Watched};
use anyhow::Context;
use prometheus_client::registry::Registry;
use service::terminal;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;

/// How a run is watched.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "monitor")]
pub struct Args {
    /// Answer /metrics, /status, /readyz, /livez and /heatmap at this address: 127.0.0.1:9464, localhost:9464 or :9464 (all on
    /// loopback); port 0 takes a free one.
    #[arg(long, env = "HTTP_ADDR", value_parser = parse_address, value_name = "ADDR")]
    pub http: Option<SocketAddr>,
    #[arg(long, env = "METRICS_ADDR", value_parser = parse_address, value_name = "ADDR", hide = true)]
    pub metrics_addr: Option<SocketAddr>,
    /// Write a report of the run here at its end: a page for people (.html) or data (.json). Give it twice for both.
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
    /// Exit with 1 unless all of these hold at the end: 'p99<500ms,rate>20000,dead_letters=0'.
    #[arg(long, value_name = "CONDITIONS")]
    pub threshold: Option<String>,
    /// Without --http the first of these that is free is taken, or none.
    #[arg(skip)]
    pub usual: Vec<SocketAddr>,
}

/// A run that is watched.
#[derive(Debug)]
pub struct Monitor {
    watched: Arc<Watched>,
    /// Where it listens, if it does.
    pub addr: Option<SocketAddr>,
    recorder: Option<Recorder>,
    reports: Vec<PathBuf>,
    thresholds: Vec<Threshold>,
    measured: BTreeMap<String, Quantiles>,
    #[cfg(feature = "otlp")]
    exporter: Option<crate::otlp::Exporter>,
}

/// How a report's file is to be written.
fn is_html(path: &Path) -> Option<bool> {
    match path.extension()?.to_str()? {
        "html" | "htm" => Some(true),
        "json" => Some(false),
        _ => None,
    }
}

fn refuse(flag: &'static str, value: String, problem: impl Into<String>) -> service::Error {
    service::Error::Flag { flag, value, problem: problem.into() }
}

impl Args {
    /// The socket that is asked for, or else a usual one. It is kept from here on: two that start at once both find an
    /// address free.
    async fn listen(&self) -> Result<Option<TcpListener>, service::Error> {
        if let Some(addr) = self.http.or(self.metrics_addr) {
            return Ok(Some(listen(addr).await?));
        }
        for &addr in &self.usual {
            if let Ok(listener) = listen(addr).await {
                return Ok(Some(listener));
            }
        }
        Ok(None)
    }

    /// Refuses what cannot work before anything is done.
    pub fn check(&self) -> Result<Vec<Threshold>, service::Error> {
        for path in &self.report {
            let shown = || path.display().to_string();
            if is_html(path).is_none() {
                return Err(refuse("--report", shown(), "must end in .html or .json"));
            }
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if path.is_dir() || !folder.unwrap_or(Path::new(".")).is_dir() {
                return Err(refuse("--report", shown(), "is in no folder that exists"));
            }
        }
        let Some(text) = &self.threshold else { return Ok(Vec::new()) };
        threshold::parse(text).map_err(|problem| refuse("--threshold", text.clone(), problem))
    }
}

impl Monitor {
    /// Begins to serve and to record, as far as the flags ask for it.
    pub async fn start(args: &Args, subject: Subject, registry: Registry) -> Result<Self, service::Error> {
        let thresholds = args.check()?;
        let watched = Arc::new(Watched::new(subject, registry));
        let addr = args.listen().await?.and_then(|listener| serve(listener, watched.clone()).ok());
        let is_recorded = !args.report.is_empty() || !thresholds.is_empty();
        let recorder = is_recorded.then(|| Recorder::start(watched.clone()));
        Ok(Self {
            watched,
            addr,
            recorder,
            reports: args.report.clone(),
            thresholds,
            measured: BTreeMap::new(),
            #[cfg(feature = "otlp")]
            exporter: None,
        })
    }

    /// Pushes metrics under the names of this table, too, if the environment says where to.
    #[cfg(feature = "otlp")]
    pub fn export(self, table: Vec<crate::otlp::Mapping>) -> Result<Self, service::Error> {
        let exporter = crate::otlp::Exporter::start(self.watched.clone(), table)?;
        Ok(Self { exporter, ..self })
    }

    /// Quantiles by the names of their metrics, for the report and its thresholds: those of a program that measures more
    /// closely than the page's buckets tell, and tells people so itself.
    pub fn measured(&mut self, quantiles: BTreeMap<String, Quantiles>) {
        self.measured = quantiles;
    }

    /// Whether somebody wants to know how it ended.
    pub fn is_recorded(&self) -> bool {
        self.recorder.is_some()
    }

    /// Writes the reports, and judges the run.
    ///
    /// # Errors
    /// A threshold did not hold, or a report could not be written.
    pub async fn finish(mut self, verdict: Option<Verdict>) -> anyhow::Result<()> {
        let judged = self.conclude(verdict).await;
        // A collector that lets itself be waited for must not lengthen the run that is reported.
        #[cfg(feature = "otlp")]
        if let Some(exporter) = self.exporter {
            exporter.finish().await;
        }
        judged
    }

    async fn conclude(&mut self, verdict: Option<Verdict>) -> anyhow::Result<()> {
        let Some(recorder) = self.recorder.take() else { return Ok(()) };
        let timeline = recorder.finish().await;
        let mut report = Report {
            status: self.watched.status(),
            command_line: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
            machine: machine(),
            seconds: self.watched.uptime_seconds(),
            timeline,
            heat: self.watched.heat(),
            verdict,
            thresholds: Vec::new(),
        };
        report.status.latency.append(&mut self.measured);
        report.thresholds = threshold::evaluate(&self.thresholds, &report);
        for path in &self.reports {
            let text =
                if is_html(path) == Some(true) { report::html(&report) } else { report::json(&report) };
            std::fs::write(path, text)
                .with_context(|| format!("--report {} cannot be written", path.display()))?;
            terminal::say(format_args!("report: {}", path.display()));
        }
        judge(&report.thresholds)
    }
}

fn judge(outcomes: &[Outcome]) -> anyhow::Result<()> {
    for outcome in outcomes {
        let observed = outcome.observed.as_deref().unwrap_or("the run has no such figure");
        let mark = if outcome.holds { "holds" } else { "FAILED" };
        terminal::say(format_args!("threshold {}: {mark} ({observed})", outcome.threshold));
    }
    let failed: Vec<_> =
        outcomes.iter().filter(|outcome| !outcome.holds).map(|outcome| outcome.threshold.as_str()).collect();
    anyhow::ensure!(failed.is_empty(), "the run does not meet --threshold: {}", failed.join(", "));
    Ok(())
}

fn machine() -> Machine {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let kibibytes: Option<u64> = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    let release = read("/proc/sys/kernel/osrelease");
    Machine {
        system: format!("{} {} {}", std::env::consts::OS, release.trim(), std::env::consts::ARCH),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory_bytes: kibibytes.unwrap_or(0) << 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_usual_address_that_is_taken_is_passed_over_and_one_that_is_asked_for_is_an_error() {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let other = TcpListener::bind(free).await.unwrap();
        let taken = other.local_addr().unwrap();
        let usual = |usual: Vec<SocketAddr>| Args { usual, ..Args::default() };
        let found = usual(vec![taken, free]).listen().await.unwrap().unwrap();
        assert_ne!(found.local_addr().unwrap(), taken);
        assert!(usual(vec![taken]).listen().await.unwrap().is_none(), "nobody has asked for one");
        let asked = Args { http: Some(taken), ..usual(vec![free]) };
        let refused = asked.listen().await.unwrap_err().to_string();
        assert!(refused.contains("--http") && refused.contains("cannot be listened on"), "{refused}");
    }
}
