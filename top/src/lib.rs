//! `payments top`: what all processes do, live in a terminal or once as text or JSON.
//!
//! - `endpoint`, `client`, `watch`: where processes are asked, how, and how often.
//! - `model`: what their answers mean, together and over time.
//! - `view`, `format`: drawn. `live`, `screen`: on a terminal, with keys. `once`: printed.

mod client;
mod endpoint;
mod format;
mod live;
mod model;
mod once;
mod screen;
mod view;
mod watch;

pub use endpoint::{Endpoint, usual_addresses};

use anyhow::{Result, bail};
use service::Error;
use service::units::parse_duration;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often `attach` looks, and the other one by default.
const EVERY: &str = "1s";
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_hours(1);

/// What processes do, live or once.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  payments top :9464 :9465\n  payments top --once --format json")]
#[group(id = "top")]
pub struct Args {
    /// Where processes serve their figures (their --http): 127.0.0.1:9464, :9464, localhost:9464, http://host:port; several
    /// after each other or with commas. Without any, those of 127.0.0.1:9464 to 9467 that answer.
    #[arg(value_name = "HOST:PORT", value_delimiter = ',')]
    pub endpoints: Vec<Endpoint>,
    /// The same as a flag, as often as needed.
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub http: Vec<Endpoint>,
    /// How often to ask, from 100ms to 1h. Rates are over this time.
    #[arg(long, default_value = EVERY, value_parser = parse_duration)]
    pub every: Duration,
    /// Ask twice, --every apart, print the figures and end; for scripts, and where there is no terminal.
    #[arg(long)]
    pub once: bool,
    /// How --once prints. JSON is one document: processes, totals, backlog, latency by table, stages, errors.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

impl Args {
    /// Where to look, and whether nobody has said so.
    fn endpoints(&self) -> (Vec<Endpoint>, bool) {
        let mut endpoints = Vec::new();
        for endpoint in self.endpoints.iter().chain(&self.http) {
            if !endpoints.contains(endpoint) {
                endpoints.push(endpoint.clone());
            }
        }
        if endpoints.is_empty() { (endpoint::usual(), true) } else { (endpoints, false) }
    }

    fn check(&self) -> Result<(), Error> {
        if !(SHORTEST..=LONGEST).contains(&self.every) {
            let value = format!("{:?}", self.every);
            return Err(Error::Flag {
                flag: "--every",
                value,
                problem: "is not between 100ms and 1h".into(),
            });
        }
        if self.format == Format::Json && !self.once {
            let text =
                "--format json prints one document, which needs --once; leave it out for the live view";
            return Err(Error::Config(text.into()));
        }
        Ok(())
    }
}

/// Shows what processes do, on the terminal until `q` or the token ends it, or once on `out`.
pub async fn run(args: &Args, out: &mut impl Write, shutdown: CancellationToken) -> Result<()> {
    args.check()?;
    let (endpoints, are_guesses) = args.endpoints();
    if !args.once {
        return live::show(endpoints, are_guesses, args.every, &shutdown).await;
    }
    let model = tokio::select! {
        biased;
        () = shutdown.cancelled() => bail!(Error::Stopped),
        model = once::ask_twice(endpoints, are_guesses, args.every) => model?,
    };
    let snapshot = model.snapshot();
    match args.format {
        Format::Text => once::print(&snapshot, out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &snapshot).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Which row keys a process has written when.
pub async fn heat(endpoint: &Endpoint) -> Result<monitor::heat::Heat, String> {
    client::ask_for(endpoint, "/heatmap").await
}

/// Shows these processes on the terminal until the token is cancelled; `q` cancels it.
///
/// What others write on the terminal meanwhile spoils the picture until the next change: send logs elsewhere.
pub async fn attach(endpoints: Vec<SocketAddr>, shutdown: CancellationToken) -> Result<()> {
    let endpoints = endpoints.into_iter().map(Endpoint::from).collect();
    live::show(endpoints, false, Duration::from_secs(1), &shutdown).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::cli::flags;

    fn args(given: &[&str]) -> Args {
        flags(given.iter().copied()).unwrap()
    }

    #[test]
    fn endpoints_may_be_named_in_several_ways_and_each_is_asked_once() {
        let named = args(&[":9464,localhost:1", "h:2", "--http", "127.0.0.1:9464,h:3", "--http", "h:4"]);
        let (endpoints, are_guesses) = named.endpoints();
        let found: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
        assert_eq!(
            (found.join(" ").as_str(), are_guesses),
            ("127.0.0.1:9464 localhost:1 h:2 h:3 h:4", false)
        );
        let (usual, are_guesses) = args(&[]).endpoints();
        assert_eq!((usual.len(), are_guesses), (4, true));
    }

    #[test]
    fn flags_that_make_no_sense_are_refused_with_what_to_do() {
        let refusal = |given: &[&str]| args(given).check().unwrap_err().to_string();
        assert!(refusal(&["--format", "json"]).contains("needs --once"));
        assert!(refusal(&["--every", "1ms"]).contains("between 100ms and 1h"));
        assert!(args(&["--format", "json", "--once", "--every", "100ms"]).check().is_ok());
    }
}
