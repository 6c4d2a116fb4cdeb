//! Flags of `payments read-load`.

use super::draws::Draws;
use super::mix::ReadMix;
use super::pace::Pace;
use crate::output::Format;
use crate::reading;
use generator::Generator;
use producer::Generation;
use producer::trickle::Rate;
use schemas::layout::Table;
use service::Error;
use service::units::{parse_count, parse_duration};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// As many as a process can count for, and a page of rows can be.
const MOST_PER_SECOND: f64 = 1e6;
const MOST_IN_FLIGHT: usize = 100_000;
const MOST_ROWS: u64 = 10_000;
const LONGEST_READ: Duration = Duration::from_hours(1);

/// Read from the three tables at a steady rate, by keys that must be there, and tell how long each layout takes.
///
/// Payments are recomputed, so that nothing needs to be listed first: give the generation flags of the load. Each read is
/// due at its time, whatever the earlier ones do, and its latency begins then, not when it is sent: a stall is measured by
/// all who would have waited. Failed reads count in the latencies.
///
/// Exit codes: 0 done, or stopped by SIGTERM or SIGINT, with the report; 1 all reads have failed, a --threshold does not
/// hold, or Bigtable was away; 2 a flag, resource, permission or an address's form is wrong. Reads that find nothing are
/// counted and named, and change the exit code only by --threshold empty=0: beside a load that is not done they are usual.
#[derive(Clone, Debug, clap::Args)]
#[command(
    // `--mix` is the reads' own here.
    mut_arg("mix", |arg| arg.long("rails").help("Shares of the rails in the payments: what their producer's --mix was")),
    mut_arg("read_timeout", |arg| {
        arg.default_value("10s").help("How long a read may wait to be sent, and then to be answered; after that it has failed")
    }),
    after_help = "Reads of a customer take its oldest payments; a date's those in a window around a payment's moment; a \
                  transaction's the payment itself. Payments are drawn evenly, so customers as often as they pay.\
                  \nFigures for --threshold: p50, p90, p99, max, also of a table as in \
                  p99(payments_by_date); rate, rows, failed, empty, memory.\n\nExamples:\n  \
                  payments read-load --num-records 200000 --rate 500/s --duration 1m\n  \
                  payments read-load --num-records 200000 --mix transaction=1 --threshold 'p99<50ms,failed=0,empty=0'\n  \
                  payments read-load --num-records 200000 --end-index 50000 --mix customer=70,date=30 --format json"
)]
#[group(id = "read_load")]
pub struct Args {
    /// Reads a second: COUNT/s, COUNT/min or COUNT/h.
    #[arg(long, default_value = "100/s", value_name = "RATE")]
    pub rate: Rate,
    /// Shares of the tables in the reads, as whole numbers: customer, date, transaction.
    #[arg(long = "mix", default_value_t, value_name = "SHARES")]
    pub read_mix: ReadMix,
    /// Stop after this time; without it at a signal.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    pub duration: Option<Duration>,
    /// Most rows of a customer or of a window that a read takes.
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = parse_count::<u64>)]
    pub rows: u64,
    /// Span of time around a payment's moment that a read by date asks for.
    #[arg(long, default_value = "1m", value_parser = parse_duration, value_name = "DURATION")]
    pub window: Duration,
    /// Most reads under way; those that must wait for room wait from when they were due. Google Cloud takes 100 for each
    /// of --connections.
    #[arg(long, default_value_t = 200, value_name = "COUNT", value_parser = parse_count::<usize>)]
    pub max_in_flight: usize,
    /// Seed of what is read when: with the same one the same reads again, for processes side by side one each.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    pub read_seed: u64,
    #[command(flatten)]
    pub generation: Generation,
    /// First index that may be read.
    #[arg(long, default_value_t = 0, value_name = "INDEX")]
    pub start_index: u64,
    /// Index to stop before; the run's end if left out.
    #[arg(long, value_name = "INDEX")]
    pub end_index: Option<u64>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub reading: reading::Flags,
    #[command(flatten)]
    pub monitor: monitor::Args,
}

