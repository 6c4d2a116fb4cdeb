//! The producer's process: parse, start logging, run, exit.

use clap::{Parser, Subcommand};
use producer::{Batch, Generation, Outcome, Output, Progress, Publishing};
use service::{Project, pubsub, signals, telemetry};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Generates synthetic payments and publishes them to a Pub/Sub topic.
///
/// The same seed and flags give the same payments, byte for byte; shards of a run need no coordination. SIGTERM or SIGINT
/// stops it after confirming what is in flight, and prints where to go on. Exit codes: 0 everything asked for is
/// confirmed, or it was stopped cleanly; 1 a payment could not be confirmed; 2 a flag, resource, permission or address is
/// wrong.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  producer --project my-project --num-records 10000000 --shard 0/4"
)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    publishing: Publishing,
    #[command(flatten)]
    batch: Batch,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    project: Project,
    #[command(flatten)]
    pubsub: pubsub::Args,
    #[command(flatten)]
    telemetry: telemetry::Args,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the built-in profile: every figure that the generator draws from, as TOML for --profile.
    Profile,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli: Cli = match service::cli::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    if let Some(Command::Profile) = cli.command {
        print!("{}", producer::generator::BUILT_IN_PROFILE);
        return ExitCode::SUCCESS;
    }
    telemetry::init(&cli.telemetry, tracing::Level::INFO);
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => service::exit::report(&error),
    }
}

async fn run(mut cli: Cli) -> anyhow::Result<()> {
    let shutdown = signals::shutdown_token()?;
    cli.publishing.place(cli.batch.shards, |name| std::env::var(name).ok())?;
    let generator = cli.generation.generator()?;
    cli.publishing.range(generator.config().num_records)?;
    if cli.output.is_wanted() {
        let tally = producer::write(generator, &cli.publishing, &cli.batch, &cli.output, shutdown).await?;
        if cli.output.dry_run {
            println!("{tally}");
        } else {
            tracing::info!(payments = tally.payments, bytes = tally.bytes, "written");
        }
        return Ok(());
    }
    let pubsub = pubsub::Pubsub::connect(&cli.pubsub, &cli.project).await?;
    let progress = Arc::new(Progress::default());
    let started = Instant::now();
    let (publishing, batch) = (&cli.publishing, &cli.batch);
    let outcome = producer::run(generator, publishing, batch, &pubsub, progress.clone(), shutdown).await?;
    report(&outcome, &cli.batch, &progress, started);
    Ok(())
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
