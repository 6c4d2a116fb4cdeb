//! The producer's process: parse, start logging, run, exit.

use clap::CommandFactory;
use gcp::pubsub;
use monitor::Monitor;
use monitor::lines::Lines;
use monitor::watched::{SharedHeat, Subject};
use producer::cli::{Cli, Command, TrickleCli};
use producer::trickle::Trickle;
use producer::{Batch, Outcome, Progress, Told};
use prometheus_client::registry::Registry;
use service::{signals, telemetry, terminal};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// The system's allocator keeps an arena for each thread, and message buffers that one thread fills and another frees
/// pile up in them: a local run took twice the memory and a quarter less payments a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    service::cli::run(Cli::command, start)
}

async fn start(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Some(Command::Profile) => print(generator::BUILT_IN_PROFILE),
        Some(Command::Trickle(cli)) => run_trickle(*cli).await,
        None => run(cli).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => service::exit::report(&error),
    }
}

fn print(text: impl Display) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// A variable of the environment, if it says anything; what is no UTF-8 in it stays wrong, and is not taken for unset.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.map(|value| value.to_string_lossy().into_owned())
}

/// A run as others see it.
struct Run {
    progress: Arc<Progress>,
    monitor: Monitor,
    lines: Lines,
}

impl Run {
    async fn start(
        binary: &'static str,
        monitor: &monitor::Args,
        is_live: bool,
        settings: Vec<(&str, String)>,
    ) -> anyhow::Result<Self> {
        let progress = Arc::new(Progress::default());
        let mut registry = Registry::default();
        progress.register(&mut registry);
        let settings: BTreeMap<_, _> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let subject = Subject {
            binary,
            version: env!("CARGO_PKG_VERSION"),
            health: progress.health.clone(),
            settings,
            heat: SharedHeat::default(),
        };
        // Before the service is asked: whoever waits for it can see that.
        progress.health.starting("waiting for Pub/Sub");
        let monitor = Monitor::start(monitor, subject, registry).await?;
        let lines = Lines::start(Told::new(progress.clone(), binary == TRICKLE), is_live);
        Ok(Self { progress, monitor, lines })
    }

    /// Pushes metrics, too, if the environment says where to.
    #[cfg(feature = "otlp")]
    fn exporting(self, topic: &str, pubsub: &pubsub::Args) -> Result<Self, service::Error> {
        let monitor = self.monitor.export(producer::otlp::table(topic, pubsub))?;
        Ok(Self { monitor, ..self })
    }

    /// Says how it ended: first the run, then what was asked of it.
    async fn end<T>(self, ended: anyhow::Result<T>, report: impl FnOnce(&T)) -> anyhow::Result<()> {
        self.lines.finish().await;
        if let Ok(outcome) = &ended {
            report(outcome);
        }
        let judged = self.monitor.finish(None).await;
        ended?;
        judged
    }
}

const TRICKLE: &str = "trickle";
const STOPPED_TASK: &str =
    "a task of a job was stopped before its shard was done: the job is to run it again";

async fn run_trickle(mut cli: TrickleCli) -> anyhow::Result<()> {
    telemetry::init(&cli.telemetry, tracing::Level::INFO);
    let shutdown = signals::shutdown_token()?;
    cli.project.startup.stop = shutdown.clone();
    let mut options = cli.options;
    options.place(variable)?;
    cli.monitor.check()?;
    let settings = vec![("topic", options.topic.clone()), ("rate", options.rate.to_string())];
    #[cfg(feature = "otlp")]
    let topic = options.topic.clone();
    let trickle = Trickle::new(options)?;
    let run = Run::start(TRICKLE, &cli.monitor, cli.telemetry.is_live(), settings).await?;
    #[cfg(feature = "otlp")]
    let run = run.exporting(&topic, &cli.pubsub)?;
    let publish = async {
        let pubsub = pubsub::Pubsub::connect(&cli.pubsub, &cli.project).await?;
        Ok(trickle.run(&pubsub, run.progress.clone(), shutdown).await?)
    };
    let ended = publish.await;
    run.end(ended, |_| ()).await
}

async fn run(mut cli: Cli) -> anyhow::Result<()> {
    telemetry::init(&cli.telemetry, tracing::Level::INFO);
    let shutdown = signals::shutdown_token()?;
    cli.project.startup.stop = shutdown.clone();
    cli.publishing.place(cli.batch.shards, variable)?;
    let generator = cli.generation.generator()?;
    cli.publishing.range(generator.config().num_records)?;
    if cli.output.is_wanted() {
        let tally = producer::write(generator, &cli.publishing, &cli.batch, &cli.output, shutdown).await?;
        if cli.output.dry_run {
            print(format_args!("{tally}\n"))?;
        } else {
            tracing::info!(payments = tally.payments, bytes = tally.bytes, "written");
        }
        anyhow::ensure!(!(tally.is_stopped && producer::is_task(variable)), STOPPED_TASK);
        return Ok(());
    }
    cli.monitor.check()?;
    let settings = vec![
        ("topic", cli.publishing.topic.clone()),
        ("run_id", generator.run_id().to_owned()),
        ("num_records", generator.config().num_records.to_string()),
        ("shard", cli.publishing.shard.unwrap_or_default().to_string()),
    ];
    let run = Run::start("producer", &cli.monitor, cli.telemetry.is_live(), settings).await?;
    #[cfg(feature = "otlp")]
    let run = run.exporting(&cli.publishing.topic, &cli.pubsub)?;
    let (started, progress) = (Instant::now(), run.progress.clone());
    let (publishing, batch) = (&cli.publishing, &cli.batch);
    let remark = producer::remark(generator.config());
    let publish = async {
        let pubsub = pubsub::Pubsub::connect(&cli.pubsub, &cli.project).await?;
        Ok(producer::run(generator, publishing, batch, &pubsub, progress.clone(), shutdown).await?)
    };
    let ended = publish.await;
    let is_done = ended.as_ref().is_ok_and(Outcome::is_complete);
    let ended = run.end(ended, |outcome| report(outcome, batch, &progress, started)).await;
    if let Some(line) = remark.filter(|_| is_done) {
        tracing::info!("{line}");
    }
    if !is_done && producer::is_task(variable) && service::exit::is_clean(&ended) {
        anyhow::bail!(STOPPED_TASK);
    }
    ended
}

fn report(outcome: &Outcome, batch: &Batch, progress: &Progress, started: Instant) {
    let elapsed = started.elapsed();
    let (published, bytes) = (progress.published(), progress.bytes());
    tracing::info!(
        published,
        bytes,
        seconds = elapsed.as_secs_f64(),
        per_second = (published as f64 / elapsed.as_secs_f64().max(f64::EPSILON)) as u64,
        "published"
    );
    if !outcome.is_complete() {
        let (resume, end) = (outcome.confirmed_below, outcome.range.end);
        match &batch.checkpoint {
            None => tracing::warn!("stopped before index {end}; go on with --start-index {resume}"),
            Some(file) => {
                let file = file.display();
                tracing::warn!(
                    "stopped before index {end}; {file} goes on at index {resume} with the same flags"
                );
            }
        }
    }
}
