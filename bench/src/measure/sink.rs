//! The whole sink.

use super::clock::{Clock, Measurement};
use anyhow::{Context, ensure};
use gcp::Project;
use gcp::bigtable::{self, Bigtable};
use gcp::pubsub::{self, Pubsub};
use monitor::Monitor;
use monitor::lines::Lines;
use monitor::watched::Subject;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const TICK: Duration = Duration::from_millis(5);

/// Consumes `records` messages, then drains; with everything that watches a sink, if that is wanted.
pub async fn measure(
    records: u64,
    pubsub: SocketAddr,
    bigtable: SocketAddr,
    is_watched: bool,
    flags: &[String],
) -> anyhow::Result<Measurement> {
    let options: ::sink::Options = service::cli::flags(flags)?;
    let pubsub = pubsub::Args { pubsub_emulator_host: Some(pubsub.to_string()) };
    let bigtable = bigtable::Args {
        instance: "payments".to_owned(),
        bigtable_emulator_host: Some(bigtable.to_string()),
    };
    let pubsub = Pubsub::connect(&pubsub, &Project::default()).await?;
    let bigtable = Bigtable::connect(&bigtable, &Project::default(), options.connections).await?;
    let progress = Arc::new(::sink::Progress::default());
    let shutdown = CancellationToken::new();
    let clock = Clock::start();
    let watched = if is_watched { Some(watch(&progress).await?) } else { None };
    let run = async {
        let ended = ::sink::run(&options, &pubsub, &bigtable, progress.clone(), shutdown.clone()).await;
        shutdown.cancel();
        ended
    };
    // Once everything has been pulled, a drain writes what is in open panes at once.
    let stop = async {
        while progress.received.get() < records && !shutdown.is_cancelled() {
            tokio::time::sleep(TICK).await;
        }
        shutdown.cancel();
    };
    tokio::join!(run, stop).0?;
    if let Some(watched) = watched {
        watched.end().await?;
    }
    let measurement = clock.stop();
    let acked = progress.acked.get();
    ensure!(acked == records, "{acked} of {records} messages were acked");
    Ok(measurement)
}

/// What watches a sink: recorded for a report, asked by a scraper every second, telling lines.
struct Watching {
    monitor: Monitor,
    lines: Lines,
    scraper: JoinHandle<anyhow::Result<()>>,
    report: std::path::PathBuf,
}

async fn watch(progress: &Arc<::sink::Progress>) -> anyhow::Result<Watching> {
    let mut registry = Registry::default();
    progress.register(&mut registry);
    let subject = Subject {
        binary: "sink",
        version: env!("CARGO_PKG_VERSION"),
        health: progress.health.clone(),
        settings: BTreeMap::default(),
        heat: progress.heat.clone(),
    };
    let report = std::env::temp_dir().join(format!("bench-watching-{}.json", std::process::id()));
    let args = monitor::Args {
        http: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        report: vec![report.clone()],
        ..monitor::Args::default()
    };
    let monitor = Monitor::start(&args, subject, registry).await?;
    let addr = monitor.addr.context("it listens")?;
    let scraper = tokio::spawn(async move {
        loop {
            let mut stream = TcpStream::connect(addr).await?;
            stream
                .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .await?;
            stream.read_to_end(&mut Vec::new()).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let lines = Lines::start(::sink::Told::new(progress.clone()), false);
    Ok(Watching { monitor, lines, scraper, report })
}

impl Watching {
    async fn end(self) -> anyhow::Result<()> {
        self.scraper.abort();
        self.lines.finish().await;
        self.monitor.finish(None).await?;
        Ok(std::fs::remove_file(self.report)?)
    }
}
