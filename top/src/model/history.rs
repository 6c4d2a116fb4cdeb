//! The last minutes as points, for the small charts.

use super::snapshot::Snapshot;
use std::collections::VecDeque;

/// Most points of a chart.
pub const POINTS: usize = 120;

/// A bounded row of values, the newest last.
#[derive(Clone, Debug, Default)]
pub struct Series(VecDeque<Option<f64>>);

impl Series {
    fn push(&mut self, value: Option<f64>) {
        if self.0.len() == POINTS {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    pub fn values(&self) -> Vec<Option<f64>> {
        self.0.iter().copied().collect()
    }
}

#[derive(Clone, Debug, Default)]
pub struct History {
    pub confirmed: Series,
    pub acked: Series,
    pub rows: Series,
    pub backlog: Series,
}

impl History {
    pub fn note(&mut self, now: &Snapshot) {
        self.confirmed.push(now.totals.confirmed.per_second);
        self.acked.push(now.totals.acked.per_second);
        self.rows.push(now.totals.rows.per_second);
        self.backlog.push(now.backlog.as_ref().map(|backlog| backlog.messages));
    }
}
