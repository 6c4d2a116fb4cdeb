//! Each window's tally, reported once the window is done. Pure: time comes in as an argument.
//!
//! A window is done when its time is over, nothing of it is being held or written, and nothing has come for it for a
//! while. What comes after that (redeliveries, a replay) is late, and makes a report of its own.

use crate::tally::Tally;
use crate::time::Time;
use schemas::text::minor_digits;
use service::telemetry::Pairs;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// Windows whose report is remembered, so that what comes later is known to be late: a week of minutes.
const REMEMBERED: usize = 10_080;

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
        let millis = |part| tally.latency.quantile(part).map(|seconds| (seconds * 1_000.0) as u64);
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
            returned = tally.nacked,
            redelivered = tally.redelivered,
            pane_duplicates = tally.pane_duplicates,
            first_event = tally.events.map(|(first, _)| tracing::field::display(Time(first))),
            last_event = tally.events.map(|(_, last)| tracing::field::display(Time(last))),
            latency_p50_ms = millis(0.5),
            latency_p99_ms = millis(0.99),
            "window done"
        );
    }
}

/// The reports that are being added up.
#[derive(Debug)]
pub struct Reports {
    window: Duration,
    /// How long nothing must have come for a window.
    quiet: Duration,
    open: BTreeMap<i64, Open>,
    reported: BTreeSet<i64>,
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
        Self { window, quiet, open: BTreeMap::new(), reported: BTreeSet::new() }
    }

    /// A pane of this window, or a reject, is on its way.
    pub fn started(&mut self, window_start_micros: i64, now: Instant) {
        self.open
            .entry(window_start_micros)
            .or_insert_with(|| Open { tally: Tally::default(), pending: 0, due: now })
            .pending += 1;
    }

    /// It has ended; returns how much of it was late. `now_micros` is the wall clock's UTC microseconds at `now`.
    pub fn settled(
        &mut self,
        window_start_micros: i64,
        mut tally: Tally,
        now: Instant,
        now_micros: i64,
    ) -> u64 {
        if self.reported.contains(&window_start_micros) {
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

    /// A window that is done. `held` says whether something of a window is still waiting for its pane.
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
        self.report(start)
    }

    /// Any window's report, done or not: for the end of a run.
    pub fn rest(&mut self) -> Option<Report> {
        let start = *self.open.first_key_value()?.0;
        self.report(start)
    }

    fn report(&mut self, window_start_micros: i64) -> Option<Report> {
        let tally = self.open.remove(&window_start_micros)?.tally;
        self.reported.insert(window_start_micros);
        if self.reported.len() > REMEMBERED {
            self.reported.pop_first();
        }
        Some(Report { window_start_micros, tally })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000_000;
    const QUIET: Duration = Duration::from_secs(10);

    fn reports() -> Reports {
        Reports::new(Duration::from_mins(1), QUIET)
    }

    fn tally(payments: u64) -> Tally {
        let mut tally = Tally::default();
        (tally.panes, tally.payments) = (1, payments);
        tally
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
            let (mut reported, mut now) = (0, start);
            let take = |report: Report| report.tally.payments;
            for &(window, payments, wait) in &panes {
                now += Duration::from_secs(wait);
                reports.started(window * MINUTE, now);
                reports.settled(window * MINUTE, tally(payments), now, 10 * MINUTE);
                reported += std::iter::from_fn(|| reports.done(now, |_| false)).map(take).sum::<u64>();
            }
            reported += std::iter::from_fn(|| reports.rest()).map(take).sum::<u64>();
            prop_assert_eq!(reported, panes.iter().map(|pane| pane.1).sum::<u64>());
        }
    }
}
