//! Flags of `payments heatmap`.

use crate::output::Format;
use gcp::{Project, bigtable};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use top::Endpoint;

/// Draws which ranges of row keys were written when: a layout that is hot shows lines, an even one a field.
///
/// Keys are sampled by each sink as it writes; those of several are added up. Ranges have equal shares of all writes, as
/// Bigtable splits them; what is dark took more than its share of its moment.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  payments heatmap :9464 :9465
  payments heatmap run.json --html heat.html
  payments heatmap --table payments_by_date
  payments heatmap run.json --cloud --project my-project --instance my-instance --html heat.html")]
#[group(id = "heatmap")]
pub struct Args {
    /// Addresses that sinks serve at (--http), or reports (.json); without any, those of 127.0.0.1:9464 to 9467
    /// that answer.
    #[arg(value_name = "HOST:PORT|FILE")]
    pub sources: Vec<Source>,
    /// This table alone.
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Frame the tablets that Bigtable itself found hot meanwhile (roles/bigtable.viewer; kept for 14 days).
    #[arg(long)]
    pub cloud: bool,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub bigtable: bigtable::Args,
    /// Ranges of keys.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(2..=256), value_name = "COUNT")]
    pub ranges: u16,
    /// Most moments of a page or picture.
    #[arg(long, default_value_t = 96, value_parser = clap::value_parser!(u16).range(2..=96), value_name = "COUNT")]
    pub columns: u16,
    /// Columns of the text; the terminal's if left out.
    #[arg(long, value_parser = clap::value_parser!(u16).range(40..=1000), value_name = "COLUMNS")]
    pub width: Option<u16>,
    /// A picture of characters, or all the figures as one JSON document.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write a page with all tables here instead.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write a picture of all tables here instead.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// Where heat comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Endpoint(Endpoint),
    File(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if Path::new(text).extension().is_some_and(|extension| extension == "json") {
            return Ok(Self::File(text.into()));
        }
        text.parse().map(Self::Endpoint).map_err(|problem| format!("{problem}, or a report's file (.json)"))
    }
}

impl Args {
    pub(super) fn sources(&self) -> Vec<Source> {
        if self.sources.is_empty() {
            let usual = |port| Source::Endpoint(std::net::SocketAddr::from(([127, 0, 0, 1], port)).into());
            return (9464..=9467).map(usual).collect();
        }
        self.sources.clone()
    }

    pub(super) fn width(&self) -> usize {
        self.width.map_or_else(|| service::terminal::columns().clamp(40, 200), usize::from)
    }
}
