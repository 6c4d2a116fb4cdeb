//! A load of reads for people, its tables within 80 columns.

use super::report::{Bound, Report};
use crate::output::{Column, Table, words};
use indicatif::HumanCount;
use service::escape::escape;
use std::fmt::Write;
use std::time::Duration;

/// A number is shown whole or not at all.
const WHOLE: usize = usize::MAX;
/// Width of the words that lines about single reads begin with.
const LABEL: usize = 8;

const COUNTS: [Column; 7] = [
    Column::left("table"),
    Column::right("reads"),
    Column::right("found"),
    Column::right("empty"),
    Column::right("failed"),
    Column::right("rows").to(WHOLE, 1),
    Column::right("MB").to(WHOLE, 2),
];

const LATENCIES: [Column; 6] = [
    Column::left("from when due"),
    Column::right("p50"),
    Column::right("p99"),
    Column::right("p99.9"),
    Column::right("max"),
    Column::right("sent: p99").to(WHOLE, 1),
];

impl Report {
    /// The verdict, which is that of the exit code, and the figures.
    pub fn text(&self, problem: Option<&str>) -> String {
        let figures = format!(
            "{} in {:.1} s: {} asked, {}/s sent, {}/s answered",
            words::count(self.total().reads(), "read"),
            self.sent.seconds,
            self.rate,
            three_digits(self.sent_per_second()),
            three_digits(self.answered_per_second()),
        );
        let mut text = match problem {
            None => words::ok(&figures),
            Some(problem) => words::bad(&escape(problem)) + &figures + "\n",
        };
        let total = self.total();
        if total.empty > 0 {
            let empty = words::count(total.empty, "read");
            let _ = writeln!(
                text,
                "{empty} found nothing: not loaded yet, or of other flags than the producer's"
            );
        }
        match self.bound() {
            Some(Bound::Process) => {
                text.push_str("this process could not send more: start several, each with its --read-seed\n");
            }
            Some(Bound::MaxInFlight) => {
                let most = self.max_in_flight;
                let _ = writeln!(
                    text,
                    "held back by --max-in-flight {most}: the tables answer no faster, or allow more"
                );
            }
            None => {}
        }
        text + "\n" + &self.counts() + "\n" + &self.latencies() + &self.troubles()
    }

    fn counts(&self) -> String {
        let rows = self.tables.iter().map(|(table, counts, _)| (table.id(), *counts));
        let lines = rows.chain([("all", self.total())]).map(|(name, counts)| {
            let numbers = [counts.reads(), counts.found, counts.empty, counts.failed, counts.rows];
            let mut cells = vec![name.to_owned()];
            cells.extend(numbers.map(|number| HumanCount(number).to_string()));
            cells.push(format!("{:.1}", counts.bytes as f64 / 1e6));
            cells
        });
        Table::text(&COUNTS, &lines.collect::<Vec<_>>())
    }

    fn latencies(&self) -> String {
        let all = self.all();
        let rows = self.tables.iter().map(|(table, _, seen)| (table.id(), &seen.latency, &seen.service));
        let lines = rows.chain([("all", &all.0, &all.1)]).map(|(name, latency, service)| {
            let mut cells = vec![name.to_owned()];
            cells.extend([0.5, 0.99, 0.999].map(|part| took(latency.quantile(part))));
            cells.extend([latency.longest(), service.quantile(0.99)].map(took));
            cells
        });
        Table::text(&LATENCIES, &lines.collect::<Vec<_>>())
    }

    fn troubles(&self) -> String {
        let mut text = String::new();
        if !self.failures.is_empty() || self.total().empty > 0 {
            text.push('\n');
        }
        let mut told = |label: &str, what: &str| text += &words::labelled(label, LABEL, what);
        for ((table, code), failure) in &self.failures {
            let (reads, reason) = (HumanCount(failure.reads), escape(&failure.reason));
            told("failed", &format!("{table}: {reads} {code}, the first: {reason}"));
        }
        for (table, counts, seen) in &self.tables {
            for empty in &seen.empty {
                told("empty", &format!("{} keys {} (index {})", table.id(), empty.span, empty.index));
            }
            let more = counts.empty.saturating_sub(seen.empty.len() as u64);
            if more > 0 {
                told("empty", &format!("{} and {} more", table.id(), HumanCount(more)));
            }
        }
        text
    }
}

/// A number as short as it is told apart, which is within a hundredth: 0.412, 4.12, 41.2, 412, 4,120.
fn three_digits(number: f64) -> String {
    match number {
        number if number < 0.999_5 => format!("{number:.3}"),
        number if number < 9.995 => format!("{number:.2}"),
        number if number < 99.95 => format!("{number:.1}"),
        number => HumanCount(number.round() as u64).to_string(),
    }
}

fn took(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 0.999_5 => three_digits(seconds * 1e3) + " ms",
        seconds => three_digits(seconds) + " s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_load::load::Sent;
    use crate::read_load::report::tests::{SENT, report};

    #[test]
    fn a_report_fits_a_terminal_and_names_what_went_wrong() {
        let held_back = Sent { seconds: 4.0, no_room_seconds: 3.0, ..SENT };
        let text = report(held_back).text(None);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for wanted in [
            "OK: 1,000 reads in 4.0 s: 500/s asked, 250/s sent, 248/s answered\n20 reads found nothing: ",
            "\nheld back by --max-in-flight 200:",
            "\npayments_by_customer    750    728     15       7  14,560  22.6\n",
            "empty   payments_by_date keys [CUST000042#, CUST000042$) (index 4)",
            "empty   payments_by_customer and 10 more",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
    }

    #[test]
    fn a_report_begins_with_what_the_exit_code_says() {
        let figures =
            "1,000 reads in 2.0 s: 500/s asked, 500/s sent, 495/s answered\n20 reads found nothing: ";
        let (good, bad) = (report(SENT).text(None), report(SENT).text(Some("too\nslow")));
        assert!(good.starts_with(&format!("OK: {figures}")), "{good}");
        assert!(bad.starts_with(&format!("NOT OK: too\\nslow\n{figures}")), "{bad}");
        assert_eq!([None, Some("")].map(|problem| report(SENT).json(problem)["ok"] == true), [true, false]);
    }

    #[test]
    fn what_a_server_says_stays_on_its_line_and_does_nothing_to_a_terminal() {
        let text = report(SENT).text(None);
        let wanted = r"failed  payments_by_customer: 7 UNAVAILABLE, the first: it is\ndown\u001b[2J";
        assert!(text.lines().any(|line| line == wanted), "{text}");
    }

    #[test]
    fn durations_have_three_digits() {
        for (micros, text) in [
            (412, "0.412 ms"),
            (999, "0.999 ms"),
            (4_123, "4.12 ms"),
            (41_230, "41.2 ms"),
            (999_700, "1.00 s"),
            (3_600_000_000, "3,600 s"),
        ] {
            assert_eq!(took(Duration::from_micros(micros)), text);
        }
    }
}
