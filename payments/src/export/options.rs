//! Flags of `payments export`.

use super::format::Format;
use crate::reading;
use producer::Generation;
use service::Error;
use service::units::{parse_count, parse_positive};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

/// Where the payments come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// Made here, by the flags that a producer would have had; needs no server.
    #[default]
    Generator,
    /// Every row of the table by transaction, in the order of its keys, whatever the generator's flags say.
    Tables,
}

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments export --format parquet --out ./payments --num-records 1000000 --anomaly-rate 0.001\n  \
                  payments export --format csv --out ./payments --from tables --project my-project --instance my-instance\n  \
                  payments export --format csv --out ./payments --by-rail\n  payments export --columns\n\n\
                  CSV has the exact values, for databases. For a spreadsheet take `payments sample --format csv`, in which no \
                  value is a formula."
)]
#[group(id = "export")]
pub struct Args {
    /// How the files are written.
    #[arg(long, value_enum, required_unless_present = "columns")]
    pub format: Option<Format>,
    /// Folder for the files; created, or empty. It is a whole export once it has a manifest.json.
    #[arg(long, value_name = "DIR", required_unless_present = "columns")]
    pub out: Option<PathBuf>,
    /// Show what each column is, and write no files: its name, the rail whose payments have it, its type, its cell in the
    /// tables, and what the contract says of it. A table, or CSV with --format csv.
    #[arg(long, conflicts_with = "out")]
    pub columns: bool,
    /// Files of their own for each rail, without the other rails' columns: payments-ach-00000.csv and so on.
    #[arg(long, conflicts_with = "columns")]
    pub by_rail: bool,
    /// Where the payments come from.
    #[arg(long, value_enum, default_value_t)]
    pub from: From,
    /// Most payments from the generator; all of the run if left out. Indices are shuffled in time, so the first ones are
    /// a random sample.
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub count: Option<u64>,
    /// Most payments, and most labels, in a file.
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT", value_parser = parse_positive::<u64>)]
    pub rows_per_file: u64,
    /// Replace the files of an earlier export in --out, those that its manifest.json names, once the new one is whole.
    #[arg(long)]
    pub overwrite: bool,
    /// Threads that make and encode payments; as many as there are CPUs if left out. The files do not depend on it.
    #[arg(long, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub parallelism: Option<usize>,
    #[command(flatten)]
    pub generation: Generation,
    #[command(flatten)]
    pub reading: reading::Flags,
}

impl Args {
    /// The format of the files, and their folder.
    pub fn place(&self) -> Result<(Format, &Path), Error> {
        let place = self.format.zip(self.out.as_deref());
        place.ok_or_else(|| Error::Config("an export needs --format and --out".to_owned()))
    }

    /// Whether the dictionary of the columns is written as CSV.
    pub fn dictionary(&self) -> Result<bool, Error> {
        match self.format {
            None => Ok(false),
            Some(Format::Csv) => Ok(true),
            Some(other) => {
                let problem = "is not for --columns: take csv, or leave it out for a table".to_owned();
                Err(Error::Flag { flag: "--format", value: other.name().to_owned(), problem })
            }
        }
    }

    /// How many threads work, or why that is refused.
    pub fn threads(&self) -> Result<usize, Error> {
        match self.parallelism {
            None => Ok(thread::available_parallelism().map_or(1, NonZero::get)),
            Some(threads @ 1..=256) => Ok(threads),
            Some(other) => {
                let problem = "must be between 1 and 256".to_owned();
                Err(Error::Flag { flag: "--parallelism", value: other.to_string(), problem })
            }
        }
    }
}
