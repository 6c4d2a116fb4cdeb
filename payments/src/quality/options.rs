//! Flags of `payments quality`.

use crate::output::Format;
use crate::reading;
use generator::Mix;
use service::Error;
use service::units::parse_count;

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  payments quality --project my-project --instance my-instance\n  \
                  payments quality --mix us")]
#[group(id = "quality")]
pub struct Args {
    /// What the row keys by customer and by date end in: as `payments setup` has recorded it, if left out.
    #[arg(long, value_enum, value_name = "SUFFIX")]
    pub row_key_suffix: Option<sink::Suffix>,
    /// Shares of the rails that the payments must have: seed, us, eu, or a list like ACH=0.4,CARD=0.6. Not checked if
    /// left out, as payments may be of any number of runs.
    #[arg(long, value_name = "MIX")]
    pub mix: Option<Mix>,
    /// Most rows listed of each problem and table.
    #[arg(long, default_value_t = 10, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub max_listed: usize,
    /// Show each table's digest over its payments: equal tables have equal ones.
    #[arg(long)]
    pub digests: bool,
    /// Ranges of the tables read at once.
    #[arg(long, default_value_t = 4, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub parallelism: usize,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub reading: reading::Flags,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            row_key_suffix: None,
            mix: None,
            max_listed: 10,
            digests: false,
            parallelism: 4,
            format: Format::default(),
            reading: reading::Flags::default(),
        }
    }
}

impl Args {
    /// Refuses values that cannot work, naming the flag.
    pub fn check(&self) -> Result<(), Error> {
        for (flag, value) in [("--max-listed", self.max_listed), ("--parallelism", self.parallelism)] {
            if !(1..=1_000).contains(&value) {
                let problem = "must be between 1 and 1000".to_owned();
                return Err(Error::Flag { flag, value: value.to_string(), problem });
            }
        }
        Ok(())
    }
}
