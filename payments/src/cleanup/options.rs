//! Flags of `payments cleanup`.

use super::which::Which;
use crate::names::Names;
use crate::output::Format;
use crate::reading;
use gcp::{Endpoint, Project, Startup, bigtable, pubsub};
use schemas::layout::Table;
use service::Error;
use service::units::parse_duration;
use std::time::Duration;

/// Delete rows of a prefix, an age or a run, or everything that was set up.
///
/// Without --yes it only counts, with exit code 1 if there is anything to delete.
///
/// The column families' garbage collection is something else: it drops single cells some time after they reach their
/// age, which counts from the time when the message was published (30, 90 or 180 days, by family). This drops whole
/// rows, now, whatever the times of their cells. Let no sink write the same rows meanwhile.
///
/// On Google's service --project must be on the command line: an environment variable may easily name another project.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  payments cleanup rows --run-id 3f2a9c01d4e5b677\n  \
                  payments cleanup rows --older-than 90d --yes\n  \
                  payments cleanup rows --table by-customer --prefix 'CUST000042#' --yes\n  \
                  payments cleanup all --topics --tables --project my-project --instance my-instance --yes")]
#[group(id = "cleanup")]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Delete some rows: by prefix, by age, or of a run.
    ///
    /// Without --yes it only counts, with exit code 1 if there is anything to delete. Whole rows go, now, whatever the
    /// times of their cells; the families' garbage collection drops single cells 30, 90 or 180 days after their message
    /// was published. A prefix takes one call to the table's administration (roles/bigtable.admin); other rows are
    /// deleted by their keys, each confirmed. Let no sink write the same rows meanwhile.
    #[command(after_help = "Example:\n  payments cleanup rows --run-id 3f2a9c01d4e5b677 --yes")]
    Rows(Rows),
    /// Delete all rows of the three tables; with --tables the tables, with --topics also topics, their subscriptions and snapshots.
    ///
    /// Without --yes it only counts, with exit code 1 if there is anything to delete.
    #[command(after_help = "Example:\n  payments cleanup all --topics --yes")]
    All(All),
}

#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "cleanup_rows")]
pub struct Rows {
    #[command(flatten)]
    pub which: Chosen,
    /// Table to delete from. --prefix needs it; --older-than without it means all three; a run goes from all three.
    #[arg(long, value_enum, value_name = "TABLE", conflicts_with = "run_id")]
    pub table: Option<TableName>,
    #[command(flatten)]
    pub common: Common,
}

impl Rows {
    pub fn which(&self, now_micros: i64) -> Result<Which, Error> {
        let Chosen { prefix, older_than, run_id } = &self.which;
        let refuse =
            |flag, problem: &str| Err(Error::Flag { flag, value: String::new(), problem: problem.into() });
        match (prefix, older_than, run_id) {
            (Some(prefix), ..) if prefix.is_empty() => {
                refuse("--prefix", "would be all rows: that is `payments cleanup all`")
            }
            (Some(prefix), ..) => Ok(Which::Prefix(prefix.clone().into_bytes())),
            (_, _, Some(run_id)) if run_id.is_empty() => refuse("--run-id", "is empty"),
            (_, _, Some(run_id)) => Ok(Which::Run(run_id.clone())),
            (_, older_than, _) => {
                let age = older_than.unwrap_or_default().as_micros();
                Ok(Which::Before(now_micros.saturating_sub(i64::try_from(age).unwrap_or(i64::MAX))))
            }
        }
    }

    pub fn tables(&self) -> Vec<Table> {
        self.table.map_or(Table::ALL.to_vec(), |table| vec![table.into()])
    }
}

/// The choice of rows.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "chosen", required = true, multiple = false)]
pub struct Chosen {
    /// Rows whose keys begin with this text, byte for byte: 'CUST000042#'. Mind that CUST00004 begins CUST000042 too.
    #[arg(long, value_name = "PREFIX", requires = "table")]
    pub prefix: Option<String>,
    /// Rows of payments older than this, by the date in their keys, in all three tables; load time does not count.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub older_than: Option<Duration>,
    /// Rows of this run, by their cell metadata:run_id. It is kept for 30 days: rows published earlier may have lost it
    /// and are not found; use --older-than or --prefix for those.
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: Option<String>,
}

#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "cleanup_all")]
pub struct All {
    /// Drop the tables, not only their rows.
    #[arg(long)]
    pub tables: bool,
    /// Delete the topics, their subscriptions and their snapshots, with every message in them.
    #[arg(long)]
    pub topics: bool,
    #[command(flatten)]
    pub names: Names,
    #[command(flatten)]
    pub common: Common,
}

/// Values of `--table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TableName {
    #[value(alias = "payments_by_customer")]
    ByCustomer,
    #[value(alias = "payments_by_date")]
    ByDate,
    #[value(alias = "payments_by_transaction")]
    ByTransaction,
}

impl From<TableName> for Table {
    fn from(name: TableName) -> Self {
        match name {
            TableName::ByCustomer => Self::ByCustomer,
            TableName::ByDate => Self::ByDate,
            TableName::ByTransaction => Self::ByTransaction,
        }
    }
}

/// Flags of every clean-up.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "cleanup_common")]
pub struct Common {
    /// Delete. Without it nothing is changed.
    #[arg(long)]
    pub yes: bool,
    /// Google Cloud project; on Google's service it must be given here.
    #[arg(long, value_name = "PROJECT")]
    pub project: Option<String>,
    #[command(flatten)]
    pub startup: Startup,
    #[command(flatten)]
    pub bigtable: bigtable::Args,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
    /// Bigtable app profile; empty is the instance's default.
    #[arg(long, env = "BIGTABLE_APP_PROFILE", default_value = "", value_name = "PROFILE")]
    pub app_profile: String,
    /// How long a read or write that gets nowhere is tried again.
    #[arg(long, default_value = "2m", value_parser = parse_duration, value_name = "DURATION")]
    pub timeout: Duration,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            yes: false,
            project: None,
            startup: Startup::default(),
            bigtable: bigtable::Args::default(),
            pubsub: pubsub::Args::default(),
            app_profile: String::new(),
            timeout: Duration::from_mins(2),
            format: Format::default(),
        }
    }
}

impl Common {
    /// The project; on Google's service only one from the command line.
    pub fn project(&self, topics: bool) -> Result<Project, Error> {
        let at_google =
            |host: &Option<String>| matches!(Endpoint::new(host.as_deref(), "", ""), Endpoint::Google { .. });
        let google = at_google(&self.bigtable.bigtable_emulator_host)
            || topics && at_google(&self.pubsub.pubsub_emulator_host);
        if google && self.project.is_none() {
            return Err(Error::Config(
                "cleanup on Google's service needs --project on the command line; GOOGLE_CLOUD_PROJECT does not count"
                    .into(),
            ));
        }
        let variable = || std::env::var("GOOGLE_CLOUD_PROJECT").ok().filter(|project| !project.is_empty());
        let project = self.project.clone().or_else(variable);
        Ok(Project { project, startup: self.startup.clone() })
    }

    pub fn reading(&self, project: &Project) -> reading::Flags {
        reading::Flags {
            project: project.clone(),
            bigtable: self.bigtable.clone(),
            app_profile: self.app_profile.clone(),
            read_timeout: self.timeout,
            ..reading::Flags::default()
        }
    }
}
