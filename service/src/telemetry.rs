//! Logs: structured events on standard error, so that standard output stays the program's own.

use crate::cloud_logging::CloudLogging;
use crate::terminal::{Log, is_watched};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

pub use crate::cloud_logging::Pairs;

/// The clients below log every connection attempt at these targets; their failures reach our own events.
const QUIET: &str = "google_cloud_gax=error,google_cloud_gax_internal=error,h2=warn,hyper=warn,tonic=warn,\
                     lsm_tree=warn,fjall=warn";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    /// One JSON object a line, as Cloud Logging takes it.
    Json,
}

/// Log flags, the same for every binary.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "telemetry")]
pub struct Args {
    /// How log lines look; RUST_LOG chooses which ones.
    #[arg(long, value_enum, default_value_t, env = "LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Format,
}

impl Args {
    /// Whether a line may be written over and over: people look at a terminal, and lines are for them.
    pub fn is_live(&self) -> bool {
        is_watched() && self.log_format == Format::Text
    }
}

/// Starts logging from `level` on, unless RUST_LOG says otherwise. A second call in one process changes nothing.
pub fn init(args: &Args, level: tracing::Level) {
    let usual = || EnvFilter::new(format!("{level},{QUIET}"));
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|asked| !asked.is_empty());
    let filter = asked.and_then(|asked| EnvFilter::try_new(asked).ok()).unwrap_or_else(usual);
    let is_coloured = is_watched() && args.log_format == Format::Text;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Log { is_coloured })
        .with_ansi(is_coloured);
    let _ = match args.log_format {
        Format::Text => builder.with_target(false).try_init(),
        Format::Json => builder.fmt_fields(JsonFields::new()).event_format(CloudLogging).try_init(),
    };
}
