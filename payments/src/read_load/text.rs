//! A load of reads for people, its tables within 80 columns.

use super::report::{Bound, Report};
use indicatif::HumanCount;
use std::fmt::Write;
use std::time::Duration;

impl Report {
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} reads in {:.1} s: {} asked, {}/s sent, {}/s answered\n",
            HumanCount(self.total().reads()),
            self.sent.seconds,
            self.rate,
            three_digits(self.sent_per_second()),
            three_digits(self.answered_per_second()),
        );
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
        self.push_counts(&mut text);
        self.push_latencies(&mut text);
        self.push_troubles(&mut text);
        text
    }

    fn push_counts(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:<24}{:>10}{:>10}{:>8}{:>8}{:>11}{:>9}",
            "table", "reads", "found", "empty", "failed", "rows", "MB"
        );
        let rows = self.tables.iter().map(|(table, counts, _)| (table.id(), *counts));
        for (name, counts) in rows.chain([("all", self.total())]) {
            let count = |number| HumanCount(number).to_string();
            let _ = writeln!(
                text,
                "{name:<24}{:>10}{:>10}{:>8}{:>8}{:>11}{:>9.1}",
                count(counts.reads()),
                count(counts.found),
                count(counts.empty),
                count(counts.failed),
                count(counts.rows),
                counts.bytes as f64 / 1e6
            );
        }
    }

    fn push_latencies(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:<24}{:>10}{:>10}{:>10}{:>10}{:>14}",
            "from when due", "p50", "p99", "p99.9", "max", "sent: p99"
        );
        let all = self.all();
        let rows = self.tables.iter().map(|(table, _, seen)| (table.id(), &seen.latency, &seen.service));
        for (name, latency, service) in rows.chain([("all", &all.0, &all.1)]) {
            let at = |part| took(latency.quantile(part));
            let _ = writeln!(
                text,
                "{name:<24}{:>10}{:>10}{:>10}{:>10}{:>14}",
                at(0.5),
                at(0.99),
                at(0.999),
                took(latency.longest()),
                took(service.quantile(0.99))
            );
        }
    }

    fn push_troubles(&self, text: &mut String) {
        if !self.failures.is_empty() || self.total().empty > 0 {
            text.push('\n');
        }
        for ((table, code), failure) in &self.failures {
            let reads = HumanCount(failure.reads);
            let _ = writeln!(text, "failed  {table}: {reads} {code}, the first: {}", failure.reason);
        }
        for (table, counts, seen) in &self.tables {
            for empty in &seen.empty {
                let _ = writeln!(text, "empty   {} keys {} (index {})", table.id(), empty.span, empty.index);
            }
            let more = counts.empty.saturating_sub(seen.empty.len() as u64);
            if more > 0 {
                let _ = writeln!(text, "empty   {} and {} more", table.id(), HumanCount(more));
            }
        }
    }
}

/// A number as short as it is told apart: 0.412, 4.12, 41.2, 412, 4120.
fn three_digits(number: f64) -> String {
    let digits = match number {
        number if number < 0.999_5 => 3,
        number if number < 9.995 => 2,
        number if number < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.digits$}")
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
        let text = report(held_back).text();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for wanted in [
            "1,000 reads in 4.0 s: 500/s asked, 250/s sent, 248/s answered\nheld back by --max-in-flight 200:",
            "payments_by_customer           750       728      15       7     14,560",
            "failed  payments_by_customer: 7 UNAVAILABLE, the first: table t: it is down",
            "empty   payments_by_date keys [CUST000042#, CUST000042$) (index 4)",
            "empty   payments_by_customer and 10 more",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert!(
            report(SENT)
                .text()
                .starts_with("1,000 reads in 2.0 s: 500/s asked, 500/s sent, 495/s answered\n\n")
        );
    }

    #[test]
    fn durations_have_three_digits() {
        for (micros, text) in [
            (412, "0.412 ms"),
            (999, "0.999 ms"),
            (4_123, "4.12 ms"),
            (41_230, "41.2 ms"),
            (999_700, "1.00 s"),
        ] {
            assert_eq!(took(Duration::from_micros(micros)), text);
        }
    }
}
