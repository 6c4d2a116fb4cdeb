//! How relations are put into lines: what must never be, what must lie in a range, and what has no reference here.

use std::ops::RangeInclusive;

use crate::scorecard::Line;

/// The source of a reference that nobody has published.
pub const ASSUMPTION: &str = "our assumption";

#[derive(Default)]
pub struct Lines(pub Vec<Line>);

impl Lines {
    /// What must not be, with the number of cases that were looked at; no line where there were none.
    pub fn never(
        &mut self,
        scope: &'static str,
        what: &str,
        source: &'static str,
        (wrong, seen): (u64, u64),
    ) {
        if seen > 0 {
            let what = format!("{what}, of {seen}");
            let observed = wrong as f64;
            self.0.push(Line { scope, what, source, declared: 0.0, observed, tolerance: 0.0 });
        }
    }

    /// What lies in a range: declared is its middle, the tolerance half its width.
    pub fn within(
        &mut self,
        scope: &'static str,
        what: &str,
        source: &'static str,
        range: RangeInclusive<f64>,
        observed: f64,
    ) -> &mut Line {
        let (low, high) = range.into_inner();
        // The ends belong to it, whatever rounding does to them.
        let (declared, tolerance) = (f64::midpoint(low, high), (high - low) / 2.0 + 1e-9);
        self.0.push(Line { scope, what: what.to_owned(), source, declared, observed, tolerance });
        self.0.last_mut().expect("a line was pushed above")
    }

    /// A figure to read and to compare between runs, for which there is no reference.
    pub fn reported(&mut self, scope: &'static str, what: &str, source: &'static str, observed: f64) {
        let (what, tolerance) = (what.to_owned(), f64::INFINITY);
        self.0.push(Line { scope, what, source, declared: observed, observed, tolerance });
    }
}

impl Line {
    /// Leaves the figure without a verdict where its reference does not hold for such a run.
    pub(super) fn unless(&mut self, is_so: bool, why: &str) -> &mut Self {
        if is_so && self.is_applicable() {
            self.tolerance = f64::INFINITY;
            for piece in [" (not applicable: ", why, ")"] {
                self.what.push_str(piece);
            }
        }
        self
    }
}

/// Wrong cases and all cases.
#[derive(Clone, Copy, Default)]
pub struct Count {
    pub wrong: u64,
    pub seen: u64,
}

impl Count {
    pub fn add(&mut self, is_wrong: bool) {
        self.seen += 1;
        self.wrong += u64::from(is_wrong);
    }

    pub fn both(self) -> (u64, u64) {
        (self.wrong, self.seen)
    }

    /// The part of the cases that are wrong; 0 without cases.
    pub fn part(self) -> f64 {
        self.wrong as f64 / self.seen.max(1) as f64
    }
}