impl Args {
    /// Refuses values that cannot work, naming the flag.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |flag, value: String, problem: String| Err(Error::Flag { flag, value, problem });
        if self.rate.per_second > MOST_PER_SECOND {
            let problem =
                format!("is more than {MOST_PER_SECOND}/s: start several, each with its --read-seed");
            return refuse("--rate", self.rate.to_string(), problem);
        }
        if self.duration.is_some_and(|duration| duration.is_zero()) {
            return refuse("--duration", "0s".into(), "must be above 0".into());
        }
        if !(1..=MOST_ROWS).contains(&self.rows) {
            return refuse("--rows", self.rows.to_string(), format!("must be between 1 and {MOST_ROWS}"));
        }
        if !(1..=MOST_IN_FLIGHT).contains(&self.max_in_flight) {
            let problem = format!("must be between 1 and {MOST_IN_FLIGHT}");
            return refuse("--max-in-flight", self.max_in_flight.to_string(), problem);
        }
        let patience = self.reading.read_timeout;
        if patience < Duration::from_millis(1) || patience > LONGEST_READ {
            let problem = "must be between 1ms and 1h".into();
            return refuse("--read-timeout", format!("{patience:?}"), problem);
        }
        Ok(())
    }

    pub fn draws(&self, generator: Arc<Generator>) -> Result<Draws, Error> {
        Ok(Draws {
            range: self.range(generator.config().num_records)?,
            generator,
            seed: self.read_seed,
            mix: self.read_mix,
            rows: self.rows,
            window: self.window,
        })
    }

    /// The payments to read, of a run of this many.
    fn range(&self, records: u64) -> Result<Range<u64>, Error> {
        reading::part_of_run(self.start_index, self.end_index, records, "read")
    }

    pub fn pace(&self) -> Pace {
        Pace {
            per_second: self.rate.per_second,
            duration: self.duration,
            max_in_flight: self.max_in_flight,
            patience: self.reading.read_timeout,
        }
    }

    pub fn tables(&self) -> Vec<Table> {
        self.read_mix.tables().collect()
    }

    /// What `/status` and reports say of the flags.
    pub fn settings(&self, draws: &Draws) -> BTreeMap<String, String> {
        let settings = [
            ("run_id", draws.generator.run_id().to_owned()),
            ("indices", format!("{} to {}", draws.range.start, draws.range.end - 1)),
            ("instance", self.reading.bigtable.instance.clone()),
            ("rate", self.rate.to_string()),
            ("read_mix", self.read_mix.to_string()),
            ("rows", self.rows.to_string()),
            ("window", format!("{:?}", self.window)),
            ("max_in_flight", self.max_in_flight.to_string()),
            ("read_timeout", format!("{:?}", self.reading.read_timeout)),
            ("read_seed", self.read_seed.to_string()),
        ];
        settings.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::cli::flags;

    fn refused(given: &[&str]) -> String {
        let args: Args = flags(given).unwrap();
        let ended = args.check().and_then(|()| args.range(1_000));
        ended.unwrap_err().to_string()
    }

    #[test]
    fn values_that_cannot_work_are_refused_by_their_flag() {
        for (flag, value) in [
            ("--rate", "2000000/s"),
            ("--duration", "0s"),
            ("--rows", "0"),
            ("--rows", "10001"),
            ("--max-in-flight", "0"),
            ("--read-timeout", "0s"),
            ("--read-timeout", "2h"),
            ("--end-index", "1001"),
            ("--start-index", "1000"),
        ] {
            let line = refused(&[flag, value]);
            assert!(line.starts_with(flag), "{flag} {value}: {line}");
        }
        for wrong in [["--rate", "0/s"], ["--mix", "customer=0"], ["--window", "5"]] {
            assert!(flags::<Args>(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_read_does_not_wait_as_long_as_a_scan_of_everything() {
        let args: Args = flags([""; 0]).unwrap();
        assert_eq!(args.reading.read_timeout, Duration::from_secs(10));
        assert!(args.check().is_ok() && args.duration.is_none());
        assert_eq!(args.range(7).unwrap(), 0..7);
    }
}
