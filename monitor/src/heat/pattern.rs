//! What a grid says, in a sentence.

use super::grid::{Column, Grid};
use crate::page::numbers::{count, percent};
use crate::page::plain;
use std::fmt::Write;

/// How writes lie on the keys as time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Too little was recorded to tell.
    Unclear,
    Even,
    /// Some ranges take more than others, none the most.
    Uneven,
    /// The hot range wanders along the keys: keys are in the order of time.
    Moving,
    /// It is the same range all the time.
    Staying,
    /// It is now here, now there.
    Jumping,
}

/// A pattern in plain words.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub pattern: Pattern,
    /// One line, safe to show.
    pub text: String,
    /// The busiest range's part of its moment's rows, mean over the moments by their rows.
    pub top_share: f64,
}

/// Fewer moments with rows than this tell nothing: ranges are made to be even over all moments together.
const MOMENTS: usize = 6;
/// An even spread has its busiest range at what chance makes of it; so much more is no chance.
const BEYOND_CHANCE: f64 = 1.5;
/// From here on one range takes the writes.
const HOT: f64 = 0.4;
/// How straight the way of the middle is, as a correlation with time, if writes move along the keys.
const MOVING: f64 = 0.8;

impl Grid {
    /// What the grid says of its table.
    pub fn verdict(&self) -> Verdict {
        let moments: Vec<_> = (0..self.columns.len()).filter(|&column| self.top(column).is_some()).collect();
        let weight: f64 = moments.iter().map(|&column| self.columns[column].rows as f64).sum();
        let mean = |figure: &dyn Fn(usize) -> f64| {
            if weight > 0.0 {
                moments.iter().map(|&column| figure(column) * self.columns[column].rows as f64 / weight).sum()
            } else {
                0.0
            }
        };
        let ranges = self.ranges.len();
        let top_share: f64 =
            mean(&|column| self.top(column).map_or(0.0, |range| self.cell(range, column).share));
        let chance: f64 = mean(&|column| by_chance(&self.columns[column], ranges));
        let one = percent(1.0 / ranges.max(1) as f64);
        let took = percent(top_share);
        let (pattern, mut text) = if moments.is_empty() {
            (Pattern::Unclear, "nothing was written".to_owned())
        } else if ranges == 1 {
            (Pattern::Unclear, format!("only one key was seen: {}", plain(&self.ranges[0].first)))
        } else if moments.len() < MOMENTS {
            let text = format!("too short to tell: rows were written at {} moments only", moments.len());
            (Pattern::Unclear, text)
        } else if top_share <= chance * BEYOND_CHANCE {
            if chance > 0.5 {
                (Pattern::Unclear, "too few rows to tell".to_owned())
            } else {
                let text = format!(
                    "even: the busiest {one} of the key ranges took {took} of the writes of their moment"
                );
                (Pattern::Even, text)
            }
        } else {
            self.uneven(&moments, top_share, &format!("1 range of {ranges} takes {took} of the writes"))
        };
        if let Some((prefix, part)) = &self.hottest_prefix {
            let _ = write!(text, "; {} alone has {} of all rows", plain(prefix), percent(*part));
        }
        Verdict { pattern, text, top_share }
    }

    fn uneven(&self, moments: &[usize], top_share: f64, takes: &str) -> (Pattern, String) {
        let times: Vec<f64> = moments.iter().map(|&column| self.columns[column].start as f64).collect();
        let middles: Vec<f64> = moments.iter().map(|&column| self.middle(column)).collect();
        let straight = correlation(&times, &middles);
        // The range that takes the most over all, and whether it is the one that is on top.
        let heaviest = (0..self.ranges.len())
            .max_by(|&one, &other| self.ranges[one].rows.total_cmp(&self.ranges[other].rows))
            .unwrap_or(0);
        let all: f64 = self.ranges.iter().map(|range| range.rows).sum();
        let share = self.ranges[heaviest].rows / all;
        if straight.abs() >= MOVING {
            let way = if straight > 0.0 { "along" } else { "backwards along" };
            let text = format!("hot: writes move {way} the keys as time passes; at any moment {takes}");
            (Pattern::Moving, text)
        } else if share >= top_share / 2.0 {
            let range = &self.ranges[heaviest];
            let keys = if range.keys == 1 { plain(&range.first) } else { between(&range.first, &range.last) };
            let hot = if share >= HOT { "hot" } else { "uneven" };
            (Pattern::Staying, format!("{hot}: {keys} takes {} of the writes all the time", percent(share)))
        } else if top_share >= HOT {
            (Pattern::Jumping, format!("hot: at any moment {takes}, now this one, now that one"))
        } else {
            (Pattern::Uneven, format!("uneven: at any moment {takes}"))
        }
    }

    /// The mean of the ranges' numbers at a moment, by their rows.
    fn middle(&self, column: usize) -> f64 {
        let cells = (0..self.ranges.len()).map(|range| (range as f64, self.cell(range, column).rows));
        let (sum, rows) = cells.fold((0.0, 0.0), |(sum, all), (at, rows)| (sum + at * rows, all + rows));
        if rows > 0.0 { sum / rows } else { 0.0 }
    }

    /// What and when was recorded, in a line.
    pub fn summary(&self) -> String {
        let [Some(first), Some(last)] = [self.columns.first(), self.columns.last()] else {
            return "no rows".into();
        };
        let ((from_date, from), (to_date, to)) = (first.begins(), last.ends());
        let to_date = if from_date == to_date { String::new() } else { to_date + " " };
        format!("{} rows, {from_date} {from} to {to_date}{to} UTC", count(self.rows as f64))
    }
}

fn between(first: &str, last: &str) -> String {
    format!("{} to {}", plain(first), plain(last))
}

/// The share that the busiest of so many ranges has where all are equally likely: the mean and what a sample of this
/// size scatters at most (Bernstein's bound).
fn by_chance(column: &Column, ranges: usize) -> f64 {
    let (samples, ranges) = (column.samples.max(1) as f64, ranges.max(2) as f64);
    let mean = samples / ranges;
    ((mean + (2.0 * mean * ranges.ln()).sqrt() + ranges.ln() / 3.0) / samples).min(1.0)
}

fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let sum = |a: &[f64], b: &[f64], (of_a, of_b): (f64, f64)| {
        a.iter().zip(b).map(|(a, b)| (a - of_a) * (b - of_b)).sum::<f64>()
    };
    let both = sum(one, other, (mean_one, mean_other));
    let alone = sum(one, one, (mean_one, mean_one)) * sum(other, other, (mean_other, mean_other));
    if alone > 0.0 && alone.is_finite() { both / alone.sqrt() } else { 0.0 }
}
