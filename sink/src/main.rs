//! The sink's process: parse, start logging, run, exit.

use clap::CommandFactory;
use gcp::{bigtable, pubsub};
use monitor::Monitor;
use monitor::lines::Lines;
use monitor::status::State;
use monitor::watched::Subject;
use prometheus_client::registry::Registry;
use service::{signals, telemetry};
use sink::cli::Cli;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// The system's allocator keeps an arena for each thread, and message buffers that one thread fills and another frees
/// pile up in them: a local run took twice the memory and a quarter fewer payments a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    service::cli::run(Cli::command, start)
}

async fn start(cli: Cli) -> ExitCode {
    telemetry::init(&cli.telemetry, tracing::Level::INFO);
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => service::exit::report(&error),
    }
}

async fn run(mut cli: Cli) -> anyhow::Result<()> {
    let shutdown: CancellationToken = signals::shutdown_token()?;
    cli.project.startup.stop = shutdown.clone();
    cli.options.check()?;
    cli.monitor.check()?;
    let progress = Arc::new(sink::Progress::default());
    let mut registry = Registry::default();
    progress.register(&mut registry);
    let subject = Subject {
        binary: env!("CARGO_BIN_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        health: progress.health.clone(),
        settings: settings(&cli),
        heat: progress.heat.clone(),
    };
    // Before the services are asked: whoever waits for them can see that.
    progress.health.starting("waiting for Pub/Sub and Bigtable");
    let monitor = Monitor::start(&cli.monitor, subject, registry).await?;
    #[cfg(feature = "otlp")]
    let monitor =
        monitor.export(sink::otlp::table(&cli.options, &cli.project, &cli.pubsub, &cli.bigtable))?;
    let lines = Lines::start(sink::Told::new(progress.clone()), cli.telemetry.is_live());
    let started = Instant::now();
    let ended = consume(&cli, progress.clone(), shutdown).await;
    lines.finish().await;
    // Who never got as far has nothing to tell but why.
    if progress.health.get().0 != State::Starting {
        report(&progress, started);
    }
    let judged = monitor.finish(None).await;
    ended?;
    judged
}

async fn consume(
    cli: &Cli,
    progress: Arc<sink::Progress>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let pubsub = pubsub::Pubsub::connect(&cli.pubsub, &cli.project).await?;
    let bigtable = bigtable::Bigtable::connect(&cli.bigtable, &cli.project, cli.options.connections).await?;
    Ok(sink::run(&cli.options, &pubsub, &bigtable, progress, shutdown).await?)
}

/// What `/status` and reports say of the flags.
fn settings(cli: &Cli) -> BTreeMap<String, String> {
    let mut settings = cli.options.settings();
    settings.insert("instance".into(), cli.bigtable.instance.clone());
    settings
}

fn report(progress: &sink::Progress, started: Instant) {
    let (latency, seconds) = (progress.latency.spread(), started.elapsed().as_secs_f64());
    let millis = |part| latency.quantile(part).map(|seconds| (seconds * 1e3).round() as u64);
    tracing::info!(
        received = progress.received.get(),
        acked = progress.acked.get(),
        rows = progress.rows(),
        dead_lettered = progress.dead_lettered.get(),
        returned = progress.nacked.get(),
        retries = progress.retries.get(),
        seconds = (seconds * 10.0).round() / 10.0,
        latency_p50_ms = millis(0.5),
        latency_p99_ms = millis(0.99),
        "stopped"
    );
}
