//! A Nacha file, after the Operating Rules, appendix three: header, batches of entries with addenda, controls, and blocks
//! of ten records.
//!
//! One file has all entries, whichever banks they come from and whatever days they are due on. Banks number their entries
//! by the day, so that trace numbers come again in later days' batches. Entries that were rejected or returned are in it as
//! they were sent.

mod entry;
mod iat;
mod record;

use super::source::{LeftOut, Source, Why};
use anyhow::ensure;
use entry::{Batch, Entry};
use record::{BLOCK, LENGTH, Record, check_digit};
use schemas::text;
use std::collections::BTreeMap;
use std::io::Write;

/// The operator that the file goes to and the point that it comes from: routing symbol 5000 has never been given out.
const DESTINATION: u64 = 50_009_999;
const ORIGIN: u64 = 50_009_990;

/// Most that twelve digits say, six digits, and the records that six digits of blocks have.
const MOST_CENTS: u64 = 999_999_999_999;
const MOST_BATCHES: u64 = 999_999;
const MOST_RECORDS: u64 = 999_999 * BLOCK;
/// Of the digits that an entry hash has.
const HASH: u64 = 10_000_000_000;

/// What controls say of entries.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    records: u64,
    hash: u64,
    debit: u64,
    credit: u64,
}

impl Totals {
    fn add(&mut self, entry: &Entry) {
        self.records += entry.records();
        self.hash = (self.hash + entry.rdfi) % HASH;
        let total = if entry.batch.is_debit { &mut self.debit } else { &mut self.credit };
        *total = total.saturating_add(entry.cents);
    }
}

/// Entries by their batches, in the order of their trace numbers: trace number, and number in the source.
type Batches = BTreeMap<Batch, Vec<(u64, u64)>>;

/// Writes the file, and to `notes` what is not in it.
pub fn write(source: &Source<'_>, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let (mut batches, mut totals, mut newest) = (Batches::new(), Totals::default(), 0);
    let mut left_out = LeftOut::default();
    source.each(|number, payment| {
        match Entry::of(payment) {
            Ok(entry) => {
                totals.add(&entry);
                newest =
                    newest.max(payment.payment_header.as_ref().map_or(0, |header| header.created_at_micros));
                batches.entry(entry.batch).or_default().push((entry.trace, number));
            }
            Err(why) => left_out.add(why),
        }
        Ok(())
    })?;
    if batches.is_empty() {
        return Err(super::nothing("nacha", "payments of ACH", &left_out));
    }
    let count = batches.len() as u64;
    let records = totals.records + 2 * count + 2;
    ensure!(
        totals.debit.max(totals.credit) <= MOST_CENTS && count <= MOST_BATCHES && records <= MOST_RECORDS,
        "these entries are too many for one file, whose totals have twelve digits: give fewer payments, by -n"
    );
    left_out.write(notes)?;
    writeln!(out, "{}", header(newest))?;
    for (number, (batch, mut entries)) in (1..).zip(batches) {
        entries.sort_unstable();
        write_batch(&batch, number, &entries, source, out)?;
    }
    let blocks = records.div_ceil(BLOCK);
    writeln!(out, "{}", control(count, blocks, &totals))?;
    for _ in records..blocks * BLOCK {
        writeln!(out, "{}", "9".repeat(LENGTH))?;
    }
    Ok(())
}

/// Why a payment has no entry, where it has none.
pub fn misfit(payment: &schemas::Payment) -> Option<Why> {
    Entry::of(payment).err()
}

/// There is no clock here: the file is as old as its newest entry.
fn header(newest_micros: i64) -> String {
    let time = text::time(newest_micros);
    let time = String::from_utf8_lossy(&time);
    let whole = |eight| eight * 10 + check_digit(eight);
    Record::of_type(1)
        .number(1, 2)
        .text(" ", 1)
        .number(whole(DESTINATION), 9)
        .text(" ", 1)
        .number(whole(ORIGIN), 9)
        .text(&record::short_date(&time[..10]), 6)
        .text(&time[11..16].replace(':', ""), 4)
        .text("A", 1)
        .number(LENGTH as u64, 3)
        .number(BLOCK, 2)
        .number(1, 1)
        .text("ACH OPERATOR", 23)
        .text("PAYMENTS GENERATOR", 23)
        .line()
}

fn write_batch(
    batch: &Batch,
    number: u64,
    entries: &[(u64, u64)],
    source: &Source<'_>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    writeln!(out, "{}", batch.header(number))?;
    let mut totals = Totals::default();
    for (_, at) in entries {
        if let Ok(entry) = Entry::of(&(source.get)(*at)) {
            totals.add(&entry);
            for line in entry.lines() {
                writeln!(out, "{line}")?;
            }
        }
    }
    let control = Record::of_type(8)
        .number(batch.service_class(), 3)
        .number(totals.records, 6)
        .number(totals.hash, 10)
        .number(totals.debit, 12)
        .number(totals.credit, 12)
        .text(&batch.company_id, 10)
        .text("", 25)
        .number(batch.odfi, 8)
        .number(number, 7);
    writeln!(out, "{}", control.line())?;
    Ok(())
}

fn control(batches: u64, blocks: u64, totals: &Totals) -> String {
    Record::of_type(9)
        .number(batches, 6)
        .number(blocks, 6)
        .number(totals.records, 8)
        .number(totals.hash, 10)
        .number(totals.debit, 12)
        .number(totals.credit, 12)
        .line()
}
