//! Where a format takes its payments from, and what it had no place for.

use crate::output::words;
use schemas::Payment;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Payments by their number. A format may ask for one several times: totals come before what they are totals of.
pub struct Source<'a> {
    pub count: u64,
    pub get: &'a dyn Fn(u64) -> Payment,
    /// Names the whole, at most 35 letters, digits and hyphens.
    pub name: String,
}

impl Source<'_> {
    pub fn each(&self, mut take: impl FnMut(u64, &Payment) -> anyhow::Result<()>) -> anyhow::Result<()> {
        (0..self.count).try_for_each(|number| take(number, &(self.get)(number)))
    }
}

/// Why a payment is not in a file: words that follow a number of payments.
pub type Why = &'static str;

/// How many payments a format has left out, by the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut(BTreeMap<Why, u64>);

impl LeftOut {
    pub fn add(&mut self, why: Why) {
        *self.0.entry(why).or_default() += 1;
    }

    /// Writes a line for each reason.
    pub fn write(&self, notes: &mut impl Write) -> io::Result<()> {
        self.0.iter().try_for_each(|(why, count)| {
            writeln!(notes, "left out     {} {why}", words::count(*count, "payment"))
        })
    }

    /// The reasons alone.
    pub fn reasons(&self) -> String {
        self.0.keys().copied().collect::<Vec<_>>().join("; ")
    }
}
