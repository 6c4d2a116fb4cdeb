//! `payments emulators`: the embedded servers, kept up for separately started producers and sinks.

mod metrics;

pub use metrics::Metrics;

use crate::names::Names;
use crate::setup;
use emulator::Servers;
use gcp::Project;
use monitor::Monitor;
use monitor::health::Health;
use monitor::watched::{SharedHeat, Subject};
use prometheus_client::registry::Registry;
use service::terminal;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The ports that Google's emulators have by default.
const PUBSUB_PORT: u16 = 8085;
const BIGTABLE_PORT: u16 = 8086;
const INSTANCE: &str = "payments";
/// Between two looks at the servers' figures.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  payments emulators --data-dir ./data")]
#[group(id = "emulators")]
pub struct Args {
    /// Keep the servers' data here; without it the data is temporary.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What everything that the servers have confirmed survives.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub durability: Durability,
    /// Port of the Pub/Sub server on loopback; 0 takes a free one.
    #[arg(long, default_value_t = PUBSUB_PORT, value_name = "PORT")]
    pub pubsub_port: u16,
    /// Port of the Bigtable server on loopback; 0 takes a free one.
    #[arg(long, default_value_t = BIGTABLE_PORT, value_name = "PORT")]
    pub bigtable_port: u16,
    #[command(flatten)]
    pub names: Names,
    #[command(flatten)]
    pub project: Project,
    /// Instance that the tables are made in.
    #[arg(long, env = "BIGTABLE_INSTANCE", default_value = INSTANCE, value_name = "INSTANCE")]
    pub instance: String,
    /// Start with nothing set up.
    #[arg(long)]
    pub no_setup: bool,
    #[command(flatten)]
    pub monitor: monitor::Args,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            data_dir: None,
            durability: Durability::default(),
            pubsub_port: PUBSUB_PORT,
            bigtable_port: BIGTABLE_PORT,
            names: Names::default(),
            project: Project::default(),
            instance: INSTANCE.to_owned(),
            no_setup: false,
            monitor: monitor::Args::default(),
        }
    }
}

/// What everything that the servers have confirmed survives.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub enum Durability {
    /// The end of the servers' process, by kill -9 too; a loss of power may cost the last minute.
    #[default]
    Process,
    /// A loss of power, too: rows, messages and exactly-once acks are confirmed once they are synced to the disk.
    Disk,
}

impl From<Durability> for emulator::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Process => Self::Process,
            Durability::Disk => Self::Disk,
        }
    }
}

/// Runs the servers until `shutdown`.
pub async fn run(args: Args, out: &mut impl Write, shutdown: CancellationToken) -> anyhow::Result<()> {
    args.monitor.check()?;
    let (metrics, health) = (Metrics::default(), Health::default());
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    health.starting("setting up");
    let subject = Subject {
        binary: "emulators",
        version: env!("CARGO_PKG_VERSION"),
        health: health.clone(),
        settings: settings(&args),
        heat: SharedHeat::default(),
    };
    let monitor = Monitor::start(&args.monitor, subject, registry).await?;
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut servers = Servers::prepare(emulator::Options {
        data_dir: args.data_dir.clone(),
        pubsub_addr: at(args.pubsub_port),
        bigtable_addr: at(args.bigtable_port),
        durability: args.durability.into(),
    })
    .await
    .map_err(|error| refused(&error))?;
    if !args.no_setup {
        let lines = setup::run(&setup_args(&servers, args.names, args.project, args.instance)).await?;
        setup::verdict(&lines)?;
    }
    servers.open().await.map_err(|error| refused(&error))?;
    writeln!(out, "export PUBSUB_EMULATOR_HOST={}", servers.pubsub.addr())?;
    writeln!(out, "export BIGTABLE_EMULATOR_HOST={}", servers.bigtable.addr())?;
    out.flush()?;
    terminal::say("running; stop with Ctrl-C");
    health.ready();
    let error = tokio::select! {
        () = shutdown.cancelled() => None,
        error = servers.failed() => Some(error),
        never = watch(&servers, &metrics) => match never {},
    };
    if let Some(error) = error {
        // Nothing can be written any more: there is nothing to close in good order.
        return Err(error.into());
    }
    health.draining();
    let judged = monitor.finish(None).await;
    servers.shutdown().await?;
    judged
}

/// Looks at the servers until it is dropped.
pub async fn watch(servers: &Servers, metrics: &Metrics) -> Infallible {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics.look(&servers.figures().await);
    }
}

fn settings(args: &Args) -> BTreeMap<String, String> {
    let folder = args.data_dir.as_ref().map_or("temporary".to_owned(), |path| path.display().to_string());
    let settings = [("data_dir", folder), ("durability", format!("{:?}", args.durability).to_lowercase())];
    settings.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The flags of a set-up for these servers.
pub fn setup_args(servers: &Servers, names: Names, project: Project, instance: String) -> setup::Args {
    setup::Args {
        names,
        project,
        pubsub: gcp::pubsub::Args { pubsub_emulator_host: Some(servers.pubsub.addr().to_string()) },
        bigtable: gcp::bigtable::Args {
            instance,
            bigtable_emulator_host: Some(servers.bigtable.addr().to_string()),
        },
        ..setup::Args::default()
    }
}

/// If servers do not start, a port or a folder is wrong, and an operator must fix it.
pub fn refused(error: &emulator::Error) -> service::Error {
    service::Error::Config(error.to_string())
}
