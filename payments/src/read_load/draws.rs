//! What each read asks for. Pure: a function of the seeds, the flags and the read's number.

use super::mix::ReadMix;
use crate::rows::customer;
use gcp::bigtable::read::{Scan, Span, newest};
use generator::random::{Stream, hash};
use generator::{Buffer, Generator};
use schemas::layout::{Table, keys};
use schemas::{Payment, text};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Keeps the draws apart from everything that the generator draws, should both seeds be the same.
const PURPOSE: u64 = 0x4ead;

/// A read on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub table: Table,
    /// Keys that hold the payment's row, if it is there.
    pub span: Span,
    /// The payment that it was made of.
    pub index: u64,
    /// Most rows to answer.
    pub rows: u64,
}

impl Question {
    pub fn scan(&self) -> Scan {
        Scan {
            spans: vec![self.span.clone()],
            filter: Some(newest()),
            limit: Some(self.rows),
            ..Scan::of(self.table.id())
        }
    }
}

/// The reads of a load, by their numbers.
#[derive(Debug)]
pub struct Draws {
    pub generator: Arc<Generator>,
    /// Payments that are there, by index; not empty.
    pub range: Range<u64>,
    pub seed: u64,
    pub mix: ReadMix,
    pub rows: u64,
    pub window: Duration,
}

impl Draws {
    /// The table of a read, without the work of recomputing its payment.
    pub fn table(&self, number: u64) -> Table {
        self.mix.draw(&mut self.stream(number))
    }

    /// A read; the buffer is used again and again.
    pub fn question(&self, number: u64, buffer: &mut Buffer) -> Question {
        let mut stream = self.stream(number);
        let table = self.mix.draw(&mut stream);
        let index = self.range.start + stream.below(self.range.end - self.range.start);
        let keys = keys(table, self.generator.fill(index, buffer), self.window);
        let rows = if table == Table::ByTransaction { 1 } else { self.rows };
        Question { table, span: Span { start: keys.start, end: Some(keys.end) }, index, rows }
    }

    fn stream(&self, number: u64) -> Stream {
        Stream::new(hash(self.seed, PURPOSE), number)
    }
}

/// The keys that a payment's row is among: all of its customer's, those of the window around its moment, or its own.
fn keys(table: Table, payment: &Payment, window: Duration) -> Range<Vec<u8>> {
    let header = payment.payment_header.as_ref();
    match table {
        Table::ByCustomer => keys::of_customer(customer(payment), None, None),
        Table::ByDate => {
            let moment = header.map_or(0, |header| header.created_at_micros);
            let half = i64::try_from(window.as_micros() / 2).unwrap_or(i64::MAX);
            let from = moment.saturating_sub(half).clamp(0, text::MAX_MICROS);
            // The moment itself belongs to the shortest of windows.
            let to = moment.saturating_add(half).saturating_add(1).clamp(0, text::MAX_MICROS);
            text::time(from).to_vec()..text::time(to).to_vec()
        }
        Table::ByTransaction => keys::of_payment(header.map_or("", |header| &header.payment_id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::Config;
    use schemas::layout::{KeySuffix, row_key};

    fn draws(seed: u64, range: Range<u64>) -> Draws {
        let config = Config { num_records: 5_000, num_customers: 40, ..Config::default() };
        Draws {
            generator: Arc::new(Generator::new(config).unwrap()),
            range,
            seed,
            mix: ReadMix::default(),
            rows: 20,
            window: Duration::from_secs(1),
        }
    }

    fn questions(draws: &Draws) -> Vec<Question> {
        let mut buffer = Buffer::default();
        (0..600).map(|number| draws.question(number, &mut buffer)).collect()
    }

    #[test]
    fn each_question_holds_its_payments_row_with_a_suffix_and_without() {
        let draws = draws(1, 100..4_000);
        for (number, question) in (0..).zip(questions(&draws)) {
            assert_eq!(question.table, draws.table(number));
            assert!(draws.range.contains(&question.index));
            let payment = draws.generator.payment(question.index);
            for suffix in KeySuffix::ALL {
                assert!(question.span.contains(&row_key(&payment, question.table, suffix)), "{question:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_asks_the_same_and_another_one_something_else() {
        let first = questions(&draws(1, 0..5_000));
        assert_eq!(first, questions(&draws(1, 0..5_000)));
        assert_ne!(first, questions(&draws(2, 0..5_000)));
        // One that numbers the reads must not walk over the payments in their order.
        assert!(!first.iter().map(|question| question.index).is_sorted());
    }

    #[test]
    fn a_single_payment_is_asked_for_by_itself() {
        let only = draws(3, 17..18);
        assert!(questions(&only).iter().all(|question| question.index == 17));
    }

    #[test]
    fn a_window_of_nothing_and_one_of_ages_hold_the_moment() {
        let payment = draws(1, 0..1).generator.payment(0);
        for window in [Duration::ZERO, Duration::from_micros(1), Duration::MAX] {
            let keys = keys(Table::ByDate, &payment, window);
            assert!(keys.contains(&row_key(&payment, Table::ByDate, KeySuffix::None)), "{window:?}");
        }
    }
}
