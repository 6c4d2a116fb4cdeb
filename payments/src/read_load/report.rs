//! What a load of reads came to, for people and programs. Pure.

use super::histogram::Histogram;
use super::load::Sent;
use super::progress::{Counts, Failure, Progress, Seen};
use indicatif::HumanCount;
use producer::trickle::Rate;
use schemas::layout::Table;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// A rate below this part of the one asked for is missed.
const MISSED: f64 = 0.99;
/// From this part of the time on, waiting for room is what held the load back.
const HELD_BACK: f64 = 0.05;

/// A load of reads that is over.
#[derive(Debug)]
pub struct Report {
    rate: Rate,
    max_in_flight: usize,
    sent: Sent,
    /// In the order of the tables, and those alone that were to be read.
    tables: Vec<(Table, Counts, Seen)>,
    failures: BTreeMap<(&'static str, &'static str), Failure>,
}

impl Report {
    pub fn of(progress: &Progress, tables: &[Table], rate: Rate, max_in_flight: usize, sent: Sent) -> Self {
        let tables = tables.iter().map(|&table| (table, progress.counts(table), progress.seen(table)));
        Self { rate, max_in_flight, sent, tables: tables.collect(), failures: progress.failures() }
    }

    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.tables.iter().for_each(|(_, counts, _)| total.add(*counts));
        total
    }

    /// Answered reads a second, of the time in which they were sent.
    pub fn answered_per_second(&self) -> f64 {
        self.per_second(self.total().answered())
    }

    fn per_second(&self, reads: u64) -> f64 {
        if self.sent.seconds > 0.0 { reads as f64 / self.sent.seconds } else { 0.0 }
    }

    /// Why fewer were sent than were asked for; none where the rate was held.
    fn held_back_by(&self) -> Option<&'static str> {
        // A read more or less is no missed rate in a short load.
        let is_held = (self.sent.sent + 1) as f64 >= MISSED * self.rate.per_second * self.sent.seconds;
        let has_room = self.sent.no_room_seconds < HELD_BACK * self.sent.seconds;
        (!is_held).then_some(if has_room { "process" } else { "max-in-flight" })
    }

    fn all(&self) -> (Histogram, Histogram) {
        let (mut latency, mut service) = (Histogram::default(), Histogram::default());
        for (.., seen) in &self.tables {
            latency.add(&seen.latency);
            service.add(&seen.service);
        }
        (latency, service)
    }

    pub fn text(&self) -> String {
        let (total, (latency, service)) = (self.total(), self.all());
        let mut text = format!(
            "{} reads in {:.1} s: {} asked, {}/s sent, {}/s answered\n",
            HumanCount(total.reads()),
            self.sent.seconds,
            self.rate,
            three_digits(self.per_second(self.sent.sent)),
            three_digits(self.answered_per_second()),
        );
        match self.held_back_by() {
            Some("process") => {
                text.push_str("this process could not send more: start several, each with its --read-seed\n")
            }
            Some(_) => {
                let most = self.max_in_flight;
                let _ = writeln!(
                    text,
                    "held back by --max-in-flight {most}: the tables answer no faster, or allow more"
                );
            }
            None => {}
        }
        text.push('\n');
        let _ = writeln!(
            text,
            "{:<24}{:>10}{:>10}{:>8}{:>8}{:>11}{:>9}",
            "table", "reads", "found", "empty", "failed", "rows", "MB"
        );
        let rows = self.tables.iter().map(|(table, counts, _)| (table.id(), *counts));
        for (name, counts) in rows.chain([("all", total)]) {
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
        let _ = writeln!(
            text,
            "\n{:<24}{:>10}{:>10}{:>10}{:>10}{:>14}",
            "from when due", "p50", "p99", "p99.9", "max", "sent: p99"
        );
        let rows = self.tables.iter().map(|(table, _, seen)| (table.id(), &seen.latency, &seen.service));
        for (name, latency, service) in rows.chain([("all", &latency, &service)]) {
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
        self.troubles(&mut text);
        text
    }

    fn troubles(&self, text: &mut String) {
        if !self.failures.is_empty() || self.total().empty > 0 {
            text.push('\n');
        }
        for ((table, code), failure) in &self.failures {
            let _ =
                writeln!(text, "failed  {table}: {} {code}, the first: {}", failure.reads, failure.reason);
        }
        for (table, counts, seen) in self.tables.iter().filter(|(_, counts, _)| counts.empty > 0) {
            for empty in &seen.empty {
                let _ = writeln!(text, "empty   {} keys {} (index {})", table.id(), empty.span, empty.index);
            }
            let more = counts.empty - seen.empty.len() as u64;
            if more > 0 {
                let _ = writeln!(text, "empty   {} and {} more", table.id(), HumanCount(more));
            }
        }
    }

    pub fn json(&self) -> Value {
        let (latency, service) = self.all();
        let tables: serde_json::Map<_, _> = self
            .tables
            .iter()
            .map(|(table, counts, seen)| {
                let mut figures = figures(counts, &seen.latency, &seen.service);
                let empty = seen.empty.iter();
                figures["firstEmpty"] =
                    empty.map(|read| json!({ "index": read.index, "keys": read.span.to_string() })).collect();
                (table.id().to_owned(), figures)
            })
            .collect();
        let failures = self.failures.iter().map(|((table, code), failure)| {
            json!({ "table": table, "code": code, "reads": failure.reads, "first": failure.reason })
        });
        json!({
            "seconds": self.sent.seconds,
            "askedPerSecond": self.rate.per_second,
            "sentPerSecond": self.per_second(self.sent.sent),
            "answeredPerSecond": self.answered_per_second(),
            "heldBackBy": self.held_back_by(),
            "all": figures(&self.total(), &latency, &service),
            "tables": tables,
            "failures": failures.collect::<Vec<_>>(),
        })
    }
}

fn figures(counts: &Counts, latency: &Histogram, service: &Histogram) -> Value {
    let milliseconds = |histogram: &Histogram| {
        let of = |duration: Duration| duration.as_secs_f64() * 1e3;
        let at = |part| of(histogram.quantile(part));
        json!({ "p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999), "max": of(histogram.longest()) })
    };
    json!({
        "reads": counts.reads(), "found": counts.found, "empty": counts.empty, "failed": counts.failed,
        "rows": counts.rows, "bytes": counts.bytes,
        "latencyMilliseconds": milliseconds(latency), "serviceMilliseconds": milliseconds(service),
    })
}

/// A number as short as it is told apart: 0.412, 4.12, 41.2, 412, 4120.
fn three_digits(number: f64) -> String {
    let digits = match number {
        number if number < 1.0 => 3,
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
