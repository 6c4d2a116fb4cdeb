//! What each window amounted to, told once the window is done. Pure: time comes in as arguments.
//!
//! A window is done when its time is over, nothing of it is being held or written, and nothing has come for it for a
//! while. What comes after that (redeliveries, a replay) is late, and makes a report of its own.

use crate::row::Row;
use crate::settle::End;
use schemas::layout::type_name;
use schemas::payment::PaymentType;
use schemas::text::{minor_digits, time};
use service::latency::Latency;
use service::metrics;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// Windows whose report is remembered, so that what comes later is known to be late: a week of minutes.
const REMEMBERED: usize = 10_080;

/// What is known of some payments: of a pane's, and added up, of a window's.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Valid payments, redelivered ones included.
    pub payments: u64,
    /// By `PaymentType`.
    rails: [u64; 8],
    /// By currency, in minor units.
    amounts: BTreeMap<[u8; 3], i128>,
    /// Business times of the first and the last payment, UTC microseconds.
    events: Option<(i64, i64)>,
    /// Payments that a pane held twice, in the same version.
    pub duplicates: u64,
    /// Messages that can never have their rows, and went to the dead-letter topic.
    pub rejected: u64,
    /// Messages given back to the subscription.
    pub returned: u64,
    /// Messages of windows whose report had been given.
    pub late: u64,
    pub panes: u64,
    /// From publish to the confirmation of all three rows.
    pub latency: Latency,
    /// Publish times of the payments, UTC microseconds, until it is known what became of them.
    published: Vec<i64>,
}

impl Tally {
    /// What a pane holds.
    pub fn of_pane(rows: &[Row], duplicates: u64) -> Self {
        let mut tally = Self { panes: 1, duplicates, ..Self::default() };
        for row in rows {
            tally.count(row);
        }
        tally.published = rows.iter().map(|row| row.publish_micros).collect();
        tally
    }

    /// Adds what became of the messages, in the pane's order. All rows were confirmed at `written_micros`.
    pub fn conclude(&mut self, ends: &[End], written_micros: i64, measured: &metrics::Histogram) {
        for end in ends {
            match end {
                End::Acked => {}
                End::Buried => self.rejected += 1,
                End::Returned(_) => self.returned += 1,
            }
        }
        for (published, end) in std::mem::take(&mut self.published).into_iter().zip(ends) {
            if *end == End::Acked {
                let micros = written_micros.saturating_sub(published).max(0);
                let latency = Duration::from_micros(micros as u64);
                self.latency.record(latency);
                measured.observe(latency.as_secs_f64());
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

    fn add(&mut self, other: Self) {
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
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.returned += other.returned;
        self.late += other.late;
        self.panes += other.panes;
        self.latency.add(other.latency);
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

fn major(units: i128, currency: &str) -> String {
    let (sign, digits) = (if units < 0 { "-" } else { "" }, minor_digits(currency));
    let (units, one) = (units.unsigned_abs(), 10_u128.pow(digits as u32));
    if digits == 0 {
        format!("{sign}{units}")
    } else {
        format!("{sign}{}.{:0digits$}", units / one, units % one)
    }
}

/// A window's report.
#[derive(Debug)]
pub struct Report {
    /// UTC microseconds.
    pub window_start_micros: i64,
    pub tally: Tally,
}

impl Report {
    /// One structured event.
    pub fn log(&self) {
        let tally = &self.tally;
        let millis = |quantile| tally.latency.quantile(quantile).map(|latency| latency.as_millis() as u64);
        tracing::info!(
            window = %Time(self.window_start_micros),
            payments = tally.payments,
            panes = tally.panes,
            rails = %Pairs(tally.rails().map(|(rail, count)| (rail, count.to_string())).collect()),
            amounts = %Pairs(
                tally.amounts().map(|(currency, units)| (currency, major(units, currency))).collect()
            ),
            late = tally.late,
            rejected = tally.rejected,
            returned = tally.returned,
            duplicates = tally.duplicates,
            first_event = tally.events.map(|(first, _)| tracing::field::display(Time(first))),
            last_event = tally.events.map(|(_, last)| tracing::field::display(Time(last))),
            latency_p50_ms = millis(0.5),
            latency_p99_ms = millis(0.99),
            "window done"
        );
    }
}

struct Time(i64);

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&String::from_utf8_lossy(&time(self.0)))
    }
}

struct Pairs<'a>(Vec<(&'a str, String)>);

