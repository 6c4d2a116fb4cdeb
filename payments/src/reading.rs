//! Flags of every command that reads the tables.

use gcp::bigtable::Bigtable;
use gcp::bigtable::read::{Patience, Reader};
use gcp::{Project, bigtable};
use schemas::layout::{KeySuffix, Table};
use service::Error;
use service::units::{parse_count, parse_duration};
use std::ops::Range;
use std::time::Duration;

#[derive(Clone, Debug, clap::Args)]
#[group(id = "reading")]
pub struct Flags {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub bigtable: bigtable::Args,
    /// Bigtable app profile; empty is the instance's default.
    #[arg(long, env = "BIGTABLE_APP_PROFILE", default_value = "", value_name = "PROFILE")]
    pub app_profile: String,
    /// Connections to Bigtable.
    #[arg(long, default_value_t = 2, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub connections: usize,
    /// How long a read without progress is tried again.
    #[arg(long, default_value = "2m", value_parser = parse_duration, value_name = "DURATION")]
    pub read_timeout: Duration,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            project: Project::default(),
            bigtable: bigtable::Args::default(),
            app_profile: String::new(),
            connections: 2,
            read_timeout: Duration::from_mins(2),
        }
    }
}

/// The payments from one index to before another, of a run of this many: what there is `to_do` something with.
pub fn part_of_run(start: u64, end: Option<u64>, records: u64, to_do: &str) -> Result<Range<u64>, Error> {
    let end = end.unwrap_or(records);
    let refuse =
        |flag, value: u64, problem: String| Err(Error::Flag { flag, value: value.to_string(), problem });
    if end > records {
        return refuse("--end-index", end, format!("is outside the run: it has {records} payments"));
    }
    if start >= end {
        return refuse("--start-index", start, format!("leaves nothing to {to_do}: the end is {end}"));
    }
    Ok(start..end)
}

impl Flags {
    /// Connects and looks at the tables that will be read, or says within `--connect-timeout` why it cannot.
    pub async fn reader(&self, tables: &[Table]) -> Result<Reader, Error> {
        let reader = self.connect().await?;
        let bigtable = reader.bigtable();
        for table in tables {
            let name = bigtable.table_name(table.id());
            bigtable.require_table(bigtable::READER, &self.app_profile, &name).await?;
        }
        Ok(reader)
    }

    /// What the row keys end in: as asked for, or as recorded beside the tables.
    pub async fn suffix(
        &self,
        bigtable: &Bigtable,
        wanted: Option<sink::Suffix>,
    ) -> Result<KeySuffix, Error> {
        match wanted {
            Some(suffix) => Ok(suffix.into()),
            None => Ok(sink::suffix::recorded(bigtable, &self.app_profile).await?.unwrap_or_default()),
        }
    }

    /// Connects, as [`Flags::reader`] does.
    pub async fn connect(&self) -> Result<Reader, Error> {
        if !(1..=1_000).contains(&self.connections) {
            let (flag, value) = ("--connections", self.connections.to_string());
            return Err(Error::Flag { flag, value, problem: "must be between 1 and 1000".into() });
        }
        let bigtable = Bigtable::connect(&self.bigtable, &self.project, self.connections).await?;
        let patience = Patience { give_up: self.read_timeout, ..Patience::default() };
        Ok(Reader::new(bigtable, &self.app_profile, patience))
    }
}
