//! Logs: structured events on standard error, so that standard output stays the program's own.

use crate::cloud_logging::CloudLogging;
use crate::terminal::{Colours, Log, Taste, are_remarks_coloured, is_watched, settle};
use tracing::Level;
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

/// Flags of logs and remarks, the same for every binary, before or after a subcommand.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "telemetry")]
#[command(next_help_heading = "Output")]
pub struct Args {
    /// How log lines look; RUST_LOG chooses which ones, unless -q or -v does.
    #[arg(long, global = true, value_enum, default_value_t, env = "LOG_FORMAT", value_name = "FORMAT")]
    #[arg(hide_possible_values = true)]
    pub log_format: Format,
    /// Results and errors only: no progress, no remarks, no log below WARN.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log at DEBUG; twice, at TRACE.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Bold and coloured words; auto is on terminals, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Colours,
}

impl Args {
    /// Whether a line may be written over and over: people look at a terminal, and lines are for them.
    pub fn is_live(&self) -> bool {
        is_watched() && !self.quiet && self.log_format == Format::Text
    }

    /// The least severe level that is logged, where a program's own is `usual`.
    fn level(&self, usual: Level) -> Level {
        match self.verbose {
            _ if self.quiet => usual.min(Level::WARN),
            0 => usual,
            1 => Level::DEBUG,
            _ => Level::TRACE,
        }
    }
}

/// Starts logging from `level` on, unless flags or else RUST_LOG say otherwise, and settles how the process writes. A second
/// call in one process changes nothing.
pub fn init(args: &Args, level: Level) {
    settle(Taste { colours: args.color, is_quiet: args.quiet });
    let level = args.level(level);
    let usual = || EnvFilter::new(format!("{level},{QUIET}"));
    let by_flags = args.quiet || args.verbose > 0;
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|asked| !asked.is_empty() && !by_flags);
    let filter = asked.and_then(|asked| EnvFilter::try_new(asked).ok()).unwrap_or_else(usual);
    let is_coloured = are_remarks_coloured() && args.log_format == Format::Text;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Log { is_coloured })
        .with_ansi(is_coloured);
    let _ = match args.log_format {
        Format::Text => builder.with_target(false).try_init(),
        Format::Json => builder.fmt_fields(JsonFields::new()).event_format(CloudLogging).try_init(),
    };
}
