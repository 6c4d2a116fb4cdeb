//! What a load of reads came to. Pure. `text` and `json` write it for people and programs.

use super::histogram::Histogram;
use super::load::Sent;
use super::progress::Progress;
use super::tally::{Counts, Failure, Seen};
use anyhow::ensure;
use producer::trickle::Rate;
use schemas::layout::Table;
use std::collections::BTreeMap;

/// A rate below this part of the one asked for is missed.
const MISSED: f64 = 0.99;
/// From this part of the time on, waiting for room is what held the load back.
const HELD_BACK: f64 = 0.05;

/// A load of reads that is over.
#[derive(Debug)]
pub struct Report {
    pub rate: Rate,
    pub max_in_flight: usize,
    pub sent: Sent,
    /// In the order of the tables, and those alone that were to be read.
    pub tables: Vec<(Table, Counts, Seen)>,
    /// By table and code.
    pub failures: BTreeMap<(&'static str, &'static str), Failure>,
}

/// Why fewer reads were sent than were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// This process had no time for more.
    Process,
    /// Too many were not answered yet.
    MaxInFlight,
}

impl Report {
    pub fn of(progress: &Progress, tables: &[Table], rate: Rate, max_in_flight: usize, sent: Sent) -> Self {
        let tables = tables.iter().map(|&table| (table, progress.counts(table), progress.seen(table)));
        Self { rate, max_in_flight, sent, tables: tables.collect(), failures: progress.failures() }
    }

    /// Fails if no read was answered at all: what else must hold only the caller can say, by a threshold.
    pub fn verdict(&self) -> anyhow::Result<()> {
        let total = self.total();
        ensure!(total.failed == 0 || total.answered() > 0, "all {} reads have failed", total.failed);
        Ok(())
    }

    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.tables.iter().for_each(|(_, counts, _)| total.add(*counts));
        total
    }

    /// Latencies from when reads were due, and from when they were sent.
    pub fn all(&self) -> (Histogram, Histogram) {
        let (mut latency, mut service) = (Histogram::default(), Histogram::default());
        for (.., seen) in &self.tables {
            latency.add(&seen.latency);
            service.add(&seen.service);
        }
        (latency, service)
    }

    /// Answered reads a second, of the time in which they were sent.
    pub fn answered_per_second(&self) -> f64 {
        self.per_second(self.total().answered())
    }

    pub fn sent_per_second(&self) -> f64 {
        self.per_second(self.sent.reads)
    }

    fn per_second(&self, reads: u64) -> f64 {
        if self.sent.seconds > 0.0 { reads as f64 / self.sent.seconds } else { 0.0 }
    }

    /// None where the rate was held.
    pub fn bound(&self) -> Option<Bound> {
        // A read more or less is no missed rate in a short load.
        let is_held = (self.sent.reads + 1) as f64 >= MISSED * self.rate.per_second * self.sent.seconds;
        let has_room = self.sent.no_room_seconds < HELD_BACK * self.sent.seconds;
        (!is_held).then_some(if has_room { Bound::Process } else { Bound::MaxInFlight })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::read_load::draws::Question;
    use crate::read_load::tally::Answer;
    use gcp::bigtable::read::Span;
    use std::time::Duration;

    /// A thousand reads of two tables, in two seconds.
    pub fn report(sent: Sent) -> Report {
        let progress = Progress::default();
        for index in 0..1_000 {
            let table = if index % 4 == 0 { Table::ByDate } else { Table::ByCustomer };
            let question = Question { table, span: Span::prefix(b"CUST000042#"), index, rows: 20 };
            let answer = match index {
                0..20 => Answer::Rows { rows: 0, bytes: 0 },
                20..30 => {
                    let reason = "it is\ndown\u{1b}[2J".to_owned();
                    Answer::Failed { code: "UNAVAILABLE", reason }
                }
                _ => Answer::Rows { rows: 20, bytes: 31_000 },
            };
            let millis = Duration::from_millis;
            progress.ended(&question, answer, millis(index + 1), millis(index / 2 + 1));
        }
        Report::of(&progress, &[Table::ByCustomer, Table::ByDate], "500/s".parse().unwrap(), 200, sent)
    }

    pub const SENT: Sent = Sent { reads: 1_000, given_up: 0, seconds: 2.0, no_room_seconds: 0.0 };

    #[test]
    fn a_missed_rate_is_told_with_what_it_was_missed_for() {
        assert_eq!(report(SENT).bound(), None);
        let late = Sent { seconds: 2.5, ..SENT };
        assert_eq!(report(late).bound(), Some(Bound::Process));
        assert_eq!(report(Sent { no_room_seconds: 1.0, ..late }).bound(), Some(Bound::MaxInFlight));
        // Waiting for room is no harm while the rate is held, nor is one read.
        assert_eq!(report(Sent { no_room_seconds: 1.0, ..SENT }).bound(), None);
        assert_eq!(report(Sent { reads: 1, seconds: 0.004, ..SENT }).bound(), None);
    }

    #[test]
    fn only_answers_count_in_the_rate_and_all_reads_in_the_latency() {
        let report = report(SENT);
        assert!((report.answered_per_second() - 495.0).abs() < 1e-9, "{}", report.answered_per_second());
        let (latency, service) = report.all();
        assert_eq!((latency.count(), service.count()), (1_000, 990));
        let total = report.total();
        assert_eq!((total.reads(), total.empty, total.failed, total.rows), (1_000, 20, 10, 19_400));
    }
}
