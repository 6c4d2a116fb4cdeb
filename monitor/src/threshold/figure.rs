//! The figures that thresholds name.

use super::value::Unit;
use crate::report::{Figures, Report};
use crate::spread::Quantiles;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Figure {
    Latency(Quantile, Of),
    Count(Count),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantile {
    P50,
    P90,
    P99,
    Max,
}

/// Whose latency.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Of {
    PublishToWritten,
    Publish,
    Table(String),
    Stage(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Rate,
    Rows,
    Retries,
    RetryRatio,
    DeadLetters,
    Returned,
    Failed,
    Empty,
    Collisions,
    Late,
    Memory,
    CpuPerMillion,
}

const QUANTILES: [(&str, Quantile); 4] =
    [("p50", Quantile::P50), ("p90", Quantile::P90), ("p99", Quantile::P99), ("max", Quantile::Max)];
const COUNTS: [(&str, Count); 12] = [
    ("rate", Count::Rate),
    ("rows", Count::Rows),
    ("retries", Count::Retries),
    ("retry_ratio", Count::RetryRatio),
    ("dead_letters", Count::DeadLetters),
    ("returned", Count::Returned),
    ("failed", Count::Failed),
    ("empty", Count::Empty),
    ("collisions", Count::Collisions),
    ("late", Count::Late),
    ("memory", Count::Memory),
    ("cpu_per_million", Count::CpuPerMillion),
];
const TABLES: [&str; 3] = ["payments_by_customer", "payments_by_date", "payments_by_transaction"];
const STAGES: [&str; 4] = ["publish_to_pulled", "pane_wait", "write", "ack"];
const PUBLISH: &str = "publish";

fn find<T: Copy>(list: &[(&str, T)], name: &str) -> Option<T> {
    list.iter().find(|(known, _)| *known == name).map(|(_, found)| *found)
}

impl Figure {
    /// Errors name what is known.
    pub fn named(text: &str) -> Result<Self, String> {
        let (name, of) = match text.split_once('(') {
            Some((name, of)) => match of.strip_suffix(')') {
                Some(of) => (name.trim_end(), Some(of.trim())),
                None => return Err("a parenthesis is not closed".into()),
            },
            None => (text, None),
        };
        if let Some(quantile) = find(&QUANTILES, name) {
            let of = match of {
                None => Of::PublishToWritten,
                Some(PUBLISH) => Of::Publish,
                Some(of) if TABLES.contains(&of) => Of::Table(of.to_owned()),
                Some(of) if STAGES.contains(&of) => Of::Stage(of.to_owned()),
                Some(of) => {
                    let known: Vec<_> = TABLES.into_iter().chain(STAGES).chain([PUBLISH]).collect();
                    return Err(unknown("table or stage", of, &known));
                }
            };
            return Ok(Self::Latency(quantile, of));
        }
        let Some(count) = find(&COUNTS, name) else {
            let quantiles = QUANTILES.iter().map(|(name, _)| *name);
            let known: Vec<_> = quantiles.chain(COUNTS.iter().map(|(name, _)| *name)).collect();
            return Err(unknown("figure", name, &known));
        };
        if of.is_some() {
            return Err(format!("{name} is of the whole run, without parentheses"));
        }
        Ok(Self::Count(count))
    }

    pub fn unit(&self) -> Unit {
        match self {
            Self::Latency(..) => Unit::Duration,
            Self::Count(Count::Memory) => Unit::Bytes,
            Self::Count(Count::RetryRatio) => Unit::Ratio,
            Self::Count(_) => Unit::Number,
        }
    }

    /// A run's; none if it has no such figure.
    pub fn of(&self, report: &Report) -> Option<f64> {
        let figures = Figures::of(report);
        let count = match self {
            Self::Latency(quantile, of) => {
                let found: Quantiles = match of {
                    Of::PublishToWritten => figures.publish_to_written().or_else(|| figures.read()),
                    Of::Publish => figures.publish(),
                    Of::Table(table) => figures.requests(table).or_else(|| figures.read_of(table)),
                    Of::Stage(stage) => figures.stage(stage),
                }?;
                return Some(match quantile {
                    Quantile::P50 => found.p50,
                    Quantile::P90 => found.p90,
                    Quantile::P99 => found.p99,
                    Quantile::Max => found.max,
                });
            }
            Self::Count(count) => count,
        };
        match count {
            Count::Rate => figures.rate(),
            Count::Rows => figures.rows(),
            Count::Retries => figures.retries(),
            Count::RetryRatio => figures.retry_ratio(),
            Count::DeadLetters => figures.dead_letters(),
            Count::Returned => figures.returned(),
            Count::Failed => figures.failed(),
            Count::Empty => figures.empty(),
            Count::Collisions => figures.collisions(),
            Count::Late => figures.late(),
            Count::Memory => figures.memory(),
            Count::CpuPerMillion => figures.cpu_per_million(),
        }
    }
}

fn unknown(kind: &str, name: &str, known: &[&str]) -> String {
    let name: String = name.chars().take(40).collect();
    let nearest = known.iter().min_by_key(|known| distance(&name, known));
    let hint = match nearest {
        Some(nearest) if distance(&name, nearest) <= 1 + nearest.len() / 5 => {
            format!("; did you mean {nearest}?")
        }
        _ => ".".into(),
    };
    format!("no {kind} is named \"{}\"{hint} Known are {}", service::escape::escape(&name), known.join(", "))
}

/// Letters to insert, to take away or to change (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, &wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != wanted);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
