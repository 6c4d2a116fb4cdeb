//! The sink's flags.

use crate::window::Limits;
use crate::writer;
use schemas::layout::KeySuffix;
use service::Error;
use service::units::{parse_bytes, parse_count, parse_duration};
use std::collections::BTreeMap;
use std::time::Duration;

/// How the sink consumes, groups and writes.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Subscription to consume: an id, or projects/PROJECT/subscriptions/ID.
    #[arg(long, env = "PAYMENTS_SUBSCRIPTION", default_value = "payments-sink", value_name = "SUBSCRIPTION")]
    pub subscription: String,
    /// Topic for messages that can never become rows: an id, or projects/PROJECT/topics/ID.
    #[arg(
        long,
        env = "PAYMENTS_DEAD_LETTER_TOPIC",
        default_value = "payments-dead-letter",
        value_name = "TOPIC"
    )]
    pub dead_letter_topic: String,
    /// Width of the windows that messages are grouped in, by publish time.
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "DURATION")]
    pub window: Duration,
    /// Rows at which a window's pane is written.
    #[arg(long, default_value_t = 10_000, value_name = "ROWS", value_parser = parse_count::<usize>)]
    pub pane_rows: usize,
    /// Bytes of messages at which a window's pane is written.
    #[arg(long, default_value = "16MiB", value_parser = parse_bytes, value_name = "BYTES")]
    pub pane_bytes: u64,
    /// Longest time that a message waits for its pane. Left out, a pane waits for 20 ms while little is being written, and
    /// for 10 s at most; given, it waits for so long unless it is full.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub max_pane_age: Option<Duration>,
    /// Memory for messages between pull and ack. When it is used up, pulling pauses.
    #[arg(long, default_value = "512MiB", value_parser = parse_bytes, value_name = "BYTES")]
    pub max_memory: u64,
    /// Streaming pulls; the service gives about 10 MB/s to each.
    #[arg(long, default_value_t = 2, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub streams: usize,
    /// Longest time that a killed sink's messages stay leased to it (10s to 10m).
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "DURATION")]
    pub lease: Duration,
    /// Longest time that a message's lease is extended in all; then it is delivered again.
    #[arg(long, default_value = "1h", value_parser = parse_duration, value_name = "DURATION")]
    pub max_lease: Duration,
    /// Connections to Bigtable.
    #[arg(long, default_value_t = 2, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub connections: usize,
    /// Most rows in one request.
    #[arg(long, default_value_t = 500, value_name = "ROWS", value_parser = parse_count::<usize>)]
    pub request_rows: usize,
    /// Most bytes in one request, unless one row is larger.
    #[arg(long, default_value = "4MiB", value_parser = parse_bytes, value_name = "BYTES")]
    pub request_bytes: u64,
    /// Most requests in flight, all tables together.
    #[arg(long, default_value_t = 24, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub requests_in_flight: usize,
    /// Most rows sent and not yet answered, all tables together.
    #[arg(long, default_value_t = 20_000, value_name = "ROWS", value_parser = parse_count::<usize>)]
    pub rows_in_flight: usize,
    /// Most bytes sent and not yet answered, all tables together.
    #[arg(long, default_value = "64MiB", value_parser = parse_bytes, value_name = "BYTES")]
    pub bytes_in_flight: u64,
    /// Longest time for one request.
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "DURATION")]
    pub attempt_timeout: Duration,
    /// Longest time for a row with all its retries; then its message goes back to the subscription.
    #[arg(long, default_value = "10m", value_parser = parse_duration, value_name = "DURATION")]
    pub write_timeout: Duration,
    /// Bigtable app profile; empty is the instance's default.
    #[arg(long, env = "BIGTABLE_APP_PROFILE", default_value = "", value_name = "PROFILE")]
    pub app_profile: String,
    /// Component that the row keys by customer and by date end in: the tables' own, as `payments setup` has recorded it,
    /// if left out; another one is refused.
    #[arg(long, value_enum, value_name = "SUFFIX")]
    pub row_key_suffix: Option<Suffix>,
    /// Drain and exit once for this long no message has come and none was settled, and the service answers that nothing is
    /// left; without it the sink runs until it is stopped.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub exit_when_idle: Option<Duration>,
    /// Ask Cloud Monitoring for the subscription's backlog, once a minute or so often. It tells what was so one to four
    /// minutes ago, and needs roles/monitoring.viewer. The embedded Pub/Sub tells without being asked so.
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "60s",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    pub monitor_backlog: Option<Duration>,
    /// A server in place of Cloud Monitoring.
    #[arg(long, env = "MONITORING_EMULATOR_HOST", hide = true, value_name = "HOST:PORT")]
    pub monitoring_emulator_host: Option<String>,
    /// Not ready (/readyz) once a table, the subscription or the dead-letter topic has owed an answer for so long.
    #[arg(long, default_value = "30s", value_parser = parse_duration, value_name = "DURATION")]
    pub unready_after: Duration,
    /// Longest drain after SIGTERM; what is not written by then goes back to the subscription.
    #[arg(long, default_value = "25s", value_parser = parse_duration, value_name = "DURATION")]
    pub grace_period: Duration,
}

