//! Counts of some payments, which add up: of a pane's, and then of a window's. Pure.

use crate::row::Row;
use crate::settle::Outcome;
use monitor::spread::Spread;
use schemas::layout::type_name;
use schemas::payment::PaymentType;
use std::collections::BTreeMap;
use std::time::Duration;

/// How many payments, on which rails, of which amounts, and what became of their messages.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Messages whose rows are written.
    pub payments: u64,
    /// By `PaymentType`.
    rails: [u64; 8],
    /// By currency, in minor units.
    amounts: BTreeMap<[u8; 3], i128>,
    /// Business times of the first and the last payment, UTC microseconds.
    pub events: Option<(i64, i64)>,
    /// Messages that repeat a payment of their own pane, in the same version; those of other panes are not known.
    pub pane_duplicates: u64,
    /// Messages that can never have their rows, and went to the dead-letter topic.
    pub rejected: u64,
    /// Messages given back to the subscription.
    pub nacked: u64,
    /// Messages of windows that had been reported.
    pub late: u64,
    pub panes: u64,
    /// Messages that had been given back before, and came again.
    pub redelivered: u64,
    /// From publish to the confirmation of all three rows.
    pub latency: Spread,
}

impl Tally {
    /// Of messages and what became of them.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Acked => {}
                Outcome::DeadLettered => tally.rejected += 1,
                Outcome::Nacked(_) => tally.nacked += 1,
            }
        }
        tally
    }

    /// Adds a pane's rows, in the order of their outcomes: a payment counts once, when its rows are written. All were
    /// confirmed at `written_micros`.
    pub fn add_rows(&mut self, rows: &[Row], outcomes: &[Outcome], written_micros: i64) {
        for (row, outcome) in rows.iter().zip(outcomes) {
            if *outcome == Outcome::Acked {
                self.count(row);
                let micros = written_micros.saturating_sub(row.publish_micros).max(0);
                self.latency.record(Duration::from_micros(micros as u64));
            }
        }
    }

    fn count(&mut self, row: &Row) {
        self.payments += 1;
        if let Some(rail) = self.rails.get_mut(row.payment_type as usize) {
            *rail += 1;
        }
        let at = row.created_micros;
        self.events = Some(self.events.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        *self.amounts.entry(row.currency).or_default() += i128::from(row.minor_units);
    }

    /// Adds those of other payments.
    pub fn add(&mut self, other: Self) {
        self.payments += other.payments;
        for (mine, theirs) in self.rails.iter_mut().zip(other.rails) {
            *mine += theirs;
        }
        for (currency, units) in other.amounts {
            *self.amounts.entry(currency).or_default() += units;
        }
        self.events = match (self.events, other.events) {
            (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
            (mine, theirs) => mine.or(theirs),
        };
        self.pane_duplicates += other.pane_duplicates;
        self.rejected += other.rejected;
        self.nacked += other.nacked;
        self.late += other.late;
        self.panes += other.panes;
        self.redelivered += other.redelivered;
        self.latency.add(&other.latency);
    }

    /// From ACH on.
    pub fn payments_by_rail(&self) -> &[u64] {
        &self.rails[1..]
    }

    /// Payments by rail, the rails without any left out.
    pub fn rails(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.rails.iter().enumerate().filter(|(_, count)| **count > 0).filter_map(|(rail, &count)| {
            Some((type_name(PaymentType::try_from(i32::try_from(rail).ok()?).ok()?), count))
        })
    }

    /// By currency, in minor units.
    pub fn amounts(&self) -> impl Iterator<Item = (&str, i128)> {
        self.amounts.iter().map(|(currency, &units)| (std::str::from_utf8(currency).unwrap_or("XXX"), units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Encoder;
    use generator::{Config, Generator};

    #[test]
    fn a_tally_adds_up_rails_amounts_and_times() {
        let generator = Generator::new(Config::default()).unwrap();
        let payments: Vec<_> = (0..500).map(|index| generator.payment(index)).collect();
        let (mut whole, mut encoder) = (Tally::default(), Encoder::default());
        for half in payments.chunks(200) {
            let mut tally = Tally::default();
            for payment in half {
                tally.count(&encoder.row(payment, 0));
            }
            whole.add(tally);
        }
        assert_eq!(whole.payments, 500);
        assert_eq!(whole.rails().map(|(_, count)| count).sum::<u64>(), 500);
        let card = payments
            .iter()
            .filter(|payment| payment.payment_header.as_ref().unwrap().payment_type() == PaymentType::Card);
        assert_eq!(whole.rails().find(|(rail, _)| *rail == "CARD").unwrap().1, card.count() as u64);
        let usd: i64 = payments
            .iter()
            .filter_map(|payment| payment.amount.as_ref())
            .filter(|amount| amount.currency == "USD")
            .map(|amount| amount.minor_units)
            .sum();
        assert_eq!(whole.amounts().find(|(currency, _)| *currency == "USD").unwrap().1, i128::from(usd));
        let times = payments.iter().map(|payment| payment.payment_header.as_ref().unwrap().created_at_micros);
        assert_eq!(whole.events, Some((times.clone().min().unwrap(), times.max().unwrap())));
    }
}