impl fmt::Display for Pairs<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            write!(out, "{}{name}={value}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// The reports that are being added up.
#[derive(Debug)]
pub struct Reports {
    window: Duration,
    /// How long nothing must have come for a window.
    quiet: Duration,
    open: BTreeMap<i64, Open>,
    told: BTreeSet<i64>,
}

#[derive(Debug)]
struct Open {
    tally: Tally,
    /// Panes and rejects on their way.
    pending: usize,
    due: Instant,
}

impl Reports {
    pub fn new(window: Duration, quiet: Duration) -> Self {
        Self { window, quiet, open: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// A pane of this window, or a reject, is on its way.
    pub fn started(&mut self, window_start_micros: i64, now: Instant) {
        self.open
            .entry(window_start_micros)
            .or_insert_with(|| Open { tally: Tally::default(), pending: 0, due: now })
            .pending += 1;
    }

    /// It has ended; says how much of it was late. `now_micros` is the wall clock's UTC microseconds at `now`.
    pub fn settled(
        &mut self,
        window_start_micros: i64,
        mut tally: Tally,
        now: Instant,
        now_micros: i64,
    ) -> u64 {
        if self.told.contains(&window_start_micros) {
            tally.late = tally.payments + tally.rejected;
        }
        let late = tally.late;
        let Some(open) = self.open.get_mut(&window_start_micros) else { return late };
        open.tally.add(tally);
        open.pending -= 1;
        let end = window_start_micros.saturating_add(self.window.as_micros() as i64);
        let left = Duration::from_micros(end.saturating_sub(now_micros).max(0) as u64);
        open.due = now + self.quiet.max(left.min(self.window));
        late
    }

    /// When to look for a window that is done.
    pub fn next_due(&self) -> Option<Instant> {
        self.open.values().filter(|open| open.pending == 0).map(|open| open.due).min()
    }

    /// A window that is done. `held` tells whether something of a window is still waiting for its pane.
    pub fn done(&mut self, now: Instant, held: impl Fn(i64) -> bool) -> Option<Report> {
        let is_done = |(_, open): &(&i64, &Open)| open.pending == 0 && open.due <= now;
        let start = loop {
            let start = *self.open.iter().find(is_done)?.0;
            if !held(start) {
                break start;
            }
            // Its pane will move this once it is written.
            self.open.get_mut(&start)?.due = now + self.quiet;
        };
        self.tell(start)
    }

    /// What there is of any window, done or not: for the end of a run.
    pub fn rest(&mut self) -> Option<Report> {
        let start = *self.open.first_key_value()?.0;
        self.tell(start)
    }

    fn tell(&mut self, window_start_micros: i64) -> Option<Report> {
        let tally = self.open.remove(&window_start_micros)?.tally;
        self.told.insert(window_start_micros);
        if self.told.len() > REMEMBERED {
            self.told.pop_first();
        }
        Some(Report { window_start_micros, tally })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Encoder;
    use generator::{Config, Generator};
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000_000;
    const QUIET: Duration = Duration::from_secs(10);

    fn reports() -> Reports {
        Reports::new(Duration::from_mins(1), QUIET)
    }

    fn tally(payments: u64) -> Tally {
        Tally { payments, panes: 1, ..Tally::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_is_told_when_its_time_is_over_and_nothing_came_for_a_while() {
        let (mut reports, start) = (reports(), Instant::now());
        for (second, payments) in [(1, 5), (20, 7)] {
            let now = start + Duration::from_secs(second);
            reports.started(0, now);
            reports.settled(0, tally(payments), now, second as i64 * 1_000_000);
        }
        assert_eq!(reports.next_due(), Some(start + Duration::from_mins(1)));
        assert!(reports.done(start + Duration::from_secs(59), |_| false).is_none());
        let report = reports.done(start + Duration::from_mins(1), |_| false).unwrap();
        assert_eq!((report.tally.payments, report.tally.panes, report.tally.late), (12, 2, 0));
        assert_eq!(reports.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_is_not_done_while_something_of_it_is_held_or_written() {
        let (mut reports, start) = (reports(), Instant::now());
        let later = start + Duration::from_mins(5);
        reports.started(0, start);
        reports.started(0, start);
        reports.settled(0, tally(1), start, 10 * MINUTE);
        assert!(reports.done(later, |_| false).is_none(), "one pane is being written");
        reports.settled(0, tally(1), start, 10 * MINUTE);
        assert!(reports.done(later, |_| true).is_none(), "another is being filled");
        assert!(reports.done(later + QUIET, |_| false).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_after_the_report_is_late_and_told_again() {
        let (mut reports, start) = (reports(), Instant::now());
        for expected in [0, 4] {
            reports.started(0, start);
            reports.settled(0, tally(4), start, 10 * MINUTE);
            let report = reports.done(start + QUIET, |_| false).unwrap();
            assert_eq!(report.tally.late, expected);
        }
    }

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

    #[test]
    fn amounts_have_their_currencys_digits() {
        assert_eq!(major(-5, "USD"), "-0.05");
        assert_eq!(major(1_234, "JPY"), "1234");
    }

    proptest! {
        #[test]
        fn every_settled_payment_is_told_exactly_once(
            panes in prop::collection::vec((0..5_i64, 1..100_u64, 0..30_u64), 0..100)
        ) {
            let (mut reports, start) = (reports(), Instant::now());
            let (mut told, mut now) = (0, start);
            let take = |report: Report| report.tally.payments;
            for &(window, payments, wait) in &panes {
                now += Duration::from_secs(wait);
                reports.started(window * MINUTE, now);
                reports.settled(window * MINUTE, tally(payments), now, 10 * MINUTE);
                told += std::iter::from_fn(|| reports.done(now, |_| false)).map(take).sum::<u64>();
            }
            told += std::iter::from_fn(|| reports.rest()).map(take).sum::<u64>();
            prop_assert_eq!(told, panes.iter().map(|pane| pane.1).sum::<u64>());
        }
    }
}
