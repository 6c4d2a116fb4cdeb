//! Thresholds that a run must hold: `p99<500ms,rate>20000,dead_letters=0`.

mod figure;
mod value;

use crate::report::{Outcome, Report};
use figure::Figure;
use std::fmt;
use value::Unit;

/// What a figure of a run is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As it was written.
    text: String,
    figure: Figure,
    comparison: Comparison,
    value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Comparison {
    /// Longer ones first: the first that fits is meant.
    const ALL: [(&str, Self); 5] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
        ("=", Self::Equal),
    ];

    fn holds(self, observed: f64, value: f64) -> bool {
        match self {
            Self::Less => observed < value,
            Self::LessOrEqual => observed <= value,
            Self::Greater => observed > value,
            Self::GreaterOrEqual => observed >= value,
            Self::Equal => observed.total_cmp(&value).is_eq(),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// Reads thresholds, separated by commas. Figures are
///
/// - `p50`, `p90`, `p99`, `max`: from publishing to the third table's confirmation; of a table's requests that succeeded
///   with its name (`p99(payments_by_date)`); of a stage with its name (`publish_to_pulled`, `pane_wait`, `write`, `ack`);
///   of the producer's calls with `publish`; of a load of reads from when they were due, and of a table's reads with its
///   name;
/// - `rate`: payments a second, acked or, without a sink, confirmed; reads answered; mean over the run;
/// - `rows`, `retries`, `retry_ratio`, `dead_letters`, `returned`, `failed`, `empty`, `collisions`, `late`;
/// - `memory`: the highest seen; `cpu_per_million`: CPU seconds per million payments.
pub fn parse(text: &str) -> Result<Vec<Threshold>, String> {
    text.split(',').map(one).collect()
}

fn one(text: &str) -> Result<Threshold, String> {
    let text = text.trim();
    let shown = service::escape::escape(text);
    if text.is_empty() {
        return Err("a threshold is empty; write p99<500ms,dead_letters=0".into());
    }
    let Some(at) = text.find(['<', '>', '=']) else {
        return Err(format!("{shown}: nothing is compared; write {shown}<500ms, with < <= > >= or ="));
    };
    let (name, rest) = text.split_at(at);
    let Some((sign, comparison)) = Comparison::ALL.into_iter().find(|(sign, _)| rest.starts_with(sign))
    else {
        return Err(format!("{shown}: write < <= > >= or ="));
    };
    let figure = Figure::named(name.trim()).map_err(|error| format!("{shown}: {error}"))?;
    let value = rest[sign.len()..].trim();
    let value = figure
        .unit()
        .parse(value)
        .map_err(|error| format!("{shown}: \"{}\" is {error}", service::escape::escape(value)))?;
    Ok(Threshold { text: text.to_owned(), figure, comparison, value })
}

/// Whether a run holds its thresholds. A figure that it does not have is a failure: nobody has looked.
pub fn evaluate(thresholds: &[Threshold], report: &Report) -> Vec<Outcome> {
    thresholds
        .iter()
        .map(|threshold| {
            let observed = threshold.figure.of(report).filter(|observed| observed.is_finite());
            Outcome {
                threshold: threshold.text.clone(),
                observed: observed.map(|observed| threshold.shown(observed)),
                holds: observed.is_some_and(|observed| threshold.comparison.holds(observed, threshold.value)),
            }
        })
        .collect()
}

impl Threshold {
    /// With as many digits as it takes to be on the side of the value that it is on.
    fn shown(&self, observed: f64) -> String {
        let unit: Unit = self.figure.unit();
        let agrees = |digits: usize| {
            let read = unit.parse(&unit.show(observed, digits)).ok()?;
            (self.comparison.holds(read, self.value) == self.comparison.holds(observed, self.value))
                .then_some(digits)
        };
        unit.show(observed, (3..17).find_map(agrees).unwrap_or(17))
    }
}

#[cfg(test)]
mod tests;
