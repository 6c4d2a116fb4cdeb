//! The operator's command: parse, start logging, run, exit.

use payments::cli::{Cli, Command, command_line};
use payments::{
    cleanup, dead_letter, emulators, export, heatmap, inspect, local, output, plan, quality, query,
    read_load, replay, setup, snapshot, tap, verify, why,
};
use service::{signals, telemetry, terminal};
use std::io::Write;
use std::process::ExitCode;
use tracing::Level;

/// The system's allocator keeps an arena for each thread, and message buffers that one thread fills and another frees
/// pile up in them: a local run took twice the memory and a quarter less payments a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    service::cli::run(command_line, start)
}

async fn start(cli: Cli) -> ExitCode {
    // A local run shows its progress itself; log lines would tear its bars.
    let level = match &cli.command {
        // Whatever else is written would tear the picture.
        Command::Local(args) if args.top => Level::ERROR,
        Command::Local(_) => Level::WARN,
        _ => Level::INFO,
    };
    telemetry::init(&cli.telemetry, level);
    let is_live = cli.telemetry.is_live();
    let mut out = terminal::stdout();
    let ended = run(cli.command, &mut out, is_live).await;
    // Also what was written before a failure must be there, and before what is said of it.
    let flushed = out.flush();
    match ended.and_then(|()| Ok(flushed?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => service::exit::report(&error),
    }
}

async fn run(command: Command, out: &mut impl Write, is_live: bool) -> anyhow::Result<()> {
    let notes = &mut terminal::remarks();
    // Of these a part of the result goes beside the output.
    let rest = &mut terminal::stderr();
    match command {
        // These have nothing to bring to an end: a signal ends them as it ends any program.
        Command::Show(args) => inspect::show(&args, out),
        Command::Sample(args) => inspect::sample(&args, out, rest),
        Command::Plan(args) => plan::run(&args, out),
        Command::Local(args) => local::run(*args, out, signals::shutdown_token()?).await,
        Command::Emulators(args) => emulators::run(*args, out, signals::shutdown_token()?).await,
        Command::Top(args) => top::run(&args, out, signals::shutdown_token()?).await,
        Command::Export(args) => export::run(&args, out, rest, signals::shutdown_token()?).await,
        Command::Heatmap(args) => until(heatmap::run(&args, out)).await,
        Command::Query(args) => until(query::run(&args, out, rest)).await,
        Command::Verify(args) => until(verify::run(&args, out, notes)).await,
        Command::Why(args) => until(why::run(&args, out, notes)).await,
        Command::Tap(args) => {
            tap::run(&args, out, notes, signals::shutdown_token()?, terminal::is_unread).await
        }
        Command::ReadLoad(args) => read_load::run(*args, out, signals::shutdown_token()?, is_live).await,
        Command::Quality(args) => until(quality::run(&args, out)).await,
        Command::Snapshot(args) => until(snapshot::run(&args, out)).await,
        Command::Replay(args) => until(replay::run(&args, out, notes)).await,
        Command::DeadLetter(args) => until(dead_letter::run(&args, out, rest)).await,
        Command::Cleanup(args) => until(cleanup::run(&args, out)).await,
        Command::Setup(args) => until(set_up(&args, out)).await,
    }
}

async fn set_up(args: &setup::Args, out: &mut impl Write) -> anyhow::Result<()> {
    let lines = setup::run(args).await?;
    let (text, json) = (|| setup::text(&lines), || setup::json(&lines));
    output::write(out, args.format, text, json)?;
    setup::verdict(&lines)
}

/// Runs a command that may be interrupted at any point.
async fn until(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let shutdown = signals::shutdown_token()?;
    tokio::select! {
        result = command => result,
        () = shutdown.cancelled() => anyhow::bail!("stopped before the end"),
    }
}