impl Default for Options {
    fn default() -> Self {
        service::cli::defaults()
    }
}

/// Values of `--row-key-suffix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Suffix {
    None,
    #[value(name = "transaction_id")]
    TransactionId,
}

impl From<Suffix> for KeySuffix {
    fn from(suffix: Suffix) -> Self {
        match suffix {
            Suffix::None => Self::None,
            Suffix::TransactionId => Self::TransactionId,
        }
    }
}

/// Without `--max-pane-age`: how long a pane waits while the tables are busy with other panes, and while they are not.
const PANE_AGE: Duration = Duration::from_secs(10);
const LINGER: Duration = Duration::from_millis(20);

/// Row offsets inside a pane are 32 bits wide; a million rows stay far below.
const MAX_PANE_ROWS: usize = 1_000_000;
const MAX_PANE_BYTES: u64 = 256 << 20;
const MIN_MEMORY: u64 = 16 << 20;
/// Pub/Sub's own bounds for a lease.
const LEASE: std::ops::RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_mins(10);

impl Options {
    /// Refuses values that cannot work, naming the flag.
    pub fn check(&self) -> Result<(), Error> {
        let refuse =
            |flag, value: String, problem: &str| Err(Error::Flag { flag, value, problem: problem.into() });
        if self.window < Duration::from_millis(1) {
            return refuse("--window", format!("{:?}", self.window), "must be at least 1ms");
        }
        if !(1..=MAX_PANE_ROWS).contains(&self.pane_rows) {
            return refuse("--pane-rows", self.pane_rows.to_string(), "must be between 1 and 1000000");
        }
        if self.pane_bytes > MAX_PANE_BYTES {
            return refuse("--pane-bytes", self.pane_bytes.to_string(), "must be at most 256MiB");
        }
        if self.max_memory < MIN_MEMORY {
            return refuse("--max-memory", self.max_memory.to_string(), "must be at least 16MiB");
        }
        if !LEASE.contains(&self.lease) {
            return refuse("--lease", format!("{:?}", self.lease), "must be between 10s and 10m");
        }
        if self.max_lease < self.lease {
            return refuse(
                "--max-lease",
                format!("{:?}", self.max_lease),
                "must not be shorter than --lease",
            );
        }
        if self.monitor_backlog.is_some_and(|every| every < Duration::from_secs(1)) {
            let value = format!("{:?}", self.monitor_backlog.unwrap_or_default());
            return refuse("--monitor-backlog", value, "must be at least 1s");
        }
        for (flag, value) in [
            ("--attempt-timeout", self.attempt_timeout),
            ("--write-timeout", self.write_timeout),
            ("--max-pane-age", self.pane_age()),
        ] {
            if value.is_zero() {
                return refuse(flag, format!("{value:?}"), "must be longer than nothing");
            }
        }
        for (flag, value) in [
            ("--streams", self.streams),
            ("--connections", self.connections),
            ("--request-rows", self.request_rows),
            ("--requests-in-flight", self.requests_in_flight),
            ("--rows-in-flight", self.rows_in_flight),
        ] {
            if !(1..=1_000_000).contains(&value) {
                return refuse(flag, value.to_string(), "must be between 1 and 1000000");
            }
        }
        Ok(())
    }

    /// What others are told of the flags.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let pane_age = self.max_pane_age.map_or("auto".to_owned(), |age| format!("{age:?}"));
        let settings = [
            ("subscription", self.subscription.clone()),
            ("dead_letter_topic", self.dead_letter_topic.clone()),
            ("app_profile", self.app_profile.clone()),
            ("window", format!("{:?}", self.window)),
            ("pane_rows", self.pane_rows.to_string()),
            ("max_pane_age", pane_age),
            ("max_memory", self.max_memory.to_string()),
            ("streams", self.streams.to_string()),
            ("connections", self.connections.to_string()),
            ("request_rows", self.request_rows.to_string()),
            ("requests_in_flight", self.requests_in_flight.to_string()),
            ("rows_in_flight", self.rows_in_flight.to_string()),
        ];
        settings.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Longest time that a message waits for its pane.
    pub(crate) fn pane_age(&self) -> Duration {
        self.max_pane_age.unwrap_or(PANE_AGE)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            window: self.window,
            pane_rows: self.pane_rows,
            pane_bytes: self.pane_bytes as usize,
            pane_age: self.pane_age(),
            linger: self.max_pane_age.is_none().then_some(LINGER),
            held_memory: self.max_memory / 4,
        }
    }

    pub(crate) fn writer(&self) -> writer::Options {
        writer::Options {
            app_profile: self.app_profile.clone(),
            request_rows: self.request_rows,
            request_bytes: self.request_bytes as usize,
            in_flight: writer::Bounds {
                requests: self.requests_in_flight,
                rows: self.rows_in_flight,
                bytes: self.bytes_in_flight as usize,
            },
            attempt_timeout: self.attempt_timeout,
            total_timeout: self.write_timeout,
        }
    }
}
