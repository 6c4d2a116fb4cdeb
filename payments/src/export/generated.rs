//! The payments of a run, made here.

use super::batch::Batch;
use super::columns::Columns;
use super::folder::{Folder, Made, Making};
use super::{STOPPED, lanes};
use crate::output::Progress;
use anyhow::{Context, ensure};
use generator::{Buffer, Generator};
use schemas::layout::flat;
use std::ops::Range;
use std::thread;
use tokio_util::sync::CancellationToken;

/// How often a thread looks whether it is to stop, in payments.
const LOOK_EVERY: u64 = 512;

/// How the payments are cut into pieces: each lies in one file, whoever makes it.
#[derive(Clone, Copy, Debug)]
struct Cut {
    count: u64,
    rows_per_file: u64,
    /// Most payments of a piece.
    most: u64,
}

impl Cut {
    fn per_file(self) -> u64 {
        self.rows_per_file.div_ceil(self.most)
    }

    fn pieces(self) -> u64 {
        let (files, rest) = (self.count / self.rows_per_file, self.count % self.rows_per_file);
        files * self.per_file() + rest.div_ceil(self.most)
    }

    fn piece(self, number: u64) -> Range<u64> {
        let begin = number / self.per_file() * self.rows_per_file;
        let start = begin + number % self.per_file() * self.most;
        let end = begin.saturating_add(self.rows_per_file).min(start.saturating_add(self.most));
        start..end.min(self.count)
    }
}

/// What a thread needs to make a piece.
#[derive(Clone)]
struct Maker<'a> {
    generator: &'a Generator,
    making: Making,
    payments: Columns,
    labels: Columns,
    stop: &'a CancellationToken,
}

impl Maker<'_> {
    /// `None` once it is to stop.
    fn make(&self, indices: Range<u64>) -> Option<anyhow::Result<Made>> {
        let (mut payments, mut labels) = (Batch::new(&self.payments), Batch::new(&self.labels));
        let mut buffer = Buffer::default();
        for index in indices {
            if index % LOOK_EVERY == 0 && self.stop.is_cancelled() {
                return None;
            }
            let payment = self.generator.fill(index, &mut buffer);
            let row = match flat::row(payment).with_context(|| format!("payment {index} of the run")) {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            let label = if has_label(payment) { labels.push(&row) } else { Ok(()) };
            if let Err(error) = payments.push(&row).and(label) {
                return Some(Err(error));
            }
        }
        Some(self.making.make(payments, labels))
    }
}

/// Whether the payment has a label.
pub fn has_label(payment: &schemas::Payment) -> bool {
    payment.metadata.as_ref().is_some_and(|metadata| !metadata.anomaly_group.is_empty())
}

/// Writes the first `count` payments of the run, in as many threads as told.
pub fn export(
    generator: &Generator,
    count: u64,
    rows_per_file: u64,
    threads: usize,
    folder: &mut Folder,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let bar = Progress::new("exporting payments", Some(count));
    let making = folder.making();
    let cut = Cut { count, rows_per_file, most: making.format.most_rows() };
    let (payments, labels) = folder.columns();
    let maker = Maker { generator, making, payments, labels, stop };
    let taken = thread::scope(|scope| {
        let work = move |piece| maker.make(cut.piece(piece));
        let lanes = lanes::start(scope, threads, cut.pieces(), work).context("a thread cannot be started")?;
        lanes::in_turn(&lanes, |made| {
            let made = made?;
            let rows = made.rows;
            folder.take(made)?;
            bar.add(rows);
            Ok(())
        })
    })?;
    bar.finish();
    ensure!(taken == cut.pieces(), "{STOPPED}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_follow_each_other_and_none_reaches_into_the_next_file(
            count in 1..5_000_u64, rows_per_file in 1..1_500_u64, most in 1..400_u64,
        ) {
            let cut = Cut { count, rows_per_file, most };
            let mut next = 0;
            for number in 0..cut.pieces() {
                let piece = cut.piece(number);
                prop_assert_eq!(piece.start, next);
                prop_assert!(!piece.is_empty() && piece.end - piece.start <= most);
                prop_assert_eq!(piece.start / rows_per_file, (piece.end - 1) / rows_per_file);
                next = piece.end;
            }
            prop_assert_eq!(next, count);
        }
    }
}
